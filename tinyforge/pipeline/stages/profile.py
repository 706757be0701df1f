"""Cost of one inference, measured on the virtual Cortex-M4."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyforge.core.files import write_json
from tinyforge.core.types import ModelSpec
from tinyforge.pipeline.runs import Step
from tinyforge.pipeline.stages import export as export_stage

if TYPE_CHECKING:
    from tinyforge.pipeline.road import Road

NEEDS: tuple[str, ...] = ("export",)


def name(spec: ModelSpec) -> str:
    """The step's name."""
    return f"profile/{spec.name}"


def step(road: Road, spec: ModelSpec) -> Step:
    """Measure one model."""
    from tinyforge.toolchain import find_arm_toolchain

    board = road.board

    def make(folder: Path) -> Mapping[str, Any]:
        from tinyforge.pipeline import models

        measured = models.profile_export(
            export_stage.folder(road, spec), board, export_stage.facts(road, spec)["layers"]
        )
        write_json(folder / "profile.json", measured)
        keys = ("instructions", "cycles", "flash_bytes", "ram_bytes", "stack_bytes", "sliding")
        return {key: measured[key] for key in keys if key in measured}

    inputs = {
        "export": export_stage.digest(road.run, spec),
        "compiler": find_arm_toolchain().version,
        "clock_hz": board.clock_hz,
        "flash_wait_cycles": board.flash_wait_cycles,
    }
    return Step(name(spec), 3, inputs, make)


def result(road: Road, spec: ModelSpec) -> dict[str, Any]:
    """The whole profile."""
    said: dict[str, Any] = json.loads(road.run.path(name(spec), "profile.json").read_text(encoding="utf-8"))
    return said
