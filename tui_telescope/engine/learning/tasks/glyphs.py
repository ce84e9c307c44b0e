"""The ten digits in a raster of 8x8, with a margin of one pixel so that each may be moved by as much."""

from __future__ import annotations

import numpy as np

_DIGITS = """
.####.  ..##..  .####.  #####.  ...##.
.#..#.  .###..  #...##  ....##  ..###.
##..##  ..##..  ...##.  ..###.  .#.##.
##..##  ..##..  ..##..  ....##  ######
.#..#.  ..##..  .##...  #...##  ...##.
.####.  .####.  ######  .####.  ...##.

######  ..###.  ######  .####.  .####.
##....  .##...  ....##  ##..##  ##..##
#####.  #####.  ...##.  .####.  ##..##
....##  ##..##  ..##..  ##..##  .#####
#...##  ##..##  ..##..  ##..##  ...##.
.####.  .####.  ..##..  .####.  .###..
"""


def _rasters() -> list[np.ndarray[tuple[int, int], np.dtype[np.float64]]]:
    """Each digit as (8, 8), 1 where there is ink."""
    bands = [[line.split() for line in band.split("\n")] for band in _DIGITS.strip().split("\n\n")]
    drawn = [list(rows) for band in bands for rows in zip(*band, strict=True)]
    return [np.pad(np.array([[float(dot == "#") for dot in row] for row in rows]), 1) for rows in drawn]


GLYPHS = _rasters()
"""The digits from 0 to 9."""
