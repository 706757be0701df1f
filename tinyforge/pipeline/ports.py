"""The serial ports of this machine and what is on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tinyforge.core.errors import DeviceError
from tinyforge.pipeline import devices as boards_here

if TYPE_CHECKING:
    from tinyforge.link import Link, PortInfo, TextLink

_ANSWER_S = 1.0


def devices(named: Sequence[str] = (), *, ask: bool = True, baud: int = 115200) -> list[dict[str, Any]]:
    """Every serial port, with the boards its USB numbers stand for and what answers on it.

    Args:
        named: ports that are asked, whatever they are, also URLs.
        ask: open the ports of known boards and ask what runs there; opening others might reset them.
        baud: of a real UART.

    Returns:
        ``port``, ``usb_id`` (``2341:805a`` or empty), ``description``, ``boards`` (names), ``board`` (as it says),
        ``firmware``, ``model``, ``channels`` (name and unit), ``problem`` (why it was not understood) each.
    """
    from tinyforge.boards import boards_on_usb

    found = boards_here.ports()
    known = {port.path for port in found}
    rows = []
    for port in found:
        boards = [board.name for board in boards_on_usb(port.usb_id)] if port.usb_id else []
        row = _row(port.path, port, boards)
        if port.path in named or (ask and boards):
            row |= _asked(port.path, baud)
        rows.append(row)
    rows += [_row(port, None, []) | _asked(port, baud) for port in named if port not in known]
    return rows


def _row(path: str, port: PortInfo | None, boards: list[str]) -> dict[str, Any]:
    usb = port.usb_id if port is not None else None
    return {
        "port": path,
        "usb_id": f"{usb[0]:04x}:{usb[1]:04x}" if usb else "",
        "serial_number": port.serial_number if port is not None else "",
        "description": port.description if port is not None else "",
        "boards": boards,
        "board": "",
        "firmware": "",
        "model": "",
        "channels": [],
        "problem": "",
    }


def _asked(path: str, baud: int) -> dict[str, Any]:
    from tinyforge.link import open_device, open_link

    try:
        if path.startswith("virtual://"):
            device: Link | TextLink = open_link(path)
        else:
            device = open_device(path, timeout_s=_ANSWER_S, baud=baud)
    except DeviceError as error:
        return {"problem": f"{error.fact}; {error.way_out}" if error.way_out else error.fact}
    with device:
        return _said(device)


def _said(device: Link | TextLink) -> dict[str, Any]:
    from tinyforge.link import Link

    channels = [[channel.name, channel.unit] for channel in device.channels]
    if not isinstance(device, Link):
        rate = f", announces {device.announced_rate_hz:g} Hz" if device.announced_rate_hz else ""
        return {"firmware": f"{device.firmware}: {device.layout.width} columns{rate}", "channels": channels}
    hello = device.device
    model = f", model {hello.model_name}" if hello.model_name else ", no model"
    return {
        "board": hello.board,
        "firmware": f"tinyforge {device.firmware} on {hello.board}{model}",
        "model": hello.model_name,
        "channels": channels,
    }
