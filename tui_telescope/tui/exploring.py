"""The telescope itself: a key gives new settings, the observer an observation, the view a chart and words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from textual import events
from textual.app import App, ComposeResult
from textual.filter import LineFilter
from textual.timer import Timer
from textual.widget import Widget

from tui_telescope.charts.views import VIEWS
from tui_telescope.presets import PRESETS, neighbouring, preset_of
from tui_telescope.settings import REGISTRY, Settings, SettingsError
from tui_telescope.tui.canvas import Hidden
from tui_telescope.tui.chart_view import ChartView, Seams
from tui_telescope.tui.coalescing import Coalescer
from tui_telescope.tui.comparison import Compared, Comparison, ghost_of
from tui_telescope.tui.footer import Footer
from tui_telescope.tui.foresight import Foresight, Habits, Step
from tui_telescope.tui.history import History
from tui_telescope.tui.inks import COLORLESS
from tui_telescope.tui.observer import Answered, Declined, Failed, Observed, Observer, Outcome
from tui_telescope.tui.panels import Panels, neighbour
from tui_telescope.tui.reading import Reading
from tui_telescope.tui.room import HORIZONTAL_BREAKPOINTS, VERTICAL_BREAKPOINTS, SizeNotice, folds_panels
from tui_telescope.tui.surveyor import SURVEYS, Surveyed, Surveyor
from tui_telescope.tui.terminal.app import TerminalApp
from tui_telescope.tui.themes import TERMINAL
from tui_telescope.tui.top_line import TopLine

if TYPE_CHECKING:
    from tui_telescope.charts.chart import Axis, Chart
    from tui_telescope.tui.value_editor import ValueEditor, ValueTyped

PROGRESS_AFTER = 0.15
"""Seconds of waiting before the reading says so: a word that flashes up at every key would be noise."""


class Notice(NamedTuple):
    """What is said in place of the reading."""

    text: str
    ink: str = ""


class Field(Hidden):
    """Panels and chart, side by side."""


class ExploringApp(TerminalApp[None]):
    """Holds the state that everything on the screen is drawn from: settings, selection, view, observation."""

    CSS_PATH = Path(__file__).with_name("telescope.tcss")
    TITLE = "Gradient Telescope"
    AUTO_FOCUS = ""
    ALLOW_SELECT = False  # Textual 8 fails on a press where a label has just gone; terminals select with Shift
    HORIZONTAL_BREAKPOINTS = HORIZONTAL_BREAKPOINTS
    VERTICAL_BREAKPOINTS = VERTICAL_BREAKPOINTS

    def __init__(self, settings: Settings, *, view: str = "gradient", ascii_only: bool = False) -> None:
        super().__init__(ansi_color=True)
        self.register_theme(TERMINAL)
        # Not assigned: that would have the style sheet read a second time, after the first paint.
        self.set_reactive(App.theme, TERMINAL.name)
        self.set_reactive(App.ansi_color, None)  # the theme says it from here on
        self.stylesheet.set_variables(self.get_css_variables())
        self.settings = settings
        self.selected = "depth"
        self.view = view
        self.shown: Observed | None = None
        """What the chart shows."""
        self.comparison = Comparison()
        self.shows_floors = False
        self._ascii_only = ascii_only
        self._history = History()
        self._preset = next(iter(PRESETS.values()))
        """The latest one on the screen, from which the next is counted."""
        # Held, not queried: a query would ask whatever screen is on top, the help included.
        self._top_line = TopLine(settings, self.selected, view, ascii_only=ascii_only)
        self._panels = Panels(settings, self.selected)
        self._field = Field()
        self._chart = ChartView(ascii_only=ascii_only)
        self._reading = Reading()
        self._size_notice = SizeNotice()
        self._axes: dict[str, Axis] = {}
        self._observer = Observer(self.post_message)
        self._surveyor = Surveyor(self.post_message)
        # By the screen of the telescope, which takes the keys; one on top may be closing.
        self._coalescer = Coalescer(lambda work: self.screen_stack[0].call_later(work))
        self._delay: Timer | None = None
        self._is_overdue = False
        self._habits = Habits()
        self._foresight = Foresight(self._habits, self._look_at, self._call_after)
        self._notice = Notice("")
        self._editor: ValueEditor | None = None

    def compose(self) -> ComposeResult:
        yield self._top_line
        with self._field:
            yield self._panels
            yield self._chart
        yield self._reading
        yield Footer()
        yield self._size_notice

    def get_line_filters(self) -> Sequence[LineFilter]:
        """NO_COLOR means no colour codes at all; Textual's own filter sends greys, or the default colours."""
        return [COLORLESS] if self.no_color else super().get_line_filters()

    def on_mount(self) -> None:
        self.call_after_refresh(self._observe)

    def on_unmount(self) -> None:
        self._observer.close()
        self._surveyor.stop()

    def on_resize(self, event: events.Resize) -> None:
        self._top_line.fold(folds_panels(event.size))
        self._size_notice.redraw()

    # From a key to settings

    def action_step(self, name: str, direction: int, coarse: bool = False) -> None:
        self.selected = name
        step = Step(name, direction, coarse)
        self._habits.note(step)
        self.try_settings(lambda: step.from_(self.settings))

    def action_step_selected(self, direction: int, coarse: bool = False) -> None:
        """On the map the arrows move its cursor: left and right the scale, up and down the depth."""
        self.action_step("scale" if self.view == "map" else self.selected, direction, coarse)

    def action_go_to_end(self, index: int) -> None:
        name = self.selected
        self.try_settings(lambda: self.settings.replace(**{name: REGISTRY[name].ends[index]}))

    def action_draw_next_network(self) -> None:
        self._habits.note(Step("seed", 1))
        seeds = REGISTRY["seed"].ends[1] + 1
        self.try_settings(lambda: self.settings.replace(seed=(self.settings.seed + 1) % seeds))

    def action_select(self, direction: int) -> None:
        if self.view == "map":
            self.action_step("depth", -direction)
        else:
            self.action_select_setting(neighbour(self.selected, direction))

    def action_select_setting(self, name: str) -> None:
        self.selected = name
        self._show_settings()
        self._say("")

    def action_show_preset(self, name: str) -> None:
        self._preset = PRESETS[name]
        self.try_settings(lambda: self._preset.settings)

    def action_step_preset(self, direction: int) -> None:
        now = preset_of(self.settings)
        self.action_show_preset(neighbouring(now or self._preset, direction).name)

    def action_undo(self) -> None:
        self._return_to(self._history.undo(self.settings), "Nothing to undo.")

    def action_redo(self) -> None:
        self._return_to(self._history.redo(self.settings), "Nothing to redo.")

    def _return_to(self, settings: Settings | None, otherwise: str) -> None:
        if settings is None:
            self._say(otherwise)
            return
        self.settings = settings
        self._show_settings()
        self._observe()

    def try_settings(self, changed: Callable[[], Settings]) -> None:
        """Take the changed settings; where they are refused, say why and keep those before."""
        try:
            settings = changed()
        except SettingsError as refusal:
            self._refuse(str(refusal))
            return
        is_new = settings != self.settings
        if is_new:
            self._history.record(self.settings)
            self.settings = settings
        self._show_settings()
        if is_new:
            self._observe()

    def _refuse(self, reason: str) -> None:
        self._show_settings()
        self._say(reason, "refusal")

    def _say(self, text: str, ink: str = "") -> None:
        """Say it in place of the reading until the next change; an empty text brings the reading back."""
        self._notice = Notice(text, ink)
        self._show_words()

    # Typing a value

    async def action_edit_value(self) -> None:
        from tui_telescope.tui.value_editor import ValueEditor

        self._editor = ValueEditor(self.selected, self.settings)
        self._reading.display = False
        await self.mount(self._editor, after=self._reading)
        # At once: a fast typist's next key must find it.
        self.screen.set_focus(self._editor.field)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a value is typed, or the telescope covered, nothing is explored; Textual's own actions, quitting
        among them, stay."""
        is_textuals_own = hasattr(App, f"action_{action}")
        return is_textuals_own or (self._editor is None and len(self.screen_stack) == 1)

    async def on_value_typed(self, message: ValueTyped) -> None:
        try:
            value = REGISTRY[message.name].parse(message.text)
            settings = self.settings.replace(**{message.name: value})
        except SettingsError as refusal:
            if self._editor:
                self._editor.refuse(str(refusal))
            return
        await self._close_editor()
        self.try_settings(lambda: settings)

    async def on_edit_cancelled(self) -> None:
        await self._close_editor()

    async def _close_editor(self) -> None:
        editor, self._editor = self._editor, None
        self._reading.display = True
        if editor:
            await editor.remove()

    def mount_above_reading(self, widget: Widget) -> None:
        self.mount(widget, before=self._reading)

    def compare(self, comparison: Comparison) -> None:
        """Compare with these curves from now on."""
        self.comparison = comparison
        self._show_chart()

    def forget_axes(self) -> None:
        """Let the next chart choose its axes afresh."""
        self._axes.clear()

    # From settings to an observation

    def _observe(self) -> None:
        self._notice = Notice("")
        self._coalescer.ask(self._look)

    def catch_up(self) -> None:
        """Look at the settings now, before what needs the observation: more keys may wait."""
        if self._coalescer.is_asked(self._look):
            self._coalescer.finish()

    def _look(self) -> None:
        if self.view in SURVEYS:
            self._surveyor.survey(self.view, self.settings)
        known = self.shown if self.shown and self.shown.settings == self.settings else None
        outcome = self._observer.observe(self.settings, self._companion_of(self.settings), known)
        if outcome:
            self._show_outcome(outcome)
        elif self._delay is None:
            self._delay = self.set_timer(PROGRESS_AFTER, self._note_delay)
        else:
            self._show_words()

    def _companion_of(self, settings: Settings) -> Settings | None:
        """What these settings are to be compared with as long as it is not pinned."""
        return ghost_of(settings) if self.comparison.wants_ghost else None

    def _note_delay(self) -> None:
        self._is_overdue = True
        self._show_words()

    def on_answered(self, message: Answered) -> None:
        self._show_outcome(message.outcome)

    def on_declined(self, message: Declined) -> None:
        self._refuse(message.reason)

    def on_failed(self, message: Failed) -> None:
        """Textual ends the app, restores the terminal and prints the traceback."""
        raise message.error

    def _show_outcome(self, outcome: Outcome) -> None:
        """Show what is newer than what is shown; what is not the newest yet moves the chart, not the words."""
        if self.shown and outcome.generation < self.shown.generation:
            return
        is_newest = outcome.generation == self._observer.generation
        if is_newest and self._delay:
            self._delay.stop()
            self._delay = None
            self._is_overdue = False
        if isinstance(outcome, Observed):
            if self.shown is None and not self._is_ending:
                self._field.mount(Seams())  # not before: they are no part of what the first picture waits for
            is_drawn = self.shown is not None and self.shown.looks_like(outcome)
            self.shown = outcome
            if is_drawn:
                self._foresight.look_ahead(self.settings)
            else:
                self._show_chart()
            self._show_words()
        elif is_newest:
            self.settings = self.shown.settings if self.shown else self.settings
            self._refuse(outcome.reason)

    # What is likely next, before anybody asks

    def _call_after(self, seconds: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Not Textual's timer: one whose moment has passed before it begins is skipped, however short the moment."""
        return asyncio.get_running_loop().call_later(seconds, self.call_later, callback)

    def _look_at(self, settings: Settings) -> Iterator[None]:
        """Observe settings that the next key may ask for, then draw their chart."""
        foreseen = self._observer.foresee(settings, self._companion_of(settings))
        yield
        if foreseen and (chart := self._chart_of(foreseen)):
            self._chart.prepare(chart)
            yield

    # From state to the screen, once for all keys that wait

    def _show_settings(self) -> None:
        self._coalescer.ask(self._draw_settings)

    def _show_chart(self) -> None:
        self._coalescer.ask(self._draw_chart)

    def _show_words(self) -> None:
        self._coalescer.ask(self._draw_words)

    def _draw_settings(self) -> None:
        self._panels.show(self.settings, self.selected)
        self._top_line.show(self.settings, self.selected)

    def _draw_chart(self) -> None:
        if self.shown and (chart := self._chart_of(self.shown)):
            self._axes[self.view] = chart.y_axis
            self._chart.show(chart)
            self._foresight.look_ahead(self.settings)

    def _chart_of(self, observed: Observed) -> Chart | None:
        """What the view on the screen shows of these settings; None for a view that a survey makes."""
        view = VIEWS[self.view]
        if view.chart is None:
            return None
        live = Compared(observed.settings, observed.observation)
        chart = view.chart(self.comparison.traces(live, observed.companion), self._axes.get(self.view))
        if self.shows_floors and view.shows_gradients:
            from tui_telescope.charts.floors import with_floors

            chart = with_floors(chart)
        return chart

    def _draw_words(self) -> None:
        """Why the last change was refused, or what is read, or what is overdue."""
        if self._notice.text:
            self._reading.show(*self._notice)
        elif self.shown and self.shown.settings == self.settings:
            self._reading.show(f"{self.shown.description} {self.shown.remedy}")
        elif self._is_overdue:
            self._reading.show(self._progress_report(), "muted")

    def _progress_report(self) -> str:
        seconds = self._observer.expected_seconds(self.settings)
        forecast = f" (about {seconds:.0f} s)" if seconds and seconds >= 1 else ""
        before = "; the chart still shows the settings before" if self.shown else ""
        stages = f"{self.settings.depth} {self.settings.stage}s"
        return f"Computing {stages} of width {self.settings.width}{forecast}{before}."

    def action_show_view(self, name: str) -> None:
        self.view = name
        self._top_line.show_view(name)
        if name in SURVEYS:
            self._surveyor.survey(name, self.settings)
        else:
            self._surveyor.stop()
            self._show_chart()

    def on_surveyed(self, message: Surveyed) -> None:
        if message.generation == self._surveyor.generation and message.view == self.view:
            self._chart.show(message.chart)
