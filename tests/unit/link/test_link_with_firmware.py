"""The Python link and the C application together: what one sends the other understands, and damage is noticed."""

import itertools
import random
import socket
import threading
import zlib

import numpy as np
import pytest
from tfw_host import DIGEST, FaultyPort, HostBoard, toy_info, toy_scores

from tinyforge.core.errors import DataError, DeviceError
from tinyforge.core.types import IMU_CHANNELS, Channel
from tinyforge.link import Link, LinkRefused, Mode, Reset, SocketPort, Status
from tinyforge.link.frames import encode_frame
from tinyforge.link.messages import Hello, HelloRequest, StartLive, WindowPart

TOY = toy_info()


def window(seed, length=50, channels=6):
    return np.random.default_rng(seed).normal(0, 9, (length, channels)).astype(np.float32)


def expected(first, count):
    return np.arange(first, first + count, dtype=np.float32)[:, None] + 0.125 * np.arange(6, dtype=np.float32)


# ---- what the device says of itself ----


def test_hello_of_firmware_that_only_records():
    with HostBoard() as link:
        hello = link.hello()
        assert (hello.board, hello.firmware_version, hello.firmware_digest) == ("host", "9.8.7", "00ff1e5a")
        assert (hello.reset, hello.mode, hello.rate_mhz) == (Reset.POWER_ON, Mode.IDLE, 100_000)
        assert link.channels == IMU_CHANNELS
        assert (hello.model_name, hello.model_sha256, hello.label_count) == ("", bytes(32), 0)
        assert link.labels() == ()


def test_hello_of_firmware_with_a_model():
    with HostBoard(TOY) as link:
        hello = link.hello()
        assert (hello.model_name, hello.model_sha256.hex()) == ("toy", DIGEST)
        assert (hello.window_length, hello.window_hop, hello.model_rate_mhz) == (50, 25, 100_000)
        assert list(hello.window_channels) == [0, 1, 2, 3, 4, 5]
        assert link.labels() == TOY.labels


def test_stats_count_frames_and_inferences():
    with HostBoard(TOY) as link:
        link.infer(window(0))
        stats = link.stats()
        assert (stats.arena_bytes, stats.stack_bytes, stats.inferences) == (640, 1234, 1)
        # HELLO, three pieces, INFER, STATS; the answers, and the HELLO at the start
        assert (stats.frames_received, stats.frames_sent) == (6, 3)
        assert (stats.frames_bad, stats.frames_oversized, stats.requests_refused) == (0, 0, 0)


# ---- INFER ----


@pytest.mark.parametrize("length", [1, 20, 50, 256])
def test_infer_gives_what_the_model_gives_for_windows_of_any_length(length):
    with HostBoard(toy_info(length)) as link:
        for seed in range(5):
            raw = window(seed, length)
            quantized, scores = toy_scores(raw)
            answer = link.infer(raw)
            assert np.array_equal(answer.scores, scores)
            assert answer.label == int(np.argmax(scores))
            assert answer.input_crc == zlib.crc32(quantized.tobytes())
            assert answer.cycles > 0
            assert answer.duration_us > 0
        assert link.counters.retries == 0


def test_a_window_of_another_shape_or_with_nan_never_leaves_the_host():
    with HostBoard(TOY) as link:
        with pytest.raises(DataError, match=r"window: shape \(49, 6\) is not \(50, 6\); toy takes this one"):
            link.infer(window(0)[:49])
        broken = window(0)
        broken[3, 3] = np.nan
        with pytest.raises(DataError, match="window: a value is not finite"):
            link.infer(broken)
        assert link.stats().inferences == 0


def test_infer_without_a_model_says_how_to_get_one():
    with HostBoard() as link, pytest.raises(DeviceError) as caught:
        link.infer(window(0))
    assert str(caught.value) == (
        "host board: the firmware carries no model; run `tinyforge build` and `tinyforge flash` to put one on the board"
    )


# ---- STREAM ----


@pytest.mark.parametrize("rate_hz", [1.0, 100.0, 119.0, 1000.0])
def test_stream_gives_every_sample_once_in_order_with_the_device_clock(rate_hz):
    with HostBoard() as link:
        assert link.start_stream(rate_hz) == rate_hz
        blocks = list(itertools.islice(link.samples(), 300))
        values = np.concatenate([block.values for block in blocks])
        assert np.array_equal(values, expected(0, len(values)))
        firsts = np.array([block.first_index for block in blocks])
        times = np.array([block.time_us for block in blocks])  # the device's clock wraps after a second
        assert np.abs((times - times[0]) - firsts * 1e6 / rate_hz).max() <= 1
        stopped = link.stop_stream()
        rest = [block.values for block in link.samples()]
        assert len(values) + sum(len(block) for block in rest) == stopped.taken == stopped.sent
        assert link.counters.lost_samples == 0


def test_samples_lost_on_the_device_are_counted_on_both_sides():
    with HostBoard(None, ("lose", "33", "5")) as link:
        link.start_stream(100)
        blocks = list(itertools.islice(link.samples(), 10))
        gap = next(block for block in blocks if block.lost_before)
        assert (gap.first_index, gap.lost_before) == (38, 5)
        for block in blocks:  # a block never spans a gap
            assert np.array_equal(block.values, expected(block.first_index, len(block.values)))
        assert link.counters.lost_samples == 5
        assert link.stop_stream().lost == 5
        assert link.stats().samples_lost == 5


def test_samples_lost_before_the_first_one_are_counted():
    with HostBoard(None, ("lose", "0", "9")) as link:
        link.start_stream(100)
        first = next(link.samples())
        assert (first.first_index, first.lost_before) == (9, 9)


def test_a_rate_the_sensor_lacks_is_refused_and_the_device_stays_usable():
    with HostBoard() as link:
        with pytest.raises(LinkRefused) as caught:
            link.start_stream(5000)
        assert caught.value.status == Status.NO_SENSOR
        assert str(caught.value) == (
            "host board: START_STREAM was refused: the sensor is missing or does not run at this rate; "
            "choose a rate the board has: `tinyforge boards` lists them"
        )
        assert link.hello().mode == Mode.IDLE
        assert link.start_stream(100) == 100


def test_requests_are_answered_in_the_middle_of_a_stream_without_losing_samples():
    with HostBoard() as link:
        link.start_stream(100)
        stream = link.samples()
        values = [next(stream).values]
        for _ in range(20):
            assert link.hello().mode == Mode.STREAM
            link.stats()
            values.append(next(stream).values)
        values = np.concatenate(values)
        assert np.array_equal(values, expected(0, len(values)))


def test_a_second_start_begins_anew_and_old_samples_are_not_taken_for_new_ones():
    with HostBoard() as link:
        for _ in range(3):
            link.start_stream(100)
            block = next(link.samples())
            assert (block.first_index, block.lost_before) == (0, 0)
        assert link.counters.lost_samples == 0


def test_a_stop_without_a_stream_repeats_the_counters():
    with HostBoard() as link:
        link.start_stream(100)
        next(link.samples())
        first = link.stop_stream()
        again = link.stop_stream()
        assert (first.mode, again.mode) == (Mode.STREAM, Mode.IDLE)
        assert (first.taken, first.sent, first.lost) == (again.taken, again.sent, again.lost)


def test_a_restart_in_the_middle_of_a_stream_is_told_with_its_reason():
    board = HostBoard(None, ("restart-at", "60"))
    with board as link:
        link.start_stream(100)
        with pytest.raises(DeviceError, match="host board: the board restarted: the watchdog: the firmware hung"):
            for _ in link.samples():
                pass
        assert link.counters.resets == 1
        assert link.hello().reset == Reset.WATCHDOG


# ---- LIVE ----


@pytest.mark.parametrize(("hop", "wanted"), [(0, 25), (1, 1), (50, 50), (73, 73)])
def test_live_predictions_come_with_the_window_they_were_made_from(hop, wanted):
    with HostBoard(TOY) as link:
        assert link.start_live(hop=hop, send_windows=True).hop == wanted
        for number, prediction in enumerate(itertools.islice(link.predictions(), 8)):
            assert prediction.sequence == number
            assert prediction.first_index == number * wanted
            assert np.array_equal(prediction.window, expected(number * wanted, 50))
            quantized, scores = toy_scores(prediction.window)
            assert np.array_equal(prediction.inference.scores, scores)
            assert prediction.inference.input_crc == zlib.crc32(quantized.tobytes())
        assert link.stop_stream().mode == Mode.LIVE


def test_live_without_windows_sends_none():
    with HostBoard(TOY) as link:
        link.start_live()
        assert all(p.window is None for p in itertools.islice(link.predictions(), 3))


def test_no_live_window_has_a_gap():
    with HostBoard(TOY, ("lose", "60", "7")) as link:
        link.start_live(send_windows=True)
        predictions = list(itertools.islice(link.predictions(), 4))
        assert [p.first_index for p in predictions] == [0, 67, 92, 117]  # 25..74 would span the gap
        for prediction in predictions:
            assert np.array_equal(prediction.window, expected(prediction.first_index, 50))
        assert link.stop_stream().lost == 7


def test_live_uses_the_columns_and_units_of_the_model():
    info = toy_info(20, (Channel("gz", "rad/s"), Channel("ax", "m/s^2"), Channel("ay", "g")), hop=20)
    with HostBoard(info) as link:
        assert list(link.device.window_channels) == [5, 0, 1]
        link.start_live(send_windows=True)
        first = next(link.predictions()).window
        factors = np.float32([np.pi / 180, 9.80665, 1])
        assert np.array_equal(first, expected(0, 20)[:, [5, 0, 1]] * factors)


def test_live_is_refused_when_the_board_lacks_a_channel_but_infer_works():
    info = toy_info(4, (Channel("ax", "g"), Channel("temperature", "degC")))
    with HostBoard(info) as link:
        assert list(link.device.window_channels) == [0, 255]
        with pytest.raises(LinkRefused) as caught:
            link.start_live()
        assert caught.value.status == Status.NO_CHANNEL
        raw = window(1, 4, 2)
        assert np.array_equal(link.infer(raw).scores, toy_scores(raw)[1])


def test_infer_and_live_share_a_buffer_and_so_exclude_each_other():
    with HostBoard(TOY) as link:
        link.start_live()
        with pytest.raises(LinkRefused) as caught:
            link.infer(window(0))
        assert caught.value.status == Status.BUSY
        link.stop_stream()
        assert np.array_equal(link.infer(window(0)).scores, toy_scores(window(0))[1])


# ---- what must not be trusted ----


def ask_raw(link, kind, body, before=()):
    """Send any bytes as a request and give the device's answer."""
    tag = link._new_tag()
    link._port.write(b"".join(encode_frame(k, tag, b) for k, b in (*before, (kind, body))))
    while True:
        frame = link._next_frame(threading.TIMEOUT_MAX)
        answer = link._route(frame, tag)
        if answer is not None:
            return answer


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        (0x42, b"", Status.UNKNOWN_MESSAGE),
        (0x90, b"", Status.UNKNOWN_MESSAGE),  # a device's own message
        (0x01, b"", Status.BAD_LENGTH),
        (0x01, b"\x01\x01", Status.BAD_LENGTH),
        (0x03, b"\0\0\0", Status.BAD_LENGTH),
        (0x04, b"\0", Status.BAD_LENGTH),
        (0x05, bytes(9), Status.BAD_LENGTH),
        (0x05, bytes(8) + b"\x02\0" + bytes(7), Status.BAD_LENGTH),
        (0x05, bytes(8) + b"\xff\xff" + bytes(16), Status.BAD_LENGTH),
        (0x05, bytes(8) + b"\x79\0" + bytes(4 * 121), Status.BAD_LENGTH),  # one more than a list may have
        (0x06, bytes(3), Status.BAD_LENGTH),
        (0x06, bytes(4), Status.INCOMPLETE_WINDOW),
        (0x02, b"\x03\0", Status.BAD_VALUE),
        (0x07, b"\0\0\x02", Status.BAD_VALUE),
        (0x08, b"x", Status.BAD_LENGTH),
        (0x05, WindowPart(1, 0, np.float32([np.inf])).encode(), Status.BAD_VALUE),
        (0x05, WindowPart(1, 0, np.float32([np.nan])).encode(), Status.BAD_VALUE),
    ],
)
def test_a_wrong_request_is_refused_with_its_reason(kind, body, status):
    with HostBoard(TOY) as link:
        link.hello()
        error = ask_raw(link, kind, body)
        assert (error.NAME, error.status, error.request) == ("ERROR", status, kind)
        assert link.stats().requests_refused == 1


def test_pieces_out_of_order_void_the_window():
    raw = window(0).ravel()
    pieces = [(0x05, WindowPart(9, at, raw[at : at + 100]).encode()) for at in (0, 100, 200)]
    infer = (9).to_bytes(4, "little")
    with HostBoard(TOY) as link:
        for order, ok in (((0, 1, 2), True), ((0, 2), False), ((0, 2, 1), False), ((1, 2), False), ((0, 1, 1), False)):
            answer = ask_raw(link, 0x06, infer, [pieces[number] for number in order])
            assert (answer.NAME == "INFERENCE") == ok
            if not ok:
                assert answer.status == Status.INCOMPLETE_WINDOW


def test_more_values_than_a_window_has_are_refused():
    pieces = [(0x05, WindowPart(9, at, np.zeros(100, np.float32)).encode()) for at in (0, 100, 200)]
    with HostBoard(TOY) as link:
        error = ask_raw(link, 0x05, WindowPart(9, 300, np.zeros(1, np.float32)).encode(), pieces)
        assert (error.status, error.text) == (Status.BAD_VALUE, "more values than a window has")


def test_noise_before_and_between_requests_is_counted_and_harmless():
    noise = random.Random(5).randbytes(5000).replace(b"\0", b"\x01")
    with HostBoard(TOY) as link:
        link._port.write(noise)  # one long frame that never was
        assert link.hello().board == "host"
        for at in range(0, 5000, 50):
            link._port.write(noise[at : at + 50] + b"\0")
        stats = link.stats()
        assert (stats.frames_bad, stats.frames_oversized) == (100, 1)
        assert np.array_equal(link.infer(window(0)).scores, toy_scores(window(0))[1])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rate", [1e-4, 1e-3, 1e-2])
def test_over_a_bad_cable_no_sample_is_wrong_and_every_lost_one_is_counted(seed, rate):
    cable = None

    def wrap(port):
        nonlocal cable
        cable = FaultyPort(port, seed, 0.0)
        return cable

    with HostBoard(wrap=wrap, timeout_s=4.0) as link:
        link.start_stream(100)
        cable.rate = rate
        kept = 0
        # At 1e-2 nearly every frame is damaged: silence is no error of its own here.
        for block in link.samples(timeout_s=20.0):
            assert np.array_equal(block.values, expected(block.first_index, len(block.values)))
            kept += len(block.values)
            if cable.faults >= 30:
                break
        cable.rate = 0.0
        stopped = link.stop_stream()
        for block in link.samples():
            assert np.array_equal(block.values, expected(block.first_index, len(block.values)))
            kept += len(block.values)
        assert kept + link.counters.lost_samples == stopped.taken
        assert stopped.lost == 0
        assert link.counters.bad_frames > 0
        assert link.counters.lost_samples > 0


@pytest.mark.parametrize("seed", range(3))
def test_over_a_bad_cable_an_inference_is_right_or_an_error(seed):
    right = 0
    with HostBoard(TOY, wrap=lambda port: FaultyPort(port, seed, 3e-4), timeout_s=2.0) as link:
        for number in range(20):
            try:
                answer = link.infer(window(number), timeout_s=2.4)
            except DeviceError:
                continue
            assert np.array_equal(answer.scores, toy_scores(window(number))[1])
            right += 1
        assert link.counters.retries > 0
    assert right >= 15


# ---- devices that misbehave ----


class Scripted:
    """A port that answers each write with the next of some bytes."""

    name = "scripted"

    def __init__(self, *answers):
        self.answers = list(answers)

    def write(self, data):
        pass

    def read_some(self, timeout_s):
        return self.answers.pop(0) if self.answers else b""

    def close(self):
        pass


HELLO = Hello(
    1, 1, 0, "host", "", "", ("ax",), ("g",), 100_000, "", bytes(32), 0, 0, 0, np.zeros(0, np.uint8), 0
).encode()


def test_a_silent_device_is_told_from_one_that_speaks_something_else():
    with pytest.raises(DeviceError) as caught:
        Link(Scripted(), timeout_s=0.02).hello()
    assert str(caught.value) == (
        "scripted: no answer to HELLO in 0.02 s; is tinyforge firmware on the board? flash it: `tinyforge flash`"
    )
    with pytest.raises(DeviceError) as caught:
        Link(Scripted(b"0.1,0.2,0.3\r\n" * 3), timeout_s=0.02).hello()
    assert str(caught.value) == (
        "scripted: 39 bytes came, but no tinyforge frame; "
        "is it another sketch or baud rate? flash ours: `tinyforge flash`"
    )


def test_a_device_that_never_stops_talking_cannot_hold_a_request_up():
    class Babbler(Scripted):
        def read_some(self, timeout_s):
            return b"U" * 100 + b"\0"

    with pytest.raises(DeviceError, match="bytes came, but no tinyforge frame"):
        Link(Babbler(), timeout_s=0.05).hello()


def test_another_version_of_the_protocol_is_named():
    port = Scripted(encode_frame(Hello.TYPE, 1, b"\x02" + bytes(3)))
    with pytest.raises(DeviceError, match="its firmware speaks version 2 of the link, this tinyforge version 1"):
        Link(port, timeout_s=0.02).hello()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (0x90, b"short"),
        (0x90, bytes(8) + b"\x01" + b"\x01\0" + np.float32([np.nan]).tobytes()),
        (0x90, bytes(8) + b"\x06" + b"\x06\0" + bytes(24)),  # six columns from a device that said one
        (0x90, bytes(8) + b"\x01" + b"\0\0"),
        (0x7E, b""),
        (0xA0, b""),
        (HelloRequest.TYPE, b"\x01"),
        (StartLive.TYPE, bytes(3)),
    ],
)
def test_impossible_messages_of_a_device_are_counted_and_dropped(kind, body):
    good = encode_frame(0x90, 3, bytes(8) + b"\x01" + b"\x01\0" + np.float32([4]).tobytes())
    port = Scripted(
        encode_frame(Hello.TYPE, 1, HELLO),
        encode_frame(Hello.TYPE, 2, HELLO),
        encode_frame(0x83, 3, (100_000).to_bytes(4, "little")),
        encode_frame(kind, 3, body) + good,
    )
    link = Link(port, timeout_s=0.02)
    link.hello()
    link.start_stream()
    block = next(link.samples())
    assert block.values.tolist() == [[4]]
    assert link.counters.malformed == 1


def test_samples_that_come_twice_or_too_late_are_dropped_and_counted():
    def sample(index, tag=3):
        body = index.to_bytes(4, "little") + bytes(4) + b"\x01" + b"\x01\0" + np.float32([index]).tobytes()
        return encode_frame(0x90, tag, body)

    port = Scripted(
        encode_frame(Hello.TYPE, 1, HELLO),
        encode_frame(Hello.TYPE, 2, HELLO),
        encode_frame(0x83, 3, (100_000).to_bytes(4, "little")),
        b"".join(sample(index) for index in (0, 1, 1, 4, 2, 3, 5)),
        sample(6, tag=77),  # of another run
    )
    link = Link(port, timeout_s=0.02)
    link.hello()
    link.start_stream()
    got = [int(block.values[0, 0]) for block in itertools.islice(link.samples(), 4)]
    assert got == [0, 1, 4, 5]
    assert (link.counters.lost_samples, link.counters.repeated_samples) == (2, 3)
    with pytest.raises(DeviceError, match=r"scripted: nothing came for 0\.1 s; is the board still plugged in"):
        next(link.samples())
    assert link.counters.stale == 1


def test_a_device_that_goes_away_is_told():
    near, far = socket.socketpair()
    link = Link(SocketPort(near, "wire"), timeout_s=0.5)
    far.close()
    with pytest.raises(DeviceError, match="wire: the device went away: "):
        link.hello()
    link.close()
