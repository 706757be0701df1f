"""Frames: messages between zero bytes.

::

    wire    COBS(frame) 0x00
    frame   type u8 | tag u8 | body | CRC-32 u32 of all before

COBS: S. Cheshire and M. Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM Transactions on Networking 7(2), 1999.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import NamedTuple

from tinyforge.link.messages import MAX_FRAME_BYTES

_HEAD_BYTES = 2
_CRC_BYTES = 4
_FULL_BLOCK = 0xFF
# A code byte for every 254 bytes begun.
MAX_WIRE_BYTES = MAX_FRAME_BYTES + (MAX_FRAME_BYTES + 253) // 254


def cobs_encode(data: bytes) -> bytes:
    """``data`` without zero bytes; 1 byte longer for every 254 begun, at most."""
    out = bytearray()
    blocks = data.split(b"\0")
    for number, block in enumerate(blocks):
        whole = len(block) // (_FULL_BLOCK - 1) * (_FULL_BLOCK - 1)
        for at in range(0, whole, _FULL_BLOCK - 1):
            out.append(_FULL_BLOCK)
            out += block[at : at + _FULL_BLOCK - 1]
        if whole == 0 or whole < len(block) or number < len(blocks) - 1:
            out.append(len(block) - whole + 1)
            out += block[whole:]
    return bytes(out)


def cobs_decode(data: bytes) -> bytes | None:
    """The bytes `cobs_encode` was given; None when ``data`` is cut short or has a zero.

    A code byte stands where the zero before its block was, so decoding writes zeros over the codes and drops the
    first byte; only after a full block, which has no zero behind it, a byte is taken out.
    """
    if not data or 0 in data:
        return None
    out = bytearray(data)
    end = len(out)
    at = 0
    after_full: list[int] = []
    while at < end:
        code = out[at]
        out[at] = 0
        at += code
        if code == _FULL_BLOCK:
            after_full.append(at)
    if at != end:
        return None
    for extra in reversed(after_full):
        if extra < end:
            del out[extra]
    del out[0]
    return bytes(out)


class Frame(NamedTuple):
    """A frame that passed its check."""

    type: int
    tag: int
    body: bytes


def encode_frame(kind: int, tag: int, body: bytes) -> bytes:
    """The bytes of a frame on the wire, its delimiter included."""
    frame = bytes((kind, tag)) + body
    frame += zlib.crc32(frame).to_bytes(4, "little")
    return cobs_encode(frame) + b"\0"


@dataclass(slots=True)
class FrameCounters:
    """What came over the wire.

    Attributes:
        good: frames that passed their check.
        bad: frames dropped: damaged, cut short, or CRC wrong.
        oversized: frames dropped: longer than a frame can be.
        bytes: all bytes.
    """

    good: int = 0
    bad: int = 0
    oversized: int = 0
    bytes: int = 0


class FrameDecoder:
    """Takes bytes as they come and gives frames; never holds more than one frame's bytes.

    Attributes:
        counters: of everything seen so far.
    """

    def __init__(self) -> None:
        self.counters = FrameCounters()
        self._rest = b""
        self._skipping = False  # inside a frame that is too long already

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that ``data`` completes, in order."""
        self.counters.bytes += len(data)
        *whole, rest = (self._rest + data).split(b"\0")
        frames = []
        for wire in whole:
            if self._skipping:
                self._skipping = False
            elif len(wire) > MAX_WIRE_BYTES:
                self.counters.oversized += 1
            elif wire:
                frame = self._check(wire)
                if frame is not None:
                    frames.append(frame)
        if len(rest) > MAX_WIRE_BYTES:
            self.counters.oversized += not self._skipping
            self._skipping = True
        self._rest = b"" if self._skipping else rest
        return frames

    def _check(self, wire: bytes) -> Frame | None:
        frame = cobs_decode(wire)
        if frame is not None and len(frame) > MAX_FRAME_BYTES:
            self.counters.oversized += 1
            return None
        if (
            frame is None
            or len(frame) < _HEAD_BYTES + _CRC_BYTES
            or zlib.crc32(frame[:-_CRC_BYTES]) != int.from_bytes(frame[-_CRC_BYTES:], "little")
        ):
            self.counters.bad += 1
            return None
        self.counters.good += 1
        return Frame(frame[0], frame[1], frame[_HEAD_BYTES:-_CRC_BYTES])
