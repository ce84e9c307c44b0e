"""A raster of dots in terminal cells: what curves are drawn into."""

from __future__ import annotations

from typing import get_args

import numpy as np
from numpy.typing import NDArray

from tui_telescope.charts.drawing.charset import Charset
from tui_telescope.charts.drawing.picture import Row, Span
from tui_telescope.charts.elements import Array, Ink

DotMask = NDArray[np.uint8]
"""(height, width) of cells, rows from the top: the sum of the bits of the dots that are lit in each."""

_INKS: tuple[Ink, ...] = get_args(Ink)
BLANK_BRAILLE = 0x2800
"""The cell without a dot."""
BRAILLE_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint8)
"""Unicode's bit of each dot of a braille cell, rows from the top."""
_CELL_BIT = np.array([[1]], np.uint8)


def scattered(dots: NDArray[np.int64], width: int, height: int, charset: Charset) -> DotMask:
    """The cells in which (n, 2) dots lie, (0, 0) the lowest left one; those beside the field are left out."""
    cells = np.zeros((height, width), np.uint8)
    if len(dots):
        bits = _CELL_BIT if charset.plain else BRAILLE_BITS
        across, up = dots.T
        inside = (across >= 0) & (across < width * charset.columns) & (up >= 0) & (up < height * charset.rows)
        column, x = np.divmod(across[inside], charset.columns)
        row, y = np.divmod(height * charset.rows - 1 - up[inside], charset.rows)
        np.bitwise_or.at(cells, (row, column), bits[y, x])
    return cells


def thickened(dots: DotMask) -> DotMask:
    """The dots of braille cells with the one below each of them lit as well."""
    thick: DotMask = (dots | (dots & 0x1B) << 1 | (dots & 0x04) << 4 | (dots & 0x20) << 2).astype(np.uint8)
    # the lowest dots of a cell go on in the highest of the cell below
    thick[1:] |= (dots[:-1] & 0x40) >> 6 | (dots[:-1] & 0x80) >> 4
    return thick


def filled(low: Array, high: Array, height: int, charset: Charset) -> DotMask:
    """A regular, sparse fill of the cells whose middle lies between two heights, given in cells for each column of
    cells; NaN where there is none."""
    middle = np.arange(height)[::-1, None] + 0.5
    fill = np.resize(np.array(charset.fill_dots, np.uint8), len(low))
    return np.where((low <= middle) & (middle <= high), fill, np.uint8(0))


class Raster:
    """`height` rows of `width` cells, blank at first; what is lit later lies on top."""

    def __init__(self, width: int, height: int, charset: Charset) -> None:
        self._charset = charset
        self._dots = np.zeros((height, width), np.uint8)
        self._inks = np.zeros((height, width), np.uint8)
        self._marks = np.full((height, width), ord(" "), "<u4")
        self._is_reserved = np.zeros((height, width), dtype=bool)
        self._beyond = np.zeros((height, width), "<u4")

    def reserve(self, dots: DotMask) -> None:
        """Keep the cells of these dots from dots that give way."""
        self._is_reserved |= dots > 0

    def light(self, dots: DotMask, ink: Ink, mark: str, *, gives_way: bool = False) -> None:
        """Light the dots in an ink; a cell that is a single dot shows the mark.

        They take the whole cell: dots of two curves in one ink would be read as one curve.
        """
        is_lit = (dots > 0) & ~self._is_reserved if gives_way else dots > 0
        self._dots[is_lit] = dots[is_lit]
        self._inks[is_lit] = _INKS.index(ink)
        self._marks[is_lit] = ord(mark)

    def mark_below(self, columns: NDArray[np.int64], ink: Ink) -> None:
        """Say on the floor, where nothing is lit, that these columns of dots hold something below it."""
        self._mark_beyond(-1, columns, ink, self._charset.below)

    def mark_above(self, columns: NDArray[np.int64], ink: Ink) -> None:
        """The same at the ceiling."""
        self._mark_beyond(0, columns, ink, self._charset.above)

    def _mark_beyond(self, row: int, columns: NDArray[np.int64], ink: Ink, mark: str) -> None:
        cells = columns // self._charset.columns
        free = cells[self._inks[row, cells] == 0]
        self._beyond[row, free] = ord(mark)
        self._inks[row, free] = _INKS.index(ink)

    def rows(self) -> tuple[Row, ...]:
        """What the field looks like."""
        height, width = self._inks.shape
        codes = self._marks if self._charset.plain else self._braille()
        codes = np.where(self._beyond, self._beyond, codes)
        text = codes.tobytes().decode("utf-32-le")
        is_start = np.ones((height, width), dtype=bool)
        np.not_equal(self._inks[:, 1:], self._inks[:, :-1], out=is_start[:, 1:])
        starts = np.flatnonzero(is_start).tolist()
        inks = self._inks[is_start].tolist()
        rows: list[list[Span]] = [[] for _ in range(height)]
        for start, end, ink in zip(starts, [*starts[1:], len(text)], inks, strict=True):
            rows[start // width].append(Span(text[start:end], _INKS[ink]))
        return tuple(map(tuple, rows))

    def _braille(self) -> NDArray[np.uint32]:
        return np.where(self._dots, BLANK_BRAILLE + self._dots.astype("<u4"), np.uint32(ord(" ")))
