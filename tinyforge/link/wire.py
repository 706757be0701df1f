"""How the fields of a message lie in its bytes: what the generated ``messages.py`` is made of.

Everything is little-endian. Every length is checked; a reader that is satisfied has used every byte.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

_U8 = struct.Struct("<B")
_U16 = struct.Struct("<H")
_U32 = struct.Struct("<I")
_F32 = struct.Struct("<f")
_F32_LE: np.dtype[np.float32] = np.dtype("<f4")


class WireError(ValueError):
    """A message that does not follow ``protocol.toml``: a length, a range or a text is wrong."""


class Message(ABC):
    """Base of the generated messages. Two are equal when their bytes are.

    Attributes:
        TYPE: first byte of the frame.
        NAME: name in ``protocol.toml`` in capitals, for people.
    """

    __slots__ = ()
    TYPE: ClassVar[int]
    NAME: ClassVar[str]

    @abstractmethod
    def encode(self) -> bytes:
        """The body: every field, without type, tag and CRC.

        Raises:
            WireError: a value does not fit its field.
        """

    @classmethod
    @abstractmethod
    def decode(cls, body: bytes) -> Self:
        """The message of a body.

        Raises:
            WireError: the body is shorter or longer than its fields, or a field is outside its range.
        """

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and self.TYPE == other.TYPE and self.encode() == other.encode()

    def __hash__(self) -> int:
        return hash((self.TYPE, self.encode()))


class Writer:
    """Appends fields to a body.

    Args:
        name: of the message, for errors.
    """

    __slots__ = ("_data", "_name")

    def __init__(self, name: str) -> None:
        self._name = name
        self._data = bytearray()

    def _pack(self, shape: struct.Struct, field: str, value: float) -> None:
        try:
            self._data += shape.pack(value)
        except (struct.error, OverflowError) as error:
            raise WireError(f"{self._name}: {field} is {value!r}: {error}") from error

    def u8(self, field: str, value: int) -> None:
        """One byte, 0..255."""
        self._pack(_U8, field, value)

    def u16(self, field: str, value: int) -> None:
        """Two bytes, 0..65535."""
        self._pack(_U16, field, value)

    def u32(self, field: str, value: int) -> None:
        """Four bytes, 0..2^32-1."""
        self._pack(_U32, field, value)

    def f32(self, field: str, value: float) -> None:
        """Four bytes, IEEE 754 binary32."""
        self._pack(_F32, field, value)

    def fixed(self, field: str, value: bytes, length: int) -> None:
        """Exactly ``length`` bytes; else a WireError."""
        if len(value) != length:
            raise WireError(f"{self._name}: {field} has {len(value)} bytes, not {length}")
        self._data += value

    def text(self, field: str, value: str, limit: int) -> None:
        """A text of at most ``limit`` bytes of UTF-8, without control characters; else a WireError."""
        data = value.encode()
        if len(data) > limit:
            raise WireError(f"{self._name}: {field} has {len(data)} bytes; at most {limit} fit")
        if not value.isprintable():
            raise WireError(f"{self._name}: {field} has a character that cannot be printed")
        self._data.append(len(data))
        self._data += data

    def texts(self, field: str, values: Sequence[str], limit: int, count_limit: int) -> None:
        """At most ``count_limit`` texts of at most ``limit`` bytes each; else a WireError."""
        if len(values) > count_limit:
            raise WireError(f"{self._name}: {field} has {len(values)} texts; at most {count_limit} fit")
        self._data.append(len(values))
        for value in values:
            self.text(field, value, limit)

    def _numbers(self, field: str, values: npt.NDArray[Any], dtype: str, limit: int) -> None:
        if values.ndim != 1 or values.dtype != np.dtype(dtype):
            raise WireError(f"{self._name}: {field} is {values.dtype}{list(values.shape)}, not {np.dtype(dtype)}[n]")
        if len(values) > limit:
            raise WireError(f"{self._name}: {field} has {len(values)} values; at most {limit} fit")
        self._data += _U16.pack(len(values))
        self._data += values.tobytes()

    def u8s(self, field: str, values: npt.NDArray[np.uint8], limit: int) -> None:
        """At most ``limit`` numbers, [n]."""
        self._numbers(field, values, "u1", limit)

    def i8s(self, field: str, values: npt.NDArray[np.int8], limit: int) -> None:
        """At most ``limit`` numbers, [n]."""
        self._numbers(field, values, "i1", limit)

    def f32s(self, field: str, values: npt.NDArray[np.float32], limit: int) -> None:
        """At most ``limit`` numbers, [n]."""
        self._numbers(field, values, "<f4", limit)

    def end(self) -> bytes:
        """The body."""
        return bytes(self._data)


class Reader:
    """Takes fields from a body, in order.

    Args:
        name: of the message, for errors.
        body: its bytes.
    """

    __slots__ = ("_at", "_body", "_name")

    def __init__(self, name: str, body: bytes) -> None:
        self._name = name
        self._body = body
        self._at = 0

    def _take(self, count: int) -> bytes:
        start = self._at
        self._at = end = start + count
        if end > len(self._body):
            raise WireError(f"{self._name}: {len(self._body)} bytes, too short for its fields")
        return self._body[start:end]

    def u8(self) -> int:
        """One byte."""
        return self._take(1)[0]

    def u16(self) -> int:
        """Two bytes."""
        return int.from_bytes(self._take(2), "little")

    def u32(self) -> int:
        """Four bytes."""
        return int.from_bytes(self._take(4), "little")

    def f32(self) -> float:
        """Four bytes, IEEE 754 binary32."""
        value: float = _F32.unpack(self._take(4))[0]
        return value

    def fixed(self, length: int) -> bytes:
        """Exactly ``length`` bytes; else a WireError."""
        return self._take(length)

    def text(self, limit: int) -> str:
        """A text of at most ``limit`` bytes of UTF-8, without control characters; else a WireError."""
        count = self.u8()
        if count > limit:
            raise WireError(f"{self._name}: a text of {count} bytes; at most {limit} are allowed")
        try:
            value = self._take(count).decode()
        except UnicodeDecodeError as error:
            raise WireError(f"{self._name}: a text that is not UTF-8") from error
        if not value.isprintable():
            raise WireError(f"{self._name}: a text with a character that cannot be printed")
        return value

    def texts(self, limit: int, count_limit: int) -> tuple[str, ...]:
        """At most ``count_limit`` texts of at most ``limit`` bytes each; else a WireError."""
        count = self.u8()
        if count > count_limit:
            raise WireError(f"{self._name}: {count} texts; at most {count_limit} are allowed")
        return tuple(self.text(limit) for _ in range(count))

    def _numbers(self, item_bytes: int, limit: int) -> bytes:
        count = self.u16()
        if count > limit:
            raise WireError(f"{self._name}: {count} values; at most {limit} are allowed")
        return self._take(count * item_bytes)

    def u8s(self, limit: int) -> npt.NDArray[np.uint8]:
        """At most ``limit`` numbers, [n]; read only."""
        return np.frombuffer(self._numbers(1, limit), dtype=np.uint8)

    def i8s(self, limit: int) -> npt.NDArray[np.int8]:
        """At most ``limit`` numbers, [n]; read only."""
        return np.frombuffer(self._numbers(1, limit), dtype=np.int8)

    def f32s(self, limit: int) -> npt.NDArray[np.float32]:
        """At most ``limit`` numbers, [n]; read only."""
        return np.frombuffer(self._numbers(4, limit), dtype=_F32_LE)

    def end(self) -> None:
        """Check that nothing is left over; else a WireError."""
        if self._at != len(self._body):
            raise WireError(f"{self._name}: {len(self._body)} bytes, {len(self._body) - self._at} more than its fields")
