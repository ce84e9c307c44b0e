"""TensorBoard event files: framed records with checksums, each a small protocol-buffer message; scalars alone are read.

The framing is TFRecord's: length (8 bytes), its checksum (4), the message, its checksum (4), all little-endian; the
checksums are CRC-32C, masked.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tui_telescope.runs.reading.foreign.assembly import Assembly

LARGEST_EVENT = 8 << 20
_HEAD, _FOOT = struct.Struct("<QI"), struct.Struct("<I")
_LARGEST_OF_SCALARS = 1 << 20
"""Bytes; larger messages are pictures or graphs, which are passed over unread."""


def _crc_table() -> list[int]:
    """Of the polynomial of Castagnoli et al. 1993, bits reversed."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _crc_table()


def masked_crc(content: bytes) -> int:
    """The masked CRC-32C that a frame has of its length and of its message."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


class EventFile:
    """Feeds on bytes. Where a checksum is wrong it goes on at the next place where a length's is right."""

    def __init__(self) -> None:
        self.assembly = Assembly()
        self.skipped = 0
        self._rest = b""
        self._is_lost = False
        self._step: int | None = None
        self._logged: dict[str, object] = {}

    def feed(self, content: bytes) -> None:
        self._rest += content
        for message in self._messages():
            self._take(message)
        self._put_together()

    def _messages(self) -> Iterator[bytes]:
        """The messages that are complete and sound."""
        position, content = 0, self._rest
        while len(content) - position >= _HEAD.size:
            length, crc = _HEAD.unpack_from(content, position)
            if not 0 < length <= LARGEST_EVENT or masked_crc(content[position : position + 8]) != crc:
                self.skipped += not self._is_lost
                self._is_lost = True
                position += 1
                continue
            end = position + _HEAD.size + length
            if len(content) < end + _FOOT.size:
                break
            self._is_lost = False
            message = content[position + _HEAD.size : end]
            position = end + _FOOT.size
            if length > _LARGEST_OF_SCALARS:
                continue
            if masked_crc(message) == _FOOT.unpack_from(content, end)[0]:
                yield message
            else:
                self.skipped += 1
        self._rest = content[position:]

    def _take(self, message: bytes) -> None:
        """Scalars come one to an event, or several."""
        try:
            step, found = _event(message)
        except (ValueError, IndexError, struct.error):
            self.skipped += 1
            return
        if not found:
            return
        if step != self._step:
            self._put_together()
        self._step = step
        self._logged |= found

    def _put_together(self) -> None:
        """The record of what was logged of one step."""
        if self._logged and self._step is not None:
            self.assembly.add(self._logged, self._step)
        self._step, self._logged = None, {}


def _event(message: bytes) -> tuple[int, dict[str, float]]:
    """An Event's step and scalars: step 2, summary 5, whose values are 1."""
    step, values = 0, []
    for field, value in _fields(message):
        if field == 2 and isinstance(value, int):
            step = value
        elif field == 5 and isinstance(value, bytes):
            values = [each for at, each in _fields(value) if at == 1 and isinstance(each, bytes)]
    return step, dict(filter(None, map(_scalar, values)))


def _scalar(message: bytes) -> tuple[str, float] | None:
    """A Summary.Value: tag 1, simple_value 2, tensor 8, whose float_val is 5 and tensor_content 4."""
    tag, number = "", None
    for field, value in _fields(message):
        if field == 1 and isinstance(value, bytes):
            tag = value.decode("utf-8", "replace")
        elif field == 2 and isinstance(value, float):
            number = value
        elif field == 8 and isinstance(value, bytes):
            number = _tensor_scalar(value)
    return None if number is None else (tag, number)


def _tensor_scalar(message: bytes) -> float | None:
    """The one float32 of a TensorProto, if that is what it is."""
    fields = dict(_fields(message))
    if fields.get(1, 1) != 1:  # DT_FLOAT
        return None
    value = fields.get(5, fields.get(4))
    if isinstance(value, float):
        return value
    if isinstance(value, bytes) and len(value) == 4:
        (number,) = struct.unpack("<f", value)
        return float(number)
    return None


def _fields(message: bytes) -> Iterator[tuple[int, int | float | bytes]]:
    """The message's fields by number. Raises `ValueError`, `IndexError` or `struct.error` for what is none."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        kind = key & 7
        value: int | float | bytes
        if kind == 0:
            value, position = _varint(message, position)
        elif kind == 1:
            (value,), position = struct.unpack_from("<d", message, position), position + 8
        elif kind == 2:
            length, position = _varint(message, position)
            value, position = message[position : position + length], position + length
            if position > len(message):
                raise ValueError("a field beyond its message")
        elif kind == 5:
            (value,), position = struct.unpack_from("<f", message, position), position + 4
        else:
            raise ValueError(f"wire type {kind}")
        yield key >> 3, value


def _varint(message: bytes, position: int) -> tuple[int, int]:
    """Seven bits a byte, the lowest first; and where the next begins."""
    value = 0
    for shift in range(0, 70, 7):
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("a number of more than ten bytes")
