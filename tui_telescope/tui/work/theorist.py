"""Who asks the theory: for the curve that it predicts, and for how a scale stands to the critical one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from textual.message import Message

from tui_telescope.observations.interruption import ShouldStop
from tui_telescope.settings import Settings
from tui_telescope.tui.messages import Judged, Predicted
from tui_telescope.tui.work.latest_job import LatestJob
from tui_telescope.tui.work.lru_cache import LruCache

if TYPE_CHECKING:
    from tui_telescope.charts.layers.trace import Trace
    from tui_telescope.engine.mean_field.criticality import Criticality

CAPACITY = 64


class Theorist:
    """Answers at once where that is quick; else `Predicted` and `Judged` messages follow, from threads of its own."""

    def __init__(self, post: Callable[[Message], object]) -> None:
        self._predicting = LatestJob(post)
        self._judging = LatestJob(post)
        self._asked: Settings | None = None
        """What the latest prediction in the background is of."""
        self._cache: LruCache[Settings, Trace] = LruCache(CAPACITY)

    def prediction(self, settings: Settings) -> Trace | None:
        """The curve that theory predicts; None where there is no theory, or none as yet."""
        if known := self._cache.get(settings):
            return known
        if not _is_quick(settings) or (predicted := _predicted(settings)) is None:
            return None
        self._cache.put(settings, predicted)
        return predicted

    def begin_prediction(self, settings: Settings) -> None:
        """Work the theory out in the background, where `prediction` has none as yet."""
        if settings == self._asked or self._cache.get(settings) is not None or _is_quick(settings):
            return
        self._asked = settings
        self._predicting.begin(lambda should_stop: _predictions(settings, should_stop))

    def on_predicted(self, message: Predicted) -> None:
        """Keep it for `prediction`."""
        self._cache.put(message.settings, message.prediction)

    def begin_judgement(self, settings: Settings) -> None:
        """Say how the scale stands to the critical one, then what is seen there."""
        self._judging.begin(lambda should_stop: _judgements(settings, should_stop))

    def drop_judgement(self) -> None:
        self._judging.drop()

    def close(self) -> None:
        self._predicting.drop()
        self._judging.drop()


def _is_quick(settings: Settings) -> bool:
    from tui_telescope.engine.mean_field.theory import is_quick

    return is_quick(settings)


def _predicted(settings: Settings, should_stop: ShouldStop = lambda: False) -> Trace | None:
    from tui_telescope.charts.layers.trace import Trace
    from tui_telescope.engine.mean_field.theory import predict

    theory = predict(settings, should_stop)
    if theory is None:
        return None
    return Trace("theory: infinite width", theory.as_observation(), ("theory",), theory.depth_scale)


def _predictions(settings: Settings, should_stop: ShouldStop) -> Iterator[Message]:
    if predicted := _predicted(settings, should_stop):
        yield Predicted(settings, predicted)


def _judgements(settings: Settings, should_stop: ShouldStop) -> Iterator[Message]:
    from tui_telescope.engine.mean_field.criticality import criticality, describe_criticality

    standing = criticality(settings)
    words = describe_criticality(standing)
    if standing.critical_scale is None or standing.is_at_critical_scale:
        yield Judged(settings, words)
        return
    yield Judged(settings, f"{words} Trying it ...")
    target = settings.replace(scale=standing.critical_scale)
    yield Judged(settings, f"{words} {_trial_words(standing, target, should_stop)}", target)


def _trial_words(standing: Criticality, target: Settings, should_stop: ShouldStop) -> str:
    """What a telescope of its own sees there: no key waits for it, and its weights are let go of at once."""
    from tui_telescope.engine.mean_field.criticality import describe_trial
    from tui_telescope.engine.telescope import Telescope

    try:
        seen = Telescope().observe(target, readings=("gradient",), should_stop=should_stop)
    except MemoryError:
        return "There is not enough memory to try it. x again jumps there all the same."
    return describe_trial(standing, target.width, seen.verdict.state or "not finite")
