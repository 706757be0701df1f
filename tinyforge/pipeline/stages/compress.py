"""A trained float network -> pruned, clustered, int8."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tinyforge.core.files import sha256_file
from tinyforge.core.resources import code_digest
from tinyforge.core.types import Channel, ModelInfo, ModelSpec
from tinyforge.pipeline import decisions
from tinyforge.pipeline.runs import Step
from tinyforge.pipeline.stages import dataset as dataset_stage
from tinyforge.pipeline.stages import train as train_stage

if TYPE_CHECKING:
    from tinyforge.core.worker import Progress
    from tinyforge.pipeline.road import Road

NEEDS: tuple[str, ...] = ("train",)
TFLITE = "int8.tflite"


def name(spec: ModelSpec) -> str:
    """The step's name."""
    return f"compress/{spec.name}"


def tflite(road: Road, spec: ModelSpec) -> Path:
    """The int8 model."""
    return road.run.path(name(spec), TFLITE)


def int8_forms(road: Road, spec: ModelSpec) -> dict[str, Path]:
    """By step of the compression: its network as an int8 model; the last network's stands under ``int8``."""
    from tinyforge.compress import load_result

    steps = load_result(road.run.path(name(spec))).steps
    return {one.name: one.int8_file for one in steps if one.int8_file is not None}


def predictions(road: Road, spec: ModelSpec) -> Path:
    """What every step of the compression says of the test windows, as a file."""
    return road.run.path(name(spec), "predictions.npz")


def scores(road: Road, spec: ModelSpec) -> npt.NDArray[np.float32]:
    """Probabilities of the last float network (pruned, clustered, ...) on the test windows, float32 [window, class]."""
    with np.load(predictions(road, spec), allow_pickle=False) as archive:
        last = next(step for step in ("qat", "clustered", "pruned", "float") if step in archive)
        probabilities: npt.NDArray[np.float32] = archive[last]
    return probabilities


def info(road: Road, spec: ModelSpec) -> ModelInfo:
    """What the int8 model says of itself."""
    from tinyforge.train import load_result

    trained = load_result(road.run.path(train_stage.name(spec)))
    channels = (road.run.done(dataset_stage.NAME) or {})["facts"]["channels"]
    return ModelInfo(
        name=spec.name,
        labels=trained.labels,
        window=road.project.window,
        channels=tuple(Channel(channel, unit) for channel, unit in channels),
        preprocessing=trained.preprocessing,
        decision=decisions.decision(road, spec),
    )


def step(road: Road, spec: ModelSpec) -> Step:
    """Compress one network."""

    def make(folder: Path) -> Mapping[str, Any]:
        from tinyforge.compress import compress

        def on_progress(progress: Progress) -> None:
            text = f"{progress.step}: {progress.text}"
            road.observer.progress(name(spec), progress.done, progress.total, text)

        result = compress(
            road.run.path(train_stage.name(spec)),
            dataset_stage.load(road),
            road.project.plan,
            info(road, spec),
            folder,
            on_progress,
            augmentation=train_stage.AUGMENTATION,
        )
        return {
            "steps": {s.name: {"file_bytes": s.file_bytes, "accuracy": s.test["accuracy"]} for s in result.steps},
            "calibration": dict(result.calibration),
            "findings": list(result.findings),
        }

    inputs = {
        "dataset": dataset_stage.sha256(road),
        "trained": sha256_file(road.run.path(train_stage.name(spec), "model.h5")),
        "plan": dataclasses.asdict(road.project.plan),
        "decision": dataclasses.asdict(decisions.decision(road, spec)),
        "model": train_stage.spec_json(spec),
        "augmentation": train_stage.AUGMENTATION,
        "code": code_digest("compress", "architectures"),
    }
    return Step(name(spec), 2, inputs, make)


def result(road: Road, spec: ModelSpec) -> dict[str, Any]:
    """What every step weighs and how good it is."""
    from tinyforge.compress import load_result

    compressed = load_result(road.run.path(name(spec)))
    return {
        "steps": [
            {
                "name": s.name,
                "file": str(s.file),
                "parameters": s.parameters,
                "nonzeros": s.nonzeros,
                "sparsity": s.sparsity,
                "file_bytes": s.file_bytes,
                "gzip_bytes": s.gzip_bytes,
                "test": train_stage.accuracy(s.test),
            }
            for s in compressed.steps
        ],
        "calibration": dict(compressed.calibration),
        "layers": [dict(one) for one in compressed.layers],
        "findings": list(compressed.findings),
        "tflite": str(compressed.tflite),
    }
