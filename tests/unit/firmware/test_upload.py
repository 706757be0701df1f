"""Flashing a real board: every way it goes wrong has an error that says what to do. Ports and tools are stand-ins."""

from __future__ import annotations

import re
import sys

import pytest

from tinyforge.boards import list_boards, load_board
from tinyforge.core.errors import DeviceError, ToolError
from tinyforge.firmware import flash as flash_image
from tinyforge.firmware.upload import ATTEMPTS, TOUCH_BAUD, Host, upload, usb_devices
from tinyforge.link import PortInfo

APPLICATION, BOOT = (0x2341, 0x805A), (0x2341, 0x005A)
ST_LINK, ST_COM = (0x0483, 0x3748), (0x0483, 0x5740)
TWICE = "Press its reset button twice, quickly: the light fades in and out, then flash again"


class Desk:
    """A machine with boards on it. One that is touched goes away and comes back on another port, as real ones do."""

    def __init__(self, *ports, usb=(), says="", touches=1, uploads=1):
        self.ports = [PortInfo(path, usb_id, "", "A1") for path, usb_id in ports]
        self.usb, self.says = list(usb), says
        self.touches_needed, self.uploads_needed = touches, uploads
        self.now, self.touched, self.uploaded, self.later = 0.0, [], [], []
        self.busy, self.failure = set(), "the tool failed"
        self.stay = []  # other devices, which nobody touches
        self.boot, self.boot_path, self.vanishes = BOOT, "/dev/ttyACM1", False

    def host(self):
        return Host(self.look, lambda: self.usb, self.open, self.ask, self.sleep, lambda: self.now)

    def look(self):
        while self.later and self.later[0][0] <= self.now:
            self.ports = self.later.pop(0)[1]
        return [*self.ports, *self.stay]

    def sleep(self, seconds):
        self.now += seconds

    def open(self, port, baud):
        desk = self
        if port in self.busy:
            raise DeviceError(port, "in use by another program", "close the serial monitor or IDE that has it open")

        class Opened:
            def close(self):
                desk.touch(port, baud)

        if self.vanishes and baud == TOUCH_BAUD:
            desk.touch(port, baud)
            raise DeviceError(port, "there is no device behind this port", "")
        return Opened()

    def ask(self, port):
        self.open(port, 115200)
        return self.says

    def touch(self, port, baud):
        assert baud == TOUCH_BAUD
        self.touched.append(port)
        if len(self.touched) >= self.touches_needed:
            if self.vanishes:
                self.ports = []
            boot = PortInfo(self.boot_path, self.boot, "", "B")
            self.later = [(self.now + 0.3, []), (self.now + 1.2, [boot])]

    def upload(self, port, protocol):
        self.uploaded.append((port, protocol))
        if len(self.uploaded) < self.uploads_needed:
            raise ToolError("PlatformIO", self.failure, "the whole log is flash.log")
        back = APPLICATION if port else ST_COM
        self.later = [(self.now + 0.5, []), (self.now + 2.0, [PortInfo("/dev/ttyACM0", back, "", "A1")])]


def flash(desk, board="nano33", port=""):
    return upload(load_board(board), port, desk.upload, desk.host())


def test_a_board_is_touched_uploaded_to_and_found_again():
    desk = Desk(("/dev/ttyACM0", APPLICATION), ("/dev/ttyUSB0", (0x0403, 0x6001)), says="nano33")
    assert flash(desk) == "/dev/ttyACM0"
    assert (desk.touched, desk.uploaded) == (["/dev/ttyACM0"], [("/dev/ttyACM1", "")])


def test_another_program_on_the_board_does_not_answer_and_is_replaced():
    desk = Desk(("/dev/ttyACM0", APPLICATION))
    assert flash(desk) == "/dev/ttyACM0"


def test_a_board_in_its_boot_loader_is_not_touched():
    desk = Desk(("/dev/ttyACM1", BOOT), says="must not be asked")
    assert flash(desk) == "/dev/ttyACM0"
    assert (desk.touched, desk.uploaded) == ([], [("/dev/ttyACM1", "")])


def test_a_touch_that_does_nothing_is_repeated():
    desk = Desk(("/dev/ttyACM0", APPLICATION), touches=ATTEMPTS)
    assert flash(desk) == "/dev/ttyACM0"
    assert desk.touched == ["/dev/ttyACM0"] * ATTEMPTS


def test_an_upload_that_fails_is_repeated_on_the_boot_loaders_port():
    desk = Desk(("/dev/ttyACM0", APPLICATION), uploads=ATTEMPTS)
    assert flash(desk) == "/dev/ttyACM0"
    assert desk.uploaded == [("/dev/ttyACM1", "")] * ATTEMPTS
    assert desk.touched == ["/dev/ttyACM0"]


def test_a_port_named_by_its_usb_numbers():
    desk = Desk(("/dev/ttyACM0", APPLICATION), ("/dev/ttyUSB0", (0x0403, 0x6001)), says="nano33")
    assert flash(desk, port="2341:805A") == "/dev/ttyACM0"
    assert (desk.touched, desk.uploaded) == (["/dev/ttyACM0"], [("/dev/ttyACM1", "")])
    desk = Desk(("/dev/ttyACM1", BOOT))
    assert flash(desk, port="2341:5a") == "/dev/ttyACM0"
    assert (desk.touched, desk.uploaded) == ([], [("/dev/ttyACM1", "")])


@pytest.mark.parametrize(
    ("port", "message"),
    [
        ("2341:805b", "2341:805b: no device with these USB numbers; `tinyforge devices` lists what is there"),
        ("2341:805a", "2341:805a: 2 of them: /dev/ttyACM0, /dev/ttyACM5; choose: --port /dev/ttyACM0"),
        ("0403:6001", "/dev/ttyUSB0: is a device 0403:6001, not Arduino Nano 33 BLE Sense; `tinyforge devices` lists"),
    ],
)
def test_usb_numbers_of_none_of_two_and_of_another(port, message):
    desk = Desk(("/dev/ttyACM0", APPLICATION), ("/dev/ttyACM5", APPLICATION), ("/dev/ttyUSB0", (0x0403, 0x6001)))
    with pytest.raises(DeviceError) as caught:
        flash(desk, port=port)
    assert str(caught.value).startswith(message)
    assert desk.touched == []


@pytest.mark.parametrize("product", [0x015A, 0x025A])
def test_a_nano_that_shows_other_numbers_of_arduinos_list(product):
    desk = Desk(("/dev/ttyACM0", (0x2341, product)))
    assert flash(desk) == "/dev/ttyACM0"
    assert (desk.touched, desk.uploaded) == (["/dev/ttyACM0"], [("/dev/ttyACM1", "")])


def test_no_board():
    with pytest.raises(DeviceError) as caught:
        flash(Desk())
    plug = "plug it in, by a cable that carries data and not only power"
    assert str(caught.value) == f"Arduino Nano 33 BLE Sense: no such board on any port; {plug}. {TWICE}"
    with pytest.raises(DeviceError, match=r"ports here: /dev/ttyACM7 \(ST SensorTile .*\), /dev/ttyS0\. Press"):
        flash(Desk(("/dev/ttyACM7", ST_COM), ("/dev/ttyS0", None)))


def test_two_boards():
    with pytest.raises(DeviceError, match="2 of them: /dev/ttyACM0, /dev/ttyACM4; choose: --port /dev/ttyACM0"):
        flash(Desk(("/dev/ttyACM0", APPLICATION), ("/dev/ttyACM4", APPLICATION)))


def other(path, usb_id):
    return PortInfo(path, usb_id, "", "C")


def test_another_board_of_the_kind_is_left_alone():
    """Neither one that waits in its boot loader nor one that runs is taken for the one that was named."""
    desk = Desk(("/dev/ttyACM4", APPLICATION))
    desk.stay = [other("/dev/ttyACM0", APPLICATION), other("/dev/ttyACM2", BOOT)]
    desk.boot_path = "/dev/ttyACM5"
    back = [(desk.now, [PortInfo("/dev/ttyACM6", APPLICATION, "", "A1")])]
    desk.upload = lambda port, protocol: (desk.uploaded.append((port, protocol)), setattr(desk, "later", back))
    assert flash(desk, port="/dev/ttyACM4") == "/dev/ttyACM6"
    assert (desk.touched, desk.uploaded) == (["/dev/ttyACM4"], [("/dev/ttyACM5", "")])


def test_a_port_that_vanishes_while_it_is_touched():
    desk = Desk(("/dev/ttyACM0", APPLICATION))
    desk.vanishes = True
    assert flash(desk) == "/dev/ttyACM0"
    assert (desk.touched, desk.uploaded) == (["/dev/ttyACM0"], [("/dev/ttyACM1", "")])


def test_a_boot_loader_with_other_numbers():
    """One of the board's maker that appears after the touch is it; what was there before, or is another's, is not."""
    desk = Desk(("/dev/ttyACM0", APPLICATION))
    desk.boot = (0x2341, 0x035A)
    desk.stay = [other("/dev/ttyACM8", (0x2341, 0x0043))]
    assert flash(desk) == "/dev/ttyACM0"
    assert desk.uploaded == [("/dev/ttyACM1", "")]
    desk = Desk(("/dev/ttyACM0", APPLICATION))
    desk.boot = (0x1234, 0x035A)
    with pytest.raises(DeviceError, match="does not restart into its boot loader"):
        flash(desk)
    assert desk.uploaded == []


def test_a_port_without_permission():
    desk = Desk(("/dev/ttyACM0", APPLICATION))

    def refuse(port, _baud):
        raise DeviceError(port, "permission denied", "add yourself to the group")

    desk.open = refuse
    with pytest.raises(DeviceError, match="/dev/ttyACM0: permission denied; add yourself to the group"):
        flash(desk)
    assert desk.uploaded == []


def test_a_port_that_is_no_usb_device():
    desk = Desk(("/dev/ttyS0", None))
    with pytest.raises(DeviceError, match="/dev/ttyS0: is no USB device, not Arduino Nano 33 BLE Sense"):
        flash(desk, port="/dev/ttyS0")
    assert desk.now == 0  # at once


def test_a_wrong_board():
    desk = Desk(("/dev/ttyACM7", ST_COM), ("/dev/ttyACM8", (0x1234, 0x5678)))
    with pytest.raises(DeviceError) as caught:
        flash(desk, port="/dev/ttyACM7")
    assert str(caught.value) == (
        "/dev/ttyACM7: is ST SensorTile (STEVAL-STLKT01V1), not Arduino Nano 33 BLE Sense; "
        "`tinyforge devices` lists ports and boards: choose by --port and --board"
    )
    with pytest.raises(DeviceError, match="is a device 1234:5678, not Arduino Nano 33 BLE Sense"):
        flash(desk, port="/dev/ttyACM8")
    with pytest.raises(DeviceError, match='answers as "b_l475e_iot01a", not as Arduino Nano 33'):
        flash(Desk(("/dev/ttyACM0", APPLICATION), says="b_l475e_iot01a"))
    assert desk.uploaded == []


def test_a_busy_port():
    desk = Desk(("/dev/ttyACM0", APPLICATION))
    desk.busy.add("/dev/ttyACM0")
    with pytest.raises(DeviceError) as caught:
        flash(desk)
    assert str(caught.value) == (
        "/dev/ttyACM0: in use by another program; close the serial monitor or IDE that has it open"
    )
    assert desk.uploaded == []


def test_a_boot_loader_that_never_appears():
    desk = Desk(("/dev/ttyACM0", APPLICATION), touches=99)
    with pytest.raises(DeviceError) as caught:
        flash(desk)
    said = "/dev/ttyACM0: Arduino Nano 33 BLE Sense does not restart into its boot loader"
    assert str(caught.value) == f"{said}; {TWICE}"
    assert len(desk.touched) == ATTEMPTS


def test_an_upload_that_never_succeeds():
    desk = Desk(("/dev/ttyACM0", APPLICATION), uploads=99)
    desk.failure = "No device found on ttyACM1"
    with pytest.raises(ToolError) as caught:
        flash(desk)
    assert str(caught.value) == f"upload: No device found on ttyACM1; {TWICE}"
    assert len(desk.uploaded) == ATTEMPTS


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("sh: 1: /home/me/.platformio/packages/tool-bossac/bossac: not found", "bossac"),
        ("'bossac': command not found", "bossac"),
        ("Could not find the package with 'tool-openocd @ ~3' requirements", "tool-openocd"),
        ("FileNotFoundError: [Errno 2] No such file or directory: '/opt/openocd'", "openocd"),
    ],
)
def test_a_missing_tool(said, name):
    desk = Desk(("/dev/ttyACM0", APPLICATION), uploads=99)
    desk.failure = said
    with pytest.raises(ToolError) as caught:
        flash(desk)
    assert caught.value.fact == f"the tool {name} is missing:\n{said}"
    assert caught.value.way_out.startswith("connect to the internet once")
    assert len(desk.uploaded) == 1  # trying again would not help


def test_a_board_that_does_not_come_back():
    desk = Desk(("/dev/ttyACM0", APPLICATION))
    desk.upload = lambda port, protocol: desk.uploaded.append((port, protocol))
    with pytest.raises(DeviceError, match="took the image, but does not come back; press its reset button once"):
        flash(desk)


def test_a_sensortile_by_its_probe():
    desk = Desk(usb=[(0x1D6B, 2), ST_LINK])
    assert flash(desk, "sensortile") == "/dev/ttyACM0"
    assert desk.uploaded == [("", "stlink")]
    desk = Desk(usb=[(0x0483, 0xDF11)])
    flash(desk, "sensortile")
    assert desk.uploaded == [("", "dfu")]


def test_a_sensortile_without_a_probe_or_with_two():
    with pytest.raises(DeviceError, match=r"no ST-LINK is plugged in; connect one by USB\. Put an ST-LINK on the five"):
        flash(Desk(usb=[(0x1D6B, 2)]), "sensortile")
    with pytest.raises(DeviceError, match="2 ST-LINKs are plugged in; leave only the one of this board"):
        flash(Desk(usb=[ST_LINK, ST_LINK]), "sensortile")


def test_where_the_system_does_not_tell_the_tool_finds_its_probe():
    desk = Desk()
    desk.usb = None
    assert flash(desk, "sensortile") == "/dev/ttyACM0"
    assert desk.uploaded == [("", "")]


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("Error: libusb_open() failed with LIBUSB_ERROR_ACCESS", "99-platformio-udev.rules"),
        ("Error: init mode failed (unable to connect to the target)", "is the board powered"),
    ],
)
def test_a_probe_that_fails(said, advice):
    desk = Desk(usb=[ST_LINK], uploads=99)
    desk.failure = said
    with pytest.raises(ToolError, match=re.escape(said)) as caught:
        flash(desk, "sensortile")
    assert advice in caught.value.way_out
    assert len(desk.uploaded) == ATTEMPTS


def test_every_real_board_says_how_it_is_flashed():
    for board in list_boards():
        if board.launcher == "platformio":
            assert board.upload.hint, board.id
            assert not board.upload.hint.endswith(".")


def test_usb_devices_as_linux_tells_them(tmp_path):
    for name, vendor, product in (("1-1", "2341", "805a"), ("usb1", "1d6b", "0002")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "idVendor").write_text(f"{vendor}\n")
        (tmp_path / name / "idProduct").write_text(f"{product}\n")
    (tmp_path / "1-1:1.0").mkdir()  # an interface
    assert usb_devices(tmp_path) == [(0x2341, 0x805A), (0x1D6B, 2)]
    assert usb_devices(tmp_path / "none") is None


def test_what_platformio_is_given(monkeypatch, tmp_path):
    """The image as it lies in flash, the boot loader's port, and no second touch."""
    from types import SimpleNamespace

    module = sys.modules[flash_image.__module__]
    elf = tmp_path / "firmware.elf"
    elf.write_bytes(b"ELF")
    parts = [SimpleNamespace(load_address=0x10010, data=b"de"), SimpleNamespace(load_address=0x10000, data=b"abc")]
    monkeypatch.setattr(module, "read_image", lambda path: SimpleNamespace(path=path, segments=parts))
    seen = {}

    def run(board, project, targets, *, log, options, on_line):
        seen.update(targets=targets, options=options, ini=(project / "platformio.ini").read_text())
        seen["bin"] = (project / ".pio" / "build" / board.pio_env / "firmware.bin").read_bytes()

    monkeypatch.setattr(module, "run_pio", run)
    desk = Desk(("/dev/ttyACM0", APPLICATION))
    monkeypatch.setattr(module, "upload", lambda board, port, uploader, host: uploader("/dev/ttyACM1", ""))
    flash_image(load_board("nano33"), elf, host=desk.host())
    assert seen["targets"] == ("nobuild", "upload")
    assert seen["options"] == ("--upload-port", "/dev/ttyACM1")
    assert seen["bin"] == b"abc" + bytes(13) + b"de"
    assert "\nboard_upload.use_1200bps_touch = no\nboard_upload.wait_for_upload_port = no\n" in seen["ini"]
    monkeypatch.setattr(module, "upload", lambda board, port, uploader, host: uploader("", "dfu"))
    flash_image(load_board("sensortile"), elf, host=desk.host())
    assert seen["options"] == ()
    assert "\nupload_protocol = dfu\n" in seen["ini"]
    assert "stlink" not in seen["ini"].split("upload_protocol")[1]


def test_the_command_looks_for_the_board_before_it_trains(monkeypatch, tmp_path):
    from tinyforge import api
    from tinyforge.core.errors import UsageError

    models = "".join(f'[[model]]\nname = "{name}"\narchitecture = "dense"\n' for name in ("one", "two"))
    (tmp_path / "tinyforge.toml").write_text(f'[project]\nname = "x"\n{models}')
    monkeypatch.setattr("tinyforge.pipeline.road.Road.dataset", lambda _road: pytest.fail("it began to work"))
    monkeypatch.setattr("tinyforge.firmware.upload.this_host", Desk().host)
    with pytest.raises(DeviceError, match="no such board on any port"):
        api.flash(tmp_path, model="one", board="nano33")
    with pytest.raises(UsageError) as caught:
        api.flash(tmp_path, board="nano33")
    assert str(caught.value) == "flash: Arduino Nano 33 BLE Sense holds one model, not one, two; choose: --model one"
    monkeypatch.setattr("tinyforge.firmware.upload.this_host", Desk(usb=[]).host)
    with pytest.raises(DeviceError, match="no ST-LINK is plugged in"):
        api.flash(tmp_path, model="one", board="sensortile")
