"""``tinyforge publish``: from a run to a model's folder that a repository keeps and ``tinyforge check`` holds."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyforge.core.errors import CheckFailed, UsageError
from tinyforge.core.files import write_bytes, write_text
from tinyforge.core.project import PROJECT_FILE
from tinyforge.core.types import TEST, ModelSpec
from tinyforge.pipeline import model_folders
from tinyforge.pipeline.model_folders import TestWindows

if TYPE_CHECKING:
    from tinyforge.budget import Figures
    from tinyforge.pipeline.road import Road

DEFAULT_WINDOWS = 200


def publish(road: Road, spec: ModelSpec, folder: Path, *, windows: int = DEFAULT_WINDOWS, room: float = 0.05) -> Path:
    """Write a model's folder from the run: model, recipe, test windows, figures, budget and card.

    A ``budget.toml`` that is there is kept: limits are raised on purpose, by hand. Without one it is written from what
    was measured.

    Args:
        road: brings the model's evaluation up to date first.
        spec: which model.
        folder: made when it is missing; its name is the model's name there.
        windows: at most so many test windows, spread evenly over the test; all classes stay in proportion.
        room: share by which a new budget's limits lie above what was measured, 0 to 1.

    Returns:
        The folder.

    Raises:
        CheckFailed: the board's outputs differ from the reference's.
        UsageError: the folder cannot be written, or holds another model's file.
    """
    from tinyforge.pipeline import checks
    from tinyforge.pipeline.cards import card
    from tinyforge.pipeline.stages import compress as compress_stage
    from tinyforge.pipeline.stages import evaluate as evaluate_stage

    road.record()
    for stage in ("profile", "evaluate"):
        road.each(stage, spec.name)
    if not evaluate_stage.summary(road, spec)["exact"]:
        raise CheckFailed(
            spec.name, "board and reference disagree", "`tinyforge evaluate` says where; nothing is written"
        )
    target = folder / f"{folder.resolve().name}.tflite"
    others = [file.name for file in sorted(folder.glob("*.tflite")) if file != target]
    if others:
        raise UsageError(str(folder), f"holds {others[0]} already", "one model a folder: choose another with --to")
    write_bytes(target, compress_stage.tflite(road, spec).read_bytes())
    shutil.copyfile(road.project.root / PROJECT_FILE, folder / model_folders.RECIPE)
    model_folders.write_test_windows(folder, _test_windows(road, spec, windows))
    figures = checks.measure(folder, (road.board.id,))
    if not (folder / model_folders.BUDGET).is_file():
        write_text(folder / model_folders.BUDGET, _budget(figures[road.board.id], room))
    model_folders.write_figures(folder, {name: one.to_json() for name, one in figures.items()})
    write_text(folder / model_folders.CARD, card(road, spec))
    return folder


def _test_windows(road: Road, spec: ModelSpec, most: int) -> TestWindows:
    from tinyforge.pipeline.stages import compress as compress_stage
    from tinyforge.pipeline.stages import dataset as dataset_stage
    from tinyforge.pipeline.stages import export as export_stage
    from tinyforge.pipeline.stages import train as train_stage
    from tinyforge.runtimes.preprocess import preprocess
    from tinyforge.tasks import gesture

    windows, targets = dataset_stage.load(road).part(TEST)
    answers = gesture.decode(train_stage.scores(road, spec))
    order = np.argsort(targets, kind="stable")  # evenly spaced below: each class keeps its share
    chosen = np.sort(order[np.linspace(0, len(order) - 1, min(most, len(order))).round().astype(np.int64)])
    said = export_stage.manifest(road, spec)["input"]
    info = compress_stage.info(road, spec)
    inputs = preprocess(info, said["scale"], said["zero_point"], windows[chosen])
    return TestWindows(inputs, targets[chosen], answers[chosen])


def _budget(figures: Figures, room: float) -> str:
    """A ``budget.toml`` with limits a little above what was measured."""

    def above(value: float, step: int) -> int:
        return int(-(-value * (1 + room) // step)) * step

    footprint, quality = figures.footprint, figures.quality
    rows: dict[str, Any] = {
        "flash_bytes": above(footprint.flash_bytes, 16),
        "ram_bytes": above(footprint.ram_bytes, 16),
        "stack_bytes": above(footprint.stack_bytes, 8),
        "instructions": above(figures.instructions, 1000),
        "exact": 1.0,
    }
    if quality.accuracy is not None:
        rows["accuracy"] = max(0.0, round(quality.accuracy - 0.02, 2))
    if quality.agreement is not None:
        rows["agreement"] = max(0.0, round(quality.agreement - 0.02, 2))
    lines = [
        f"# Limits of {figures.name}, linked by {figures.compiler}. `tinyforge check` holds them.",
        "",
        f"[{figures.board}]",
        *(f"{key} = {value}" for key, value in rows.items()),
    ]
    return "\n".join(lines) + "\n"
