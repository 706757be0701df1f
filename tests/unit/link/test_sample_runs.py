"""STREAM and LIVE: which samples are believed, at the very edge of what is believed, and what is said of the others."""

import itertools

import numpy as np
import pytest
from sample_ends import end_of, taken
from scripted_device import START_S, ScriptedDevice, hello

from tinyforge.core.errors import DeviceError
from tinyforge.link import link as link_module
from tinyforge.link.frames import encode_frame
from tinyforge.link.messages import (
    Error,
    LiveStarted,
    LiveWindow,
    Prediction,
    Samples,
    StartLive,
    Stats,
    StatsRequest,
    Stop,
    Stopped,
)

STATS = Stats(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)


def running(rate_hz=100, **options):
    device = ScriptedDevice()
    link = device.link(**options)
    link.start_stream(rate_hz)
    return device, link


def test_a_block_says_where_it_belongs():
    device, link = running()
    device.samples(0, [[1, 2], [3, 4]], time_us=3_000_000_000)
    device.samples(2, [[5, 6]], time_us=3_000_020_000)
    device.samples(7, [[7, 8]], time_us=3_000_070_000)
    device.now_s += 3
    first, second, third = taken(link, 3)
    assert (first.first_index, first.time_us, first.lost_before, first.arrived_s) == (0, 3_000_000_000, 0, START_S + 3)
    assert first.values.tolist() == [[1, 2], [3, 4]]
    assert (second.first_index, second.time_us, second.lost_before) == (2, 3_000_020_000, 0)
    assert (third.first_index, third.time_us, third.lost_before) == (7, 3_000_070_000, 4)
    assert link.counters.lost_samples == 4


def test_samples_lost_before_the_first_are_counted():
    device, link = running()
    device.samples(20)
    (block,) = taken(link, 1)
    assert (block.first_index, block.lost_before, link.counters.lost_samples) == (20, 20, 20)


@pytest.mark.parametrize(
    ("index", "step_ms", "believed"),
    [
        (5, 312, True),  # 50 ms by its counter, a quarter of it and 250 ms more
        (5, 313, False),
        (105, 1562, True),
        (105, 1563, False),
        (105, 538, True),
        (105, 537, False),
        (400, 2750, True),
        (400, 2749, False),
    ],
)
def test_clock_and_counter_agree_within_a_quarter_of_a_second_and_a_quarter(index, step_ms, believed):
    device, link = running()
    device.samples(0, count=5, time_us=7_000)
    device.samples(index, time_us=7_000 + step_ms * 1000)
    on_us = step_ms * 1000 + 10_000 if believed else (index + 1) * 10_000
    device.samples(index + 1, time_us=7_000 + on_us)
    blocks = taken(link, 3 if believed else 2)
    assert [block.first_index for block in blocks][:2] == [0, index if believed else index + 1]
    assert link.counters.odd_blocks == (not believed)


def test_the_clock_goes_on_from_the_block_before():
    device, link = running()
    for index in range(0, 250, 50):
        device.samples(index, count=50, time_us=index * 12_000)  # a fifth too slow all the time
    assert [block.time_us for block in taken(link, 5)] == [0, 600_000, 1_200_000, 1_800_000, 2_400_000]


def test_a_clock_that_never_moves_is_none_and_one_that_stops_is_odd():
    device, link = running()
    for index in (0, 400, 800):
        device.samples(index, time_us=123)
    assert [block.first_index for block in taken(link, 3)] == [0, 400, 800]
    device, link = running()
    device.samples(0, time_us=0)
    device.samples(1, time_us=10_000)
    for index in (400, 500, 600):
        device.samples(index, time_us=10_000)
    assert "the board restarted: counter and clock do not go on (600 came where 2 belongs)" in end_of(link)
    assert link.counters.odd_blocks == 3


def test_three_odd_blocks_in_a_row_are_a_restart_and_two_are_not():
    device, link = running()
    device.samples(0)
    for index in (1, 2, 3, 4):
        device.samples(index + 100_000, time_us=index * 10_000)
        device.samples(index + 100_000, time_us=index * 10_000)
        device.samples(index)
    assert [block.first_index for block in taken(link, 5)] == [0, 1, 2, 3, 4]
    assert link.counters.odd_blocks == 8
    for _ in range(3):
        device.samples(100_000, time_us=50_000)
    assert end_of(link) == (
        "the board restarted: counter and clock do not go on (100000 came where 5 belongs); "
        "start again; check its supply and cable"
    )


def test_a_block_that_comes_again_is_dropped_63_times_and_then_a_restart():
    device, link = running()
    device.samples(0, count=3)
    device.samples(3)
    for _ in range(63):
        device.samples(0, count=3)
    device.samples(4)
    for _ in range(63):  # counted anew after what was new
        device.samples(3)
    device.samples(5)
    assert [block.first_index for block in taken(link, 4)] == [0, 3, 4, 5]
    assert link.counters.repeated_samples == 63 * 3 + 63
    for _ in range(64):
        device.samples(0, count=3)
    assert "(0 came where 6 belongs)" in end_of(link)
    assert link.counters.odd_blocks == 0


def test_a_block_with_a_number_that_was_there_but_other_content_or_time_is_odd():
    device, link = running()
    device.samples(0, [[1, 2]])
    device.samples(1, [[3, 4]])
    device.samples(0, [[1, 9]])
    device.samples(2, [[5, 6]])
    device.samples(1, [[3, 4]], time_us=11_000)
    device.samples(3, [[7, 8]])
    assert len(taken(link, 4)) == 4
    assert (link.counters.odd_blocks, link.counters.repeated_samples) == (2, 0)


@pytest.mark.parametrize(("late_ms", "repeated"), [(0, True), (370, True), (380, False), (-370, True), (-380, False)])
def test_a_late_block_that_was_counted_as_lost_is_known_by_its_time(late_ms, repeated):
    device, link = running()
    device.samples(0)
    device.samples(100)
    device.samples(51, count=2, time_us=500_000 + late_ms * 1000)  # 50 samples behind the next one
    device.samples(101)
    assert [block.first_index for block in taken(link, 3)] == [0, 100, 101]
    assert (link.counters.repeated_samples, link.counters.odd_blocks) == ((2, 0) if repeated else (0, 1))


def test_what_came_is_remembered_up_to_a_limit(monkeypatch):
    monkeypatch.setattr(link_module, "_KEPT_BLOCKS", 3)
    device, link = running()
    for index in range(10):
        device.samples(index)
    taken(link, 10)
    assert sorted(link._seen) == [7, 8, 9]


def test_half_the_numbers_are_ahead_and_half_behind():
    device, link = running()
    device.samples(0, time_us=0)
    device.samples(2**31, time_us=0)  # one less than half ahead; no clock speaks against it
    blocks = taken(link, 2)
    assert (blocks[1].first_index, blocks[1].lost_before) == (2**31, 2**31 - 1)
    device, link = running()
    device.samples(0, time_us=0)
    for _ in range(3):
        device.samples(2**31 + 1, time_us=0)  # half ahead: behind
    assert "(2147483649 came where 1 belongs)" in end_of(link)


def test_samples_that_cannot_be_are_malformed_and_told_when_nothing_else_comes():
    device, link = running()
    device.samples(0)
    for values in ([[np.nan, 0]], [[0, np.inf]], [], [1]):
        device.samples(1, values)
    device.say(Samples(1, 0, 3, np.zeros(3, np.float32)))
    device.samples(1)
    assert [block.first_index for block in taken(link, 2)] == [0, 1]
    assert link.counters.malformed == 5

    class Liar(ScriptedDevice):
        def read_some(self, timeout_s):
            if self.tag and not self.waiting:
                self.now_s += 0.25
                self.samples(1, [[np.nan, 0]])
            return super().read_some(timeout_s)

    device = Liar()
    link = device.link()
    link.start_stream(100)
    assert end_of(link) == (
        "for 2 s only samples came that cannot be; its firmware contradicts its HELLO: flash it again"
    )
    assert device.now_s == START_S + 2.25


@pytest.mark.parametrize(
    ("rate_hz", "timeout_s", "silence_s"), [(100, None, 2.0), (1, None, 10.0), (100, 0.25, 0.25), (4, None, 2.5)]
)
def test_silence_is_told_after_ten_samples_time_or_two_seconds_or_as_asked(rate_hz, timeout_s, silence_s):
    device, link = running(rate_hz)
    device.samples(0)
    blocks = link.samples(timeout_s=timeout_s)
    next(blocks)
    began_s = device.now_s
    with pytest.raises(DeviceError) as caught:
        next(blocks)
    assert device.now_s - began_s == silence_s
    assert str(caught.value) == (
        f"script: nothing came for {silence_s:g} s; is the board still plugged in? press its reset button"
    )


@pytest.mark.parametrize(
    ("noise", "frames"),
    [([b"\x05abc\0"], "1 damaged frame"), ([b"\x05abc\0", b"\x01" * 2000 + b"\0"], "2 damaged frames")],
)
def test_silence_with_damaged_frames_in_it_is_the_line(noise, frames):
    device, link = running()
    device.say(b"\x03a\0")  # before: not of this silence
    device.samples(0)
    blocks = link.samples()
    next(blocks)
    for one in noise:
        device.say(one)
    with pytest.raises(DeviceError) as caught:
        next(blocks)
    assert str(caught.value) == (
        f"script: nothing whole came for 2 s, but {frames}; check cable and baud rate; something disturbs the line"
    )
    assert link.counters.bad_frames == 1 + len(noise)


def test_what_is_not_of_the_run_is_stale_and_costs_nothing():
    device, link = running()
    device.samples(0)
    device.say(Samples(1, 0, 2, np.zeros(2, np.float32)), tag=77)
    device.say(STATS, tag=0)
    device.say(encode_frame(0xA5, device.tag, b""))
    device.samples(1)
    assert [block.first_index for block in taken(link, 2)] == [0, 1]
    assert (link.counters.stale, link.counters.malformed) == (2, 1)


def test_requests_in_the_middle_of_a_run_keep_its_samples():
    device, link = running()
    device.answers[StatsRequest] = lambda message: STATS
    device.samples(0)
    device.samples(1)
    assert link.stats() == STATS
    assert [block.first_index for block in taken(link, 2)] == [0, 1]
    assert link.counters.stale == 0


def test_after_a_stop_what_was_under_way_is_given_and_what_never_came_is_lost():
    device, link = running()
    device.answers[Stop] = lambda message: Stopped(1, 10, 0, 10)
    device.samples(0, count=2)
    assert len(taken(link, 1)) == 1
    device.samples(2, count=3)
    assert link.stop_stream() == Stopped(1, 10, 0, 10)
    assert [block.first_index for block in link.samples()] == [2]
    assert link.counters.lost_samples == 5
    assert list(link.samples()) == []
    assert link.counters.lost_samples == 5  # once
    device.samples(5)
    link.hello()
    assert link.counters.stale == 1


@pytest.mark.parametrize(("said", "lost"), [(3, 0), (2, 0), (4, 1)])
def test_a_device_cannot_have_taken_less_than_came(said, lost):
    device, link = running()
    device.answers[Stop] = lambda message: Stopped(1, said, 0, 3)
    device.samples(0, count=3)
    link.stop_stream()
    assert len(list(link.samples())) == 1
    assert link.counters.lost_samples == lost


def test_a_second_start_forgets_the_first():
    device, link = running()
    device.samples(0, count=5, time_us=1_000)
    device.samples(100_000)
    taken(link, 1)
    device.samples(0, time_us=9_000_000)  # of the first run
    assert link.start_stream(50) == 50
    device.samples(0, time_us=77_000_000)
    device.samples(1, time_us=77_020_000)
    blocks = taken(link, 2)
    assert [(block.first_index, block.time_us) for block in blocks] == [(0, 77_000_000), (1, 77_020_000)]
    assert link.counters.odd_blocks == 0


def test_a_restart_in_a_run_is_told_with_its_reason_and_a_new_run_begins_afresh():
    device, link = running()
    device.samples(0)
    device.say(hello(reset=5), tag=0)
    assert end_of(link) == ("the board restarted: the supply voltage fell; start again; check its supply and cable")
    link.start_stream()
    device.samples(0)
    assert len(taken(link, 1)) == 1


# ---- LIVE ----


def live(**said):
    device = ScriptedDevice(**said)
    device.answers[StartLive] = lambda message: LiveStarted(100_000, 2)
    link = device.link()
    link.start_live(send_windows=True)
    return device, link


def piece(sequence, offset, values):
    return LiveWindow(sequence, offset, np.float32(values))


def prediction(sequence, answer=1, label=1):
    return Prediction(sequence, 2 * sequence, 50_000, label, answer, 10, 20, 30, 40, np.int8([1, 5, 2]))


def test_a_prediction_comes_with_its_window():
    device, link = live()
    device.say(piece(0, 0, [1, 2, 3, 4, 5]))
    device.say(piece(0, 5, [6, 7, 8]))
    device.say(prediction(0))
    device.say(prediction(3, answer=0xFFFF))
    device.say(prediction(4, answer=0xFFFE))
    got, alone, odd = itertools.islice(link.predictions(), 3)
    assert got.window.tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]
    assert (got.sequence, got.first_index, got.time_us, got.answer) == (0, 0, 50_000, 1)
    inference = got.inference
    assert (inference.label, inference.preprocess_cycles, inference.cycles, inference.duration_us) == (1, 10, 20, 30)
    assert inference.input_crc == 40
    assert inference.scores.tolist() == [1, 5, 2]
    assert (alone.sequence, alone.first_index, alone.answer, alone.window) == (3, 6, None, None)
    assert odd.answer == 0xFFFE


@pytest.mark.parametrize(
    "pieces",
    [
        [piece(1, 0, range(5))],
        [piece(1, 3, range(5))],
        [piece(1, 5, range(3)), piece(1, 0, range(5))],
        [piece(1, 0, range(5)), piece(1, 5, range(4))],
        [piece(1, 0, range(5)), piece(1, 6, range(3))],
        [piece(2, 0, range(8))],
        [piece(1, 0, range(5)), piece(0, 5, range(3))],
    ],
)
def test_a_window_that_lost_a_piece_is_none(pieces):
    device, link = live()
    for one in pieces:
        device.say(one)
    device.say(prediction(1))
    device.say(piece(2, 0, range(8)))
    device.say(prediction(2))
    broken, whole = itertools.islice(link.predictions(), 2)
    assert broken.window is None
    assert whole.window.ravel().tolist() == list(range(8))


def test_pieces_of_a_prediction_that_was_lost_do_not_spoil_the_next():
    device, link = live()
    device.say(piece(1, 0, range(5)))
    device.say(piece(1, 5, range(3)))
    device.say(piece(2, 0, range(10, 15)))
    device.say(piece(2, 5, range(15, 18)))
    device.say(prediction(2))
    assert next(link.predictions()).window.ravel().tolist() == list(range(10, 18))


def test_predictions_end_with_the_run_and_are_told_when_they_cannot_be():
    device, link = live()
    device.say(prediction(0))
    link.stop_stream()
    assert [one.sequence for one in link.predictions()] == [0]
    device, link = live()
    device.say(prediction(0, label=3))
    with pytest.raises(DeviceError, match="label 3 of 3 scores"):
        next(link.predictions())
    with pytest.raises(DeviceError, match=r"nothing came for 0\.5 s"):
        next(link.predictions(timeout_s=0.5))


def test_an_error_nobody_waits_for_is_stale():
    device, link = running()
    device.say(Error(3, 1, ""), tag=0)
    device.samples(0)
    taken(link, 1)
    assert link.counters.stale == 1
