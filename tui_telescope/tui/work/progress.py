"""What is computed in the background, and how far it is."""

from __future__ import annotations

from typing import NamedTuple

from tui_telescope.notation import percent_done

SURE_SHARE = 0.02
"""From so much on the time that is left is told by what is done, not by the forecast."""
LONG_SECONDS = 1.0
"""Work that has less to go needs no forecast."""


class Work(NamedTuple):
    """A piece of work that a thread is at; a new one takes its place as it goes on."""

    generation: int
    what: str
    """A sentence without its full stop."""
    began: float
    """By `time.monotonic`."""
    forecast: float
    """Seconds that all of it was expected to take."""
    share: float | None = None
    """What is done, from 0 to 1; None where that cannot be told."""

    def seconds_left(self, now: float) -> float:
        spent = now - self.began
        if self.share is not None and self.share > SURE_SHARE:
            return spent * (1 - self.share) / self.share
        return max(0.0, self.forecast - spent)

    def standing(self, now: float) -> str:
        """`34% done, about 12 s left`, as much of it as is known and worth saying."""
        done = "" if self.share is None else percent_done(self.share)
        left = self.seconds_left(now)
        return ", ".join(
            part for part in (done, f"about {_duration(left)} left" if left >= LONG_SECONDS else "") if part
        )


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.0f} h"
