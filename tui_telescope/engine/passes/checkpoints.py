"""The way back needs what the way forward met; where that is too much to keep, some of it is gone through twice.

What is kept are the states from which pieces of the way can be begun anew (Chen et al. 2016, section 3).
"""

from __future__ import annotations

from tui_telescope.settings import Settings, footprint


def segments(settings: Settings) -> list[range]:
    """The layers, or steps, in runs that may be kept at a time."""
    length = footprint.segment_length(settings)
    return [range(start, min(start + length, settings.depth)) for start in range(0, settings.depth, length)]
