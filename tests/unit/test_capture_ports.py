"""A board that comes back on another port is found by its USB numbers and serial number."""

import pytest

from tinyforge.boards import load_board
from tinyforge.core.errors import DeviceError
from tinyforge.link import PortInfo
from tinyforge.pipeline import captures, devices

NANO = (0x2341, 0x805A)


def connector(port):
    request = captures.Request(plan=None, port=port)
    return captures._Connector(None, load_board("nano33"), port, request, None)


@pytest.fixture
def plugged(monkeypatch):
    """What is plugged in; a test changes the list."""
    here = []
    monkeypatch.setattr(devices, "ports", lambda: here)
    monkeypatch.setattr("tinyforge.link.ports.list_ports", lambda: here)
    return here


def test_after_it_was_plugged_in_again(plugged):
    plugged += [PortInfo("/dev/ttyACM0", NANO, "", "A1"), PortInfo("/dev/ttyACM5", NANO, "", "B2")]
    found = connector("/dev/ttyACM0")
    assert found._where() == "/dev/ttyACM0"
    plugged[:] = [PortInfo("/dev/ttyACM1", NANO, "", "A1"), PortInfo("/dev/ttyACM5", NANO, "", "B2")]
    assert found._where() == "/dev/ttyACM1"
    plugged[:] = [PortInfo("/dev/ttyACM5", NANO, "", "B2")]
    assert found._where() == "/dev/ttyACM0"  # another one is none


def test_by_the_numbers_of_the_board_or_those_that_are_named(plugged):
    plugged.append(PortInfo("/dev/ttyACM3", NANO, "", "A1"))
    assert connector("")._where() == "/dev/ttyACM3"
    assert connector("2341:805A")._where() == "/dev/ttyACM3"
    plugged.append(PortInfo("/dev/ttyACM4", NANO, "", "B2"))
    with pytest.raises(DeviceError, match="2 of them: /dev/ttyACM3, /dev/ttyACM4; choose: --port /dev/ttyACM3"):
        connector("2341:805a")._where()
    with pytest.raises(DeviceError, match="1:2: no device with these USB numbers; `tinyforge devices` lists"):
        connector("1:2")._where()
