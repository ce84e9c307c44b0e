"""A field of terminal cells in which dots are lit: what curves are drawn into."""

from __future__ import annotations

from typing import get_args

import numpy as np
from numpy.typing import NDArray

from tui_telescope.charts.charset import Charset
from tui_telescope.charts.chart import Ink
from tui_telescope.charts.picture import Row, Span

Bits = NDArray[np.bool_]
"""(rows, columns) of dots, from the top: whether each is lit."""

_INKS: tuple[Ink, ...] = get_args(Ink)
BRAILLE = 0x2800
"""The cell without a dot."""
BRAILLE_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""Unicode's bit of each dot of a braille cell, rows from the top."""


class Cells:
    """`height` rows of `width` cells, blank at first; what is lit later lies on top."""

    def __init__(self, width: int, height: int, charset: Charset) -> None:
        self._charset = charset
        self._is_lit = np.zeros((height * charset.rows, width * charset.columns), dtype=bool)
        self._inks = np.zeros((height, width), dtype=np.int64)
        self._marks = np.full((height, width), ord(" "))
        self._is_reserved = np.zeros((height, width), dtype=bool)
        self._is_below = np.zeros((height, width), dtype=bool)

    def reserve(self, dots: Bits) -> None:
        """Keep the cells of these dots from dots that give way."""
        y, x = np.nonzero(dots)
        self._is_reserved[y // self._charset.rows, x // self._charset.columns] = True

    def light(self, dots: Bits, ink: Ink, mark: str, *, gives_way: bool = False) -> None:
        """Light the dots in an ink; a cell that is a single dot shows the mark."""
        y, x = np.nonzero(dots)
        if gives_way:
            is_free = ~self._is_reserved[y // self._charset.rows, x // self._charset.columns]
            y, x = y[is_free], x[is_free]
        cell = y // self._charset.rows, x // self._charset.columns
        self._is_lit[y, x] = True
        self._inks[cell] = _INKS.index(ink)
        self._marks[cell] = ord(mark)

    def mark_below(self, columns: NDArray[np.int64], ink: Ink) -> None:
        """Say on the floor, where nothing is lit, that these columns of dots hold something below it."""
        cells = columns // self._charset.columns
        free = cells[self._inks[-1, cells] == 0]
        self._is_below[-1, free] = True
        self._inks[-1, free] = _INKS.index(ink)

    def rows(self) -> tuple[Row, ...]:
        """What the field looks like."""
        height, width = self._inks.shape
        codes = self._marks if self._charset.plain else self._braille()
        codes[self._is_below] = ord(self._charset.below)
        text = codes.astype("<u4").tobytes().decode("utf-32-le")
        starts = np.flatnonzero(np.diff(self._inks, axis=1, prepend=-1)).tolist()
        inks = self._inks.ravel()[starts].tolist()
        rows: list[list[Span]] = [[] for _ in range(height)]
        for start, end, ink in zip(starts, [*starts[1:], len(text)], inks, strict=True):
            rows[start // width].append(Span(text[start:end], _INKS[ink]))
        return tuple(map(tuple, rows))

    def _braille(self) -> NDArray[np.int64]:
        bits = sum(self._is_lit[down::4, across::2] * bit for (down, across), bit in np.ndenumerate(BRAILLE_BITS))
        return np.where(bits, BRAILLE + bits, ord(" "))
