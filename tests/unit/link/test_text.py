"""Lines of numbers: what is a sample, what is a damaged one, what is something else; and what is on a port."""

import pytest
from fake_device import ClockedPort, FakeBoard, TextSketch
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyforge.core.errors import DeviceError, UsageError
from tinyforge.core.types import Channel
from tinyforge.link import Link, TextLink
from tinyforge.link.detect import detect
from tinyforge.link.text import (
    MAX_LINE_BYTES,
    Announcement,
    BadLine,
    Chatter,
    Header,
    Row,
    TextDecoder,
    canonical_name,
    parse_line,
    time_scale,
)
from tinyforge.link.text_link import layout_of, named


@pytest.mark.parametrize(
    ("raw", "values"),
    [
        (b"1,2,3", (1, 2, 3)),
        (b"0.1\t-2.5\t+3e-2", (0.1, -2.5, 0.03)),
        (b" 1 , .5 , 2. ", (1, 0.5, 2)),
        (b"1,2,", (1, 2)),
        (b"7", (7,)),
    ],
)
def test_good_lines(raw, values):
    assert parse_line(raw) == Row(values)


@pytest.mark.parametrize(
    ("raw", "fields", "reason"),
    [
        (b"1,nan,3", 3, "'nan' is no finite number"),
        (b"1,inf,3", 3, "'inf' is no finite number"),
        (b"1,1e39,3", 3, "has a number that no float32 holds"),
        (b"1,1e999,3", 3, "has a number that no float32 holds"),
        (b"1,2\t3", 3, "has commas and tabs"),
        (b"1,,3", 3, "'' is no finite number"),
        (b"1,2.3.4,3", 3, "'2.3.4' is no finite number"),
        (b"1,0x10,3", 3, "'0x10' is no finite number"),
        (b"1,2\x00,3", 3, "has bytes that are no text"),
        (b"1,\xff\xfe,3", 3, "is not UTF-8"),
        (b"1;2;3", 1, "'1;2;3' is no finite number"),
        ("1,\uff12,3".encode(), 3, "'\uff12' is no finite number"),  # a digit, but none of ASCII
        (b"nan", 1, "'nan' is no finite number"),
        (b"1," * 40 + b"1", 41, "has more than 32 columns"),
        (b"1" * 2000, 1, f"longer than {MAX_LINE_BYTES} bytes"),
    ],
)
def test_damaged_lines(raw, fields, reason):
    assert parse_line(raw) == BadLine(fields, reason)


def test_headers_announcements_and_chatter():
    assert parse_line(b"aX [g],aY (m/s^2),temp") == Header(("aX", "aY", "temp"), ("g", "m/s^2", ""))
    assert parse_line(b'{"sample_rate":119,"column_location":{"b":1,"a":0}}') == Announcement(("a", "b"), 119.0)
    assert parse_line(b"IMU ready!") == Chatter("IMU ready!")
    for wrong in (
        b"{",
        b"{}",
        b'{"column_location":[1]}',
        b'{"column_location":{"a":0,"b":0}}',
        b'{"column_location":{"a":1}}',
        b'{"column_location":{"a":-1,"b":0}}',
        b"{" * 900,
    ):
        assert isinstance(parse_line(wrong), Chatter), wrong
    assert parse_line(b'{"sample_rate":1e999,"column_location":{"a":0}}') == Announcement(("a",), 0.0)


@pytest.mark.parametrize(
    ("title", "name"),
    [("aX", "ax"), ("acc_x", "ax"), ("AccelerometerZ", "az"), ("gyro.y", "gy"), ("x_acc", "ax"), ("a,b", "a_b")],
)
def test_names(title, name):
    assert canonical_name(title) == name


def test_columns_of_time():
    assert [time_scale(one) for one in ("t", "time_us", "millis", "timestamp", "s", "ax")] == [
        1e3,
        1.0,
        1e3,
        1e3,
        1e6,
        0,
    ]


def test_a_layout_leaves_time_and_counter_out_and_keeps_names_apart():
    layout = layout_of(5, ["millis", "seq", "aX", "acc_x", "q"], ["", "", "g", "g", ""])
    assert (layout.time_column, layout.counter_column, layout.columns) == (0, 1, (2, 3, 4))
    assert layout.channels == (Channel("ax1", "g"), Channel("ax2", "g"), Channel("q", ""))


def test_the_first_line_is_half_of_one_and_line_ends_may_be_any():
    assert TextDecoder().feed(b"4,5,6\n1,2,3\r\n4,5,6\r7,8,9\n\n") == [Row((1, 2, 3)), Row((4, 5, 6)), Row((7, 8, 9))]
    assert TextDecoder().feed(b"aX,aY\n1,2\n") == [Header(("aX", "aY"), ("", "")), Row((1, 2))]
    assert TextDecoder().feed(b"X,aY\n1,2\n") == [Row((1, 2))]  # half a header


def test_a_line_without_end_costs_one_line_and_no_memory():
    decoder = TextDecoder()
    out = decoder.feed(b"x\n")
    for _ in range(100):
        out += decoder.feed(b"1" * 500)
        assert len(decoder._rest) <= MAX_LINE_BYTES
    out += decoder.feed(b"\n1,2\n")
    assert out == [BadLine(1, f"longer than {MAX_LINE_BYTES} bytes"), Row((1, 2))]


PIECES = st.one_of(
    st.binary(max_size=30),
    st.sampled_from([b"1,2,3\n", b"-1.5\t2\t3\r\n", b"nan,1,2\n", b"aX,aY,aZ\n", b"\n", b"{", b"}", b'"', b","]),
)


@given(st.lists(PIECES, max_size=40), st.integers(1, 7))
@settings(deadline=None, max_examples=300)
def test_how_bytes_are_cut_changes_nothing_and_no_bytes_are_refused(pieces, step):
    data = b"".join(pieces)
    whole, cut = TextDecoder(), TextDecoder()
    lines = [line for at in range(0, len(data), step) for line in cut.feed(data[at : at + step])]
    assert lines == whole.feed(data)
    assert all(abs(value) < 4e38 for line in lines if isinstance(line, Row) for value in line.values)


# ---- what is on a port ----


def found(device, cable=lambda data: data):
    port = ClockedPort(device, cable)
    return detect(port, clock=port.clock)


def test_our_firmware_and_text_are_told_apart():
    assert isinstance(found(FakeBoard()), Link)
    link = found(TextSketch())
    assert isinstance(link, TextLink)
    assert [channel.name for channel in link.channels] == ["c1", "c2", "c3", "c4", "c5", "c6"]
    assert link._port.device.heard == b""  # nothing was sent to it


def test_a_board_that_still_streams_to_another_program_is_ours():
    board = FakeBoard()
    board.tag, board.started_s = 7, 0.0
    assert isinstance(found(board), Link)


def test_a_line_a_second_is_enough():
    assert isinstance(found(TextSketch(rate_hz=1.0)), TextLink)


@pytest.mark.parametrize("greeting", ["hello\r\n", "aX,aY\n", "1,2,3\n4,5\n"])
def test_what_comes_first_does_not_matter(greeting):
    link = found(TextSketch(greeting=greeting))
    assert isinstance(link, TextLink)
    assert link.layout.width == 6


def test_names_and_units_from_the_user():
    link = found(TextSketch(lambda k: f"{k},{k},{k}\n"))
    named(link, ["aX", "aY", "temp"], ["g", "g", "degC"])
    assert link.channels == (Channel("ax", "g"), Channel("ay", "g"), Channel("temp", "degC"))
    named(link, ["time_ms", "aX", "aY"], [])
    assert (link.device_clock, [channel.name for channel in link.channels]) == (True, ["ax", "ay"])
    with pytest.raises(UsageError, match="--units: 3 for 2 channels; fake port sends 2"):
        named(link, [], ["g", "g", "g"])


BLINK = (
    r"fake port: \d+ bytes of text came, but neither tinyforge frames nor lines of numbers, for instance 'blink'; "
    "it is another sketch: flash ours with `tinyforge flash`"
)
GARBAGE = (
    r"fake port: (more than )?\d+ bytes came at 115200 baud, but neither tinyforge frames nor text "
    r"\(\d+ % printable\); the baud rate is wrong or it is another device: try --baud 9600"
)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (lambda k: "blink\n", BLINK),
        (lambda k: bytes((k * 37 + j * 91) % 255 + 1 for j in range(40)), GARBAGE),
        (lambda k: bytes((k * 37 + j * 91) % 256 for j in range(40)), GARBAGE),
        (lambda k: "", "fake port: no answer to HELLO in 2 s; is tinyforge firmware on the board"),
    ],
)
def test_what_is_neither_is_described(line, message):
    with pytest.raises(DeviceError, match=message):
        found(TextSketch(line, rate_hz=20.0))


def test_a_board_with_channels_that_no_file_can_hold_is_refused():
    for names in (("ax", "ax"), ("a,x", "ay"), ("", "ay")):
        with pytest.raises(DeviceError, match="the device says something impossible: a channel named"):
            found(FakeBoard(names=names, units=("g", "g")))
