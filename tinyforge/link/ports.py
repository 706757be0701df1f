"""Ports: what bytes come from, and what to say when one does not open.

A port is a device path (``/dev/ttyACM0``), the USB numbers of a device (``2341:805a``), ``socket://host:port``, or any
URL pyserial knows; ``virtual://`` is one of those as soon as `tinyforge.virtual` has been imported.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import select
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable
from urllib.parse import urlsplit

from tinyforge.core.errors import DeviceError

DEFAULT_BAUD = 115200
_READ_BYTES = 1 << 16
_CONNECT_TIMEOUT_S = 5.0
_USB_ID = re.compile("[0-9a-fA-F]{1,4}:[0-9a-fA-F]{1,4}")


@runtime_checkable
class Port(Protocol):
    """A byte stream in both directions.

    Attributes:
        name: what the user called it, for messages.
    """

    name: str

    def read_some(self, timeout_s: float) -> bytes:
        """Bytes as soon as there are some, or none after ``timeout_s`` seconds.

        Raises:
            DeviceError: the device is gone.
        """

    def write(self, data: bytes) -> None:
        """Send all of ``data``.

        Raises:
            DeviceError: the device is gone or takes nothing.
        """

    def close(self) -> None:
        """Give the port back; closing twice is fine."""


class SerialLike(Protocol):
    """What pyserial's ports have of what is used here."""

    timeout: float | None

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read at once."""

    def read(self, size: int = ..., /) -> bytes:
        """At most ``size`` bytes, fewer after ``timeout`` seconds."""

    def write(self, data: bytes, /) -> Any:
        """Send all of ``data``."""

    def close(self) -> None:
        """Give the port back."""


@dataclass(frozen=True, slots=True)
class PortInfo:
    """A serial port of this machine.

    Attributes:
        path: for instance ``/dev/ttyACM0``.
        usb_id: vendor and product, or None when it is no USB device.
        description: what the system says of it.
        serial_number: of the USB device; may be empty.
    """

    path: str
    usb_id: tuple[int, int] | None
    description: str
    serial_number: str


def list_ports() -> list[PortInfo]:
    """The serial ports of this machine, by path; those without hardware behind them are left out."""
    from serial.tools import list_ports as serial_ports

    found = [
        PortInfo(
            path=port.device,
            usb_id=(port.vid, port.pid) if port.vid is not None and port.pid is not None else None,
            description="" if port.description in (None, "n/a") else str(port.description),
            serial_number=port.serial_number or "",
        )
        for port in serial_ports.comports()
        if port.hwid not in (None, "n/a")
    ]
    return sorted(found, key=lambda port: port.path)


def is_usb_id(port: str) -> bool:
    """Whether a port is named by its USB numbers: ``2341:805a``."""
    return _USB_ID.fullmatch(port) is not None


def find_usb(name: str, ports: Sequence[PortInfo]) -> str:
    """The path of the one port with these USB numbers (``2341:805a``).

    Raises:
        DeviceError: none, or several.
    """
    vendor, product = (int(part, 16) for part in name.split(":"))
    matching = [port.path for port in ports if port.usb_id == (vendor, product)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise DeviceError(name, f"{len(matching)} of them: {', '.join(matching)}", f"choose: --port {matching[0]}")
    raise DeviceError(name, "no device with these USB numbers", "`tinyforge devices` lists what is there")


def _lost(name: str, error: Exception) -> DeviceError:
    reason = str(getattr(error, "strerror", None) or error)
    return DeviceError(name, f"the device went away: {reason}", "plug it in again, or press its reset button")


class SerialPort:
    """A port that pyserial opened, or anything like one; it raises the DeviceError that `Port` speaks of."""

    def __init__(self, port: SerialLike, name: str = "") -> None:
        self.name = name or str(getattr(port, "port", None) or "port")
        self._port = port

    def read_some(self, timeout_s: float) -> bytes:  # noqa: D102
        import serial

        try:
            waiting = self._port.in_waiting
            if not waiting:
                if self._port.timeout != timeout_s:
                    self._port.timeout = timeout_s
                first: bytes = self._port.read(1)
                waiting = self._port.in_waiting if first else 0
                return first + self._port.read(waiting) if waiting else first
            return bytes(self._port.read(min(waiting, _READ_BYTES)))
        except (serial.SerialException, OSError) as error:
            raise _lost(self.name, error) from error

    def write(self, data: bytes) -> None:  # noqa: D102
        import serial

        try:
            self._port.write(data)
        except serial.SerialTimeoutException as error:
            raise DeviceError(self.name, "the device takes no data", "press its reset button") from error
        except (serial.SerialException, OSError) as error:
            raise _lost(self.name, error) from error

    def close(self) -> None:  # noqa: D102
        with contextlib.suppress(OSError):  # the device may have gone
            self._port.close()


def as_port(port: Port | SerialLike) -> Port:
    """``port`` itself, or wrapped when it is pyserial's."""
    return port if isinstance(port, Port) else SerialPort(port)


class SocketPort:
    """A connected socket; pyserial's own ``socket://`` reads a byte at a time.

    It raises the DeviceError that `Port` speaks of.
    """

    def __init__(self, connection: socket.socket, name: str) -> None:
        self.name = name
        self._socket = connection
        self._socket.settimeout(_CONNECT_TIMEOUT_S)

    def read_some(self, timeout_s: float) -> bytes:  # noqa: D102
        try:
            ready, _, _ = select.select([self._socket], [], [], max(timeout_s, 0.0))
            if not ready:
                return b""
            data = self._socket.recv(_READ_BYTES)
        except (OSError, ValueError) as error:
            raise _lost(self.name, error) from error
        if not data:
            raise _lost(self.name, ConnectionError("the other side closed the connection"))
        return data

    def write(self, data: bytes) -> None:  # noqa: D102
        try:
            self._socket.sendall(data)
        except TimeoutError as error:
            raise DeviceError(self.name, "the device takes no data", "press its reset button") from error
        except OSError as error:
            raise _lost(self.name, error) from error

    def close(self) -> None:  # noqa: D102
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def _open_socket(url: str) -> SocketPort:
    parts = urlsplit(url)
    try:
        number = parts.port
    except ValueError:
        number = None
    if not parts.hostname or number is None or parts.path not in ("", "/"):
        raise DeviceError(url, "is no address", "write socket://HOST:PORT, for instance socket://127.0.0.1:4000")
    try:
        connection = socket.create_connection((parts.hostname, number), timeout=_CONNECT_TIMEOUT_S)
    except TimeoutError as error:
        raise DeviceError(url, f"no connection in {_CONNECT_TIMEOUT_S:g} s", "is the host reachable?") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise DeviceError(url, f"cannot connect: {reason}", "is something listening there?") from error
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return SocketPort(connection, url)


def _ports_here() -> str:
    ports = [port.path for port in list_ports()]
    return f"ports here: {', '.join(ports)}" if ports else "there is no serial port here: is the board plugged in?"


def _group_advice(port: str) -> str:
    """How to get the permission, with the name of the group that has it."""
    group = "dialout"
    with contextlib.suppress(OSError, KeyError, ImportError):  # Windows has no groups, a container no names
        import grp

        owner = grp.getgrgid(os.stat(port).st_gid).gr_name
        group = group if owner == "root" else owner
    return (
        f"add yourself to the group that owns it and log in again: `sudo usermod -a -G {group} $USER`; "
        "or install PlatformIO's 99-platformio-udev.rules"
    )


def _open_error(port: str, error: OSError) -> DeviceError:
    """Say why a port did not open."""
    number = error.errno
    if number == errno.ENOENT:
        return DeviceError(port, "no such device", _ports_here())
    if number in (errno.EACCES, errno.EPERM):
        return DeviceError(port, "permission denied", _group_advice(port))
    if number in (errno.EBUSY, errno.EAGAIN):
        return DeviceError(port, "in use by another program", "close the serial monitor or IDE that has it open")
    reason = error.strerror or str(error)
    if number in (errno.ENODEV, errno.ENXIO, errno.EIO) or f"({errno.EIO}, " in reason:
        return DeviceError(port, "there is no device behind this port", _ports_here())
    if number in (errno.ENOTTY, errno.EINVAL, errno.EISDIR) or "Could not configure port" in reason:
        return DeviceError(port, "is not a serial port", _ports_here())
    return DeviceError(port, f"cannot be opened: {reason}", _ports_here())


def open_port(port: str, baud: int = DEFAULT_BAUD) -> Port:
    """Open a device path, the one device with these USB numbers, or a URL.

    Args:
        port: device path, ``VID:PID`` in hex, ``socket://HOST:PORT``, or another URL of pyserial.
        baud: bits a second of a real UART; USB ignores it.

    Raises:
        DeviceError: it does not open; the message says which ports there are, or how to get the permission.
    """
    if port.startswith("socket://"):
        return _open_socket(port)
    if is_usb_id(port):
        port = find_usb(port, list_ports())
    import serial

    is_path = "://" not in port
    try:
        opened = serial.serial_for_url(port, baudrate=baud, do_not_open=True)
        opened.write_timeout = _CONNECT_TIMEOUT_S
        if is_path:
            opened.exclusive = True
        opened.open()
    except ValueError as error:
        if is_path:
            raise DeviceError(port, f"cannot be opened: {error}", _ports_here()) from error
        scheme = port.split("://", 1)[0]
        raise DeviceError(
            port,
            f'"{scheme}" is no kind of port, or its URL is wrong: {error}',
            "use a device path or socket://HOST:PORT",
        ) from error
    except OSError as error:  # SerialException is one
        raise _open_error(port, error) from error
    return SerialPort(opened, port)
