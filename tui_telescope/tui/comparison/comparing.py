"""Setting the live curve against others: pins, the ghost, what theory predicts, where number formats end."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import TYPE_CHECKING

from tui_telescope.charts.options import ChartOptions
from tui_telescope.charts.views import View
from tui_telescope.notation import counted
from tui_telescope.tui.comparison.comparison import Compared, Comparison, ComparisonError
from tui_telescope.tui.notices import NEEDS_SETTINGS
from tui_telescope.tui.sources.spread import SpreadTaker
from tui_telescope.tui.work.theorist import Theorist

if TYPE_CHECKING:
    from tui_telescope.charts.drawable import Drawable
    from tui_telescope.charts.elements import Axis
    from tui_telescope.charts.layers.trace import Trace
    from tui_telescope.settings import Settings
    from tui_telescope.tui.messages import Judged, Observed, Predicted, SpreadTaken
    from tui_telescope.tui.showing import ShowingApp


class Comparing:
    """Holds what the live curve is compared with, and makes the chart of them all."""

    def __init__(self, app: ShowingApp) -> None:
        self.comparison = Comparison()
        self.shows_floors = self.shows_weights = False
        self._app = app
        self._theorist = Theorist(app.post_message)
        self._spread = SpreadTaker(app.post_message)
        self._judged: Judged | None = None
        """What has been said of the scale on the screen, if that was asked for."""

    def compare(self, comparison: Comparison) -> None:
        """Compare with these curves from now on."""
        self.comparison = comparison
        self._app.show_chart_afresh()

    def companion_of(self, subject: Hashable) -> Hashable | None:
        """What this subject is to be compared with, while that is wanted; None where nothing can be."""
        ghost = self._app.source.ghost(subject)
        return ghost.subject if ghost and self.comparison.shows(ghost) else None

    def chart_of(
        self, observed: Observed, view: View, previous: Axis | None, cursor: int | None, *, names_keys: bool
    ) -> Drawable | None:
        """What the view shows of this subject; None for a view that a survey makes."""
        if view.chart is None:
            return None
        settings = self._app.source.settings_of(observed.subject)
        awaits_spread = view.shows_spread and self._spread.is_awaited
        options = ChartOptions(previous, self.shows_weights, names_keys, awaits_spread, cursor)
        traces = self.traces(observed)
        chart = view.chart(traces, options)
        if settings and self.shows_floors and view.shows_gradients:
            from tui_telescope.charts.layers.floors import with_floors

            chart = with_floors(chart, settings)
        from tui_telescope.charts.layers.stacked_charts import has_room, stacked

        is_alone = not view.beside or not has_room(*self._app.chart_view.size)
        return chart if is_alone else stacked(chart, view, traces, options)

    def traces(self, observed: Observed) -> list[Trace]:
        """This subject, and what it is compared with."""
        source, settings = self._app.source, self._app.source.settings_of(observed.subject)
        live = Compared(observed.subject, observed.observation)
        predicted = self._theorist.prediction(settings) if settings and self.comparison.wants_theory else None
        return self.comparison.traces(source, live, observed.companion, predicted)

    def with_known_spread(self, observed: Observed) -> Observed:
        """With the signal's spread, where it has been taken."""
        settings = self._app.source.settings_of(observed.subject)
        known = self._spread.known(settings, observed.observation) if settings else observed.observation
        return replace(observed, observation=known)

    def completed(self, observed: Observed | None) -> Observed | None:
        """With the signal's spread where the view shows it, as soon as that is known."""
        if not self._app.current_view.shows_spread:
            self._spread.drop()
            return observed
        if observed is None:
            return None
        settings = self._app.source.settings_of(observed.subject)
        if settings is None:
            return observed
        return replace(observed, observation=self._spread.completed(settings, observed.observation))

    def take_spread(self, message: SpreadTaken) -> None:
        self._spread.take(message)
        if self._app.shown_settings == message.settings:
            self._app.show_chart()
            self._app.show_words()

    def close(self) -> None:
        self._theorist.close()
        self._spread.drop()

    # Pins and the ghost

    def pin(self) -> None:
        self._app.catch_up()
        if (seen := self._app.seen) is None:
            return
        curve = Compared(seen.subject, seen.observation, self._app.learning.history)
        if self._is_taken(lambda: self.comparison.pin(curve)):
            self._app.show_chart_afresh()
            change = "change the settings" if self._app.settings else "go on"
            self._app.say(f"Pinned: {change} and compare. u drops the pins.{self._where_to_look()}")

    def drop_pins(self) -> None:
        count = len(self.comparison.pins)
        self.comparison.pins.clear()
        self._app.show_chart_afresh()
        self._app.say(f"Dropped {counted(count, 'pin')}." if count else "There are no pins; p sets one.")

    def toggle_ghost(self) -> None:
        ghost = self._app.source.ghost(self._app.subject)
        if not self._is_taken(lambda: self.comparison.toggle_ghost(ghost)):
            return
        self._app.show_chart_afresh()
        self._app.observe()
        state = f"The ghost is {_on_or_off(bool(self.comparison.wants_ghost))}."
        if reason := self._app.source.why_no_ghost(self._app.subject):
            self._app.say(f"{state} {reason}")
        elif elsewhere := self._where_to_look():
            self._app.say(f"{state}{elsewhere}")

    def _is_taken(self, change: Callable[[], None]) -> bool:
        """Whether the comparison took the change; where it did not, it is said why."""
        try:
            change()
        except ComparisonError as refusal:
            self._app.refuse(str(refusal))
            return False
        return True

    def _where_to_look(self, shows: Callable[[View], bool] = lambda view: view.compares) -> str:
        """Nothing where the view on the screen shows it, else which views do."""
        if shows(self._app.current_view):
            return ""
        keys = [view.key for view in self._app.keys.views.values() if shows(view)]
        return f" To see it press {' or '.join(keys)}."

    # The gradient by the weights

    def toggle_weights(self) -> None:
        """The gradient by the weights; where a network learns, the next of what its layers are shown by."""
        if self._app.current_view.learning:
            self._app.learning.show_next_reading()
            return
        self.shows_weights = not self.shows_weights
        self._app.show_chart_afresh()
        elsewhere = self._where_to_look(lambda view: view.shows_gradients)
        self._app.say(f"The weights' gradient is {_on_or_off(self.shows_weights)}.{elsewhere}" if elsewhere else "")

    # Where number formats end

    def toggle_floors(self) -> None:
        if not (settings := self._app.settings):
            self._app.refuse(NEEDS_SETTINGS)
            return
        from tui_telescope.charts.layers.floors import summary

        self.shows_floors = not self.shows_floors
        self._app.show_chart_afresh()
        elsewhere = self._where_to_look(lambda view: view.shows_gradients)
        said = f"{summary(settings)}{elsewhere} {self.beyond_ends()}"
        self._app.say(said if self.shows_floors else "")

    def beyond_ends(self) -> str:
        """The layers beyond the ends of number formats, while those are asked for."""
        shown, settings = self._app.seen, self._app.shown_settings
        if shown is None or settings is None or not self.shows_floors:
            return ""
        from tui_telescope.charts.layers.floors import beyond_ends

        return beyond_ends(shown.observation, settings)

    # The theory

    def toggle_theory(self) -> None:
        if not (settings := self._app.settings):
            self._app.refuse(NEEDS_SETTINGS)
            return
        from tui_telescope.engine.mean_field.coverage import why_no_theory

        if not self._is_taken(self.comparison.toggle_theory):
            return
        self._app.show_chart_afresh()
        silence = why_no_theory(settings) if self.comparison.wants_theory else ""
        elsewhere = self._where_to_look(lambda view: view.chart is not None)
        state = f"The theory is {_on_or_off(self.comparison.wants_theory)}.{elsewhere}" if elsewhere else ""
        self._app.say(silence or state)

    def begin_prediction(self, settings: Settings | None) -> None:
        """Have the theory worked out, where it is wanted and takes long."""
        if settings and self.comparison.wants_theory:
            self._theorist.begin_prediction(settings)

    def take_prediction(self, message: Predicted) -> None:
        self._theorist.on_predicted(message)
        if self._app.shown_settings == message.settings:
            self._app.show_chart()

    def jump_to_critical_scale(self) -> None:
        """Say how the scale stands to the critical one; once that is said, jump there."""
        if not (settings := self._app.settings):
            self._app.refuse(NEEDS_SETTINGS)
        elif self._judged is None:
            self._theorist.begin_judgement(settings)
        elif target := self._judged.target:
            self._app.selected = "scale"
            self._app.try_settings(lambda settings: target)
        else:
            self._app.say(self._judged.text)

    def take_judgement(self, message: Judged) -> None:
        if message.settings == self._app.settings:
            self._judged = message
            self._app.say(message.text)

    def drop_judgement(self) -> None:
        """What was judged is not what is on the screen from now on."""
        self._judged = None
        self._theorist.drop_judgement()


def _on_or_off(is_on: bool) -> str:
    return "on" if is_on else "off"
