"""The telescope itself: a key gives new settings, the observer an observation, the view a chart and words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.app import App, ComposeResult
from textual.filter import LineFilter
from textual.widget import Widget

from tui_telescope.charts.views import VIEWS
from tui_telescope.presets import PRESETS, neighbouring, preset_of
from tui_telescope.settings import REGISTRY, Settings, SettingsError
from tui_telescope.tui.background import Background
from tui_telescope.tui.comparison.comparing import Comparing
from tui_telescope.tui.editing import Editing
from tui_telescope.tui.history import History
from tui_telescope.tui.notices import NOTICE_SECONDS, Notice, why_nothing_changes
from tui_telescope.tui.style_sheets import style_sheet
from tui_telescope.tui.terminal.app import TerminalApp
from tui_telescope.tui.widgets.canvas import Hidden
from tui_telescope.tui.widgets.chart_view import ChartView, Seams
from tui_telescope.tui.widgets.footer import Footer
from tui_telescope.tui.widgets.inks import COLORLESS
from tui_telescope.tui.widgets.panels import Panels, neighbour
from tui_telescope.tui.widgets.size_classes import (
    HORIZONTAL_BREAKPOINTS,
    VERTICAL_BREAKPOINTS,
    SizeNotice,
    folds_panels,
)
from tui_telescope.tui.widgets.status_line import StatusLine
from tui_telescope.tui.widgets.themes import TERMINAL
from tui_telescope.tui.widgets.top_line import TopLine
from tui_telescope.tui.work.coalescing import Coalescer
from tui_telescope.tui.work.observer import Answered, Declined, Failed, Observed, Observer, Outcome
from tui_telescope.tui.work.prefetch import Habits, Prefetcher, Step
from tui_telescope.tui.work.surveyor import Surveyed, Surveyor
from tui_telescope.tui.work.theorist import Judged, Predicted

if TYPE_CHECKING:
    from tui_telescope.charts.chart import Chart
    from tui_telescope.charts.drawable import Drawable
    from tui_telescope.charts.elements import Axis
    from tui_telescope.tui.widgets.value_editor import ValueTyped


class Field(Hidden):
    """Panels and chart, side by side."""


class ExploringApp(TerminalApp[None]):
    """Holds the state that everything on the screen is drawn from: settings, selection, view, observation."""

    CSS = style_sheet("telescope")
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
        self.comparing = Comparing(self)
        self._history = History()
        self._preset = next(iter(PRESETS.values()))
        """The latest one on the screen, from which the next is counted."""
        # Held, not queried: a query would ask whatever screen is on top, the help included.
        self._top_line = TopLine(settings, self.selected, view, ascii_only=ascii_only)
        self._panels = Panels(settings, self.selected)
        self._field = Field()
        self.chart_view = ChartView(ascii_only=ascii_only)
        self._status_line = StatusLine()
        self._size_notice = SizeNotice()
        self._axes: dict[str, Axis] = {}
        self._observer = Observer(self.post_message)
        self._surveyor = Surveyor(self.post_message)
        self.background = Background(self, self._observer, self._surveyor)
        self._coalescer = Coalescer(self._call_after_keys)
        self._habits = Habits()
        self._prefetcher = Prefetcher(self._habits, self._look_at, self._call_after)
        self._is_survey_shown = False
        """Whether the chart is one of the survey that was asked for last."""
        self._notice = Notice("")
        self._end_of_notice: asyncio.TimerHandle | None = None
        self._editing = Editing(self._status_line)

    def compose(self) -> ComposeResult:
        yield self._top_line
        with self._field:
            yield self._panels
            yield self.chart_view
        yield self._status_line
        yield Footer()
        yield self._size_notice

    def get_line_filters(self) -> Sequence[LineFilter]:
        """NO_COLOR means no colour codes at all; Textual's own filter sends greys, or the default colours."""
        return [COLORLESS] if self.no_color else super().get_line_filters()

    def on_mount(self) -> None:
        self.call_after_refresh(self.observe)

    def on_unmount(self) -> None:
        self._observer.close()
        self._surveyor.stop()
        self.comparing.close()

    async def on_event(self, event: events.Event) -> None:
        """A key, or a press of the mouse, takes a message away before it does what it does."""
        if isinstance(event, events.Key | events.MouseDown):
            self._give_way()
        await super().on_event(event)

    def on_resize(self, event: events.Resize) -> None:
        self._top_line.fold(folds_panels(event.size))
        self._size_notice.redraw()

    # From a key to settings

    def action_step(self, name: str, direction: int, coarse: bool = False) -> None:
        self.selected = name
        step = Step(name, direction, coarse)
        self._habits.note(step)
        self._change(name, lambda: step.from_(self.settings))

    def action_step_selected(self, direction: int, coarse: bool = False) -> None:
        """On the map the arrows move its cursor: left and right the scale, up and down the depth."""
        self.action_step("scale" if self.view == "map" else self.selected, direction, coarse)

    def action_go_to_end(self, index: int) -> None:
        name = self.selected
        self._change(name, lambda: self.settings.replace(**{name: REGISTRY[name].ends[index]}))

    def action_draw_next_network(self) -> None:
        self._habits.note(Step("seed", 1))
        seeds = REGISTRY["seed"].ends[1] + 1
        self._change("seed", lambda: self.settings.replace(seed=(self.settings.seed + 1) % seeds))

    def action_select(self, direction: int) -> None:
        if self.view == "map":
            self.action_step("depth", -direction)
        else:
            self.action_select_setting(neighbour(self.selected, direction))

    def action_select_setting(self, name: str) -> None:
        self.selected = name
        self._show_settings()
        self.say("")

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
            self.say(otherwise)
            return
        self.settings = settings
        self._show_settings()
        self.observe()

    def return_to_shown(self, shown: Observed) -> None:
        """Take the settings of the chart again; those that are left can be had back."""
        self._history.record(self.settings)
        self.settings = shown.settings
        self._show_settings()

    def _change(self, name: str, changed: Callable[[], Settings]) -> None:
        """Take another value of one setting; where it makes no difference, say why."""
        before = self.settings
        if self.try_settings(changed) and (reason := why_nothing_changes(name, before, self.settings)):
            self.say(reason)

    def try_settings(self, changed: Callable[[], Settings]) -> bool:
        """Take the changed settings and return True; where they are refused, say why and keep those before."""
        try:
            settings = changed()
        except SettingsError as refusal:
            self.refuse(str(refusal))
            return False
        is_new = settings != self.settings
        if is_new:
            self._history.record(self.settings)
            self.settings = settings
        self._show_settings()
        if is_new:
            self.observe()
        return True

    def refuse(self, reason: str) -> None:
        self._show_settings()
        self.say(reason, "refusal")

    def say(self, text: str, ink: str = "") -> None:
        """Say it in place of the reading until the next key, or for a while; an empty text brings the reading back."""
        if self._end_of_notice:
            self._end_of_notice.cancel()
        self._end_of_notice = self._call_after(NOTICE_SECONDS, self._give_way) if text else None
        self._notice = Notice(text, ink)
        self.show_words()

    def _give_way(self) -> None:
        """What was said has been read."""
        if self._notice.text:
            self.say("")

    # Typing a value

    async def action_edit_value(self) -> None:
        await self._editing.begin(self.selected, self.settings)

    async def on_value_typed(self, message: ValueTyped) -> None:
        try:
            value = REGISTRY[message.name].parse(message.text)
            settings = self.settings.replace(**{message.name: value})
        except SettingsError as refusal:
            self._editing.refuse(str(refusal))
            return
        await self._editing.end()
        self._change(message.name, lambda: settings)

    async def on_edit_cancelled(self) -> None:
        await self._editing.end()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a value is typed, or the telescope covered, nothing is explored; Textual's own actions, quitting
        among them, stay."""
        is_textuals_own = hasattr(App, f"action_{action}")
        return is_textuals_own or (not self._editing.is_on and len(self.screen_stack) == 1)

    def mount_above_status_line(self, widget: Widget) -> None:
        self.mount(widget, before=self._status_line)

    def forget_axes(self) -> None:
        """Let the next chart choose its axes afresh."""
        self._axes.clear()

    # From settings to an observation

    def observe(self) -> None:
        """Look at the settings, and at what they are compared with, once all keys that wait have had their say."""
        self.comparing.drop_judgement()
        self._notice = Notice("")
        self._coalescer.ask(self._look)

    def catch_up(self) -> None:
        """Look at the settings now, before what needs the observation: more keys may wait."""
        if self._coalescer.is_asked(self._look):
            self._coalescer.finish()

    def _look(self) -> None:
        if VIEWS[self.view].survey:
            self._survey()
        known = self.shown if self.shown and self.shown.settings == self.settings else None
        outcome = self._observer.observe(self.settings, self.comparing.companion_of(self.settings), known)
        if outcome:
            self._show_outcome(outcome)
        else:
            self.show_words()
        self.background.watch()

    def on_answered(self, message: Answered) -> None:
        self._show_outcome(message.outcome)

    def on_declined(self, message: Declined) -> None:
        self.refuse(message.reason)

    def on_failed(self, message: Failed) -> None:
        """Textual ends the app, restores the terminal and prints the traceback."""
        raise message.error

    def _show_outcome(self, outcome: Outcome) -> None:
        """Show what is newer than what is shown; what is not the newest yet moves the chart, not the words."""
        if self.shown and outcome.generation < self.shown.generation:
            return
        is_newest = outcome.generation == self._observer.generation
        if is_newest and not self._surveyor.work:
            self.background.forget()
        if isinstance(outcome, Observed):
            if self.shown is None and not self._is_ending:
                self._field.mount(Seams())  # not before: they are no part of what the first picture waits for
            is_drawn = self.shown is not None and self.shown.looks_like(outcome)
            self.shown = outcome
            if is_drawn:
                self._prefetcher.look_ahead(self.settings)
            else:
                self.show_chart()
            self.show_words()
        elif is_newest:
            self.settings = self.shown.settings if self.shown else self.settings
            self.refuse(outcome.reason)

    # What is likely next, before anybody asks

    def _call_after(self, seconds: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Not Textual's timer: one whose moment has passed before it begins is skipped, however short the moment."""
        return asyncio.get_running_loop().call_later(seconds, self.call_later, callback)

    def _look_at(self, settings: Settings) -> Iterator[None]:
        """Observe settings that the next key may ask for, then draw their chart."""
        prefetched = self._observer.prefetch(settings, self.comparing.companion_of(settings))
        yield
        if prefetched and (chart := self._chart_of(prefetched)):
            self.chart_view.prepare(chart)
            yield

    # From state to the screen, once for all keys that wait

    def _call_after_keys(self, work: Callable[[], None]) -> None:
        """By the telescope's own screen, which takes the keys: one on top may be closing. At the end there is none."""
        if self.screen_stack:
            self.screen_stack[0].call_later(work)

    def _show_settings(self) -> None:
        self._coalescer.ask(self._draw_settings)

    def show_chart(self) -> None:
        self._coalescer.ask(self._draw_chart)

    def show_words(self) -> None:
        self._coalescer.ask(self._draw_words)

    def _draw_settings(self) -> None:
        self._panels.show(self.settings, self.selected)
        self._top_line.show(self.settings, self.selected)

    def _draw_chart(self) -> None:
        if self.shown is None:
            return
        self.comparing.begin_prediction(self.shown.settings)
        if chart := self._chart_of(self.shown):
            self._draw(chart)
            self._prefetcher.look_ahead(self.settings)

    def _draw(self, chart: Drawable) -> None:
        self._axes[self.view] = chart.y_axis
        self.chart_view.show(chart)

    def on_predicted(self, message: Predicted) -> None:
        self.comparing.take_prediction(message)

    def on_judged(self, message: Judged) -> None:
        self.comparing.take_judgement(message)

    def _chart_of(self, observed: Observed) -> Chart | None:
        return self.comparing.chart_of(observed, VIEWS[self.view], self._axes.get(self.view))

    @property
    def is_read(self) -> bool:
        """Whether what was observed is what the settings describe."""
        return self.shown is not None and self.shown.settings == self.settings

    @property
    def is_chart_there(self) -> bool:
        """Whether the chart is one of what the settings describe."""
        return self._is_survey_shown if VIEWS[self.view].survey else self.is_read

    def _draw_words(self) -> None:
        """Why the last change was refused, or what is overdue, or what is read."""
        report = self.background.report()
        if self._notice.text:
            self._status_line.show(*self._notice)
        elif self.shown and self.is_read and not (report and self.background.for_survey):
            words = self.shown.description, self.comparing.beyond_ends(), self.shown.remedy, report
            self._status_line.show(" ".join(filter(None, words)))
        elif report:
            self._status_line.show(report, "muted")

    # Views, and the surveys that some of them show

    def action_show_view(self, name: str) -> None:
        self.view = name
        self._top_line.show_view(name)
        if VIEWS[name].survey:
            self._survey()
        else:
            self._surveyor.stop()
            self.show_chart()
            if self._observer.is_free and not self.is_read:
                self.observe()
        self.background.forget()
        self.show_words()
        self.background.watch()

    def _survey(self) -> None:
        self._is_survey_shown = False
        self._surveyor.survey(VIEWS[self.view], self.settings, self._axes.get(self.view))
        self.background.watch()

    def on_surveyed(self, message: Surveyed) -> None:
        if message.generation == self._surveyor.generation and message.view == self.view:
            self._is_survey_shown = True
            self.chart_view.show_banner("")
            self._draw(message.chart)
