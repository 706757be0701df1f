"""Ports and what is on them: how long is listened, what is enough, and what is said of anything else."""

import errno
import os
import re
import types

import pytest
import serial

from tinyforge.core.errors import DeviceError
from tinyforge.link import Link, PortInfo, SerialPort, TextLink, detect, list_ports, open_device, ports
from tinyforge.link.detect import detect as detect_on
from tinyforge.link.frames import encode_frame
from tinyforge.link.messages import Stats
from tinyforge.link.ports import as_port, open_port


class Sayer:
    """A `Port` that says something every ``every_s`` seconds, on a clock of its own."""

    name = "sayer"

    def __init__(self, say, every_s=0.01, *, after_question=False):
        self.say = say
        self.every_s = every_s
        self.now_s = 0.0
        self.said = 0
        self.closed = False
        self.written = b""
        self.waits = after_question

    def clock(self):
        return self.now_s

    def read_some(self, timeout_s):
        assert timeout_s >= 0
        due_s = (self.said + 1) * self.every_s
        if (self.waits and not self.written) or due_s > self.now_s + timeout_s:
            self.now_s += timeout_s
            return b""
        self.now_s = max(self.now_s, due_s)
        self.said += 1
        return self.say(self.said)

    def write(self, data):
        self.written += data

    def close(self):
        self.closed = True

    def found(self, **options):
        return detect_on(self, clock=self.clock, **options)


def row(k):
    return b"%d,2\n" % k


def said_of(port, **options):
    with pytest.raises(DeviceError) as caught:
        port.found(**options)
    assert port.closed
    return str(caught.value).removeprefix("sayer: ")


def test_twelve_lines_are_sure_and_taken_at_once():
    port = Sayer(row)
    link = port.found()
    assert isinstance(link, TextLink)
    assert (port.said, port.written) == (13, b"")  # the first one is half of one
    link.close()
    assert port.closed


def test_fewer_lines_are_taken_after_a_fifth_of_a_second_without_a_question():
    port = Sayer(row, every_s=0.0625)
    assert isinstance(port.found(), TextLink)
    assert (port.now_s, port.written) == (pytest.approx(0.2), b"")


@pytest.mark.parametrize(("every_s", "taken"), [(0.75, True), (1.5, True), (2.05, True), (2.1, False)])
def test_slow_lines_are_waited_for_four_seconds_after_our_firmware_did_not_answer(every_s, taken):
    port = Sayer(row, every_s=every_s)
    if taken:
        assert isinstance(port.found(), TextLink)
    else:
        assert said_of(port).startswith("8 bytes of text came")
        assert port.now_s == pytest.approx(0.2 + 2 + 4)
    assert port.written  # it was asked


def test_lines_that_begin_with_our_question_are_found():
    port = Sayer(row, after_question=True)
    assert isinstance(port.found(), TextLink)


@pytest.mark.parametrize("timeout_s", [0.5, 3.0])
def test_silence_is_that_of_our_firmware(timeout_s):
    port = Sayer(row, every_s=100.0)
    assert said_of(port, timeout_s=timeout_s) == (
        f"no answer to HELLO in {timeout_s:g} s; is tinyforge firmware on the board? flash it: `tinyforge flash`"
    )
    assert port.now_s == pytest.approx(0.2 + timeout_s)


def test_our_frames_without_an_answer_are_ours():
    stats = encode_frame(Stats.TYPE, 9, Stats(*[0] * 10).encode())
    assert said_of(Sayer(lambda k: stats, every_s=0.05)).startswith("no answer to HELLO in 2 s; is tinyforge firmware")


def test_other_text_is_shown():
    port = Sayer(lambda k: b"  the sketch blinks \x01%d\r\n" % k + b"\n", every_s=0.5)
    assert said_of(port) == (
        "303 bytes of text came, but neither tinyforge frames nor lines of numbers, "
        "for instance 'the sketch blinks ?12'; "
        "it is another sketch: flash ours with `tinyforge flash`, or let it print one sample a line: 0.1,-0.2,9.8"
    )
    assert "for instance ''" in said_of(Sayer(lambda k: b"x" * 10, every_s=0.5))
    assert f"for instance {'y' * 40!r}" in said_of(Sayer(lambda k: b"y" * 60 + b"\n", every_s=0.5))


@pytest.mark.parametrize(
    ("say", "every_s", "said"),
    [
        (lambda k: b"a" * 96 + b"\xf0" * 4, 1.0, "600 bytes of text came"),
        (
            lambda k: b"a" * 95 + b"\xf0" * 5,
            1.0,
            "600 bytes came at 300 baud, but neither tinyforge frames nor text (95 %",
        ),
        (
            lambda k: b"\xf0" * 3 + b"a",
            1.0,
            "24 bytes came at 300 baud, but neither tinyforge frames nor text (25 % pri",
        ),
        (
            lambda k: b"a" * 949 + b"\xf0" * 51,
            1.0,
            "6000 bytes came at 300 baud, but neither tinyforge frames nor text (94 %",
        ),
        (lambda k: b"\xf0" * 1000, 0.1, "more than 32768 bytes came at 300 baud"),
        (lambda k: b"zzzzzzz\n" * 100, 0.1, "more than 32768 bytes of text came"),
    ],
)
def test_other_bytes_are_counted(say, every_s, said):
    text = said_of(Sayer(say, every_s), baud=300)
    assert text.startswith(said)
    if "baud" in said:
        assert text.endswith(
            "% printable); the baud rate is wrong or it is another device: try --baud 9600, 57600, 230400 or 921600, "
            "or flash ours: `tinyforge flash`"
        )


def test_open_device_takes_what_open_port_takes():
    with pytest.raises(DeviceError, match="no such device"):
        open_device("/dev/nothing-here", timeout_s=0.05, baud=9600)
    with pytest.raises(DeviceError, match=r"loop://: no answer to HELLO in 0\.05 s"):
        open_device("loop://", timeout_s=0.05)
    assert detect.DEFAULT_BAUD == 115200


# ---- ports ----


def comport(device, vid, pid, description, hwid="USB", number=None):
    return types.SimpleNamespace(
        device=device, vid=vid, pid=pid, description=description, hwid=hwid, serial_number=number
    )


def test_ports_are_those_with_hardware_behind_them(monkeypatch):
    from serial.tools import list_ports as serial_ports

    here = [
        comport("/dev/ttyS0", None, None, "n/a", "n/a"),
        comport("/dev/ttyS1", None, None, "x", None),
        comport("/dev/ttyUSB0", 0x10C4, None, None),
        comport("/dev/ttyACM0", 0x2341, 0x805A, "Nano 33", number="ABC"),
        comport("/dev/ttyAMA0", None, None, "n/a", "PNP0501"),
    ]
    monkeypatch.setattr(serial_ports, "comports", lambda: here)
    assert list_ports() == [
        PortInfo("/dev/ttyACM0", (0x2341, 0x805A), "Nano 33", "ABC"),
        PortInfo("/dev/ttyAMA0", None, "", ""),
        PortInfo("/dev/ttyUSB0", None, "", ""),
    ]


class Fake:
    """What pyserial's ports have of what is used."""

    port = "COM3"

    def __init__(self, data=b"", error=None):
        self.data = data
        self.error = error
        self.timeout = None
        self.timeouts = []
        self.reads = []
        self.hidden = 0  # bytes that have come while the first is read

    def __setattr__(self, name, value):
        if name == "timeout" and value is not None:
            self.timeouts.append(value)
        super().__setattr__(name, value)

    @property
    def in_waiting(self):
        if self.error:
            raise self.error
        return max(len(self.data) - self.hidden, 0)

    def read(self, size):
        self.reads.append(size)
        self.hidden = 0
        data, self.data = self.data[:size], self.data[size:]
        return data

    def write(self, data):
        if self.error:
            raise self.error
        self.data += data

    def close(self):
        self.data = b"closed"


def test_what_waits_is_read_at_once_and_otherwise_the_first_byte_is_waited_for():
    fake = Fake(b"abc")
    port = as_port(fake)
    assert port.name == "COM3"
    assert (port.read_some(1.0), fake.reads, fake.timeouts) == (b"abc", [3], [])
    fake.data, fake.hidden = b"defg", 9
    assert (port.read_some(0.5), fake.reads[1:], fake.timeouts) == (b"defg", [1, 3], [0.5])
    assert (port.read_some(0.5), fake.timeouts) == (b"", [0.5])  # the same again is not set again
    assert port.read_some(0.0) == b""
    assert fake.timeouts == [0.5, 0.0]
    fake.data, fake.hidden = b"h", 9
    assert port.read_some(0.0) == b"h"
    fake.data = bytes(100_000)
    assert len(port.read_some(0.0)) == 1 << 16
    port.write(b"x")
    assert fake.data.endswith(b"\0x")
    port.close()
    assert fake.data == b"closed"
    assert SerialPort(fake, "mine").name == "mine"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            serial.SerialException("gone"),
            "COM3: the device went away: gone; plug it in again, or press its reset button",
        ),
        (OSError(errno.EIO, "Input/output error"), "COM3: the device went away: Input/output error; "),
    ],
)
def test_a_port_that_goes_away_is_told(error, said):
    port = as_port(Fake(error=error))
    for call in (lambda: port.read_some(1.0), lambda: port.write(b"x")):
        with pytest.raises(DeviceError, match=re.escape(said)):
            call()


def test_a_device_that_takes_nothing_is_told():
    with pytest.raises(DeviceError, match="COM3: the device takes no data; press its reset button"):
        as_port(Fake(error=serial.SerialTimeoutException("Write timeout"))).write(b"x")


def test_a_port_is_opened_alone_with_its_baud_rate_and_a_limit_for_writing(monkeypatch):
    made = []

    class Opened(Fake):
        exclusive = None
        is_open = False

        def __init__(self, url, **options):
            super().__init__()
            made.append((self, url, options))

        def open(self):
            self.is_open = True

    monkeypatch.setattr(serial, "serial_for_url", Opened)
    port = open_port("/dev/ttyX", 9600)
    opened, url, options = made[0]
    assert (url, options) == ("/dev/ttyX", {"baudrate": 9600, "do_not_open": True})
    assert (opened.exclusive, opened.is_open, opened.write_timeout, port.name) == (True, True, 5.0, "/dev/ttyX")
    open_port("hwgrep://X")
    assert (made[1][0].exclusive, made[1][2]["baudrate"]) == (None, 115200)


@pytest.mark.parametrize(
    ("number", "fact"),
    [
        (errno.EPERM, "permission denied"),
        (errno.ENODEV, "there is no device behind this port"),
        (errno.ENXIO, "there is no device behind this port"),
        (errno.EINVAL, "is not a serial port"),
        (errno.EISDIR, "is not a serial port"),
    ],
)
def test_why_else_a_port_does_not_open(number, fact, monkeypatch):
    monkeypatch.setattr(ports, "list_ports", list)
    assert ports._open_error("/dev/x", OSError(number, os.strerror(number))).fact == fact
    assert ports._open_error("COM9", OSError(None, "Could not configure port: x")).fact == "is not a serial port"
    assert ports._open_error("COM9", OSError("what")).fact == "cannot be opened: what"


def test_a_wrong_setting_of_a_path_and_of_a_url_are_told(monkeypatch):
    monkeypatch.setattr(ports, "list_ports", list)

    def refuses(*_, **__):
        raise ValueError("Not a valid baudrate")

    monkeypatch.setattr(serial, "serial_for_url", refuses)
    with pytest.raises(DeviceError, match="/dev/x: cannot be opened: Not a valid baudrate; there is no serial port"):
        open_port("/dev/x", 3)
    with pytest.raises(DeviceError, match='spy://x: "spy" is no kind of port, or its URL is wrong: Not a valid'):
        open_port("spy://x")


def test_our_board_is_a_link():
    from fake_device import ClockedPort, FakeBoard

    port = ClockedPort(FakeBoard())
    assert isinstance(detect_on(port, clock=port.clock), Link)
