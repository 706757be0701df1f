"""COBS and frames: every length, every damage."""

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyforge.link.frames import MAX_WIRE_BYTES, Frame, FrameDecoder, cobs_decode, cobs_encode, encode_frame
from tinyforge.link.messages import MAX_BODY_BYTES

# From Cheshire and Baker (1999), and the edges of a full block.
KNOWN = [
    (b"", b"\x01"),
    (b"\x00", b"\x01\x01"),
    (b"\x00\x00", b"\x01\x01\x01"),
    (b"\x11\x22\x00\x33", b"\x03\x11\x22\x02\x33"),
    (b"\x11\x00\x00\x00", b"\x02\x11\x01\x01\x01"),
    (b"\x01" * 254, b"\xff" + b"\x01" * 254),
    (b"\x01" * 255, b"\xff" + b"\x01" * 254 + b"\x02\x01"),
    (b"\x01" * 254 + b"\x00", b"\xff" + b"\x01" * 254 + b"\x01\x01"),
    (b"\x00" + b"\x01" * 254, b"\x01\xff" + b"\x01" * 254),
]


@pytest.mark.parametrize(("plain", "coded"), KNOWN)
def test_known_pairs(plain, coded):
    assert cobs_encode(plain) == coded
    assert cobs_decode(coded) == plain


@given(st.lists(st.sampled_from([b"\0", b"\x01", b"\xff", b"\x01" * 253, b"\x7f" * 254]), max_size=12))
@settings(deadline=None)
def test_any_bytes_come_back_without_zeros_and_hardly_longer(pieces):
    plain = b"".join(pieces)
    coded = cobs_encode(plain)
    assert 0 not in coded
    assert len(coded) <= len(plain) + max(1, (len(plain) + 253) // 254)
    assert cobs_decode(coded) == plain


@pytest.mark.parametrize("coded", [b"", b"\x02", b"\x05\x11\x22", b"\x03\x11\x00", b"\xff" + b"\x01" * 253])
def test_what_is_no_cobs_is_refused(coded):
    assert cobs_decode(coded) is None


def test_a_frame_is_type_tag_body_and_a_crc_of_all_three():
    wire = encode_frame(0x90, 7, b"body")
    assert wire[-1] == 0
    frame = cobs_decode(wire[:-1])
    assert frame[:6] == b"\x90\x07body"
    assert frame[6:] == zlib.crc32(b"\x90\x07body").to_bytes(4, "little")


@pytest.mark.parametrize("piece", [1, 2, 7, 4096])
def test_frames_come_out_whole_however_the_bytes_arrive(piece):
    bodies = [b"", bytes(20), b"\xff" * MAX_BODY_BYTES, bytes(range(256))]
    wire = b"\0\0" + b"".join(encode_frame(0x80 + n, n, body) for n, body in enumerate(bodies))
    decoder = FrameDecoder()
    frames = [f for at in range(0, len(wire), piece) for f in decoder.feed(wire[at : at + piece])]
    assert frames == [Frame(0x80 + n, n, body) for n, body in enumerate(bodies)]
    assert (decoder.counters.good, decoder.counters.bad, decoder.counters.oversized) == (4, 0, 0)
    assert decoder.counters.bytes == len(wire)


def test_every_flipped_bit_of_a_frame_is_noticed():
    wire = encode_frame(0x90, 1, b"\0\x01\xfe\xff" * 8)
    for bit in range(8 * len(wire)):
        damaged = bytearray(wire)
        damaged[bit // 8] ^= 1 << bit % 8
        decoder = FrameDecoder()
        assert decoder.feed(bytes(damaged) + b"\0") == []
        assert decoder.counters.bad >= 1


def test_every_cut_of_a_frame_is_noticed_and_the_next_frame_is_whole():
    wire, good = encode_frame(0x90, 1, b"0123\0456"), encode_frame(0x91, 2, b"next")
    for cut in range(1, len(wire) - 1):
        decoder = FrameDecoder()
        assert decoder.feed(wire[:cut] + b"\0" + good) == [Frame(0x91, 2, b"next")]
        assert decoder.counters.bad == 1


def test_a_frame_longer_than_one_can_be_is_dropped_without_being_kept():
    decoder = FrameDecoder()
    for _ in range(100):
        assert decoder.feed(b"\x55" * 1000) == []
        assert len(decoder._rest) <= MAX_WIRE_BYTES
    good = encode_frame(0x91, 2, b"next")
    assert decoder.feed(b"\0" + good) == [Frame(0x91, 2, b"next")]
    assert (decoder.counters.oversized, decoder.counters.bad, decoder.counters.good) == (1, 0, 1)


def test_a_body_one_byte_too_long_is_oversized():
    decoder = FrameDecoder()
    assert len(decoder.feed(encode_frame(0x90, 1, bytes(MAX_BODY_BYTES)))) == 1
    assert decoder.feed(encode_frame(0x90, 1, bytes(MAX_BODY_BYTES + 1))) == []
    assert decoder.counters.oversized == 1


@given(st.binary(max_size=2000))
@settings(deadline=None)
def test_garbage_gives_no_frame_that_was_not_sent(garbage):
    decoder = FrameDecoder()
    for frame in decoder.feed(garbage + b"\0"):  # a chance of 2^-32 a frame
        assert encode_frame(*frame) in garbage + b"\0"
