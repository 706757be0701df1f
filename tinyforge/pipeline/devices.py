"""Boards that are there: descriptions, ports, firmware for recording, and the virtual one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyforge.core.errors import DeviceError, UsageError
from tinyforge.core.project import Project

if TYPE_CHECKING:
    from tinyforge.boards import Board
    from tinyforge.link import Link, PortInfo
    from tinyforge.pipeline.observer import Observer

VIRTUAL_LAUNCHER = "virtual"


def boards() -> list[dict[str, Any]]:
    """Every board that is described, as plain data."""
    from tinyforge.boards import list_boards

    return [
        asdict(board) | {"path": str(board.path), "sensor": ", ".join(sensor.part for sensor in board.sensors) or "-"}
        for board in list_boards()
    ]


def board_of(project: Project | None, board_id: str) -> Board:
    """The board that was named, else the project's.

    Raises:
        ConfigError: unknown board.
    """
    from tinyforge.boards import load_board

    return load_board(board_id or (project.board if project is not None else "virtual"))


def is_virtual(board: Board) -> bool:
    """Whether the board is the one that pip installs."""
    return bool(board.launcher == VIRTUAL_LAUNCHER)


def virtual_flash(project: Project, model: str) -> Path:
    """The image a project's virtual board holds: one board for each model, and one that only records."""
    return project.state_dir / "virtual" / f"{model}.elf"


def open_virtual(board: Board, image: Path, motion: str) -> Link:
    """The virtual board with an image in its flash, opened.

    Raises:
        DeviceError: it does not answer.
    """
    import tinyforge.virtual
    from tinyforge.link import open_link

    return open_link(tinyforge.virtual.virtual_url(image, motion=motion, board=board.reference))


def ports() -> list[PortInfo]:
    """The serial ports of this machine."""
    import tinyforge.virtual  # noqa: F401  registers virtual://
    from tinyforge.link.ports import list_ports

    return list_ports()


@contextlib.contextmanager
def linked(board: Board, port: str, *, image: Path | None = None, motion: str = "") -> Iterator[Link]:
    """An open link to a board.

    Args:
        board: which.
        port: serial port, ``VID:PID`` or URL; empty to find it.
        image: for the virtual board without a port: the image in its flash.
        motion: for the virtual board without a port: what its IMU feels.

    Raises:
        DeviceError: no such board, it does not answer, or it holds other firmware.
        UsageError: a motion for a real board.
    """
    import tinyforge.virtual  # registers virtual://
    from tinyforge.link import open_link

    if not port and is_virtual(board):
        if image is None or not image.is_file():
            raise UsageError(f"board {board.id}", "has no firmware yet", "`tinyforge flash` puts some on it")
        port = tinyforge.virtual.virtual_url(image, motion=motion, board=board.reference)
    elif motion:
        raise UsageError("--motion", f"moves the virtual board's IMU, not that of {port or board.name}", "leave it out")
    if not port:
        port = find_port(board)
    with open_link(port) as link:
        yield link


def find_port(board: Board) -> str:
    """The one serial port whose USB numbers are this board's.

    Raises:
        DeviceError: none, or several.
    """
    from tinyforge.link.ports import list_ports

    ports = list_ports()
    matching = [port.path for port in ports if port.usb_id in board.usb_ids]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise DeviceError(
            board.name, f"{len(matching)} of them: {', '.join(matching)}", f"choose: --port {matching[0]}"
        )
    others = ", ".join(port.path for port in ports)
    advice = f"name its port with --port; ports here: {others}" if others else "plug it in; no serial port is here"
    raise DeviceError(board.name, "no such board on any port", f"{advice}. Without a board: --board virtual")


def recording_firmware(project: Project, board: Board, observer: Observer) -> Path:
    """Firmware without a model for the virtual board, built when it is not there or its sources changed."""
    from tinyforge.core.files import write_text
    from tinyforge.firmware import build, flash, sources_digest

    target = virtual_flash(project, "capture")
    made_from = target.with_suffix(".digest")
    digest = sources_digest(board)
    if target.is_file() and made_from.is_file() and made_from.read_text(encoding="ascii") == digest:
        return target
    observer.progress("capture", 0, 1, "building firmware that records")
    flash(board, build(board, project.state_dir / "firmware" / "capture").elf, target=target)
    write_text(made_from, digest)
    return target
