"""What every step of a compression takes on the chip: its network in int8, linked and run on the virtual Cortex-M4."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyforge.core.files import sha256_file, write_json
from tinyforge.core.resources import code_digest
from tinyforge.core.types import ModelSpec
from tinyforge.pipeline.runs import Step
from tinyforge.pipeline.stages import compress as compress_stage

if TYPE_CHECKING:
    from tinyforge.pipeline.road import Road

NEEDS: tuple[str, ...] = ("compress",)
_FILE = "costs.json"
_KEPT = ("flash_bytes", "ram_bytes", "instructions", "cycles", "latency_us")


def name(spec: ModelSpec) -> str:
    """The step's name."""
    return f"costs/{spec.name}"


def step(road: Road, spec: ModelSpec) -> Step:
    """Measure the int8 form of every step."""
    from tinyforge.toolchain import find_arm_toolchain

    forms = compress_stage.int8_forms(road, spec)
    board = road.board

    def make(folder: Path) -> Mapping[str, Any]:
        from tinyforge.pipeline import models

        costs: dict[str, dict[str, Any]] = {}
        for count, (step_name, file) in enumerate(forms.items()):
            road.observer.progress(name(spec), count, len(forms), f"linking and running {file.name}")
            measured = models.profile(file, board_id=board.reference)
            costs[step_name] = {key: measured[key] for key in _KEPT}
        write_json(folder / _FILE, costs)
        return {step_name: cost["flash_bytes"] for step_name, cost in costs.items()}

    inputs = {
        "models": {step_name: sha256_file(file) for step_name, file in forms.items()},
        "code": code_digest("compiler", "runtimes", "csrc"),
        "compiler": find_arm_toolchain().version,
        "clock_hz": board.clock_hz,
    }
    return Step(name(spec), 1, inputs, make)


def result(road: Road, spec: ModelSpec) -> dict[str, Any]:
    """By step: ``flash_bytes``, ``ram_bytes``, ``instructions``, ``cycles``, ``latency_us`` of its int8 form."""
    said: dict[str, Any] = json.loads(road.run.path(name(spec), _FILE).read_text(encoding="utf-8"))
    return said
