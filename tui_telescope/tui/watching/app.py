"""The app over runs that train elsewhere: it follows a run's newest record, or stays at one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.message import Message

from tui_telescope.runs.reading.records import Record, clean
from tui_telescope.runs.reading.telling import age_sentence, is_overdue, layers_apart, left_out, told_with
from tui_telescope.tui.actions import Keys
from tui_telescope.tui.app import TelescopeApp
from tui_telescope.tui.notices import NEEDS_SETTINGS
from tui_telescope.tui.sources.run_source import RunSource, Shown
from tui_telescope.tui.terminal.app import go_by_the_window, run_in_terminal
from tui_telescope.tui.watching.keys import WATCHING, bindings

if TYPE_CHECKING:
    from tui_telescope.charts.drawable import Drawable
    from tui_telescope.charts.elements import Axis
    from tui_telescope.charts.steps.run_charts import StepTrace
    from tui_telescope.tui.messages import Observed, Outcome
    from tui_telescope.tui.screens.run_list import Chosen

_CLOCK_SECONDS = 2.0
"""How often the age of the last record is looked at."""


def watch(source: RunSource, *, view: str = "gradient", ascii_only: bool = False, mouse: bool = True) -> int:
    """Show a run until it is left; of several it is chosen first. Returns the exit status."""
    go_by_the_window()
    app = WatchingApp(source, view=view, ascii_only=ascii_only)
    if source.has_others:
        app.call_later(app.action_show_runs)
    return run_in_terminal(app, mouse=mouse)


class Grown(Message):
    """There is something new in the runs' files."""


class WatchingApp(TelescopeApp, inherit_bindings=False):
    """An action for every key that goes along the records. Where one was gone to is no change to be undone."""

    keys: ClassVar[Keys] = WATCHING
    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]

    def __init__(self, source: RunSource, *, view: str = "gradient", ascii_only: bool = False) -> None:
        self._runs = source
        self._role = ""
        self._is_following = True
        super().__init__(source, source.shown(source.run.newest, ""), view=view, ascii_only=ascii_only)

    def on_mount(self) -> None:
        self._runs.follow(lambda: self.post_message(Grown()))
        self.set_interval(_CLOCK_SECONDS, self.show_words)

    def on_unmount(self) -> None:
        self._runs.close()

    @property
    def looked_at(self) -> Shown:
        assert isinstance(self.subject, Shown)
        return self.subject

    def on_grown(self) -> None:
        if self._is_following and self._runs.run.newest is not None:
            self._show(self._runs.run.newest)
        else:
            self.show_subject()
            self.show_words()
        if self._runs.other:
            self._coalescer.ask(self._look)

    # Along the records

    def action_freeze(self) -> None:
        self._is_following = not self._is_following
        if self._is_following:
            self.action_go_to_record(-1)
        else:
            self.say("Frozen at this record: the arrows go to others, Space follows the newest again.")

    def action_scrub(self, distance: int) -> None:
        self._is_following = False
        self._show(self._runs.run.neighbour(self.looked_at.record, distance))

    def action_go_to_record(self, index: int) -> None:
        self._is_following = index != 0
        self._show(self._runs.run.end(index))

    def _show(self, record: Record | None) -> None:
        """Quietly: a message stays, undo knows nothing of it, and the axis keeps still while the curves fit."""
        subject = self._runs.shown(record, self._role)
        if record is None or subject == self.subject:
            self.show_words()
            return
        self.axis.keep()
        self._take(subject)
        self.show_subject()
        self._coalescer.ask(self._look)

    def action_say_that_it_needs_settings(self) -> None:
        self.refuse(NEEDS_SETTINGS)

    # Which layers

    def action_step_role(self, direction: int) -> None:
        """The layers of the next role, all of them after the last one."""
        roles = ["", *self._runs.run.roles]
        if len(roles) == 1:
            self.say("All layers are of one role, or each of its own: there is nothing to choose from.")
            return
        place = roles.index(self._role) if self._role in roles else 0
        self._role = roles[(place + direction) % len(roles)]
        self.axis.fit()
        self._take(self._runs.shown(self.looked_at.record, self._role))
        self.show_subject()
        self.observe()

    # Which run

    def action_show_runs(self) -> None:
        from tui_telescope.tui.screens.run_list import RunList

        source = self._runs
        if not source.has_others:
            self.say(f"There is no other run in {source.folder}; watch the folder above it to choose from more.")
            return
        self.push_screen(
            RunList(source.folder, source.run.path, source.other.path if source.other else None), self._take_chosen
        )

    def _take_chosen(self, chosen: Chosen | None) -> None:
        if chosen is None:
            return
        if chosen.compares:
            is_off = self._runs.other is not None and chosen.path == self._runs.other.path
            self._runs.compare(None if is_off else chosen.path)
            if self.comparing.comparison.wants_ghost != (self._runs.other is not None):
                self.comparing.toggle_ghost()
        else:
            self._runs.choose(chosen.path)
            self._is_following = True
            self.axis.fit()
            self._take(self._runs.shown(self._runs.run.newest, self._role))
        self.show_subject()
        self.observe()

    def observe(self) -> None:
        if self.looked_at.record is None:
            self.show_chart()
            self.show_words()
        else:
            super().observe()

    # From state to the screen

    def _show_outcome(self, outcome: Outcome) -> None:
        """The cursor stays on its layer, by the name, wherever that stands now; where it is missing it is put away."""
        before, layer = self.shown, self.reading_off.layer
        super()._show_outcome(outcome)
        after = self.shown
        if before and after and layer and before.observation.layers != after.observation.layers:
            name = before.observation.name(layer)
            names = after.observation.layers or ()
            self.reading_off.layer = names.index(name) + 1 if name in names else None

    def chart_of(self, observed: Observed, previous: Axis | None, *, names_keys: bool = True) -> Drawable | None:
        make_chart = self.current_view.steps
        if make_chart is None:
            return super().chart_of(observed, previous, names_keys=names_keys)
        from tui_telescope.charts.steps.run_charts import StepOptions

        assert isinstance(observed.subject, Shown)
        record = observed.subject.record
        step = None if self._is_following or record is None else record.step
        place = self.reading_off.layer
        layer = observed.observation.name(place) if place and place <= observed.observation.depth else None
        traces = self._step_traces(observed.subject)
        return make_chart(traces, StepOptions(previous, layer, step, names_keys)) if traces else None

    def _step_traces(self, subject: Shown) -> list[StepTrace]:
        """The run that is looked at, and the one compared with it."""
        from tui_telescope.charts.steps.run_charts import StepTrace

        ghost = self._runs.ghost(subject) if self._runs.other and self.comparing.comparison.wants_ghost else None
        each = [subject, ghost.subject] if ghost else [subject]
        found = [(shown, shown.run.over_steps(shown.record, shown.role)) for shown in each if shown.record]
        return [StepTrace(shown.run.name if ghost else "", over) for shown, over in found if over]

    def _draw_words(self) -> None:
        if self.looked_at.record is None and not self.notices.notice.text:
            self.status_line.show("", self.looked_at.run.waiting(), "muted")
        elif self.shown is not None or self.notices.notice.text:
            super()._draw_words()

    def told(self, verdict: str) -> tuple[str, ...]:
        known = self._runs.course(self.looked_at)
        told = told_with(verdict, *known) if known else (verdict,)
        told = (*told, *self._what_is_shown(), *self.circumstances())
        age, is_news = self._age()
        return (age, *(each for each in told if each != age)) if is_news else told

    def _what_is_shown(self) -> Iterator[str]:
        """Which layers, and of which runs."""
        run, other = self._runs.run, self._runs.other
        if self.seen:
            yield left_out(run.layers_of(self.looked_at.role), self.seen.observation)
        if role := self.looked_at.role:
            yield f"{len(run.layers_of(role))} of {len(run.layers)} layers are shown, {role}; r shows others."
        if other and self.comparing.comparison.wants_ghost:
            its_layers = other.layers_of(role if role in other.roles else "")
            yield layers_apart(run.layers_of(role), other.name, its_layers)

    def circumstances(self) -> Iterator[str]:
        run = self._runs.run
        if not self._is_following:
            yield "Frozen here: Space follows."
        if others := self._runs.unchosen_of:
            yield f"One of {others} runs in {clean(self._runs.folder.resolve().name)}; l lists them."
        yield run.trouble
        yield self._age()[0]
        yield run.note

    def _age(self) -> tuple[str, bool]:
        """How old the last record is, in a sentence, and whether that comes first."""
        seconds, usual = self._runs.run.age_seconds(), self._runs.run.usual_gap()
        if seconds is None:
            return "", False
        return age_sentence(seconds, usual), is_overdue(seconds, usual)
