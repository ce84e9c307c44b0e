"""Records in bounded memory: the newest all, the older ones ever more thinly, and the first for good."""

from __future__ import annotations

from dataclasses import replace

from tui_telescope.runs.reading.records import Record

MOST_RECORDS = 2000
MOST_NUMBERS = 6_000_000
"""Over all records and their readings."""
_FEWEST_RECORDS = 32


class History:
    """`records` in the order in which they were written."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.count = 0
        """How many have come, those that were dropped since with them."""
        self._segment = 0

    def add(self, record: Record) -> None:
        """A step that goes back begins a new segment."""
        if self.records and record.step <= self.records[-1].step:
            self.begin_segment()
        self.records.append(replace(record, segment=self._segment))
        self.count += 1
        if len(self.records) > self._room(record):
            newest = len(self.records) // 2
            # every second of the older half; the first stays
            self.records = [*self.records[:newest:2], *self.records[newest:]]

    def amend(self, record: Record) -> None:
        """More has come to be known of the newest one."""
        self.records[-1] = replace(record, segment=self._segment)

    def begin_segment(self) -> None:
        """What follows belongs to another start of the program."""
        if self.records and self.records[-1].segment == self._segment:
            self._segment += 1

    def _room(self, record: Record) -> int:
        numbers = sum(len(each.numbers) for each in record.readings.values())
        return min(MOST_RECORDS, max(_FEWEST_RECORDS, MOST_NUMBERS // max(1, numbers)))
