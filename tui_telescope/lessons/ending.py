"""What the tour ends with: what was learned, what each cure does to the factor, and where to go from here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tui_telescope.lessons.measures import Measures
from tui_telescope.lessons.networks_shown import HE, LSTM, RELU, SCREAM, WIDE
from tui_telescope.settings import Settings

LEARNED = (
    "The gradient at layer 1 is a product: one factor for each layer on the way.",
    "A factor has two parts, the weights and the slopes. Below 1 it fades, above 1 it explodes.",
    "Which weights fit depends on the activation and on the width; for a sigmoid hardly any do.",
    "A residual connection leads around each layer: the factor is 1 and a bit while branches are small.",
    "A gradient that arrives is needed for learning; it is not enough.",
)


@dataclass(frozen=True)
class Fix:
    """A cure, and the two networks that show what it does to the factor of a layer or step."""

    name: str
    does: str
    before: Settings
    after: Settings
    holds: Callable[[float, float], bool]
    """Whether the factors before and after are what `does` says."""

    def row(self, measures: Measures) -> tuple[str, str, str, str]:
        """Its name, the two factors, and what it does."""
        before, after = measures.factor(self.before), measures.factor(self.after)
        return self.name, f"{before:.2f}", f"{after:.2f}", self.does


def _nearer(before: float, after: float) -> bool:
    return abs(after - 1) < abs(before - 1) / 1.5


FIXES = (
    Fix("gating", "an open gate carries the cell's memory", LSTM.replace(cell="rnn"), LSTM, _nearer),
    Fix("ReLU for sigmoid", "slope 1 or 0 in place of 0.25 at most", WIDE, RELU, _nearer),
    Fix("initialisation (He)", "weights that fit the slopes", RELU, HE, _nearer),
    Fix(
        "norm (layer, pre)", "takes the sigmoid's mean out", WIDE,
        WIDE.replace(norm="layer", norm_place="pre"), _nearer,
    ),
    Fix("residual connection", "1 plus something small", WIDE, WIDE.replace(residual=True), _nearer),
    Fix(
        "clipping", "nothing: it bounds the step alone", SCREAM, SCREAM.replace(clip=1.0),
        lambda before, after: before == after,
    ),
)  # fmt: skip

NEXT = (
    "Play: Escape gives back what you had; Ctrl+P finds presets and steps.",
    "Test yourself: the quiz has eight questions that are answered by playing.",
    "Look at your own model: tui-telescope watch --help",
    "Print a reading for a script: tui-telescope print --help",
)


def told(measures: Measures) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Titles with the lines below each, the table of cures measured now."""
    yield "What was learned", LEARNED
    yield "What each cure does to the factor of one layer or step", tuple(table(measures))
    yield "Where to go", NEXT


def table(measures: Measures) -> Iterator[str]:
    """The cures in aligned columns: name, factor before and after, what it does."""
    name_cells = max(len(fix.name) for fix in FIXES)
    yield f"{'cure':<{name_cells}}  before  after"
    for name, before, after, does in (fix.row(measures) for fix in FIXES):
        yield f"{name:<{name_cells}}  {before:>6}  {after:>5}  {does}"
