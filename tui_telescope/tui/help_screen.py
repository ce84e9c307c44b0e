"""The help: every key, and what every number and every setting means."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from tui_telescope.charts.views import VIEWS
from tui_telescope.setting_kinds import Setting
from tui_telescope.settings import REGISTRY
from tui_telescope.tui.actions import GENERAL
from tui_telescope.tui.canvas import Canvas, Line, Word

INTRODUCTION = (
    "Describe a deep network with the keys and see how much of the loss's gradient reaches each layer. A letter takes "
    "its setting up, or to the next value; Shift and the letter take it down, or back. A mouse may click settings, "
    "views and the keys of the last line, and scroll; nothing needs one."
)


class HelpScreen(ModalScreen[None]):
    """Covers the telescope until Escape or ?."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,f1", "dismiss", "close"),
        Binding("q", "app.quit", "quit"),
        Binding("down,j", "scroll(1)"),
        Binding("up,k", "scroll(-1)"),
        Binding("pagedown,space", "scroll_page(1)"),
        Binding("pageup", "scroll_page(-1)"),
        Binding("home", "scroll(-9999)"),
        Binding("end", "scroll(9999)"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._text = HelpText()

    def compose(self) -> ComposeResult:
        yield self._text

    def action_scroll(self, rows: int) -> None:
        self._text.scroll_rows(rows)

    def action_scroll_page(self, direction: int) -> None:
        self._text.scroll_rows(direction * max(self._text.size.height - 3, 1))


class HelpText(Canvas):
    """Scrolls by lines and says where it is in words, so that it needs neither colour nor a scrollbar."""

    def __init__(self) -> None:
        super().__init__()
        self._first_line = 0

    def scroll_rows(self, rows: int) -> None:
        self._first_line += rows
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        lines = list(help_lines(width))
        shown = height - 1
        self._first_line = max(0, min(self._first_line, len(lines) - shown))
        last = min(self._first_line + shown, len(lines))
        page = lines[self._first_line : last]
        page += [()] * (shown - len(page))
        where = f"lines {self._first_line + 1}-{last} of {len(lines)}"
        return [*page, _status_line(where, width)]

    async def on_mouse_scroll_down(self) -> None:
        self.scroll_rows(3)

    async def on_mouse_scroll_up(self) -> None:
        self.scroll_rows(-3)


def help_lines(width: int) -> Iterator[Line]:
    """All of the help, wrapped."""
    yield (Word(" Gradient Telescope", "title"),)
    yield from _paragraph(INTRODUCTION, width)
    yield from _section("Keys", [(action.written, action.help) for action in GENERAL], width)
    yield from _section("Settings", _setting_entries(), width)
    yield from _section("Views", [(f"{view.key} {view.name}", view.title) for view in VIEWS.values()], width)
    yield from _section("What the numbers mean", _meanings(), width)


def _setting_entries() -> list[tuple[str, str]]:
    return [
        (f"{_letters(setting)} {setting.label}", f"{setting.help} ({setting.allowed})") for setting in REGISTRY.values()
    ]


def _meanings() -> tuple[tuple[str, str], ...]:
    from tui_telescope.observations.diagnosis import FROZEN_LOG10, HEALTHY_DECADES

    bound = f"{10**HEALTHY_DECADES:g} times"
    epsilon = f"{10**FROZEN_LOG10:.1e}"
    return (
        ("layer", "Counted from 1 at the input to L at the output. The loss sits above layer L, and its gradient "
         "travels down to layer 1 like a message in the game of telephone."),
        ("step", "What a layer is to the cells rnn, lstm and gru: one moment of the sequence. The loss sits at the "
         "last, and its gradient travels back in time to step 1."),
        ("gradient", "How much of the loss's gradient reaches a layer: the norm of d loss / d a_l of each sample, "
         "averaged over samples and networks. The scale is logarithmic: 1e-18 is 18 decades below 1."),
        ("10-90%", "The range of a gradient's norm from sample to sample, without the highest and the lowest tenth."),
        ("cell state", "The gradient by the LSTM's memory c_t, beside the one by h_t: its forget gate decides how much "
         "of it is kept. In JSON it is cell_gradient."),
        ("weights", "The gradient by a layer's weights: the norm of d loss / d W_l, clipped if clip is on. Where it "
         "jumps from layer to layer it is drawn as points; a mark on the floor says that it lies below the chart."),
        ("about half zero", "Where a number format ends for the n entries of a gradient that is averaged over the "
         "samples: rounded to it, about half of them are zero there, and more below; they overflow above the upper "
         "line. The lines hold for the gradient and the cell state, not for the weights, which have n x n entries."),
        ("rms", "The signal on its way up: the root mean square of a layer's outputs."),
        ("saturated", "Units whose slope is under 1% of the activation's steepest; they pass hardly anything down."),
        ("dead", "Units whose slope is zero on every sample; they pass nothing down."),
        ("theory", "Mean-field theory: the gradient of an infinitely wide network. Narrow ones scatter about it."),
        ("layer 1 receives", "The gradient at the far end, which is all that layer 1 has to learn from."),
        ("factor", "What one layer does to the message: the gradient below it divided by the one above. Above 1 it "
         "screams, below 1 it whispers. Factors multiply: fifty of 0.43 leave less than 1e-18."),
        ("decades", "Powers of ten. Where one layer accounts for more than half of those lost or gained, it is named, "
         "with what the others do."),
        ("VANISHING", f"Of the typical network (the median over networks), layer 1 receives over {bound} less than the "
         "last layer, and the line fitted through all layers falls by ten times at least."),
        ("EXPLODING", f"Layer 1 receives over {bound} more than the last layer, and the fitted line climbs as well."),
        ("HEALTHY", f"The two ends are within {bound} of each other, or the fitted line is level."),
        ("DEAD", "In at least half of the networks exactly nothing arrives: some layer's units pass nothing down."),
        ("frozen", f"Layers whose weights would change, as a share of their size, by less than float32's epsilon "
         f"({epsilon}) times the largest layer's share: while that one moves by its own size, they keep every bit."),
        ("unheard", "Steps of a cell that add so little to the gradient by the weights they share that no bit of it "
         "changes in float32."),
        ("Try ...", "A change that was made and seen to be healthy on these very networks: the smallest that helps."),
        ("on the map", "One line runs where layer 1 receives as much as the last layer (ratio 1), another at the "
         "critical scale of the theory. The numbers between the shades are decades of that ratio."),
    )  # fmt: skip


def _letters(setting: Setting) -> str:
    return f"{setting.key} {setting.key.upper()}" if setting.key else "   "


def _section(title: str, entries: Sequence[tuple[str, str]], width: int) -> Iterator[Line]:
    yield ()
    yield (Word(f" {title}", "title"),)
    column = max(len(term) for term, _ in entries) + 3
    for term, text in entries:
        first, *rest = textwrap.wrap(text, max(width - column - 1, 20))
        yield (Word(f" {term}".ljust(column), "key"), Word(first))
        yield from ((Word(" " * column), Word(line)) for line in rest)


def _paragraph(text: str, width: int) -> Iterator[Line]:
    yield from ((Word(f" {line}"),) for line in textwrap.wrap(text, max(width - 2, 20)))


def _status_line(where: str, width: int) -> Line:
    close = Word(" Esc close", "key", "screen.dismiss")
    scroll = Word("  up/down PageUp/PageDown scroll  q quit")
    room = width - len(close.text) - len(where) - 1
    words = (close, scroll) if len(scroll.text) < room else (close,)
    gap = width - sum(len(word.text) for word in words) - len(where) - 1
    return (*words, Word(" " * gap), Word(where, "muted"))
