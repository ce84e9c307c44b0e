"""From a subject to the screen: the source gives an observation, the view a chart and words."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events

from tui_telescope.charts.effect import nearest_effective
from tui_telescope.presets import PRESETS, nearest_preset, preset_of
from tui_telescope.settings import Settings, SettingsError
from tui_telescope.tui.actions import EXPLORING, Keys
from tui_telescope.tui.background import Background
from tui_telescope.tui.changing.history import History
from tui_telescope.tui.comparison.comparing import Comparing
from tui_telescope.tui.kept_axis import KeptAxis
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
    SpreadTaken,
    Surveyed,
)
from tui_telescope.tui.notices import NEEDS_SETTINGS, NoticeBoard
from tui_telescope.tui.reading_off import ReadingOff
from tui_telescope.tui.screen_app import ScreenApp
from tui_telescope.tui.sources.source import Source
from tui_telescope.tui.widgets.canvas import Seams
from tui_telescope.tui.widgets.footer import Footer
from tui_telescope.tui.widgets.panels import Panels
from tui_telescope.tui.widgets.status_line import sentence
from tui_telescope.tui.widgets.top_line import TopLine
from tui_telescope.tui.work.coalescing import Coalescer
from tui_telescope.tui.work.observer import Observer
from tui_telescope.tui.work.surveyor import Surveyor

if TYPE_CHECKING:
    from tui_telescope.charts.drawable import Drawable
    from tui_telescope.charts.elements import Axis
    from tui_telescope.charts.surveys.surveys import Finding
    from tui_telescope.charts.views import View


class ShowingApp(ScreenApp):
    """Holds the state that everything on the screen is drawn from: subject, selection, view, observation."""

    keys: ClassVar[Keys] = EXPLORING

    def __init__(
        self, source: Source[Any], subject: Hashable, *, view: str = "gradient", ascii_only: bool = False
    ) -> None:
        settings, self.selected = source.settings_of(subject), "depth"
        self.preset = nearest_preset(settings) if settings else next(iter(PRESETS.values()))
        """The latest one on the screen, from which the next is counted and what was changed is marked."""
        super().__init__(
            TopLine(source.heading(subject), settings, self.selected, view, self.keys.views.values()),
            Panels(settings, self.selected, self.preset.settings, view) if settings else None,
            Footer(self.keys.footer),
            ascii_only=ascii_only,
        )
        self.source = source
        self.subject = subject
        self.view = view
        self.shown: Observed | None = None
        """What the chart shows."""
        self.comparing = Comparing(self)
        self.history = History()
        self.reading_off = ReadingOff(self)
        self.axis = KeptAxis()
        self.observer = Observer(self.post_message, source)
        self._surveyor = Surveyor(self.post_message)
        self.learning = Learning(self)
        self.background = Background(self, self.observer, self._surveyor, self.learning.trainer)
        self._coalescer = Coalescer(self._call_after_keys)
        self.advises = True
        """Whether a remedy is told of, where one is known."""
        self.picture: Drawable | None = None
        """What is shown in place of the view, until another is chosen."""
        self.finding: Finding | None = None
        """What is shown of the survey that was asked for last, once it has found anything."""
        self.notices = NoticeBoard(self.call_after, self.show_words)

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
            self.notices.give_way()
        await super().on_event(event)

    def on_resize(self, event: events.Resize) -> None:
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
        self._return_to(self.history.undo(self.subject), "Nothing to undo.")

    def action_redo(self) -> None:
        self._return_to(self.history.redo(self.subject), "Nothing to redo.")

    def _return_to(self, subject: Hashable | None, otherwise: str) -> None:
        if subject is None:
            self.say(otherwise)
            return
        self.axis.fit()
        self._take(subject)
        self.show_subject()
        self.observe()

    def return_to_shown(self, shown: Observed) -> None:
        """Take the subject of the chart again; the one that is left can be had back."""
        self.history.record(self.subject)
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
        self.history.record(self.subject)
        if is_step:
            self.axis.keep()
        else:
            self.axis.fit()
        self._take(subject)
        self.show_subject()
        self.observe()

    def _take(self, subject: Hashable) -> None:
        """This is the subject from now on; a setting that has no row among its own is not the selected one."""
        self.subject = subject
        if settings := self.settings:
            self.selected = nearest_effective(settings, self.view, self.selected)
            self.preset = preset_of(settings) or self.preset

    # Words under the chart

    def refuse(self, reason: str) -> None:
        self.show_subject()
        self.say(reason, "refusal")

    def say(self, text: str, ink: str = "") -> None:
        """Say it in place of the reading until the next key, or for a while; an empty text brings the reading back."""
        self.notices.put(text, ink)

    # From a subject to an observation

    def observe(self) -> None:
        """Look at the subject, and at what it is compared with, once all keys that wait have had their say."""
        self.comparing.drop_judgement()
        self.notices.forget()
        self._coalescer.ask(self._look)

    def catch_up(self) -> None:
        """Look at the subject now, before what needs the observation: more keys may wait."""
        if self._coalescer.is_asked(self._look):
            self._coalescer.finish()

    def _look(self) -> None:
        if self.current_view.survey:
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
            self.axis.keep()
            if self.current_view.learning:
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
                self.screen_stack[0].mount(Seams())  # not before: the first picture does not wait for them
            is_drawn = self.shown is not None and self.shown.looks_like(outcome)
            self.shown = outcome
            if is_drawn:
                self.look_ahead()
            else:
                self.show_chart()
            self.show_words()
            self.take_note()
        elif is_newest:
            self._take(self.shown.subject if self.shown else self.subject)
            self.refuse(outcome.reason)

    def look_ahead(self) -> None:
        """All is drawn: what is likely next may be looked at."""

    def take_note(self) -> None:
        """Another observation is shown."""

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
        self.axis.fit()
        self.show_chart()

    def show_words(self) -> None:
        self._coalescer.ask(self._draw_words)

    def _draw_subject(self) -> None:
        settings = self.settings
        if self.panels and settings:
            self.panels.show(settings, self.selected, self.preset.settings, self.view)
        self.top_line.show(self.source.heading(self.subject), settings, self.selected)

    def _draw_chart(self) -> None:
        self.comparing.begin_prediction(self.shown_settings)
        seen = self.seen
        if chart := self.picture or self.learning.chart() or (seen and self.chart_of(seen, self.axis.previous)):
            self._draw(chart)
            self.look_ahead()

    def _draw(self, chart: Drawable) -> None:
        self.axis.drawn = chart.y_axis
        self.chart_view.show(chart)

    def on_predicted(self, message: Predicted) -> None:
        self.comparing.take_prediction(message)

    def on_spread_taken(self, message: SpreadTaken) -> None:
        self.comparing.take_spread(message)

    def on_judged(self, message: Judged) -> None:
        self.comparing.take_judgement(message)

    def chart_of(self, observed: Observed, previous: Axis | None, *, names_keys: bool = True) -> Drawable | None:
        layer = self.reading_off.layer
        return self.comparing.chart_of(observed, self.current_view, previous, layer, names_keys=names_keys)

    def action_move_cursor(self, direction: int) -> None:
        self.reading_off.move(direction)

    def action_read_off(self, layer: int) -> None:
        self.reading_off.go_to(layer)

    @property
    def current_view(self) -> View:
        return self.keys.views[self.view]

    @property
    def seen(self) -> Observed | None:
        """What the views of layers show: the network as it is, if it has begun to learn, or else as it was drawn."""
        return self.learning.seen or self.comparing.completed(self.shown)

    @property
    def is_read(self) -> bool:
        """Whether what was observed is the subject."""
        return self.shown is not None and self.shown.subject == self.subject

    @property
    def is_chart_there(self) -> bool:
        """Whether the chart is one of the subject."""
        if self.current_view.learning:
            return self.learning.history is not None
        return self.finding is not None if self.current_view.survey else self.is_read

    def _draw_words(self) -> None:
        """Why the last change was refused, or what is overdue, or what is read."""
        report = self.background.report()
        headline, text = self._reading(is_for_view=bool(report) and self.background.for_view)
        if report and not text:
            headline = "COMPUTING"
        if self.notices.notice.text:
            self.status_line.show(headline, *self.notices.notice)
        elif text or report:
            self.status_line.show(headline, " ".join(filter(None, (text, report))), "" if text else "muted")

    def _reading(self, *, is_for_view: bool) -> tuple[str, str]:
        """The badge and the sentences beside it; empty where they are yet to come, as while the view itself is."""
        if self.current_view.learning and (learned := self.learning.words()):
            return learned
        seen = self.seen
        if seen is None or seen.subject != self.subject or is_for_view:
            return "", ""
        read_off = self.reading_off.words(seen.observation)
        remedy = seen.remedy if self.advises else ""
        words = *self.told(sentence(seen.words.sentences)), self.comparing.beyond_ends(), remedy
        told = (read_off, *self.circumstances()) if read_off else words
        return seen.words.headline, " ".join(filter(None, told))

    def circumstances(self) -> Iterable[str]:
        """What is to be known of the subject whatever is read off, in sentences."""
        return ()

    def told(self, verdict: str) -> tuple[str, ...]:
        """The verdict's sentences among what else there is to tell of the subject."""
        return (verdict,)

    # Views, and the surveys that some of them show

    def action_show_view(self, name: str) -> None:
        if self.keys.views[name].needs_settings and not self.settings:
            self.refuse(NEEDS_SETTINGS)
            return
        self.view = name
        self.picture = None
        self.axis.fit()
        self.top_line.show_view(name)
        if settings := self.settings:
            self.selected = nearest_effective(settings, name, self.selected)
            self.show_subject()
        self.learning.follow()
        if self.keys.views[name].survey:
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
        self.finding = None
        if settings := self.settings:
            self._surveyor.survey(self.current_view, settings, self.axis.previous)
            self.background.watch()

    def on_surveyed(self, message: Surveyed) -> None:
        if message.generation == self._surveyor.generation and message.view == self.view:
            self.finding = message.finding
            self.chart_view.show_banner("")
            self._draw(self.finding.chart)
