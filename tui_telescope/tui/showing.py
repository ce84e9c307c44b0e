"""From a subject to the screen: the source gives an observation, the view a chart and words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import App, ComposeResult
from textual.filter import LineFilter
from textual.widget import Widget

from tui_telescope.charts.views import VIEWS
from tui_telescope.presets import PRESETS, nearest_preset, preset_of
from tui_telescope.settings import Settings, SettingsError
from tui_telescope.tui.actions import EXPLORING, Keys
from tui_telescope.tui.background import Background
from tui_telescope.tui.changing.effect import nearest_effective
from tui_telescope.tui.changing.history import History
from tui_telescope.tui.comparison.comparing import Comparing
from tui_telescope.tui.learning.learning import Learning
from tui_telescope.tui.messages import (
    Answered,
    Declined,
    Failed,
    Judged,
    Learned,
    Observed,
    Outcome,
    Predicted,
    Surveyed,
)
from tui_telescope.tui.notices import NEEDS_SETTINGS, NOTICE_SECONDS, Notice
from tui_telescope.tui.sources.source import Source
from tui_telescope.tui.style_sheets import style_sheet
from tui_telescope.tui.terminal.app import TerminalApp
from tui_telescope.tui.widgets.canvas import Hidden
from tui_telescope.tui.widgets.chart_view import ChartView, Seams
from tui_telescope.tui.widgets.footer import Footer
from tui_telescope.tui.widgets.inks import COLORLESS
from tui_telescope.tui.widgets.panels import Panels
from tui_telescope.tui.widgets.size_classes import (
    HORIZONTAL_BREAKPOINTS,
    VERTICAL_BREAKPOINTS,
    SizeNotice,
    folds_panels,
)
from tui_telescope.tui.widgets.status_line import StatusLine, sentence
from tui_telescope.tui.widgets.themes import TERMINAL
from tui_telescope.tui.widgets.top_line import TopLine
from tui_telescope.tui.work.coalescing import Coalescer
from tui_telescope.tui.work.observer import Observer
from tui_telescope.tui.work.surveyor import Surveyor

if TYPE_CHECKING:
    from tui_telescope.charts.drawable import Drawable
    from tui_telescope.charts.elements import Axis
    from tui_telescope.observations.observation import Observation


class Field(Hidden):
    """Panels and chart, side by side."""


class ShowingApp(TerminalApp[None]):
    """Holds the state that everything on the screen is drawn from: subject, selection, view, observation."""

    keys: ClassVar[Keys] = EXPLORING
    CSS = style_sheet("telescope")
    TITLE = "Gradient Telescope"
    AUTO_FOCUS = ""
    ALLOW_SELECT = False  # Textual 8 fails on a press where a label has just gone; terminals select with Shift
    HORIZONTAL_BREAKPOINTS = HORIZONTAL_BREAKPOINTS
    VERTICAL_BREAKPOINTS = VERTICAL_BREAKPOINTS

    def __init__(
        self, source: Source[Any], subject: Hashable, *, view: str = "gradient", ascii_only: bool = False
    ) -> None:
        super().__init__(ansi_color=True)
        self.register_theme(TERMINAL)
        # Not assigned: that would have the style sheet read a second time, after the first paint.
        self.set_reactive(App.theme, TERMINAL.name)
        self.set_reactive(App.ansi_color, None)  # the theme says it from here on
        self.stylesheet.set_variables(self.get_css_variables())
        self.source = source
        self.ascii_only = ascii_only
        self.subject = subject
        self.selected = "depth"
        self.view = view
        self.shown: Observed | None = None
        """What the chart shows."""
        self.comparing = Comparing(self)
        self._history = History()
        settings = self.settings
        self.preset = nearest_preset(settings) if settings else next(iter(PRESETS.values()))
        """The latest one on the screen, from which the next is counted and what was changed is marked."""
        # Held, not queried: a query would ask whatever screen is on top, the help included.
        self._top_line = TopLine(source.heading(subject), settings, self.selected, view, self.keys.views)
        self._panels = Panels(settings, self.selected, self.preset.settings, view) if settings else None
        self._field = Field(classes="" if settings else "-without-settings")
        self.chart_view = ChartView()
        self.status_line = StatusLine()
        for canvas in filter(None, (self._top_line, self._panels, self.chart_view, self.status_line)):
            canvas.ascii_only = ascii_only
        self._size_notice = SizeNotice()
        self.cursor: int | None = None
        """The layer whose numbers are read off, counted from 1; it stays through every change."""
        self._axis: Axis | None = None
        """The y axis of the chart; None where it is not one of this view and what is compared on it."""
        self._previous: Axis | None = None
        """The y axis before the setting was stepped that led here; None where anything else did."""
        self.observer = Observer(self.post_message, source)
        self._surveyor = Surveyor(self.post_message)
        self.learning = Learning(self)
        self.background = Background(self, self.observer, self._surveyor, self.learning.trainer)
        self._coalescer = Coalescer(self._call_after_keys)
        self._is_survey_shown = False
        """Whether the chart is one of the survey that was asked for last."""
        self._notice = Notice("")
        self._end_of_notice: asyncio.TimerHandle | None = None

    def compose(self) -> ComposeResult:
        yield self._top_line
        with self._field:
            if self._panels:
                yield self._panels
            yield self.chart_view
        yield self.status_line
        yield Footer(self.keys.footer)
        yield self._size_notice

    def get_line_filters(self) -> Sequence[LineFilter]:
        """NO_COLOR means no colour codes at all; Textual's own filter sends greys, or the default colours."""
        return [COLORLESS] if self.no_color else super().get_line_filters()

    def on_mount(self) -> None:
        self.call_after_refresh(self.observe)

    def on_unmount(self) -> None:
        self.observer.close()
        self._surveyor.stop()
        self.learning.close()
        self.comparing.close()

    async def on_event(self, event: events.Event) -> None:
        """A key, or a press of the mouse, takes a message away before it does what it does."""
        if isinstance(event, events.Key | events.MouseDown):
            self._give_way()
        await super().on_event(event)

    def on_resize(self, event: events.Resize) -> None:
        self._top_line.fold(folds_panels(event.size))
        self._size_notice.redraw()
        self.show_chart()

    # The subject: its settings, others, and the way back

    @property
    def settings(self) -> Settings | None:
        """Those of the network on the screen; None where the source has none."""
        return self.source.settings_of(self.subject)

    @property
    def shown_settings(self) -> Settings | None:
        """Those of the network on the chart; None likewise, and before the first one."""
        return self.source.settings_of(self.shown.subject) if self.shown else None

    def action_undo(self) -> None:
        self._return_to(self._history.undo(self.subject), "Nothing to undo.")

    def action_redo(self) -> None:
        self._return_to(self._history.redo(self.subject), "Nothing to redo.")

    def _return_to(self, subject: Hashable | None, otherwise: str) -> None:
        if subject is None:
            self.say(otherwise)
            return
        self._previous = None
        self._take(subject)
        self.show_subject()
        self.observe()

    def return_to_shown(self, shown: Observed) -> None:
        """Take the subject of the chart again; the one that is left can be had back."""
        self._history.record(self.subject)
        self._take(shown.subject)
        self.show_subject()

    def try_settings(self, changed: Callable[[Settings], Settings], *, is_step: bool = False) -> bool:
        """Take the changed settings and return True; where they are refused, say why and keep those before."""
        if not (before := self.settings):
            self.refuse(NEEDS_SETTINGS)
            return False
        try:
            settings = changed(before)
        except SettingsError as refusal:
            self.refuse(str(refusal))
            return False
        if settings == before:
            self.show_subject()
        else:
            self.go_to(self.source.with_settings(self.subject, settings), is_step=is_step)
        return True

    def go_to(self, subject: Hashable, *, is_step: bool = False) -> None:
        """Show another subject; undo brings this one back. A step of one setting may keep the axis."""
        self._history.record(self.subject)
        self._previous = self._axis if is_step else None
        self._take(subject)
        self.show_subject()
        self.observe()

    def _take(self, subject: Hashable) -> None:
        """This is the subject from now on; a setting that has no row among its own is not the selected one."""
        self.subject = subject
        if self._previous is None:
            self._axis = None  # a step before the next chart is drawn must not find the axis of the one before
        if settings := self.settings:
            self.selected = nearest_effective(settings, self.view, self.selected)
            self.preset = preset_of(settings) or self.preset

    # Words under the chart

    def refuse(self, reason: str) -> None:
        self.show_subject()
        self.say(reason, "refusal")

    def say(self, text: str, ink: str = "") -> None:
        """Say it in place of the reading until the next key, or for a while; an empty text brings the reading back."""
        if self._end_of_notice:
            self._end_of_notice.cancel()
        self._end_of_notice = self.call_after(NOTICE_SECONDS, self._give_way) if text else None
        self._notice = Notice(text, ink)
        self.show_words()

    def _give_way(self) -> None:
        """What was said has been read."""
        if self._notice.text:
            self.say("")

    def mount_above_status_line(self, widget: Widget) -> None:
        self.mount(widget, before=self.status_line)

    # From a subject to an observation

    def observe(self) -> None:
        """Look at the subject, and at what it is compared with, once all keys that wait have had their say."""
        self.comparing.drop_judgement()
        self._notice = Notice("")
        self._coalescer.ask(self._look)

    def catch_up(self) -> None:
        """Look at the subject now, before what needs the observation: more keys may wait."""
        if self._coalescer.is_asked(self._look):
            self._coalescer.finish()

    def _look(self) -> None:
        if VIEWS[self.view].survey:
            self._survey()
        self.learning.follow()
        known = self.shown if self.is_read else None
        outcome = self.observer.observe(self.subject, self.comparing.companion_of(self.subject), known)
        if outcome:
            self._show_outcome(outcome)
        else:
            self.show_words()
        self.background.watch()

    def on_answered(self, message: Answered) -> None:
        self._show_outcome(message.outcome)

    def on_learned(self, message: Learned) -> None:
        if self.learning.take(message):
            self._previous = self._axis
            if VIEWS[self.view].learning:
                self.chart_view.show_banner("")
            self.show_chart()
            self.show_words()

    def on_declined(self, message: Declined) -> None:
        self.refuse(message.reason)

    def on_failed(self, message: Failed) -> None:
        """Textual ends the app, restores the terminal and prints the traceback."""
        raise message.error

    def _show_outcome(self, outcome: Outcome) -> None:
        """Show what is newer than what is shown; what is not the newest yet moves the chart, not the words."""
        if self.shown and outcome.generation < self.shown.generation:
            return
        is_newest = outcome.generation == self.observer.generation
        if is_newest and not self.background.for_view:
            self.background.forget()
        if isinstance(outcome, Observed):
            if self.shown is None and not self._is_ending:
                self._field.mount(Seams())  # not before: they are no part of what the first picture waits for
            is_drawn = self.shown is not None and self.shown.looks_like(outcome)
            self.shown = outcome
            if is_drawn:
                self.look_ahead()
            else:
                self.show_chart()
            self.show_words()
        elif is_newest:
            self._take(self.shown.subject if self.shown else self.subject)
            self.refuse(outcome.reason)

    def look_ahead(self) -> None:
        """All is drawn: what is likely next may be looked at."""

    def call_after(self, seconds: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Not Textual's timer: one whose moment has passed before it begins is skipped, however short the moment."""
        return asyncio.get_running_loop().call_later(seconds, self.call_later, callback)

    # From state to the screen, once for all keys that wait

    def _call_after_keys(self, work: Callable[[], None]) -> None:
        """By the telescope's own screen, which takes the keys: one on top may be closing. At the end there is none."""
        if self.screen_stack:
            self.screen_stack[0].call_later(work)

    def show_subject(self) -> None:
        self._coalescer.ask(self._draw_subject)

    def show_chart(self) -> None:
        self._coalescer.ask(self._draw_chart)

    def show_chart_afresh(self) -> None:
        """The chart with an axis of its own choice: what is on it has changed, or was asked to."""
        self._axis = self._previous = None
        self.show_chart()

    def show_words(self) -> None:
        self._coalescer.ask(self._draw_words)

    def _draw_subject(self) -> None:
        settings = self.settings
        if self._panels and settings:
            self._panels.show(settings, self.selected, self.preset.settings, self.view)
        self._top_line.show(self.source.heading(self.subject), settings, self.selected)

    def _draw_chart(self) -> None:
        self.comparing.begin_prediction(self.shown_settings)
        seen = self.seen
        if chart := self.learning.chart() or (seen and self.chart_of(seen, self._previous)):
            self._draw(chart)
            self.look_ahead()

    def _draw(self, chart: Drawable) -> None:
        self._axis = chart.y_axis
        self.chart_view.show(chart)

    def on_predicted(self, message: Predicted) -> None:
        self.comparing.take_prediction(message)

    def on_judged(self, message: Judged) -> None:
        self.comparing.take_judgement(message)

    def chart_of(self, observed: Observed, previous: Axis | None) -> Drawable | None:
        return self.comparing.chart_of(observed, VIEWS[self.view], previous, self.cursor)

    def action_fit_axis(self) -> None:
        self.show_chart_afresh()

    # The cursor along the layers

    def action_move_cursor(self, direction: int) -> None:
        """To the layer above (1) or below (-1); the first press begins at layer 1 or at the last."""
        if not VIEWS[self.view].chart:
            keys = " or ".join(view.key for view in VIEWS.values() if view.chart)
            self.say(f"To read off a layer's numbers press {keys} first.")
        elif seen := self.seen:
            depth = seen.observation.depth
            start = 0 if direction > 0 else depth + 1
            self._put_cursor(min(max((self.cursor or start) + direction, 1), depth))

    def action_read_off(self, layer: int) -> None:
        if (seen := self.seen) and VIEWS[self.view].chart:
            self._put_cursor(min(max(layer, 1), seen.observation.depth))

    def put_cursor_away(self) -> bool:
        """Whether there was one."""
        was_there = self.cursor is not None
        if was_there:
            self._put_cursor(None)
        return was_there

    def _put_cursor(self, layer: int | None) -> None:
        self.cursor = layer
        self.show_chart()
        self.show_words()

    @property
    def seen(self) -> Observed | None:
        """What the views of layers show: the network as it is, if it has begun to learn, or else as it was drawn."""
        return self.learning.seen or self.shown

    @property
    def is_read(self) -> bool:
        """Whether what was observed is the subject."""
        return self.shown is not None and self.shown.subject == self.subject

    @property
    def is_chart_there(self) -> bool:
        """Whether the chart is one of the subject."""
        if VIEWS[self.view].learning:
            return self.learning.history is not None
        return self._is_survey_shown if VIEWS[self.view].survey else self.is_read

    def _draw_words(self) -> None:
        """Why the last change was refused, or what is overdue, or what is read."""
        report = self.background.report()
        headline, text = self._reading(is_for_view=bool(report) and self.background.for_view)
        if report and not text:
            headline = "COMPUTING"
        if self._notice.text:
            self.status_line.show(headline, *self._notice)
        elif text or report:
            self.status_line.show(headline, " ".join(filter(None, (text, report))), "" if text else "muted")

    def _reading(self, *, is_for_view: bool) -> tuple[str, str]:
        """The badge and the sentences beside it; empty where they are yet to come, as while the view itself is."""
        if VIEWS[self.view].learning and (learned := self.learning.words()):
            return learned
        seen = self.seen
        if seen is None or seen.subject != self.subject or is_for_view:
            return "", ""
        read_off = self._read_off(seen.observation)
        words = *self.told(sentence(seen.words.sentences)), self.comparing.beyond_ends(), seen.remedy
        return seen.words.headline, read_off or " ".join(filter(None, words))

    def told(self, verdict: str) -> tuple[str, ...]:
        """The verdict's sentences among what else there is to tell of the subject."""
        return (verdict,)

    def _read_off(self, observation: Observation) -> str:
        """The numbers of the layer under the cursor, where the view shows it."""
        if not self.cursor or self.cursor > observation.depth or not VIEWS[self.view].chart:
            return ""
        from tui_telescope.charts.layers.layer_readout import layer_readout

        return f"{sentence(layer_readout(observation, self.cursor))}."

    # Views, and the surveys that some of them show

    def action_show_view(self, name: str) -> None:
        if VIEWS[name].needs_settings and not self.settings:
            self.refuse(NEEDS_SETTINGS)
            return
        self.view = name
        self._axis = self._previous = None
        self._top_line.show_view(name)
        if settings := self.settings:
            self.selected = nearest_effective(settings, name, self.selected)
            self.show_subject()
        self.learning.follow()
        if VIEWS[name].survey:
            self._survey()
        else:
            self._surveyor.stop()
            self.show_chart()
            if self.observer.is_free and not self.is_read:
                self.observe()
        self.background.forget()
        self.show_words()
        self.background.watch()

    def _survey(self) -> None:
        self._is_survey_shown = False
        if settings := self.settings:
            self._surveyor.survey(VIEWS[self.view], settings, self._previous)
            self.background.watch()

    def on_surveyed(self, message: Surveyed) -> None:
        if message.generation == self._surveyor.generation and message.view == self.view:
            self._is_survey_shown = True
            self.chart_view.show_banner("")
            self._draw(message.chart)
