"""A reader of flatbuffers that believes nothing: every offset, count and length is checked before it is followed.

The format: https://flatbuffers.dev/internals/ . A table begins with a signed offset back to its vtable; a vtable
holds its own length, the table's length, then a 16-bit offset for each field, 0 for an absent one. Strings and
vectors begin with a 32-bit count. Everything is little-endian.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import ModelFormatError

MOST_TABLES = 1 << 14
MOST_COPIED = 1 << 21
LONGEST_NAME = 1000

_WAY_OUT = "the file is damaged or was cut off: convert or download the model again"
_TOO_LARGE = "such a model does not fit a board"
_INT32 = struct.Struct("<i")
_UINT16 = struct.Struct("<H")
_UINT32 = struct.Struct("<I")

SCALARS: dict[str, struct.Struct] = {
    "bool": struct.Struct("<B"),
    "int8": struct.Struct("<b"),
    "uint8": struct.Struct("<B"),
    "int16": struct.Struct("<h"),
    "uint16": _UINT16,
    "int32": _INT32,
    "uint32": _UINT32,
    "int64": struct.Struct("<q"),
    "uint64": struct.Struct("<Q"),
    "float32": struct.Struct("<f"),
    "float64": struct.Struct("<d"),
}


class Flatbuffer:
    """The bytes of a file with the place they came from.

    Offsets may lead to the same bytes again and again, so a small file can say a lot. What is read is counted, and the
    reader stops at ``MOST_TABLES`` tables or ``MOST_COPIED`` numbers and characters.

    Args:
        data: the whole file.
        place: names the file in messages.
    """

    __slots__ = ("_copied", "_tables", "data", "place")

    def __init__(self, data: bytes, place: str) -> None:
        self.data = data
        self.place = place
        self._tables = 0
        self._copied = 0

    def error(self, fact: str, way_out: str = _WAY_OUT) -> ModelFormatError:
        """A ``ModelFormatError`` at this file."""
        return ModelFormatError(self.place, fact, way_out)

    def count_tables(self, number: int) -> None:
        """Count tables that are about to be read.

        Raises:
            ModelFormatError: there have been too many.
        """
        self._tables += number
        if self._tables > MOST_TABLES:
            raise self.error(f"holds more than {MOST_TABLES} tables (tensors, operators, buffers)", _TOO_LARGE)

    def count_copied(self, number: int) -> None:
        """Count numbers or characters that are about to be copied out of the file.

        Raises:
            ModelFormatError: there have been too many.
        """
        self._copied += number
        if self._copied > MOST_COPIED:
            raise self.error(f"holds more than {MOST_COPIED} numbers and characters besides its constants", _TOO_LARGE)

    def scalar(self, position: int, kind: str, what: str) -> Any:
        """The scalar of ``kind`` at ``position``.

        Raises:
            ModelFormatError: it does not lie inside the file.
        """
        form = SCALARS[kind]
        if position < 0 or position + form.size > len(self.data):
            raise self.error(f"{what} lies at byte {position}, outside the {len(self.data)} bytes of the file")
        return form.unpack_from(self.data, position)[0]

    def follow(self, position: int, what: str) -> int:
        """Where the unsigned offset stored at ``position`` points."""
        offset = self.scalar(position, "uint32", what)
        target = position + int(offset)
        if offset == 0 or target + 4 > len(self.data):
            raise self.error(f"{what} points to byte {target}, outside the {len(self.data)} bytes of the file")
        return target

    def root(self) -> Table:
        """The root table."""
        return Table(self, self.follow(0, "the root offset"), "the root table")


class Table:
    """One table; fields are read by their number in the schema.

    Args:
        buffer: the file.
        position: byte at which the table starts.
        what: how messages call it.
    """

    __slots__ = ("_fields", "_length", "_vtable", "buffer", "position", "what")

    def __init__(self, buffer: Flatbuffer, position: int, what: str) -> None:
        self.buffer = buffer
        self.position = position
        self.what = what
        self._vtable = position - int(buffer.scalar(position, "int32", what))
        length = int(buffer.scalar(self._vtable, "uint16", f"the vtable of {what}"))
        self._length = int(buffer.scalar(self._vtable + 2, "uint16", f"the vtable of {what}"))
        if length < 4 or length % 2 or self._vtable + length > len(buffer.data):
            raise buffer.error(f"the vtable of {what} has the impossible length {length}")
        if self._length < 4 or position + self._length > len(buffer.data):
            raise buffer.error(f"{what} has the impossible length {self._length}")
        self._fields = (length - 4) // 2

    def _at(self, field: int, size: int) -> int:
        """Byte of a field, 0 when it is absent."""
        if field >= self._fields:
            return 0
        offset = int(_UINT16.unpack_from(self.buffer.data, self._vtable + 4 + 2 * field)[0])
        if offset == 0:
            return 0
        if offset < 4 or offset + size > self._length:
            raise self.buffer.error(f"field {field} of {self.what} lies outside its table")
        return self.position + offset

    def has(self, field: int) -> bool:
        """Whether the field is stored."""
        return self._at(field, 1) != 0

    def scalar(self, field: int, kind: str, default: Any) -> Any:
        """A scalar field, or its default when it is absent."""
        position = self._at(field, SCALARS[kind].size)
        if position == 0:
            return default
        value = SCALARS[kind].unpack_from(self.buffer.data, position)[0]
        return bool(value) if kind == "bool" else value

    def table(self, field: int, what: str) -> Table | None:
        """A table field, or None."""
        position = self._at(field, 4)
        return Table(self.buffer, self.buffer.follow(position, what), what) if position else None

    def _span(self, field: int, item_bytes: int, what: str) -> tuple[int, int] | None:
        position = self._at(field, 4)
        if position == 0:
            return None
        start = self.buffer.follow(position, what)
        count = int(_UINT32.unpack_from(self.buffer.data, start)[0])
        if start + 4 + count * item_bytes > len(self.buffer.data):
            raise self.buffer.error(f"{what} claims {count} entries, more than the file holds")
        return start + 4, count

    def string(self, field: int, what: str) -> str | None:
        """A string field as it can stand in a message; None when absent.

        Returns:
            At most ``LONGEST_NAME`` characters; those that do not print, and bytes that are no UTF-8, are replaced.
        """
        span = self._span(field, 1, what)
        if span is None:
            return None
        length = min(span[1], 4 * LONGEST_NAME)
        self.buffer.count_copied(length)
        text = self.buffer.data[span[0] : span[0] + length].decode("utf-8", "replace")[:LONGEST_NAME]
        return text if text.isprintable() else "".join(char if char.isprintable() else "\ufffd" for char in text)

    def array(self, field: int, kind: str, what: str) -> npt.NDArray[Any] | None:
        """A vector of scalars as a read-only view [count] onto the file, None when absent."""
        span = self._span(field, SCALARS[kind].size, what)
        if span is None:
            return None
        return np.frombuffer(self.buffer.data, np.dtype(kind).newbyteorder("<"), count=span[1], offset=span[0])

    def tables(self, field: int, what: str, most: int) -> list[Table]:
        """A vector of tables.

        Args:
            field: number in the schema.
            what: how messages call one of them; its number is added.
            most: more than so many are refused, which bounds the time a hostile file can take.
        """
        span = self._span(field, 4, f"the list of {what}s")
        if span is None:
            return []
        start, count = span
        if count > most:
            raise self.buffer.error(f"holds {count} {what}s; at most {most} are read", _TOO_LARGE)
        self.buffer.count_tables(count)
        found = []
        for number in range(count):
            name = f"{what} #{number}"
            found.append(Table(self.buffer, self.buffer.follow(start + 4 * number, name), name))
        return found
