"""Any bytes at all: what the guard lets through, Textual's parser takes, and no key after it is lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from textual import events
from textual._xterm_parser import XTermParser
from textual.message import Message

from tui_telescope.tui.terminal.guard import LONGEST_REPORT, InputGuard, Piece
from tui_telescope.tui.terminal.paste import LONGEST_PASTE

FRAGMENTS = (
    b"\x1b", b"\x1b[", b"\x1bO", b"\x1b[<", b"\x1b[M", b"\x1b[[", b"\x1b[?", b"\x1b]11;", b"\x1bP1$r", b"\x1b\\",
    b"\x07", b"\x1b[200~", b"\x1b[201~", b"\x1b[48;", b"\x1b[I", b"q", b"\x03", b"A", b"M", b"m", b"u", b"~", b"R",
    b"t", b"$y", b"-1", b"0", b"5", b"57441", b"55296", b"1114112", b"9" * 40, b";", b":", b"\xff", b"\xe9",
    b"\x9b", b"\xc3\xa9", b"\x00",
)  # fmt: skip
NOT_UTF8 = "replacement_character"
HOSTILE = st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=3), max_size=12).map(b"".join)


class Input:
    """The guard and the parser behind it, as the driver joins them."""

    def __init__(self) -> None:
        self._guard, self._parser = InputGuard(), XTermParser()

    def take(self, *reads: bytes, silence: float = 0.0) -> list[Message]:
        return [event for read in reads for event in self._events(self._guard.feed(read, silence=silence))]

    def fall_silent(self) -> list[Message]:
        assert self._guard.patience is None or self._guard.patience <= 1
        return self._events(self._guard.give_up())

    def _events(self, pieces: Iterable[Piece]) -> list[Message]:
        return [
            event for piece in pieces for event in (self._parser.feed(piece) if isinstance(piece, str) else (piece,))
        ]


def keys(messages: Sequence[Message]) -> list[str]:
    return [message.key for message in messages if isinstance(message, events.Key)]


@given(HOSTILE, st.lists(st.integers(0, 60)))
@example(b"\x1b[97;5:3u", [])
@example(b"\x1b[97;1;1114112u", [])
@example(b"\x1b[<-1;4;5m\x1b[<0;1M", [3])
@example(b"\x1b[200~never ended", [])
def test_any_bytes_in_any_reads_raise_nothing_and_leave_the_next_keys_alone(data: bytes, cuts: list[int]) -> None:
    terminal = Input()
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    terminal.take(*(data[start:end] for start, end in pairwise(edges)))
    terminal.fall_silent()
    assert keys(terminal.take(b"q", b"\x03"))[-2:] == ["q", "ctrl+c"]


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (b"a\xffb\xe9c\x9bd", ["a", NOT_UTF8, "b", NOT_UTF8, "c", NOT_UTF8, "d"]),
        (b"\xc3\xa9", ["é"]),
        (b"\x1b[1114112u\x1b[97;1;1114112u\x1b[55296ua", ["a"]),
        (b"\x1b[97;1:1u\x1b[97;1:3u\x1b[98:66;2u", ["a", "shift+b"]),
        (b"\x1b[113;;113u\x1b[99;5u", ["q", "ctrl+c"]),
        (b"\x1b[A\x1b[1;5C\x1bOP\x1b[[B\x1b[5~\x1b\x7f", ["up", "ctrl+right", "f1", "f2", "pageup", "ctrl+w"]),
        (b"\x1b[<-1;4;5m\x1b[<0;1M\x1b[<0;0;0M\x1b[M \xe9qq", ["q"]),
        (b"\x1b[<0;1\x1b[<0;2;3\x03\x1b[12;q\x1b[M a\rb", ["ctrl+c", "q", "enter", "b"]),
        (b"\x1b]11;rgb:ffff/0000/1111\x1b\\\x1b]11;rgb:ff\x07\x1bP1$r0m\x1b\\\x1b[48;1;1;1;1ta", ["a"]),
        (b"\x1br\x1b\x1b[A", ["escape", "r", "escape", "up"]),
    ],
)  # fmt: skip
def test_malformed_reports_are_left_out_and_everything_else_is_read(sent: bytes, read: list[str]) -> None:
    assert keys(Input().take(sent)) == read
    assert keys(Input().take(*(bytes([byte]) for byte in sent))) == read, "byte by byte, as over a slow line"


def test_escape_is_a_key_once_nothing_follows() -> None:
    terminal = Input()
    assert terminal.take(b"\x1b") == []
    assert keys(terminal.fall_silent()) == ["escape"]
    assert keys(terminal.take(b"\x1b[")) == []
    assert keys(terminal.take(b"B")) == ["down"]


def test_a_report_that_never_ends_is_let_go() -> None:
    terminal = Input()
    terminal.take(b"\x1b[" + b"9" * LONGEST_REPORT)
    assert keys(terminal.take(b"q")) == ["q"]


def test_of_a_paste_the_beginning_is_kept_and_what_comes_after_it_is_typed() -> None:
    terminal = Input()
    pasted = b"q\x03\xff" * 100_000
    [paste, after] = terminal.take(b"\x1b[200~" + pasted, b"q\x1b[20", b"1~r")
    assert isinstance(paste, events.Paste)
    assert paste.text == pasted[:LONGEST_PASTE].decode(errors="replace")
    assert keys([after]) == ["r"]


@pytest.mark.parametrize("interrupt", [b"\x03", b"\x1b[99;5u"])
def test_ctrl_c_by_itself_ends_a_paste_that_has_no_end(interrupt: bytes) -> None:
    terminal = Input()
    assert terminal.take(b"\x1b[200~abc", interrupt, b"def") == []
    assert keys(terminal.take(interrupt, silence=0.2)) == ["ctrl+c"]
