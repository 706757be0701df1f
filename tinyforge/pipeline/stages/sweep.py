"""Many ways to compress one network: accuracy against what each takes in the linked image."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyforge.core.files import sha256_file, write_json, write_text
from tinyforge.core.resources import code_digest
from tinyforge.core.types import CompressionPlan, ModelSpec
from tinyforge.pipeline.runs import Step
from tinyforge.pipeline.stages import compress as compress_stage
from tinyforge.pipeline.stages import dataset as dataset_stage
from tinyforge.pipeline.stages import train as train_stage

if TYPE_CHECKING:
    from tinyforge.core.worker import Progress
    from tinyforge.pipeline.road import Road

NEEDS: tuple[str, ...] = ("train",)
_FILE, _PAGE, _PLOT = "sweep.json", "sweep.html", "sweep.svg"
_PRUNE_EPOCHS, _CLUSTER_EPOCHS, _QAT_EPOCHS = 40, 16, 8  # at least: these plans go far
_COSTS = ("flash_bytes", "ram_bytes", "instructions")


def name(spec: ModelSpec) -> str:
    """The step's name."""
    return f"sweep/{spec.name}"


def plans(base: CompressionPlan) -> dict[str, CompressionPlan]:
    """The ways that are tried, by what they are called; epochs and calibration as in the project, or a little more."""
    plain = dataclasses.replace(
        base,
        sparsity=0.0,
        clusters=0,
        qat_epochs=0,
        layers={},
        prune_epochs=max(base.prune_epochs, _PRUNE_EPOCHS),
        cluster_epochs=max(base.cluster_epochs, _CLUSTER_EPOCHS),
        pattern="unstructured",
    )
    aware = max(base.qat_epochs, _QAT_EPOCHS)

    def plan(sparsity: float = 0.0, clusters: int = 0, qat_epochs: int = 0) -> CompressionPlan:
        return dataclasses.replace(plain, sparsity=sparsity, clusters=clusters, qat_epochs=qat_epochs)

    return {
        "int8": plan(),
        "int8, trained for it": plan(qat_epochs=aware),
        "50 % zeros": plan(0.5),
        "80 % zeros": plan(0.8),
        "90 % zeros": plan(0.9),
        "16 clusters": plan(clusters=16),
        "80 % zeros, 16 clusters, trained for int8": plan(0.8, 16, aware),
        "90 % zeros, 16 clusters, trained for int8": plan(0.9, 16, aware),
    }


def step(road: Road, spec: ModelSpec) -> Step:
    """Try every plan; what an interrupted sweep has done is not done again."""
    from tinyforge.toolchain import find_arm_toolchain

    tried = plans(road.project.plan)
    board = road.board

    def make(folder: Path) -> Mapping[str, Any]:
        from tinyforge.compress import compress
        from tinyforge.pipeline import models
        from tinyforge.report.pareto import pareto_page, pareto_svg

        points: list[dict[str, Any]] = []
        for count, (called, plan) in enumerate(tried.items()):

            def on_progress(progress: Progress, count: int = count, called: str = called) -> None:
                share = progress.done / max(progress.total, 1)
                road.observer.progress(name(spec), count + share, len(tried), f"{called}: {progress.text}")

            result = compress(
                road.run.path(train_stage.name(spec)),
                dataset_stage.load(road),
                plan,
                compress_stage.info(road, spec),
                folder / f"plan{count}",
                on_progress,
                augmentation=train_stage.AUGMENTATION,
            )
            last = result.step("int8")
            cost = models.profile(result.tflite, board_id=board.reference)
            points.append(
                {"plan": called, "test": train_stage.accuracy(last.test), "gzip_bytes": last.gzip_bytes}
                | {key: cost[key] for key in _COSTS}
            )
        for point in points:
            point["best"] = not any(_beats(other, point) for other in points)
        write_json(folder / _FILE, points)
        title = f"{spec.name}: accuracy against linked flash"
        write_text(folder / _PLOT, pareto_svg(title, points))
        write_text(folder / _PAGE, pareto_page(title, points))
        return {point["plan"]: point["flash_bytes"] for point in points}

    inputs = {
        "dataset": dataset_stage.sha256(road),
        "trained": sha256_file(road.run.path(train_stage.name(spec), "model.h5")),
        "plans": {called: dataclasses.asdict(plan) for called, plan in tried.items()},
        "code": code_digest("compress", "architectures", "compiler", "runtimes", "csrc"),
        "compiler": find_arm_toolchain().version,
        "board": board.id,
    }
    return Step(name(spec), 1, inputs, make, resumable=True)


def _beats(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """As small and as accurate, and better in one of the two."""
    bytes_less = int(other["flash_bytes"]) - int(one["flash_bytes"])
    share_more = float(one["test"]["accuracy"]) - float(other["test"]["accuracy"])
    return bytes_less >= 0 and share_more >= 0 and (bytes_less > 0 or share_more > 0)


def result(road: Road, spec: ModelSpec) -> dict[str, Any]:
    """Points and plots.

    Returns:
        ``points``: ``plan``, ``flash_bytes``, ``ram_bytes``, ``instructions``, ``gzip_bytes``, ``test``, ``best``
        each; ``html`` and ``svg``: paths.
    """
    folder = road.run.path(name(spec))
    points = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    return {"points": points, "html": str(folder / _PAGE), "svg": str(folder / _PLOT)}
