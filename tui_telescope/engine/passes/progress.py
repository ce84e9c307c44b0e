"""What long work is asked and told between layers: whether anybody still waits for it, and how much of it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tui_telescope.observations.interruption import ShouldStop, Stopped

Tell = Callable[[float], object]


def never() -> bool:
    return False


def nobody(share: float) -> None:
    pass


class Progress:
    """A piece of work, from `start` to `end` of the whole, both between 0 and 1.

    Work that has to be begun anew in another way tells smaller shares again.
    """

    __slots__ = ("_end", "_start", "_tell", "should_stop")

    def __init__(
        self, should_stop: ShouldStop = never, tell: Tell = nobody, start: float = 0.0, end: float = 1.0
    ) -> None:
        self.should_stop, self._tell = should_stop, tell
        self._start, self._end = start, end

    def reach(self, share: float) -> None:
        """This share of the piece is done. Raises `Stopped` if nobody waits any more."""
        if self.should_stop():
            raise Stopped
        self.tell(share)

    def tell(self, share: float) -> None:
        """The same, but nobody is asked."""
        self._tell(self._start + share * (self._end - self._start))

    def part(self, start: float, end: float) -> Progress:
        """The work from one share of this piece to another."""
        width = self._end - self._start
        return Progress(self.should_stop, self._tell, self._start + start * width, self._start + end * width)

    def parts(self, costs: Sequence[float]) -> Iterator[Progress]:
        """One piece after another, each as large as it costs beside the others."""
        total, done = sum(costs), 0.0
        for cost in costs:
            yield self.part(done / total, (done + cost) / total)
            done += cost


class Tally:
    """A piece of work that is told in units of its own."""

    def __init__(self, progress: Progress, units: int) -> None:
        """`units` are those of the whole piece."""
        self._progress, self._units, self._done = progress, units, 0

    def take_up(self, units: int) -> None:
        """Work of so many units begins. Raises `Stopped` if nobody waits any more."""
        self._progress.reach(self._done / self._units)
        self._done += units


def tally_of_passes(progress: Progress, segments: Sequence[range]) -> Tally:
    """Of a way forward and back, in layers forward; all segments but the last are gone through twice."""
    depth = segments[-1].stop
    return Tally(progress, depth * (1 + LAYERS_BACK) + depth - len(segments[-1]))


LAYERS_BACK = 2
"""A layer backward takes as long as so many forward, about."""
FORWARD_SHARE = 1 / (1 + LAYERS_BACK)
"""What of one network is done once the signals have gone through it; the gradients take the rest."""

UNWATCHED = Progress()
"""Nobody is told, and nobody stops it."""
