"""Devices that say what no device should: counted, told, and never believed."""

import numpy as np
import pytest
from fake_device import ClockedPort, FakeBoard, rows, value

from tinyforge.capture import record
from tinyforge.capture.record import RecordingCut
from tinyforge.core.errors import DeviceError
from tinyforge.core.facts import Gap
from tinyforge.link import Link
from tinyforge.link.frames import encode_frame
from tinyforge.link.messages import Hello, Samples


def link_to(board, **options):
    port = ClockedPort(board, **options)
    return Link(port, clock=port.clock)


def frame(board, index, time_us, values, channels=6):
    message = Samples(index & 0xFFFFFFFF, time_us & 0xFFFFFFFF, channels, np.float32(values).ravel())
    return encode_frame(Samples.TYPE, board.tag, message.encode())


def test_samples_before_hello_are_nobodys():
    board = FakeBoard()
    board.tag, board.started_s = 3, -1.0  # has been streaming for a second
    link = link_to(board)
    take = record(link, samples=50)
    assert np.array_equal(take.samples, rows(0, 50, run=1))
    assert link.counters.stale > 0


def test_counter_and_clock_wrap():
    """A run that began long ago as far as its numbers go: 2^32 samples and microseconds pass in the middle."""

    class Old(FakeBoard):
        def send_waiting(self, *, everything=False):
            while self.taken - self.sent >= 5:
                first = (1 << 32) - 60 + self.sent
                self.out += frame(self, first, (1 << 32) - 300_000 + self.sent * 10_000, rows(self.sent, 5))
                self.sent += 5

    link = link_to(Old())
    link.start_stream(100)
    link._next_index = (1 << 32) - 60  # as if the host had listened all the time
    blocks = [block for block, _ in zip(link.samples(), range(40), strict=False)]
    assert sum(block.lost_before for block in blocks) == 0
    assert np.array_equal(np.concatenate([block.values for block in blocks]), rows(0, 200))
    assert blocks[-1].first_index == (1 << 32) - 60 + 195
    assert np.diff([block.time_us for block in blocks]).tolist() == [50_000] * 39


@pytest.mark.parametrize("first_time_us", [0, 2**32 - 500_000, 2**31 - 500_000])
def test_a_clock_that_wraps_in_a_take_changes_nothing(first_time_us):
    take = record(link_to(FakeBoard(first_time_us=first_time_us)), samples=300)
    assert (take.dropped, len(take.samples)) == (0, 300)
    assert take.facts.rate_measured_hz == pytest.approx(100.0, abs=1e-3)


@pytest.mark.parametrize("factor", [0.9, 0.99, 1.001, 1.1])
def test_a_clock_that_drifts_costs_no_sample_and_is_told(factor):
    class Drifting(FakeBoard):
        def time_us(self, index):
            return round(1e6 + index * 1e4 * factor)

    take = record(link_to(Drifting()), samples=400)
    assert take.dropped == 0
    assert np.array_equal(take.samples, rows(0, 400, run=1))
    assert take.facts.rate_measured_hz == pytest.approx(100.0 / factor, rel=1e-3)
    assert ("by its own clock" in take.note) == (abs(factor - 1) > 0.02)
    assert take.rate_hz == pytest.approx(100.0 / factor if abs(factor - 1) > 0.02 else 100.0, rel=1e-3)


def test_a_device_without_a_clock_is_taken_by_its_counter():
    class Clockless(FakeBoard):
        def time_us(self, index):
            return 0

    take = record(link_to(Clockless()), samples=300)
    assert (take.dropped, take.facts.rate_measured_hz, take.rate_hz) == (0, 0.0, 100.0)


def test_a_clock_that_goes_on_without_the_counter_is_a_gap():
    class Blocking(FakeBoard):
        """Is busy for 0.15 s after sample 200, and does not count what it missed."""

        def time_us(self, index):
            return super().time_us(index) + (150_000 if index >= 200 else 0)

    take = record(link_to(Blocking()), samples=300)
    assert take.facts.gaps == (Gap(200, 15),)
    assert take.dropped == 15


def test_a_frame_that_comes_twice_or_late_is_dropped_and_counted():
    board = FakeBoard()
    held = []

    def on_frame(one, first, count):
        if first == 50:
            held.append(one)
            return []
        if first == 55:
            return [one, *held, one, one]
        return [one]

    board.on_frame = on_frame
    link = link_to(board)
    take = record(link, samples=200)
    assert take.facts.gaps == (Gap(50, 5),)
    assert link.counters.repeated_samples == 15
    assert np.array_equal(take.samples, np.concatenate([rows(0, 50, run=1), rows(55, 150, run=1)]))


def test_a_right_crc_around_a_wrong_counter_is_not_believed():
    board = FakeBoard()

    def on_frame(one, first, count):
        if first in (50, 90):
            forged = first + 1_000_000 if first == 50 else first - 1_000_000
            return [frame(board, forged, board.time_us(first), rows(0, 5)), one]
        return [one]

    board.on_frame = on_frame
    link = link_to(board)
    take = record(link, samples=200)
    assert np.array_equal(take.samples, rows(0, 200, run=1))
    assert (take.dropped, link.counters.odd_blocks) == (0, 2)


@pytest.mark.parametrize("clock_too", [True, False])
def test_a_counter_that_starts_anew_ends_the_take(clock_too):
    board = FakeBoard()

    def on_frame(one, first, count):
        if board.runs == 1 and first == 100:
            board.runs, board.sent, board.taken, board.started_s = 2, -count, 0, board.now_s
            if not clock_too:
                board.first_time_us += 3_000_000
            return []
        return [one]

    board.on_frame = on_frame
    with pytest.raises(RecordingCut, match="the board restarted: counter and clock do not go on") as caught:
        record(link_to(board), samples=300)
    assert np.array_equal(caught.value.partial.samples, rows(0, 100, run=1))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda board, first: frame(board, first, board.time_us(first), [[1] * 9] * 5, 9),
        lambda board, first: frame(board, first, board.time_us(first), [1, 2, 3, 4], 6),
        lambda board, first: frame(board, first, board.time_us(first), [], 6),
        lambda board, first: frame(board, first, board.time_us(first), [[np.nan] * 6], 6),
        lambda board, first: frame(board, first, board.time_us(first), [[np.inf] * 6], 6),
        lambda board, first: frame(board, first, board.time_us(first), [[1] * 6] * 5, 0),
        lambda board, first: encode_frame(Samples.TYPE, board.tag, b""),
        lambda board, first: encode_frame(Samples.TYPE, board.tag, b"\xff" * 300),
    ],
)
def test_messages_that_cannot_be_cost_what_is_in_them_and_a_device_of_nothing_else_is_told(wrong):
    board = FakeBoard()
    board.on_frame = lambda one, first, count: [wrong(board, first)] if 40 <= first < 60 else [one]
    link = link_to(board)
    take = record(link, samples=100)
    assert take.facts.gaps == (Gap(40, 20),)
    assert link.counters.malformed == 4
    board = FakeBoard()
    board.on_frame = lambda one, first, count: [wrong(board, first)] if first >= 40 else [one]
    with pytest.raises(RecordingCut, match="after 40 of 100 samples"):
        record(link_to(board), samples=100)


def test_a_device_that_changes_its_channels_ends_the_take():
    board = FakeBoard()

    def on_frame(one, first, count):
        if first == 50:
            board.names, board.units = (*board.names, "t"), (*board.units, "degC")
        return [one]

    board.on_frame = on_frame
    with pytest.raises(RecordingCut, match="for 2 s only samples came that cannot be, after 55 of 200 samples"):
        record(link_to(board), samples=200)


def test_a_flood_of_frames_nobody_asked_for_does_not_keep_the_host():
    class Flood(FakeBoard):
        def advance(self, now_s):
            super().advance(now_s)
            self.out += encode_frame(0x88, 200, bytes(40)) * 50

        def receive(self, data):
            pass  # and never answers

    with pytest.raises(DeviceError, match="no answer to HELLO"):
        link_to(Flood()).hello()


def test_huge_frames_cost_no_memory():
    link = link_to(FakeBoard())
    for _ in range(1000):
        link._decoder.feed(b"\x01" * 65536)
        assert len(link._decoder._rest) < 1024
    assert link._decoder.feed(b"\0") == []
    assert link.counters.bad_frames == 1
    link._decoder.feed(b"\0" * 100_000)
    assert link.counters.bad_frames == 1  # empty ones are none


def test_values_that_tell_which_sample_they_are_do():
    assert [value(1, 0), value(1, 1), value(2, 0, 1)] == [1.0, 1.125, 2 + 1 / 64]


def test_a_restart_announced_in_the_middle_of_a_take_is_told():
    board = FakeBoard()

    def on_frame(one, first, count):
        if first == 50:
            board.out += one[:7]
            board.restart()
            board.sent = -count
            return []
        return [one]

    board.on_frame = on_frame
    link = link_to(board)
    with pytest.raises(RecordingCut, match="the board restarted: the watchdog"):
        record(link, samples=100)
    assert link.counters.bad_frames == 1
    assert isinstance(link.hello(), Hello)
