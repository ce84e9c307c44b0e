"""A file that somebody else appends to, truncates, rewrites or renames; read as it grows, like `tail -F`."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tui_telescope.runs.reading.records import Malformed

LARGEST_READ = 8 << 20
"""Bytes of one poll; what is left comes with the next."""
_WITNESS = 64
"""Bytes before the place read up to, which tell a file that grew from one that was written anew."""


class Refused(ValueError):
    """What was to be read is not what it is taken for; the message says in one line what it is."""


class Chunk(NamedTuple):
    """What has come since the last poll."""

    content: bytes
    begins_anew: bool = False
    """Whether it is the beginning of another file than before: all that was read is void."""


@contextmanager
def refusing(what: object) -> Iterator[None]:
    """What the system will not have read is `Refused`, by its name."""
    try:
        yield
    except OSError as error:
        raise Refused(f"{what}: {error.strerror or error}") from None


def open_regular(path: Path) -> int:
    """A file descriptor. A pipe, a device or a socket is refused unopened: it may never answer. Raises `Refused`."""
    with refusing(path):
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise Refused(f"{path}: no regular file")
        file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise Refused(f"{path}: no regular file")
    return file


class Follower:
    """Polls one path. The first `poll` begins at `start`; a file that is away for the moment has nothing new."""

    def __init__(self, path: Path, start: int = 0) -> None:
        self.path = path
        self.modified = 0.0
        """When the file was written last, in seconds since 1970."""
        self._offset = start
        self._identity: tuple[int, int] | None = None
        self._witness = b""

    def poll(self) -> Chunk:
        """Raises `Refused` for what is no regular file, or cannot be read."""
        try:
            status = os.stat(self.path)
        except OSError:
            return Chunk(b"")
        # most polls of most files end here
        is_same = (status.st_dev, status.st_ino) == self._identity and status.st_mtime == self.modified
        if is_same and status.st_size == self._offset:
            return Chunk(b"")
        file = open_regular(self.path)
        try:
            with refusing(self.path):
                return self._read(file)
        finally:
            os.close(file)

    def _read(self, file: int) -> Chunk:
        status = os.fstat(file)
        identity = (status.st_dev, status.st_ino)
        is_another = self._identity is not None and identity != self._identity
        begins_anew = is_another or status.st_size < self._offset or not self._is_witnessed(file)
        if begins_anew:
            self._offset, self._witness = 0, b""
        self._identity, self.modified = identity, status.st_mtime
        os.lseek(file, self._offset, os.SEEK_SET)
        content = os.read(file, LARGEST_READ)
        self._offset += len(content)
        self._witness = (self._witness + content)[-_WITNESS:]
        return Chunk(content, begins_anew)

    def _is_witnessed(self, file: int) -> bool:
        os.lseek(file, self._offset - len(self._witness), os.SEEK_SET)
        return os.read(file, len(self._witness)) == self._witness if self._witness else True


class Lines:
    """Bytes put together to lines, each given to `take`, which may find it `Malformed`.

    What a hole of zeros swallowed is gone, and what stands behind it is not.
    """

    def __init__(self, longest: int, take: Callable[[bytes], None]) -> None:
        self.skipped = 0
        """How many lines were too long to be any, or malformed."""
        self._longest = longest
        self._take = take
        self._rest = b""
        self._is_overlong = False

    def feed(self, content: bytes) -> None:
        """Give what lines this completes, without their ends; empty ones are none."""
        *lines, self._rest = (self._rest + content).split(b"\n")
        if lines and self._is_overlong:
            lines, self._is_overlong = lines[1:], False
        if len(self._rest) > self._longest:
            self.skipped += not self._is_overlong
            self._rest, self._is_overlong = b"", True
        fitting = [line.strip(b"\0\r ") for line in lines if len(line) <= self._longest]
        self.skipped += len(lines) - len(fitting)
        for line in filter(None, fitting):
            self.give(line)

    def give(self, line: bytes) -> None:
        """One that is known to be whole."""
        try:
            self._take(line)
        except Malformed:
            self.skipped += 1
