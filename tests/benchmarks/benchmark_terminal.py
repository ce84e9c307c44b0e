"""How close the screen is to a bare Textual app: `.venv/bin/python tests/benchmarks/benchmark_terminal.py`.

Both run in a real pseudo-terminal of the same size and take turns. The bare app is a Static that fills the window and
changes its text on a key: every cell of it, so that it sends about as much as the telescope does. Bytes are compared
with an ideal cell diff of the screen before and after, as pyte sees it.
"""

from __future__ import annotations

import os
import select
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

import pyte.screens
from terminal import SCRIPT, Terminal

BARE = """
from textual.app import App
from textual.widgets import Static

class Bare(App):
    AUTO_FOCUS = ""
    presses = 0
    def compose(self):
        yield Static(self.text())
    def text(self):
        letter = "ab"[self.presses % 2]
        return "\\n".join([f"ready {self.presses:6}", *[letter * self.size.width] * (self.size.height - 1)])
    def on_key(self):
        self.presses += 1
        self.query_one(Static).update(self.text())

Bare().run()
"""
SIZES = ((80, 24), (120, 40))
PRESSES = 30
STARTS = 7


class Presses(NamedTuple):
    """Keys that are pressed again and again, and how well the app is prepared for them.

    It remembers what it saw, looks ahead at the keys pressed lately, six at most, and in a longer pause at all others.
    """

    name: str
    keys: str
    arguments: tuple[str, ...] = ()
    pause: float = 0.0
    """Seconds before each."""


PRESSED = (
    Presses("again", "s"),
    Presses("again, at scale 100", "S", ("--scale", "100")),
    Presses("in turn", "rs"),
    Presses("seen before", "rr"),
    Presses("after a pause", "drsDlbS", pause=1.0),
    Presses("in haste", "drsDlbS"),
)
ANSWER = 1.0
"""Seconds in which the first byte of an answer comes, if one comes at all."""
SILENCE = 0.08
"""Seconds without a byte after which an answer counts as complete."""
COMPILED = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": tempfile.mkdtemp()}
"""As after pip's installation: no start compiles what an earlier one has compiled."""
MOST = {"key": 1.5, "bytes": 2.5, "panels": 1.1, "chart": 1.8}
"""The ratios aimed at."""


class Stopwatch(Terminal):
    """A terminal that keeps the time of every byte."""

    def seconds_to_last_byte(self, key: str, within: float = 60.0) -> float:
        """From the press to the last byte of the answer, of which no more is waited for than `within` seconds.

        Nothing is read off the bytes before the last one is there: that would take longer than they do.
        """
        pressed = last = time.perf_counter()
        os.write(self._child.child_fd, key.encode())
        answer, patience = b"", ANSWER
        while (rest := pressed + within - time.perf_counter()) > 0:
            chunk = self.chunk(min(patience, rest))
            if not chunk:
                break
            last, patience = time.perf_counter(), SILENCE
            answer += chunk
        self.take(answer)
        return last - pressed

    def seconds_to(self, *marks: bytes) -> list[float]:
        """From the start of the program to the first time that each mark was sent."""
        times: list[float] = []
        for mark in marks:
            while mark not in self.raw:
                self.take(self.chunk(20))
            times.append(time.perf_counter() - self.started)
        return times

    def chunk(self, seconds: float) -> bytes:
        readable, _, _ = select.select([self._child.child_fd], [], [], seconds)
        return os.read(self._child.child_fd, 1 << 16) if readable else b""

    def cells(self) -> list[list[pyte.screens.Char]]:
        """The screen as it stands."""
        screen = self._screen
        return [[screen.buffer[y][x] for x in range(screen.columns)] for y in range(screen.lines)]


def telescope(columns: int, rows: int, *arguments: str) -> Stopwatch:
    return Stopwatch([str(SCRIPT), *arguments], columns=columns, rows=rows, environment=COMPILED)


def bare(columns: int, rows: int) -> Stopwatch:
    return Stopwatch([sys.executable, "-c", BARE], columns=columns, rows=rows, environment=COMPILED)


def ideal_bytes(before: list[list[pyte.screens.Char]], after: list[list[pyte.screens.Char]]) -> int:
    """What the cheapest run by run update would send: cursor moves, colour codes, and the changed cells alone."""
    total = 0
    for y, (old, new) in enumerate(zip(before, after, strict=True)):
        changed = [x for x, pair in enumerate(zip(old, new, strict=True)) if pair[0] != pair[1]]
        end, style = -1, None
        for x in changed:
            move = len(f"\x1b[{y + 1};{x + 1}H")
            gap = len("".join(cell.data for cell in new[end:x]).encode()) if end >= 0 else move
            total += min(gap, move) + len(new[x].data.encode())
            if _style(new[x]) != style:
                total += len("\x1b[94m") * (style is not None or _style(new[x]) != (False,) * 4)
                style = _style(new[x])
            end = x + 1
    return total


def _style(cell: pyte.screens.Char) -> tuple[object, ...]:
    if cell.data == " " and not cell.reverse:
        return (False,) * 4
    return cell.bold, cell.reverse, cell.fg != "default" and cell.fg, cell.bg != "default" and cell.bg


def report(name: str, value: str, ratio: float, kind: str) -> None:
    mark = "" if ratio <= MOST[kind] else "  <- above"
    print(f"  {name:<42} {value:>22}  {ratio:5.2f} x  (aim {MOST[kind]}){mark}", flush=True)


def benchmark_keys(columns: int, rows: int, presses: Presses) -> None:
    """The time from a key to the last byte of its answer, both apps in turn."""
    with telescope(columns, rows, *presses.arguments) as ours, bare(columns, rows) as theirs:
        ours.wait_until(lambda: "Try" in ours.text)
        theirs.seconds_to(b"ready")
        for terminal in (ours, theirs):
            for key in presses.keys:
                terminal.seconds_to_last_byte(key)
        pairs = []
        for key in presses.keys * (PRESSES // len(presses.keys)):
            time.sleep(presses.pause)
            pairs.append((ours.seconds_to_last_byte(key), theirs.seconds_to_last_byte(key)))
    mine, other = (statistics.median(times) * 1e3 for times in zip(*pairs, strict=True))
    report(f"{presses.keys!r} to last byte, {presses.name}", f"{mine:.1f} / {other:.1f} ms", mine / other, "key")


def benchmark_bytes(columns: int, rows: int, keys: Sequence[str]) -> None:
    """What is sent for each key, against an ideal diff; nothing must be sent for nothing."""
    with telescope(columns, rows) as terminal:
        terminal.wait_until(lambda: "Try" in terminal.text)
        terminal.wait_for_silence()
        for key in keys:
            before, sent_before = terminal.cells(), len(terminal.raw)
            terminal.seconds_to_last_byte(key)
            terminal.wait_for_silence(0.5)
            sent, ideal = len(terminal.raw) - sent_before, ideal_bytes(before, terminal.cells())
            report(f"bytes for {key!r}", f"{sent} / {ideal}", sent / max(ideal, 1), "bytes")
        idle = len(terminal.answer_to())
        print(f"  {'bytes while idle':<42} {idle:>22}")


def benchmark_start(columns: int, rows: int) -> None:
    """The time from the start of the process until panels and chart are there."""
    times: dict[str, list[float]] = {"bare": [], "panels": [], "chart": []}
    for number in range(-1, STARTS):
        with bare(columns, rows) as theirs:
            (ready,) = theirs.seconds_to(b"ready")
        with telescope(columns, rows) as ours:
            panels, chart = ours.seconds_to(b"Depth", b"1e-10")
        if number >= 0:  # the first compiles
            for kind, seconds in (("bare", ready), ("panels", panels), ("chart", chart)):
                times[kind].append(seconds)
    best = {name: min(values) for name, values in times.items()}
    for kind in ("panels", "chart"):
        value = f"{best[kind] * 1e3:.0f} / {best['bare'] * 1e3:.0f} ms"
        report(f"{kind} on the screen", value, best[kind] / best["bare"], kind)


def benchmark_held_key() -> None:
    """A key held at 30 presses a second on slow settings: how long after its release the newest value is there."""
    with telescope(80, 24, "--width", "512", "--depth", "200", "--generator", "numpy") as terminal:
        terminal.wait_until(lambda: "Layer 1" in terminal.text)
        terminal.wait_for_silence(1)
        sent_before = len(terminal.raw)
        for _ in range(60):
            terminal.seconds_to_last_byte("s", within=1 / 30)
        released = last = time.perf_counter()
        read = None
        while chunk := terminal.chunk(8):
            last = time.perf_counter()
            terminal.take(chunk)
            if read is None and "Layer 1" in terminal.text:
                read = last
        sent = len(terminal.raw) - sent_before
    reading = f"read after {read - released:.2f} s" if read else "never read"
    print(f"a held key, width 512, depth 200: {reading}, remedy after {last - released:.2f} s, {sent} bytes")


def main() -> None:
    for columns, rows in SIZES:
        print(f"{columns}x{rows}")
        benchmark_start(columns, rows)
        for presses in PRESSED:
            benchmark_keys(columns, rows, presses)
        benchmark_bytes(columns, rows, ("r", "r", "s", "S", "S"))
    benchmark_held_key()


if __name__ == "__main__":
    main()
