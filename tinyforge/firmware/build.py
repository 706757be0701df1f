"""Builds firmware with PlatformIO."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from tinyforge import __version__
from tinyforge.boards import Board
from tinyforge.core.errors import ToolError
from tinyforge.core.files import sha256_json
from tinyforge.core.types import Footprint
from tinyforge.firmware.pio import LineHandler, run_pio, uses_registry
from tinyforge.firmware.project import files_digest, project_files, render
from tinyforge.toolchain import find_arm_toolchain, footprint


@dataclass(frozen=True, slots=True)
class BuildResult:
    """Built firmware.

    Attributes:
        elf: the linked image.
        footprint: what it takes on the chip, without the reserve for the stack.
        log: everything PlatformIO and the compiler said.
        project_dir: the PlatformIO project.
        duration_s: wall time of the build.
    """

    elf: Path
    footprint: Footprint
    log: Path
    project_dir: Path
    duration_s: float


def build(
    board: Board,
    project_dir: Path,
    *,
    model_dir: Path | None = None,
    update_key: str = "",
    on_line: LineHandler | None = None,
) -> BuildResult:
    """Render a PlatformIO project and run ``pio run -e <env>`` in it; a second time only what is new is done.

    Args:
        board: for which board.
        project_dir: new or empty, or used before.
        model_dir: what ``tinyforge export`` wrote; None for firmware that only records.
        update_key: see ``render``.
        on_line: called with every line PlatformIO prints.

    Raises:
        ToolError: PlatformIO, a platform or the compiler is missing, or the build fails.
        UsageError, ConfigError, DataError, UnsupportedModelError: see ``render``.
    """
    started = time.monotonic()
    render(board, project_dir, model_dir=model_dir, update_key=update_key)
    log = project_dir / "build.log"
    run_pio(board, project_dir, (), log=log, on_line=on_line)
    elf = project_dir / ".pio" / "build" / board.pio_env / "firmware.elf"
    if not elf.is_file():
        raise ToolError("PlatformIO", f"built no {elf}", f"the whole log is {log}")
    return BuildResult(elf, footprint(elf), log, project_dir, time.monotonic() - started)


def sources_digest(board: Board) -> str:
    """Digest of everything but the model that decides what an image becomes: sources, version, compiler.

    Raises:
        ConfigError: there is no firmware for this board.
        ToolError: no compiler, for a board that is built with one of this machine.
    """
    files = project_files(board)
    local = b"symlink://" in files["platformio.ini"]
    compiler = find_arm_toolchain().version if local else ""
    return sha256_json([files_digest(files), __version__, compiler])


__all__ = ["BuildResult", "build", "sources_digest", "uses_registry"]
