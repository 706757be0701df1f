"""C -> firmware, with PlatformIO."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyforge.core.errors import CheckFailed
from tinyforge.core.files import sha256_file, write_json
from tinyforge.core.types import ModelSpec
from tinyforge.pipeline.runs import Step
from tinyforge.pipeline.stages import export as export_stage

if TYPE_CHECKING:
    from tinyforge.pipeline.road import Road

NEEDS: tuple[str, ...] = ("export",)
ELF = "firmware.elf"


def name(road: Road, spec: ModelSpec) -> str:
    """The step's name: one image for each board and model."""
    return f"build/{road.board.id}/{spec.name}"


def elf(road: Road, spec: ModelSpec) -> Path:
    """The linked image."""
    return road.run.path(name(road, spec), ELF)


def step(road: Road, spec: ModelSpec) -> Step:
    """Build one image."""
    from tinyforge.firmware import sources_digest

    board = road.board

    def make(folder: Path) -> Mapping[str, Any]:
        from tinyforge.firmware import build

        road.observer.progress(f"build/{board.id}/{spec.name}", 0, 1, "pio run")
        project_dir = road.project.state_dir / "firmware" / f"{board.id}_{spec.name}"
        built = build(board, project_dir, model_dir=export_stage.folder(road, spec), update_key=road.project.update_key)
        shutil.copyfile(built.elf, folder / ELF)
        shutil.copyfile(built.log, folder / "build.log")
        flash_bytes, ram_bytes = built.footprint.flash_bytes, built.footprint.ram_bytes
        facts = {
            "board": board.id,
            "flash_bytes": flash_bytes,
            "ram_bytes": ram_bytes,
            "board_flash_bytes": board.flash_bytes,
            "board_ram_bytes": board.ram_bytes,
        }
        write_json(folder / "footprint.json", facts | symbols_by_memory(folder / ELF))
        if flash_bytes > board.flash_bytes or ram_bytes > board.ram_bytes:
            raise CheckFailed(
                spec.name,
                f"{flash_bytes} B flash and {ram_bytes} B RAM do not fit {board.name}",
                "make the network smaller, or choose another board",
            )
        return facts

    inputs = {
        "export": export_stage.digest(road.run, spec),
        "board": dataclasses.asdict(board) | {"path": ""},
        "sources": sources_digest(board),
    }
    if road.project.update_key:
        inputs["update_key"] = road.project.update_key
    return Step(name(road, spec), 1, inputs, make)


def symbols_by_memory(image: Path) -> dict[str, dict[str, Any]]:
    """What takes the bytes.

    Returns:
        ``flash_symbols`` and ``ram_symbols``: bytes by symbol (``.data`` in RAM, whose initial values are in flash
        besides); ``symbol_files``: the C file of each static symbol.
    """
    from tinyforge.toolchain import read_image

    read = read_image(image)
    memories: tuple[dict[str, int], dict[str, int]] = ({}, {})
    files: dict[str, str] = {}
    for symbol in read.symbols:
        for section in read.sections:
            if symbol.bytes and section.address <= symbol.address < section.address + section.bytes:
                memory = memories[int(section.writable)]
                memory[symbol.name] = memory.get(symbol.name, 0) + symbol.bytes
                if symbol.source:
                    files[symbol.name] = symbol.source
    return {"flash_symbols": memories[0], "ram_symbols": memories[1], "symbol_files": files}


def result(road: Road, spec: ModelSpec) -> dict[str, Any]:
    """Sizes, and where the image is."""
    facts = (road.run.done(name(road, spec)) or {})["facts"]
    image = elf(road, spec)
    return dict(facts) | export_stage.streams(road, spec) | {"elf": str(image), "sha256": sha256_file(image)}
