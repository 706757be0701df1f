"""The runner of MLPerf Tiny's text protocol, against a device that says what a test says."""

import dataclasses

import pytest

from tinyforge.core.errors import DeviceError
from tinyforge.link.eembc import Runner, Timing


class Device:
    """Answers each command with lines; on a clock that moves while the host waits."""

    name = "dut"

    def __init__(self, *answers, piece=1000):
        self.answers = list(answers)
        self.asked = []
        self.waiting = b""
        self.now_s = 10.0
        self.piece = piece

    def clock(self):
        return self.now_s

    def write(self, data):
        assert data.endswith(b"%")
        self.asked.append(data[:-1].decode())
        if self.answers:
            self.waiting += "".join(f"{line}\r\n" for line in self.answers.pop(0).split("|") if line).encode()

    def read_some(self, timeout_s):
        assert timeout_s >= 0
        data, self.waiting = self.waiting[: self.piece], self.waiting[self.piece :]
        if not data:
            self.now_s += timeout_s
        return data

    def runner(self, **options):
        return Runner(self, clock=self.clock, **options)


def fact_of(call, *arguments):
    with pytest.raises(DeviceError) as caught:
        call(*arguments)
    return str(caught.value).removeprefix("dut: ")


@pytest.mark.parametrize("piece", [1, 2, 7, 1000])
def test_an_answer_is_its_lines_however_the_bytes_come(piece):
    device = Device("m-one|m-two|m-ready", "m-ready", piece=piece)
    runner = device.runner()
    assert runner.command("name") == ["m-one", "m-two"]
    assert runner.command("profile") == []
    assert device.asked == ["name", "profile"]


def test_lines_are_given_one_by_one_and_what_is_no_text_is_shown_as_such():
    device = Device()
    device.waiting = b"a\nb\r\n\xff\n"
    runner = device.runner()
    assert [runner.line() for _ in range(3)] == ["a", "b", "\ufffd"]


@pytest.mark.parametrize(("options", "silence_s"), [({}, 5), ({"timeout_s": 0.5}, 0.5)])
def test_silence_is_told(options, silence_s):
    device = Device("half a line", "m-ready")
    runner = device.runner(**options)
    assert fact_of(runner.command, "name") == (
        f"no line in {silence_s:g} s; is its firmware built with `tinyforge firmware eject --link eembc`?"
    )
    assert device.now_s == 10 + silence_s


def test_each_line_has_its_time_and_none_has_more():
    class Slow(Device):
        def read_some(self, timeout_s):
            self.now_s += 1
            return super().read_some(min(timeout_s, 1))

    device = Slow("m-one|m-ready", piece=2)
    assert device.runner().command("name") == ["m-one"]
    assert device.now_s == 10 + 8  # 16 bytes
    device.waiting = b"no line" * 100
    assert fact_of(device.runner().line).startswith("no line in 5 s")
    assert device.now_s == 18 + 5


def test_an_error_of_the_device_is_told_without_its_brackets():
    assert fact_of(Device("m-x|e-[Unknown command: x]|m-ready").runner().command, "x") == (
        "Unknown command: x; see docs/eembc.md"
    )


def test_an_input_goes_out_31_bytes_at_a_time():
    data = bytes(range(70))
    device = Device("m-load|m-ready", "m-ready", "m-ready", "m-load-done|m-ready")
    device.runner().load(data)
    assert device.asked == ["db load 70", f"db {data[:31].hex()}", f"db {data[31:62].hex()}", f"db {data[62:].hex()}"]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (["m-ready"], "; 3 bytes are no input of this model"),
        (["Too many|m-ready"], "Too many; 3 bytes are no input of this model"),
        (["one|two|m-ready"], "one; two; 3 bytes are no input of this model"),
        (["m-load|m-ready", "m-ready"], "answered [] to the last byte; reset it and try again"),
        (["m-load|m-ready", "m-load-dono|m-ready"], "answered ['m-load-dono'] to the last byte; "),
        (["m-load|m-ready", "m-load-zone|m-ready"], "answered ['m-load-zone'] to the last byte; "),
        (["m-load|m-ready", "m-load-done|m-x|m-ready"], "answered ['m-load-done', 'm-x'] to the last byte; "),
    ],
)
def test_an_input_that_is_not_taken_is_told(answers, said):
    assert fact_of(Device(*answers).runner().load, b"abc").startswith(said)


@pytest.mark.parametrize(
    ("begin", "end", "duration_us"), [(100, 350, 250), (4_294_967_290, 10, 16), (0, 4_294_967_295, 4_294_967_295)]
)
def test_an_inference_is_timed_by_the_clock_of_the_device_which_may_wrap(begin, end, duration_us):
    device = Device(f"m-lap-us-{begin}|m-warm|m-lap-us-{end}|m-results-[0.125,0.875]|m-ready")
    assert device.runner().infer(20, 3) == Timing(20, duration_us, (0.125, 0.875))
    assert device.asked == ["infer 20 3"]


def test_without_a_warm_up_none_is_asked_for():
    device = Device("m-lap-us-1|m-lap-us-2|m-results-[]|m-ready")
    assert device.runner().infer(1) == Timing(1, 1, ())
    assert device.asked == ["infer 1 0"]


WAY = "two are those of performance mode, none those of energy mode: is its firmware built for this one?"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            "m-lap-us-1|m-results-[0.5]",
            f"gave 1 time stamps; {WAY}",
        ),
        ("m-lap-us-1|m-lap-us-2|m-lap-us-3|m-results-[0.5]", "gave 3 time stamps; "),
        ("m-lap-us-1x|m-lap-us-2|m-results-[0.5]", "gave 1 time stamps; "),
        ("m-lap-us-1|m-lap-us-2", "answered 'm-lap-us-2' instead of results; reset it and try again"),
        ("m-lap-us-1|m-lap-us-2|m-results-[x]", "answered 'm-results-[x]' instead of results; "),
    ],
)
def test_a_timing_that_is_none_is_told(lines, said):
    assert fact_of(Device(f"{lines}|m-ready").runner().infer, 1).startswith(said)


def test_in_energy_mode_a_monitor_sees_the_time_and_pieces_are_of_26_bytes():
    device = Device("m-load|m-ready", "m-ready", "m-load-done|m-ready", "m-x|m-results-[0.5]|m-ready")
    runner = device.runner(energy=True)
    runner.load(bytes(range(50)))
    assert device.asked[1:] == [f"db {bytes(range(26)).hex()}", f"db {bytes(range(26, 50)).hex()}"]
    assert runner.infer(3) == Timing(3, None, (0.5,))
    device.answers = ["m-lap-us-1|m-lap-us-2|m-results-[0.5]|m-ready"]
    assert fact_of(runner.infer, 1).startswith("gave 2 time stamps; two are those of performance mode")


def test_results_are_the_last_line():
    device = Device("m-x|m-results-[0.000,0.996,0.004]|m-ready")
    assert device.runner().results() == (0.0, 0.996, 0.004)
    assert device.asked == ["results"]
    assert fact_of(Device("m-ready").runner().results) == "answered '' instead of results; reset it and try again"


def test_a_timing_is_frozen():
    timing = Timing(1, 2, ())
    assert not hasattr(timing, "__dict__")
    with pytest.raises(dataclasses.FrozenInstanceError):
        timing.inferences = 2
