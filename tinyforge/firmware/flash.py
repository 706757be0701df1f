"""Puts an image on a board."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from tinyforge.boards import Board
from tinyforge.core.errors import BoardFault, UsageError
from tinyforge.core.files import write_bytes, write_text
from tinyforge.firmware.pio import LineHandler, run_pio
from tinyforge.firmware.project import render
from tinyforge.firmware.upload import Host, upload
from tinyforge.toolchain import Image, read_image

_VIRTUAL = "virtual://"


def flash(
    board: Board,
    elf: Path,
    *,
    target: Path | None = None,
    port: str = "",
    on_line: LineHandler | None = None,
    host: Host | None = None,
) -> str:
    """Put an image on a board. Whether it answers is for the caller to ask (HELLO).

    Args:
        board: which board.
        elf: the linked image.
        target: the virtual board's flash, a file; needed there unless ``port`` is a ``virtual://`` URL.
        port: serial port, ``VID:PID`` or URL of a real board; empty to find it by the board's USB numbers.
        on_line: called with every line PlatformIO prints.
        host: ports and clock of this machine, unless a test gives others.

    Returns:
        The port or URL to talk to the board.

    Raises:
        UsageError: neither target nor port for the virtual board.
        BoardFault: the image does not fit the board.
        DeviceError: no board, several, another one, a busy port, or it does not come back.
        ToolError: the image is none, the upload tool is missing, or the upload fails.
    """
    if board.launcher == "virtual":
        return _flash_virtual(board, elf, target, port)
    image = read_image(elf)
    with tempfile.TemporaryDirectory(prefix="tinyforge_flash_") as folder:
        project = render(board, Path(folder) / "project")
        built = project / ".pio" / "build" / board.pio_env
        write_bytes(built / "firmware.elf", image.path.read_bytes())
        write_bytes(built / "firmware.bin", flat_binary(image))
        ini = (project / "platformio.ini").read_text(encoding="utf-8")

        def upload_by_pio(upload_port: str, protocol: str) -> None:
            write_text(project / "platformio.ini", _upload_settings(ini, protocol))
            options = ("--upload-port", upload_port) if upload_port else ()
            log = elf.with_name("flash.log")
            run_pio(board, project, ("nobuild", "upload"), log=log, options=options, on_line=on_line)

        return upload(board, port, upload_by_pio, host)


def flat_binary(image: Image) -> bytes:
    """What lies in flash, from the first byte of the image to the last: what upload tools send."""
    parts = [(part.load_address, part.data) for part in image.segments if part.data]
    base = min(address for address, _ in parts)
    room = bytearray(max(address + len(data) for address, data in parts) - base)
    for address, data in parts:
        room[address - base : address - base + len(data)] = data
    return bytes(room)


def _upload_settings(ini: str, protocol: str) -> str:
    """PlatformIO's settings for an upload: what is done here already is not done again, and by which protocol."""
    if protocol:
        ini = re.sub(r"(?m)^upload_protocol\s*=.*$", f"upload_protocol = {protocol}", ini)
    return ini.rstrip("\n") + "\nboard_upload.use_1200bps_touch = no\nboard_upload.wait_for_upload_port = no\n"


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
