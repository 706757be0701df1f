"""Opening a port: what is said when it does not work, and that bytes pass when it does."""

import errno
import os
import pty
import socket
import threading

import pytest
import serial

from tinyforge.core.errors import DeviceError
from tinyforge.link import Link, SerialPort, SocketPort, list_ports, open_link, open_port, ports
from tinyforge.link.ports import PortInfo, as_port


@pytest.fixture
def no_ports(monkeypatch):
    monkeypatch.setattr(ports, "list_ports", list)


def said(*arguments):
    with pytest.raises(DeviceError) as caught:
        open_port(*arguments)
    assert caught.value.exit_code == 4
    return str(caught.value)


def test_a_missing_device_lists_the_ports_there_are(monkeypatch):
    here = [PortInfo("/dev/ttyACM0", (0x2341, 0x805A), "Nano", ""), PortInfo("/dev/ttyUSB1", None, "", "")]
    monkeypatch.setattr(ports, "list_ports", lambda: here)
    assert said("/dev/nothing") == "/dev/nothing: no such device; ports here: /dev/ttyACM0, /dev/ttyUSB1"


def test_a_port_is_named_by_its_usb_numbers_too(monkeypatch):
    controller, device = pty.openpty()
    here = [
        PortInfo(os.ttyname(device), (0x2341, 0x805A), "Nano", "A1"),
        PortInfo("/dev/ttyACM7", (0x0483, 0x5740), "ST", "B1"),
        PortInfo("/dev/ttyACM8", (0x0483, 0x5740), "ST", "B2"),
        PortInfo("/dev/ttyS0", None, "", ""),
    ]
    monkeypatch.setattr(ports, "list_ports", lambda: here)
    for name in ("2341:805a", "2341:805A"):
        opened = open_port(name)
        assert opened.name == os.ttyname(device)
        os.write(controller, b"there")
        assert opened.read_some(2.0) == b"there"
        opened.close()
    assert said("483:5740") == "483:5740: 2 of them: /dev/ttyACM7, /dev/ttyACM8; choose: --port /dev/ttyACM7"
    assert said("2341:005a") == ("2341:005a: no device with these USB numbers; `tinyforge devices` lists what is there")
    os.close(controller)
    os.close(device)


def test_what_only_resembles_usb_numbers_is_a_path(no_ports):
    for name in ("2341:805az", "12341:805a", "2341", "2341:", "2341:805a:1"):
        assert said(name).startswith(f"{name}: no such device")


def test_a_missing_device_where_there_is_no_port_at_all(no_ports):
    assert said("/dev/nothing") == (
        "/dev/nothing: no such device; there is no serial port here: is the board plugged in?"
    )


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (errno.EACCES, "/dev/x: permission denied; add yourself to the group that owns it"),
        (errno.EBUSY, "/dev/x: in use by another program; close the serial monitor or IDE that has it open"),
        (errno.EAGAIN, "/dev/x: in use by another program"),
        (errno.EIO, "/dev/x: there is no device behind this port"),
        (errno.ENOTTY, "/dev/x: is not a serial port"),
        (errno.ENOMEM, "/dev/x: cannot be opened: Cannot allocate memory"),
    ],
)
def test_why_a_port_did_not_open(number, text, no_ports):
    assert str(ports._open_error("/dev/x", OSError(number, os.strerror(number)))).startswith(text)


def test_permission_denied_advises_group_and_udev(no_ports):
    advice = str(ports._open_error("/dev/x", OSError(errno.EACCES, "")))
    assert "sudo usermod -a -G dialout $USER" in advice
    assert "99-platformio-udev.rules" in advice


def test_permission_denied_names_the_group_that_owns_the_port(tmp_path, no_ports):
    grp = pytest.importorskip("grp")
    path = tmp_path / "tty"
    path.write_text("")
    wanted = grp.getgrnam("tty")
    try:
        os.chown(path, -1, wanted.gr_gid)
    except PermissionError:
        pytest.skip("only root may give a file to another group")
    assert "usermod -a -G tty $USER" in str(ports._open_error(str(path), OSError(errno.EACCES, "")))


def test_a_file_is_not_a_serial_port(tmp_path, no_ports):
    path = tmp_path / "notes.txt"
    path.write_text("x")
    assert said(str(path)).startswith(f"{path}: is not a serial port")


def test_a_port_that_another_has_open_is_busy(no_ports):
    master, slave = pty.openpty()
    path = os.ttyname(slave)
    first = open_port(path)
    try:
        assert said(path) == f"{path}: in use by another program; close the serial monitor or IDE that has it open"
    finally:
        first.close()
        os.close(master)
        os.close(slave)


def test_a_pseudo_terminal_carries_bytes_and_its_end_is_told():
    master, slave = pty.openpty()
    port = open_port(os.ttyname(slave))
    os.close(slave)
    port.write(b"to the device\0")
    assert os.read(master, 100) == b"to the device\0"
    os.write(master, b"\0\xff\x13\x11 from the device")
    assert port.read_some(1.0) == b"\0\xff\x13\x11 from the device"
    assert port.read_some(0.0) == b""
    os.close(master)
    with pytest.raises(DeviceError, match="the device went away"):
        port.read_some(1.0)
    port.close()
    port.close()


def test_an_unknown_scheme_is_named():
    assert said("usb://x").startswith('usb://x: "usb" is no kind of port')


@pytest.mark.parametrize("url", ["socket://", "socket://host", "socket://host:x", "socket://h:99999", "socket://h:1/x"])
def test_a_wrong_socket_address_shows_a_right_one(url):
    assert said(url) == f"{url}: is no address; write socket://HOST:PORT, for instance socket://127.0.0.1:4000"


def test_nobody_listening_is_told():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"socket://127.0.0.1:{unused.getsockname()[1]}"
        assert said(url) == f"{url}: cannot connect: Connection refused; is something listening there?"


def test_a_socket_carries_bytes_both_ways():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def echo():
            connection, _ = server.accept()
            with connection:
                connection.sendall(connection.recv(100)[::-1])

        thread = threading.Thread(target=echo)
        thread.start()
        port = open_port(f"socket://127.0.0.1:{server.getsockname()[1]}")
        port.write(b"abc")
        assert port.read_some(2.0) == b"cba"
        with pytest.raises(DeviceError, match="the other side closed the connection"):
            port.read_some(2.0)
        port.close()
        thread.join()


def test_loop_gives_back_what_was_written_and_is_no_device():
    port = open_port("loop://")
    port.write(b"xyz")
    assert port.read_some(0.5) == b"xyz"
    port.close()
    # Its own requests come back: frames, but none that a device sends.
    with pytest.raises(DeviceError, match=r"loop://: no answer to HELLO in 0\.1 s"):
        open_link("loop://", 0.1)


def test_open_link_gives_the_port_back_when_nobody_answers():
    master, slave = pty.openpty()
    path = os.ttyname(slave)
    for _ in range(2):  # the second time it would be busy
        with pytest.raises(DeviceError, match="no answer to HELLO"):
            open_link(path, 0.05)
    os.close(master)
    os.close(slave)


def test_link_takes_a_port_of_pyserial_as_it_is():
    loop = serial.serial_for_url("loop://")
    assert isinstance(as_port(loop), SerialPort)
    assert Link(loop).place == "loop://"
    loop.close()
    near, far = socket.socketpair()
    with near, far:
        port = SocketPort(near, "x")
        assert as_port(port) is port


def test_ports_are_listed_by_path():
    found = list_ports()
    assert found == sorted(found, key=lambda port: port.path)
