"""One rank's file of a run that our recorder writes."""

from __future__ import annotations

import os
from pathlib import Path

from tui_telescope.runs.reading.follower import Follower, Lines, open_regular
from tui_telescope.runs.reading.history import History
from tui_telescope.runs.reading.records import Header, Malformed, document, header_of, record_of

LONGEST_LINE = 1_000_000
TAIL = 6 << 20
"""Bytes at the end that are read whole when a file is opened; of what stands before, lines here and there."""
_SAMPLES = 160
_SAMPLED_BYTES = 6 << 20
_HEADER_SEARCH = 256 << 20


class RankFile:
    """Follows the file. `history` and `header` are those of what has been read."""

    note = ""

    def __init__(self, path: Path) -> None:
        self.history = History()
        self.header: Header | None = None
        self._lines = Lines(LONGEST_LINE, self._take)
        self._follower = Follower(path, self._open_from_the_end(path))

    @property
    def modified(self) -> float:
        return self._follower.modified

    @property
    def skipped_lines(self) -> int:
        return self._lines.skipped

    def poll(self) -> bool:
        """Read what is new; tells whether there was anything. Raises `Refused`."""
        chunk = self._follower.poll()
        if chunk.begins_anew:
            self.history, self.header = History(), None
            self._lines = Lines(LONGEST_LINE, self._take)
        self._lines.feed(chunk.content)
        return chunk.begins_anew or bool(chunk.content)

    def _take(self, line: bytes) -> None:
        found = document(line)
        if "telescope" in found:
            self.header = header_of(found)
            self.history.begin_segment()
        elif self.header is None:
            raise Malformed("a record without a header")
        else:
            self.history.add(record_of(found, len(self.header.layers)))

    def _open_from_the_end(self, path: Path) -> int:
        """Take the header and some lines of a long file's past; returns where to read on."""
        file = open_regular(path)
        try:
            size = os.fstat(file).st_size
            if size <= TAIL:
                return 0
            length = self._take_first_lines(file)
            self._take_samples(file, size - TAIL, min(_SAMPLES, _SAMPLED_BYTES // max(1, length)))
            self._take_last_header(file, size - TAIL)
            return self._next_line(file, size - TAIL)
        finally:
            os.close(file)

    def _take_first_lines(self, file: int) -> int:
        """The header and the first record; returns how long that one is."""
        lines = os.pread(file, 2 * LONGEST_LINE, 0).split(b"\n")[:2]
        for line in lines:
            self._lines.give(line)
        return len(lines[-1])

    def _take_samples(self, file: int, end: int, samples: int) -> None:
        """Lines evenly spread over the file; those that another header governs, or that are cut, tell nothing."""
        skipped = self._lines.skipped
        for sample in range(1, samples):
            begin = self._next_line(file, end * sample // samples)
            self._lines.give(os.pread(file, LONGEST_LINE, begin).partition(b"\n")[0])
        self._lines.skipped = skipped

    def _take_last_header(self, file: int, end: int) -> None:
        """The one that governs what is read from `end` on, if it is not far."""
        begin, chunk = end, 8 << 20
        while begin > max(0, end - _HEADER_SEARCH):
            begin = max(0, begin - chunk)
            found = os.pread(file, chunk + 64, begin).rfind(b'\n{"telescope"')
            if found >= 0:
                self._lines.give(os.pread(file, LONGEST_LINE, begin + found + 1).partition(b"\n")[0])
                return

    def _next_line(self, file: int, offset: int) -> int:
        """Where the first line after the offset begins."""
        window = 4096
        while window <= 2 * LONGEST_LINE:
            end = os.pread(file, window, offset).find(b"\n")
            if end >= 0:
                return offset + end + 1
            window *= 8
        return offset
