"""``virtual://`` behaves as a pyserial port."""

from __future__ import annotations

import threading
import time

import pytest
import serial
from emulator_programs import CLOCKS, ECHO

import tinyforge.virtual  # noqa: F401  (registers the scheme)
from tinyforge.core.errors import BoardFault, DeviceError, UsageError
from tinyforge.virtual import virtual_url
from tinyforge.virtual.serial_protocol.protocol_virtual import parse_url

pytestmark = pytest.mark.emulator


@pytest.fixture
def port(make_image):
    with serial.serial_for_url(virtual_url(make_image(ECHO)), timeout=0.5) as opened:
        yield opened


def test_write_and_read(port):
    assert port.write(b"abc") == 3
    assert port.read(3) == b"ABC"
    port.write(b"xyz\n")
    assert port.read_until(b"\x2a") == b"XYZ\x2a"


def test_timeout_is_the_boards_time(port):
    started, before = time.process_time(), port.board.time_s
    port.timeout = 30.0
    assert port.read(1) == b""
    assert port.board.time_s - before == pytest.approx(30.0, abs=0.01)
    assert time.process_time() - started < 5.0


def test_timeout_gives_what_there_is(port):
    port.write(b"abc")
    assert port.read(10) == b"ABC"


def test_no_waiting_at_all(port):
    port.timeout = 0
    port.write(b"abc")
    assert port.read(3) == b""  # no time has passed for the board
    assert port.in_waiting == 3  # looking lets it run
    assert port.read(3) == b"ABC"


def test_reset_buffers(port):
    port.write(b"abc")
    assert port.in_waiting == 3
    port.reset_input_buffer()
    port.timeout = 0
    assert port.read(3) == b""
    port.write(b"abc")
    port.reset_output_buffer()
    assert port.in_waiting == 0


def test_blocking_read_sees_what_another_thread_writes(port):
    port.timeout = None
    writer = threading.Timer(0.1, port.write, [b"late"])
    writer.start()
    assert port.read(4) == b"LATE"
    writer.join()


def test_closed_port_says_so(make_image):
    opened = serial.serial_for_url(virtual_url(make_image(ECHO)))
    opened.close()
    opened.close()
    with pytest.raises(serial.PortNotOpenError):
        opened.read(1)
    opened.open()  # and can be opened again: power on
    opened.timeout = 1
    opened.write(b"a")
    assert opened.read(1) == b"A"
    opened.close()


def test_fault_reaches_the_reader(make_image):
    broken = CLOCKS.replace("tfw_hal_idle();", "*(volatile uint32_t *)0x60000000u = 1;")
    with (
        serial.serial_for_url(virtual_url(make_image(broken)), timeout=1) as opened,
        pytest.raises(BoardFault, match="tfw_loop: write of 4 bytes at 0x60000000"),
    ):
        opened.read(1)


def test_settings_of_a_real_port_are_accepted(port):
    port.baudrate = 9600
    port.rts = port.dtr = False
    port.send_break(0.01)
    port.flush()
    assert port.out_waiting == 0
    assert (port.cts, port.dsr, port.ri, port.cd) == (True, True, False, True)


def test_missing_image(tmp_path):
    with pytest.raises(DeviceError, match=r"no image at .*none\.elf; build one with `tinyforge build --board virtual`"):
        serial.serial_for_url(virtual_url(tmp_path / "none.elf"))


def test_motion_and_strange_paths(make_image, tmp_path):
    strange = tmp_path / "a b?c&d=e%41#.elf"
    strange.write_bytes(make_image(ECHO).read_bytes())
    url = virtual_url(strange, motion="police:label=stop,subject=7", board="virtual")
    with serial.serial_for_url(url, timeout=1) as opened:
        assert len(opened.board.imu.motion.sample(0)) == 6
        opened.write(b"a")
        assert opened.read(1) == b"A"


@pytest.mark.parametrize(
    "url", ["virtual:///x/y.elf?motion=file:/a b/c.csv&board=virtual", "VIRTUAL:///x/y.elf?board=virtual"]
)
def test_parse_url(url):
    path, options = parse_url(url)
    assert str(path) == "/x/y.elf"
    assert options["board"] == "virtual"
    assert options.get("motion", "file:/a b/c.csv") == "file:/a b/c.csv"


def test_option_values_keep_their_own_marks():
    _, options = parse_url("virtual://x.elf?motion=file:/a&b=c.csv&board=virtual")
    assert options == {"motion": "file:/a&b=c.csv", "board": "virtual"}


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("socket://x", "not a virtual:// URL"),
        ("virtual://", "no image is named"),
        ("virtual://x.elf?motoin=rest", 'unknown option "motoin"; did you mean "motion"?'),
    ],
)
def test_wrong_urls(url, message):
    with pytest.raises(UsageError, match=message.replace("?", r"\?")):
        parse_url(url)
