"""Finds the board an image goes to, brings it into its boot loader, tries again, and says what a person must do."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyforge.boards import Board
from tinyforge.core.errors import DeviceError, ToolError
from tinyforge.link import Link, PortInfo
from tinyforge.link.ports import find_usb, is_usb_id, list_ports, open_port

ATTEMPTS = 3
TOUCH_BAUD = 1200  # opened and closed at this rate, boards with native USB restart into their boot loader
_APPEARS_S = 10.0
_LOOK_EVERY_S = 0.25
_SETTLE_S = 0.5  # a port that is there may not be anybody's to open yet
_ANSWER_S = 0.5

# ST's numbers for the ST-LINK/V2, V2-1 and V3 in all their forms, and for the boot loader in the chips' own ROM.
ST_LINKS = {(0x0483, product) for product in (0x3748, 0x374B, 0x374D, 0x374E, 0x374F, 0x3752, 0x3753, 0x3754, 0x3757)}
ST_DFU = (0x0483, 0xDF11)

UsbId = tuple[int, int]
Uploader = Callable[[str, str], None]

# What upload tools say, and what it means.
_MEANINGS: tuple[tuple[str, str], ...] = (
    (
        r"LIBUSB_ERROR_ACCESS|Permission denied|Access denied",
        "you may not use this device: install PlatformIO's 99-platformio-udev.rules and plug it in again",
    ),
    (
        r"init mode failed|unable to connect to the target|Error connecting DP|open failed",
        "the probe does not reach the chip: is the board powered, and does the cable sit right?",
    ),
    (r"No device found on|SAM-BA operation failed|Couldn't find a board|DFU device not found", ""),
)
_MISSING_TOOL = re.compile(
    r"(?:sh: \d+: |sh: |')?(\S*(?:bossac|openocd|dfu-util|st-flash)\S*?)'?: (?:command )?not found|"
    r"Could not find the package with '(tool-[a-z0-9]+)|No such file or directory: '([^']*(?:bossac|openocd|dfu-util))'"
)


@dataclass(frozen=True, slots=True)
class Host:
    """Of this machine, what an upload needs; tests give their own.

    Attributes:
        ports: the serial ports there are.
        usb: vendor and product numbers of all USB devices; None where the system does not tell.
        open_port: opens a port at a rate, as ``tinyforge.link.ports.open_port`` does.
        ask: name the firmware behind a port gives itself; empty when it does not answer. Raises DeviceError when the
            port does not open.
        sleep: waits so many seconds.
        clock: seconds since an arbitrary moment.
    """

    ports: Callable[[], list[PortInfo]]
    usb: Callable[[], list[UsbId] | None]
    open_port: Callable[[str, int], Any]
    ask: Callable[[str], str]
    sleep: Callable[[float], None]
    clock: Callable[[], float]


def this_host() -> Host:
    """This machine."""
    return Host(list_ports, usb_devices, open_port, _ask, time.sleep, time.monotonic)


def usb_devices(root: Path = Path("/sys/bus/usb/devices")) -> list[UsbId] | None:
    """Vendor and product numbers of what is on the USB, also of what is no serial port; None where nobody tells."""
    if not root.is_dir():
        return None
    found = []
    for device in sorted(root.iterdir()):
        try:
            numbers = [int((device / name).read_text(encoding="ascii"), 16) for name in ("idVendor", "idProduct")]
        except (OSError, ValueError):
            continue  # a hub's interface, or gone meanwhile
        found.append((numbers[0], numbers[1]))
    return found


def _ask(port: str) -> str:
    opened = open_port(port)
    try:
        return Link(opened, timeout_s=_ANSWER_S).hello().board
    except DeviceError:
        return ""  # another program runs there
    finally:
        opened.close()


def upload(board: Board, port: str, uploader: Uploader, host: Host | None = None) -> str:
    """Upload by ``uploader`` and wait until the board is back.

    Args:
        board: which board.
        port: its serial port, or ``VID:PID``; empty to find it.
        uploader: ``uploader(port, protocol)`` runs the upload tool; both may be empty for its own choice.
        host: this machine when None.

    Returns:
        The port the board is on afterwards.

    Raises:
        DeviceError: no board, several, another one, a busy port, or it does not come back.
        ToolError: the upload tool is missing, or fails in every attempt.
    """
    here = host or this_host()
    found = reach(board, port, here)
    if board.upload.method == "touch":
        return _touch_and_upload(board, found, uploader, here)
    return _probe_and_upload(board, found, uploader, here)


def reach(board: Board, port: str, host: Host | None = None) -> str:
    """Whether an image can be brought to a board: it is there, it is the only one, it is the right one, nobody has it.

    Args:
        board: which board.
        port: its serial port, or ``VID:PID``; empty to find it.
        host: this machine when None.

    Returns:
        Its port; empty when it is reached by a probe and shows none yet.

    Raises:
        DeviceError: it cannot, and why.
    """
    here = host or this_host()
    found = _find(board, port, here)
    if found and not _is_in_boot_loader(board, found, here):
        _check_who_answers(board, found, here)
    if board.upload.method == "stlink":
        _protocol(board, here)
    return found


# ---- which port --------------------------------------------------------------------------------------------------


def _hinted(board: Board, advice: str) -> str:
    return f"{advice}. {board.upload.hint}" if board.upload.hint else advice


def _on(ports: Sequence[PortInfo], ids: Sequence[UsbId]) -> list[PortInfo]:
    return [port for port in ports if port.usb_id in ids]


def _find(board: Board, port: str, here: Host) -> str:
    """The board's port; empty when it is reached by a probe and shows none yet."""
    ports = here.ports()
    if is_usb_id(port):
        port = find_usb(port, ports)
    if port:
        _check_named(board, port, ports)
        return port
    matching = [one.path for one in _on(ports, board.usb_ids)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise DeviceError(
            board.name, f"{len(matching)} of them: {', '.join(matching)}", f"choose: --port {matching[0]}"
        )
    if board.upload.method == "stlink":
        return ""
    others = ", ".join(_said(one) for one in ports)
    advice = "plug it in, by a cable that carries data and not only power"
    if others:
        advice += f", or name its port with --port; ports here: {others}"
    raise DeviceError(board.name, "no such board on any port", _hinted(board, advice))


def _said(port: PortInfo) -> str:
    from tinyforge.boards import boards_on_usb

    known = boards_on_usb(port.usb_id) if port.usb_id else []
    return f"{port.path} ({known[0].name})" if known else port.path


def _check_named(board: Board, port: str, ports: Sequence[PortInfo]) -> None:
    here = {one.path: one for one in ports}
    if port not in here:
        return  # a link, a name of pyserial's, or gone: opening it says what it is
    usb_id = here[port].usb_id
    if not board.usb_ids or usb_id in board.usb_ids:
        return
    said = _said(here[port])
    if usb_id is None:
        name = "no USB device"
    else:
        name = said[len(port) + 2 : -1] if said != port else f"a device {usb_id[0]:04x}:{usb_id[1]:04x}"
    raise DeviceError(
        port,
        f"is {name}, not {board.name}",
        "`tinyforge devices` lists ports and boards: choose by --port and --board",
    )


def _is_in_boot_loader(board: Board, port: str, here: Host) -> bool:
    return any(one.path == port for one in _on(here.ports(), board.upload.boot_usb_ids))


def _check_who_answers(board: Board, port: str, here: Host) -> None:
    """A board of another kind may show the same USB numbers; one that runs tinyforge's firmware says who it is."""
    name = here.ask(port)
    if name and name != board.hello_name:
        raise DeviceError(
            port, f'answers as "{name}", not as {board.name}', f"name another port, or write --board {name}"
        )


# ---- boards that restart into their boot loader ------------------------------------------------------------------


def _wait_for(here: Host, ids: Sequence[UsbId], others: frozenset[str] = frozenset()) -> str:
    """The first port with these numbers that is none of ``others``; empty after `_APPEARS_S`."""
    deadline = here.clock() + _APPEARS_S
    while True:
        if found := [one.path for one in _on(here.ports(), ids) if one.path not in others]:
            return found[0]
        if here.clock() >= deadline:
            return ""
        here.sleep(_LOOK_EVERY_S)


def _enter_boot_loader(board: Board, port: str, others: frozenset[str], here: Host) -> str:
    """The port of its boot loader.

    Raises:
        DeviceError: the port does not open, or no boot loader appears.
    """
    before = here.ports()
    if _is_in_boot_loader(board, port, here):
        return port
    try:
        here.open_port(port, TOUCH_BAUD).close()
    except DeviceError:
        if any(one.path == port for one in here.ports()):
            raise
        # It went away while it was touched: perhaps that is its restart.
    boot = _wait_for(here, board.upload.boot_usb_ids, others) or _unknown_boot_loader(board, before, here)
    if not boot:
        raise DeviceError(port, f"{board.name} does not restart into its boot loader", board.upload.hint)
    here.sleep(_SETTLE_S)
    return boot


def _unknown_boot_loader(board: Board, before: Sequence[PortInfo], here: Host) -> str:
    """What appeared since, from the board's maker but with numbers that no description has; empty when nothing did."""
    vendors = {vendor for vendor, _ in board.upload.boot_usb_ids}
    known = {(one.path, one.usb_id) for one in before}
    for one in here.ports():
        if one.usb_id is not None and one.usb_id[0] in vendors and (one.path, one.usb_id) not in known:
            return "" if one.usb_id in board.usb_ids else one.path
    return ""


def _touch_and_upload(board: Board, port: str, uploader: Uploader, here: Host) -> str:
    # Boards of the same kind that are plugged in, too.
    others = frozenset(one.path for one in _on(here.ports(), board.usb_ids)) - {port}
    for attempt in range(1, ATTEMPTS + 1):
        try:
            uploader(_enter_boot_loader(board, port, others, here), "")
            break
        except ToolError as error:
            if attempt == ATTEMPTS or _MISSING_TOOL.search(error.fact):
                raise _explained(board, error) from error
        except DeviceError:
            if attempt == ATTEMPTS:
                raise
        here.sleep(_SETTLE_S)
        port = next((one.path for one in _on(here.ports(), board.usb_ids) if one.path not in others), port)
    return _back(board, here, others)


def _back(board: Board, here: Host, others: frozenset[str] = frozenset()) -> str:
    application = [usb_id for usb_id in board.usb_ids if usb_id not in board.upload.boot_usb_ids]
    port = _wait_for(here, application, others)
    if not port:
        raise DeviceError(
            board.name, "took the image, but does not come back", _hinted(board, "press its reset button once")
        )
    here.sleep(_SETTLE_S)
    return port


# ---- boards behind a probe ---------------------------------------------------------------------------------------


def _probe_and_upload(board: Board, port: str, uploader: Uploader, here: Host) -> str:
    protocol = _protocol(board, here)
    for attempt in range(ATTEMPTS):
        try:
            uploader("", protocol)
            break
        except ToolError as error:
            if attempt + 1 == ATTEMPTS or _MISSING_TOOL.search(error.fact):
                raise _explained(board, error) from error
            here.sleep(_SETTLE_S)
    return port or _back(board, here)


def _protocol(board: Board, here: Host) -> str:
    """How the chip is reached: ``stlink`` or ``dfu``; empty where the system does not tell what is plugged in."""
    devices = here.usb()
    if devices is None:
        return ""
    probes = sum(device in ST_LINKS for device in devices)
    if probes == 1:
        return "stlink"
    if probes:
        raise DeviceError(board.name, f"{probes} ST-LINKs are plugged in", "leave only the one of this board")
    if ST_DFU in devices:
        return "dfu"
    raise DeviceError(board.name, "no ST-LINK is plugged in", _hinted(board, "connect one by USB"))


# ---- what went wrong ---------------------------------------------------------------------------------------------


def _explained(board: Board, error: ToolError) -> ToolError:
    missing = _MISSING_TOOL.search(error.fact)
    if missing:
        name = next(part for part in missing.groups() if part)
        return ToolError(
            "upload",
            f"the tool {Path(name).name} is missing:\n{error.fact}",
            "connect to the internet once: PlatformIO fetches it with `pio run -t upload`",
        )
    for pattern, meaning in _MEANINGS:
        if re.search(pattern, error.fact, re.IGNORECASE):
            return ToolError("upload", error.fact, _hinted(board, meaning) if meaning else board.upload.hint)
    return ToolError("upload", error.fact, _hinted(board, error.way_out))
