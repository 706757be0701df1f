"""The Python decoders under bytes that nobody would send: nothing but their own errors, nothing believed that is wrong.

Frames are compared with a decoder that is written here, a byte at a time, from docs/protocol.md alone.
"""

import random
import zlib

import numpy as np
import pytest

from tinyforge.link.frames import MAX_WIRE_BYTES, FrameDecoder, encode_frame
from tinyforge.link.messages import MAX_FRAME_BYTES, MESSAGES, Hello, Samples, Stopped
from tinyforge.link.text import BadLine, Row, TextDecoder
from tinyforge.link.wire import WireError

HELLO = Hello(1, 1, 0, "b", "1", "ab", ("ax", "ay"), ("g", "g"), 100, "m", bytes(32), 1, 4, 4, np.uint8([0, 1]), 2)
SEEDS = [
    encode_frame(message.TYPE, 3, message.encode())
    for message in (HELLO, Samples(7, 9, 2, np.float32([1, -2, 0, 4])), Stopped(1, 2, 3, 4))
]
LINES = [b"1,2,3\n", b"-0.5\t1e3\t7\r\n", b"aX,aY,aZ\n", b'{"sample_rate":1,"column_location":{"a":0}}\n', b"nan,1,2\n"]


def reference(data):
    """Frames of a stream, by the text of the protocol."""
    found = []
    for wire in data.split(b"\0")[:-1]:
        out, at, whole = bytearray(), 0, bool(wire) and len(wire) <= MAX_WIRE_BYTES
        while whole and at < len(wire):
            code = wire[at]
            if at + code > len(wire):
                whole = False
                break
            out += wire[at + 1 : at + code]
            at += code
            if code != 255 and at < len(wire):
                out.append(0)
        if whole and 6 <= len(out) <= MAX_FRAME_BYTES and zlib.crc32(out[:-4]) == int.from_bytes(out[-4:], "little"):
            found.append((out[0], out[1], bytes(out[2:-4])))
    return found


def damaged(chance, data):
    """Some bytes changed, doubled, left out or put in."""
    out = bytearray(data)
    for _ in range(chance.choice([0, 1, 1, 2, 8])):
        at = chance.randrange(len(out) + 1)
        kind = chance.randrange(4)
        if kind == 0 and at < len(out):
            out[at] = chance.choice([0, 1, 255, chance.randrange(256)])
        elif kind == 1:
            del out[at : at + chance.randrange(1, 5)]
        elif kind == 2:
            out[at:at] = chance.randbytes(chance.randrange(1, 5))
        else:
            out[at:at] = out[at : at + chance.randrange(1, 300)]
    return bytes(out)


def stream(chance, pieces):
    parts = []
    for _ in range(chance.randrange(1, 6)):
        kind = chance.randrange(8)
        if kind == 0:
            parts.append(chance.randbytes(chance.randrange(80)))
        elif kind == 1:
            parts.append(bytes([chance.randrange(1, 256)]) * chance.randrange(700))
        elif kind == 2:
            body = chance.randbytes(chance.randrange(60))
            parts.append(encode_frame(chance.choice(list(MESSAGES)), chance.randrange(256), body))
        else:
            parts.append(damaged(chance, chance.choice(pieces)))
    return b"".join(parts)


def fed(decoder, chance, data):
    """What a decoder gives when the bytes come in pieces."""
    out, at = [], 0
    while at < len(data):
        size = chance.choice([1, 3, 64, len(data)])
        out += decoder.feed(data[at : at + size])
        at += size
    return out


def one(chance):
    data = stream(chance, SEEDS)
    frames = fed(FrameDecoder(), chance, data)
    assert [tuple(frame) for frame in frames] == reference(data)
    for kind, _, body in frames:
        try:
            message = MESSAGES[kind].decode(body) if kind in MESSAGES else None
        except WireError:
            continue
        if message is not None:
            assert message.encode() == body
    lines = fed(TextDecoder(), chance, stream(chance, LINES))
    for line in lines:
        if isinstance(line, Row):
            assert np.isfinite(np.float32(line.values)).all()
        elif isinstance(line, BadLine):
            assert line.fields >= 1
    return len(frames), len(lines)


def many(seed, count):
    chance = random.Random(seed)
    frames = lines = 0
    for _ in range(count):
        found = one(chance)
        frames += found[0]
        lines += found[1]
    print(f"\n{count} inputs: {frames} good frames, {lines} lines")  # noqa: T201  for docs/benchmarks.md
    return frames, lines


def test_decoders_believe_what_the_protocol_says_and_nothing_else():
    frames, lines = many(1, 3_000)
    assert frames > 1_000
    assert lines > 3_000


@pytest.mark.heavy
def test_many_inputs():
    many(2, 300_000)
