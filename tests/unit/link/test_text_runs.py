"""Lines of numbers as a stream: what a line counts for, what is lost, and when it is another device."""

import dataclasses

import numpy as np
import pytest
from sample_ends import end_of, taken

from tinyforge.core.errors import DeviceError, UsageError
from tinyforge.core.types import Channel
from tinyforge.link import LinkCounters, TextLink
from tinyforge.link.text import Announcement, BadLine, Chatter, Header, Row, TextDecoder, is_counter, parse_line
from tinyforge.link.text_link import Layout, layout_of, named, recognise

SENSIML = b'{"sample_rate": 119, "column_location": {"ax": 0, "ay": 1}}\n'


class Lines:
    """A `Port` on a clock of its own: gives pieces of text, one a read; a number is so many seconds of nothing."""

    name = "lines"

    def __init__(self, *pieces):
        self.pieces = list(pieces)
        self.now_s = 50.0
        self.written = []
        self.closed = 0
        self.stale = []  # what waits in the buffers before a start

    def clock(self):
        return self.now_s

    def read_some(self, timeout_s):
        assert timeout_s >= 0
        if self.stale:
            self.now_s += 0.125
            return self.stale.pop(0)
        if timeout_s == 0:
            return b""
        if not self.pieces:
            self.now_s += timeout_s
            return b""
        piece = self.pieces.pop(0)
        if isinstance(piece, float):
            self.now_s += piece
            return b""
        return piece

    def write(self, data):
        self.written.append(data)

    def close(self):
        self.closed += 1


def link_of(head, *pieces):
    """A link whose device said ``head`` when it was found."""
    port = Lines(*pieces)
    decoder = TextDecoder()
    return port, TextLink(port, decoder.feed(b"0\n" + head), decoder, clock=port.clock)


ROWS = b"1,2\n3,4\n5,6\n7,8\n"


def streaming(*pieces, head=ROWS):
    port, link = link_of(head, b"x\n", *pieces)
    link.start_stream()
    return port, link


# ---- what is on the port ----


@pytest.mark.parametrize(
    ("lines", "width"),
    [
        ([Row((1, 2))], None),
        ([Row((1, 2))] * 2, 2),
        ([Row((1, 2))] * 2 + [Header(("a", "b"), ("", ""))], 2),
        ([Row((1, 2))] * 2 + [Chatter("x")], None),
        ([Row((1, 2))] * 3 + [BadLine(1, "x")], None),
        ([Row((1, 2))] * 4 + [BadLine(1, "x")] * 9, 2),
        ([Row((1, 2))] * 4 + [Row((1, 2, 3))] * 5, 3),
        ([Row((1, 2, 3))] * 5 + [Row((1, 2))] * 4, 3),
        ([Chatter("x")] * 9, None),
        ([Announcement(("a", "b", "c"), 0.0)], 3),
        ([], None),
    ],
)
def test_four_lines_of_numbers_or_two_and_nothing_else_are_a_device(lines, width):
    layout = recognise(lines)
    assert (layout and layout.width) == width


def test_a_header_names_the_columns_it_fits():
    rows = [Row((1, 2))] * 4
    assert recognise([Header(("a", "b", "c"), ("", "", "")), *rows]).channels == (Channel("c1", ""), Channel("c2", ""))
    two = recognise([Header(("a", "b", "c"), ("", "", "")), Header(("p", "q"), ("g", "dps")), *rows])
    assert two.channels == (Channel("p", "g"), Channel("q", "dps"))
    named_by = recognise([Announcement(("seq", "ax"), 119.0), *rows])
    assert (named_by.counter_column, named_by.channels) == (0, (Channel("ax", ""),))


def test_what_is_no_device_is_refused():
    with pytest.raises(DeviceError, match="lines: sends no lines of numbers; is it another sketch, or another baud"):
        TextLink(Lines(), [Chatter("x")], TextDecoder())


def test_a_layout_says_where_clock_counter_and_samples_are():
    assert layout_of(2) == Layout(2, (Channel("c1", ""), Channel("c2", "")), (0, 1), -1, 0.0, -1)
    whole = layout_of(4, ["ax", "seq", "t_us", "ax"], ["g", "", "", "mg"])
    assert whole == Layout(4, (Channel("ax1", "g"), Channel("ax2", "mg")), (0, 3), 2, 1.0, 1)
    assert Layout(2, (), ()) == Layout(2, (), (), -1, 0.0, -1)
    assert layout_of(1, ["s"]) == Layout(1, (), (), 0, 1e6, -1)
    assert [is_counter(one) for one in ("n", "Sample_ID", "samples", "ax")] == [True, True, False, False]
    assert not hasattr(whole, "__dict__")
    with pytest.raises(dataclasses.FrozenInstanceError):
        whole.width = 3


def test_a_link_says_what_it_was_told():
    port, link = link_of(b"seq,ax [g],ay [g]\n1,2,3\n2,4,5\n9,9\n3,6,7\n4,8,9\n")
    assert (link.place, link.board, link.firmware, link.announced_rate_hz) == ("lines", "", "text", 0.0)
    assert (link.device_clock, link.counted, link.takes_rate) == (False, True, False)
    assert link.first_rows.tolist() == [[2, 3], [4, 5], [6, 7], [8, 9]]
    assert link.first_rows.dtype == np.float32
    assert link.counters == dataclasses.replace(LinkCounters(), bytes=link.counters.bytes)
    assert list(link.samples()) == []  # not started
    with link:
        pass
    assert (port.closed, port.written) == (1, [])
    assert link_of(SENSIML)[1].first_rows.shape == (0, 2)


# ---- the stream ----


def test_what_comes_at_once_is_one_block():
    port, link = streaming(b"1,2\n3,4\n", b"5,6\n7", b",8\n")
    port.now_s = 60.0
    first, second, third = taken(link, 3)
    assert (first.first_index, first.time_us, first.lost_before, first.arrived_s) == (0, 0, 0, 60.0)
    assert first.values.tolist() == [[1, 2], [3, 4]]
    assert (second.first_index, second.values.tolist()) == (2, [[5, 6]])
    assert (third.first_index, third.values.tolist()) == (3, [[7, 8]])
    assert link.counters.good_frames == 4
    assert link.counters.bytes == len(b"x\n1,2\n3,4\n5,6\n7,8\n")


@pytest.mark.parametrize(
    ("bad", "lost"),
    [
        (b"1,nan\n", 1),
        (b"1,2,3\n", 2),  # a line and a half: two lines that ran into each other
        (b"1,2,3,4\n", 2),
        (b"1,2,3,4,5,6\n", 3),
        (b"1\n", 1),
        (b"1,nan,3,4\n", 2),
        (b"1,nan\n1,nan\n", 2),
        (b"hello\n", 0),
        (b"\n", 0),
    ],
)
def test_a_damaged_line_is_a_lost_sample(bad, lost):
    _, link = streaming(b"1,2\n", bad + b"3,4\n5,6\n")
    _, after = taken(link, 2)
    assert (after.first_index, after.lost_before, len(after.values)) == (1 + lost, lost, 2)
    assert (link.counters.lost_samples, link.counters.malformed) == (lost, 0)


def test_a_gap_in_what_comes_at_once_parts_the_block():
    _, link = streaming(b"1,2\n3,4\n1,nan\n5,6\n7,8\n")
    first, second = taken(link, 2)
    assert (len(first.values), second.first_index, second.lost_before, len(second.values)) == (2, 3, 1, 2)
    assert link.counters.good_frames == 4
    assert link.counters.bad_frames == 1


def test_two_hundred_wrong_lines_in_a_row_are_another_sketch():
    _, link = streaming(b"1,2,3\n" * 199 + b"3,4\n")
    assert [block.lost_before for block in taken(link, 1)] == [2 * 199]
    _, link = streaming(b"1,2\n" + b"1,2,3\n" * 199 + b"3,4\n", b"1,2,3\n" * 200)
    assert [block.first_index for block in taken(link, 2)] == [0, 1 + 2 * 199]
    assert end_of(link) == (
        "the device changed what it sends: it sent 200 lines in a row that do not fit 2 columns; start again"
    )


@pytest.mark.parametrize(("timeout_s", "silence_s"), [(None, 3.0), (0.5, 0.5)])
def test_silence_is_told(timeout_s, silence_s):
    port, link = streaming(b"1,2\n", 0.25)
    blocks = link.samples(timeout_s=timeout_s)
    next(blocks)
    began_s = port.now_s
    with pytest.raises(DeviceError) as caught:
        next(blocks)
    assert port.now_s - began_s == silence_s
    assert str(caught.value) == (
        f"lines: nothing came for {silence_s:g} s; is the board still plugged in? press its reset button"
    )


def test_time_begins_anew_with_each_block():
    _, link = streaming(*[2.0, b"1,2\n"] * 5)
    assert len(taken(link, 5)) == 5


def test_silence_with_damaged_lines_in_it_is_the_line():
    _, link = streaming(b"1,nan\n1,2\n", b"1,nan\n", 1.0, b"x,1\n")
    assert len(taken(link, 1)) == 1
    assert end_of(link) == (
        "no whole line came for 3 s, but 2 damaged ones; check cable and baud rate; something disturbs the line"
    )


def test_what_waits_from_before_a_start_is_not_of_it_and_half_a_second_of_it_is_enough():
    port, link = link_of(ROWS, b"x\n", b"9,9\n")
    port.stale = [b"1,2\n"] * 3
    assert link.start_stream() == 0.0
    assert taken(link, 1)[0].values.tolist() == [[9, 9]]
    port.stale = [b"1,2\n"] * 100  # never stops
    began_s = port.now_s
    link.start_stream()
    assert port.now_s - began_s == 0.5


def test_a_second_start_begins_at_zero():
    port, link = streaming(b"1,2\n1,nan\n", b"3,4\n", b"x\n5,6\n", head=b"seq,ax\n" + ROWS)
    taken(link, 1)
    link.start_stream(100)
    port.pieces = [b"x\n", b"900,6\n"]
    (block,) = taken(link, 1)
    assert (block.first_index, block.lost_before) == (0, 0)
    link.stop_stream()
    assert list(link.samples()) == []
    assert port.written == []  # nothing is told to such a device


def test_the_rate_is_what_is_announced_else_what_the_user_says():
    assert link_of(ROWS)[1].start_stream(50) == 50
    assert link_of(SENSIML)[1].start_stream(50) == 119
    assert link_of(SENSIML.replace(b"119", b"0"))[1].start_stream(50) == 50
    assert link_of(SENSIML.replace(b"119", b"1") + SENSIML)[1].announced_rate_hz == 119


# ---- SensiML ----


def test_sensiml_is_told_to_begin_until_it_does_and_to_end():
    port, link = link_of(SENSIML, SENSIML, SENSIML, b"1,2\n", b"3,4\n")
    assert link.firmware == "SensiML"
    assert link.channels == (Channel("ax", ""), Channel("ay", ""))
    link.start_stream()
    assert [block.first_index for block in taken(link, 2)] == [0, 1]
    assert port.written == [b"connect"] * 3
    link.close()
    link.close()
    assert port.written == [b"connect"] * 3 + [b"disconnect"]
    assert port.closed == 2


def test_an_announcement_after_samples_is_a_restart_and_another_one_another_device():
    _, link = link_of(SENSIML, b"x\n1,2\n", SENSIML)
    link.start_stream()
    assert end_of(link) == "the board restarted: it announces itself again; start again"
    _, link = link_of(SENSIML, SENSIML.replace(b"ay", b"az"))
    link.start_stream()
    assert end_of(link) == "the device changed what it sends: it announces ax, az; start again"


def test_an_announcement_of_a_device_that_never_did_is_nothing():
    port, link = streaming(SENSIML, b"1,2\n")
    assert len(taken(link, 1)) == 1
    assert port.written == []


def test_a_device_that_is_gone_can_be_stopped():
    port, link = link_of(SENSIML)
    link.start_stream()

    def gone(data):
        raise DeviceError("lines", "the device went away")

    port.write = gone
    link.close()
    assert port.closed == 1


def test_a_header_is_a_restart_after_samples_and_nothing_before_or_of_another_width():
    _, link = streaming(b"ax,ay\n", b"1,2\n", b"ax,ay,az\n", b"3,4\n", b"ax,ay\n")
    assert len(taken(link, 2)) == 2
    assert link.counters.malformed == 2
    assert end_of(link) == "the board restarted: it sends its header again; start again"


# ---- a column that counts ----

COUNTED = b"seq,ax\n" + ROWS


@pytest.mark.parametrize(
    ("numbers", "lost"),
    [
        ((0, 1, 2), 0),
        ((5, 6, 9), 2),
        ((254, 255, 0), 0),
        ((254, 255, 3), 3),
        ((65534, 65535, 1), 1),
        ((2**32 - 2, 2**32 - 1, 0), 0),
        ((250, 251, 63 + 251 - 256 + 1), 63),  # less than a quarter of the way round
        ((0, 1, 2**20 + 1), 2**20 - 1),
    ],
)
def test_a_counter_shows_what_is_missing_and_may_wrap(numbers, lost):
    _, link = streaming(*[f"{number},1\n".encode() for number in numbers], head=COUNTED)
    blocks = taken(link, 3)
    assert [block.lost_before for block in blocks] == [0, 0, lost]
    assert blocks[2].first_index == 2 + lost
    assert blocks[0].values.tolist() == [[1]]


@pytest.mark.parametrize("numbers", [(0, 1, 2**20 + 2), (5, 6, 2), (250, 251, 60), (300, 301, 0), (70000, 70001, 3)])
def test_a_counter_that_goes_elsewhere_is_a_restart(numbers):
    _, link = streaming(*[f"{number},1\n".encode() for number in numbers], head=COUNTED)
    assert end_of(link) == (
        f"the board restarted: its counter says {numbers[2]} where {numbers[1] + 1} belongs; "
        "start again; check its supply and cable"
    )


def test_a_line_that_comes_again_is_dropped_and_a_damaged_one_is_not_counted_twice():
    _, link = streaming(b"1,1\n", b"1,1\n", b"2,1\n", b"3,nan\n4,1\n", head=COUNTED)
    assert [block.first_index for block in taken(link, 3)] == [0, 1, 3]
    assert (link.counters.repeated_samples, link.counters.lost_samples) == (1, 1)
    assert link.counters.good_frames == 3


def test_lines_damaged_before_the_first_that_counts_are_lost():
    _, link = streaming(b"1,nan\n1,nan\n7,1\n", head=COUNTED)
    (block,) = taken(link, 1)
    assert (block.first_index, block.lost_before) == (2, 2)


def test_half_a_number_is_no_counter():
    _, link = streaming(b"1.5,1\n", head=COUNTED)
    assert end_of(link) == "the device changed what it sends: it has 1.5 in the column that counts; start again"


# ---- a column of time ----


@pytest.mark.parametrize(
    ("title", "times", "microseconds"),
    [
        (b"time_us", (10, 20, 30), [10, 20, 30]),
        (b"millis", (10, 20, 30), [10_000, 20_000, 30_000]),
        (b"seconds", (1, 1.5, 2), [1_000_000, 1_500_000, 2_000_000]),
        (b"micros", (2**32 - 10, 0, 10), [2**32 - 10, 2**32, 2**32 + 10]),
        (b"millis", (2**32 - 10, 0, 10), [(2**32 - 10) * 1000, 2**32 * 1000, (2**32 + 10) * 1000]),
        (b"micros", (2_000_000, 1_000_000, 2_000_000), [2_000_000, 1_000_000, 2_000_000]),  # jitter
        (b"millis", (2002, 1000, 2000), [2_002_000, 1_000_000, 2_000_000]),
    ],
)
def test_a_clock_is_in_microseconds_and_may_wrap(title, times, microseconds):
    _, link = streaming("".join(f"{time},1\n" for time in times).encode(), head=title + b",ax\n" + ROWS)
    assert link.device_clock
    blocks = taken(link, 3)
    assert [block.time_us for block in blocks] == microseconds
    assert [block.values.tolist() for block in blocks] == [[[1]]] * 3


@pytest.mark.parametrize(("title", "times"), [(b"micros", (2_000_003, 1_000_000)), (b"millis", (2003, 1000))])
def test_a_clock_that_goes_back_by_more_than_a_second_is_a_restart(title, times):
    _, link = streaming("".join(f"{time},1\n" for time in times).encode(), head=title + b",ax\n" + ROWS)
    assert end_of(link) == "the board restarted: its clock goes backwards; start again"


# ---- names ----


def test_names_may_be_those_of_the_samples_or_of_all_columns():
    _, link = link_of(b"seq,ax [g],ay [g]\n1,2,3\n2,4,5\n")
    named(link, [], ["mg", "mg"])
    assert link.channels == (Channel("ax", "mg"), Channel("ay", "mg"))
    named(link, ["p", "q"], [])
    assert link.channels == (Channel("p", "mg"), Channel("q", "mg"))
    named(link, ["p", "q", "n"], ["W", "V"])
    assert link.channels == (Channel("p", "W"), Channel("q", "V"))
    assert (link.layout.counter_column, link.layout.columns) == (2, (0, 1))
    for names in (["p"], ["p", "q", "r", "s"]):
        with pytest.raises(UsageError, match=f"--channels: {len(names)} for 2 channels; lines sends 2"):
            named(link, names, [])


def test_lines_at_their_limits():
    assert parse_line(b"1," * 31 + b"1") == Row((1,) * 32)
    assert parse_line(b"1," * 32 + b"1") == BadLine(33, "has more than 32 columns")
    assert parse_line(b"1" * 1024) == BadLine(1, "has a number that no float32 holds")
    assert parse_line(b" " * 1023 + b"1") == Row((1,))
    assert parse_line(b" " * 1024 + b"1") == BadLine(1, "longer than 1024 bytes")
    assert parse_line(b"3.4028234663852886e38,1") == Row((3.4028234663852886e38, 1))
    assert parse_line(b"-3.4028235e38,1") == BadLine(2, "has a number that no float32 holds")
    assert parse_line(b"a" * 100) == Chatter("a" * 80)
    assert parse_line(b"{" + b"a" * 100) == Chatter("{" + "a" * 79)
    assert parse_line(b'{"column_location": [' + b"1" * 100) == Chatter('{"column_location": [' + "1" * 59)
    assert parse_line(b"x" * 30 + b",1") == BadLine(2, f"{'x' * 20!r} is no finite number")
    assert parse_line(b"1\t\xff\t2,3") == BadLine(4, "is not UTF-8")
    assert parse_line(b"temp") == Chatter("temp")  # one word is no header
    assert parse_line(b"12a") == BadLine(1, "'12a' is no finite number")
    assert parse_line(b"1a") == Chatter("1a")  # half of it is no number
    assert parse_line(b"+ovf") == BadLine(1, "'+ovf' is no finite number")
