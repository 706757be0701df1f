"""Puts an image on a board."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tinyforge.boards import Board
from tinyforge.core.errors import BoardFault, UsageError
from tinyforge.core.files import write_bytes
from tinyforge.firmware.pio import LineHandler, run_pio
from tinyforge.firmware.project import render
from tinyforge.toolchain import read_image

_VIRTUAL = "virtual://"


def flash(
    board: Board, elf: Path, *, target: Path | None = None, port: str = "", on_line: LineHandler | None = None
) -> str:
    """Put an image on a board. Whether it answers is for the caller to ask (HELLO).

    Args:
        board: which board.
        elf: the linked image.
        target: the virtual board's flash, a file; needed there unless ``port`` is a ``virtual://`` URL.
        port: serial port or URL of a real board; empty: PlatformIO looks for it.
        on_line: called with every line PlatformIO prints.

    Returns:
        The port or URL to talk to the board; empty when PlatformIO found it by itself.

    Raises:
        UsageError: neither target nor port for the virtual board.
        BoardFault: the image does not fit the board.
        ToolError: the image is none, or the upload fails.
    """
    if board.launcher == "virtual":
        return _flash_virtual(board, elf, target, port)
    image = read_image(elf).path.read_bytes()
    with tempfile.TemporaryDirectory(prefix="tinyforge_flash_") as folder:
        project = render(board, Path(folder) / "project")
        write_bytes(project / ".pio" / "build" / board.pio_env / "firmware.elf", image)
        options = ("--upload-port", port) if port else ()
        log = elf.with_name("flash.log")
        run_pio(board, project, ("nobuild", "upload"), log=log, options=options, on_line=on_line)
    return port


def _flash_virtual(board: Board, elf: Path, target: Path | None, port: str) -> str:
    from tinyforge.virtual.serial_protocol.protocol_virtual import parse_url, virtual_url

    if port and not port.startswith(_VIRTUAL):
        raise UsageError(f"--port {port}", f"is no port of {board.name}", f"leave it out, or write {_VIRTUAL}<file>")
    if port:
        target = parse_url(port)[0]
    if target is None:
        raise UsageError(board.name, "no flash is named", f"give a port {_VIRTUAL}<file>")
    image = read_image(elf)
    for segment in image.segments:
        end = segment.load_address + len(segment.data)
        if (
            segment.data
            and not board.flash_origin <= segment.load_address <= end <= board.flash_origin + board.flash_bytes
        ):
            raise BoardFault(
                str(elf),
                f"{len(segment.data)} bytes at 0x{segment.load_address:08x} lie outside the flash of {board.name} "
                f"({board.flash_bytes} bytes)",
                "build it for this board",
            )
    write_bytes(target, elf.read_bytes())
    return port or virtual_url(target, board=board.id)
