"""A real board's own sources as an image for the virtual platform.

Its HAL runs against parts that behave as data sheets say, through ``firmware/arduino_api`` in place of the Arduino
core: no registry, no core, no internet.
"""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tinyforge import __version__
from tinyforge.boards import Board
from tinyforge.core.errors import ToolError, UsageError
from tinyforge.core.files import write_bytes, write_text
from tinyforge.core.resources import firmware_dir
from tinyforge.firmware.linker_script import render_places
from tinyforge.firmware.manifest import model_sources, read_manifest
from tinyforge.firmware.project import LINKS, binding_of, board_defines, files_digest, model_defines, project_files
from tinyforge.toolchain import ArmToolchain, find_arm_toolchain
from tinyforge.toolchain.run import run_tool
from tinyforge.virtual.parts.flash import update_region
from tinyforge.virtual.parts.wiring import SECOND_RAM, WIRINGS

_CPP_FLAGS = ("-std=gnu++14", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics")


def build_standin(
    board: Board,
    folder: Path,
    *,
    model_dir: Path | None = None,
    toolchain: ArmToolchain | None = None,
    link: str = "",
    defines: tuple[str, ...] = (),
) -> Path:
    """Compile and link; ``VirtualBoard(elf, board=board)`` runs the image.

    Args:
        board: one whose parts ``virtual.parts.wiring`` knows.
        folder: for objects and image.
        model_dir: what ``tinyforge export`` wrote; None for firmware that only records.
        toolchain: found when None.
        link: see ``render``.
        defines: further ``NAME=VALUE`` of the application.

    Returns:
        The ELF file.

    Raises:
        UsageError: nobody knows what is on this board.
        ToolError: no compiler, or it fails.
        DataError, UnsupportedModelError: the model.
    """
    if board.id not in WIRINGS:
        raise UsageError(
            f"board {board.id}", "its parts are not described", f"described are: {', '.join(sorted(WIRINGS))}"
        )
    compiler = toolchain or find_arm_toolchain()
    home, api = firmware_dir(), firmware_dir() / "arduino_api"
    third_party = home / "third_party" / "monocypher"
    includes = [api, home / "common", home / board.firmware / "src", third_party]
    known = {
        "TFW_CLOCK_HZ": f"{board.clock_hz}u",
        "TFW_FIRMWARE_VERSION": __version__,
        "TFW_FIRMWARE_DIGEST": files_digest(project_files(board)),
        **board_defines(board),
        **(LINKS[link] if link else {}),
    }
    flags = ["-Os", *(f"-D{name}={value}" for name, value in known.items()), *(f"-D{define}" for define in defines)]
    common = sorted((home / "common").glob("*.c"))
    if any(define.startswith("TFW_UPDATE_KEY=") for define in defines):
        common.append(third_party / "monocypher.c")
    model: list[Path] = []
    if model_dir is not None:
        manifest = read_manifest(model_dir)
        binding = folder / "tfw_model.c"
        write_text(binding, binding_of(model_dir, manifest, link))
        model = [binding, *model_sources(model_dir, manifest, "dsp")]
        includes += [model_dir / name for name in manifest["include_dirs"]]
        flags += ["-DTFW_WITH_MODEL", *(f"-D{define}" for define in manifest.get("defines", ()))]
        flags += [f"-D{name}={value}" for name, value in model_defines(manifest).items() if not link]
    objects = compiler.compile_objects(common, folder / "common", flags, includes)
    objects += compiler.compile_objects(model, folder / "model", [*flags, "-O2"], includes)
    startup = [api / "startup.c", home / "virtual_m4" / "src" / "memory.c"]
    objects += compiler.compile_objects(startup, folder / "platform", flags, includes)
    own_c = sorted((home / board.firmware / "src").glob("*.c"))
    objects += compiler.compile_objects(own_c, folder / "src", flags, includes)
    cpp = [*sorted(api.glob("*.cpp")), *sorted((home / board.firmware / "src").glob("*.cpp"))]
    with ThreadPoolExecutor(max_workers=max(1, min(4, os.cpu_count() or 1))) as pool:
        objects += pool.map(lambda source: _compile_cpp(compiler, source, folder, flags, includes), cpp)
    script = folder / "board.ld"
    own = sorted((home / board.firmware).glob("*.ld"))
    if own:
        write_bytes(script, own[0].read_bytes())
    else:
        write_text(script, _script((api / "board.ld").read_text(encoding="utf-8"), board))
    return compiler.link(objects, script, folder / "firmware.elf")


def _compile_cpp(compiler: ArmToolchain, source: Path, folder: Path, flags: list[str], includes: list[Path]) -> Path:
    command = list(compiler.command)
    if compiler.kind == "zig":
        command[-1] = "c++"
        includes = [*includes, firmware_dir() / "virtual_m4" / "libc"]
    else:
        command[0] = re.sub(r"gcc(\.exe)?$", r"g++\1", command[0])
    target = folder / source.parent.name / f"{source.name}.o"
    target.parent.mkdir(parents=True, exist_ok=True)
    search = [part for path in includes for part in ("-I", str(path))]
    own = ["-ffp-contract=off", "-ffunction-sections", "-fdata-sections", "-fno-common", "-g", "-fno-unwind-tables"]
    try:
        run_tool(
            [
                *command,
                *compiler.cpu_flags,
                *_CPP_FLAGS,
                *own,
                "-fno-asynchronous-unwind-tables",
                *flags,
                *search,
                "-c",
                str(source),
                "-o",
                str(target),
            ],
            doing=f"compiling {source.name}",
        )
    except FileNotFoundError as error:
        raise ToolError("C++ compiler for Cortex-M4", f"no {command[0]}", "install it beside the C compiler") from error
    return target


def _script(text: str, board: Board) -> str:
    second = SECOND_RAM.get(board.id, (0, 0))[1]
    updates, _ = update_region(board.id, board.flash_origin + board.flash_bytes)
    return render_places(
        text,
        flash=(board.flash_origin, updates - board.flash_origin),
        ram=(board.ram_origin, board.ram_bytes - second),
    )
