"""Windows -> a trained float network."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tinyforge.core.resources import code_digest
from tinyforge.core.types import AUTO_TEACHERS, Dataset, ModelSpec
from tinyforge.pipeline.runs import Step
from tinyforge.pipeline.stages import dataset as dataset_stage

if TYPE_CHECKING:
    from tinyforge.core.worker import Progress
    from tinyforge.pipeline.road import Road

NEEDS: tuple[str, ...] = ()
LOGS = "logs"  # of TensorBoard: no part of what a run proves
AUGMENTATION = "tinyforge.dataset.augment:augment"


def name(spec: ModelSpec) -> str:
    """The step's name."""
    return f"train/{spec.name}"


def spec_json(spec: ModelSpec) -> dict[str, Any]:
    """A specification as plain data."""
    return dataclasses.asdict(spec) | {"parameters": dict(spec.parameters), "augmentation": dict(spec.augmentation)}


def check(road: Road, _: Sequence[ModelSpec]) -> None:
    """Say what the accuracy will not: recordings, or sessions, that are kept apart may be of one person."""
    by = road.project.dataset.split_by
    if by != "subject":
        road.observer.note(
            f"{by}s are kept apart, not people: what is measured holds for those who were recorded (dataset.split_by)"
        )


def say_teachers(road: Road, spec: ModelSpec, dataset: Dataset) -> None:
    """Say how many teachers ``teachers = "auto"`` are."""
    from tinyforge.train.fit import FEW_WINDOWS, with_teachers

    if spec.teachers == AUTO_TEACHERS and (count := with_teachers(spec, dataset).teachers):
        road.observer.note(
            f"{spec.name}: {count} networks of other seeds teach it, because fewer than {FEW_WINDOWS} windows train "
            "(teachers; 0 for none)"
        )


def step(road: Road, spec: ModelSpec) -> Step:
    """Train one network."""

    def make(folder: Path) -> Mapping[str, Any]:
        from tinyforge.train import fit

        def on_progress(progress: Progress) -> None:
            road.observer.progress(name(spec), progress.done, progress.total, progress.text)

        dataset = dataset_stage.load(road)
        say_teachers(road, spec, dataset)
        result = fit(
            dataset,
            spec,
            folder,
            on_progress,
            augmentation=AUGMENTATION,
            logs=road.run.folder / LOGS,
        )
        return {
            "parameters": result.parameters,
            "epochs": result.epochs,
            "weights_digest": result.weights_digest,
            "accuracy": {side: said["accuracy"] for side, said in result.metrics.items()},
        }

    inputs = {
        "dataset": dataset_stage.sha256(road),
        "model": spec_json(spec),
        "augmentation": AUGMENTATION,
        "code": code_digest("train", "architectures"),
    }
    return Step(name(spec), 1, inputs, make, resumable=True)


def result(road: Road, spec: ModelSpec) -> dict[str, Any]:
    """Parameters, epochs, the chosen decision, and accuracy with its interval on validation and test windows."""
    from tinyforge.pipeline import decisions
    from tinyforge.train import load_result

    trained = load_result(road.run.path(name(spec)))
    chosen = decisions.chosen(road, spec)
    tested = None if chosen is None else decisions.tested(road, spec, chosen)
    return {
        "parameters": trained.parameters,
        "epochs": trained.epochs,
        "folder": str(trained.folder),
        "decision": None
        if chosen is None
        else dataclasses.asdict(chosen) | {"test": None if tested is None else dataclasses.asdict(tested)},
    } | {side: accuracy(trained.metrics[side]) for side in ("validation", "test")}


def accuracy(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Accuracy and macro-F1 with 95 % intervals: over people where there are several, else Wilson's over windows.

    Returns:
        ``accuracy``, ``low``, ``high``, ``windows``, ``macro_f1`` and, over people only, ``macro_f1_low`` and
        ``macro_f1_high``.
    """
    from tinyforge.evaluate.intervals import wilson

    share = wilson(metrics["correct"], metrics["windows"])
    said = {
        "accuracy": share.value,
        "low": share.low,
        "high": share.high,
        "windows": metrics["windows"],
        "macro_f1": metrics["macro_f1"],
    }
    if intervals := metrics.get("intervals"):
        said["low"], said["high"] = intervals["accuracy"]
        said["macro_f1_low"], said["macro_f1_high"] = intervals["macro_f1"]
    return said


def predictions(road: Road, spec: ModelSpec) -> Path:
    """Scores of the float network on the test windows, as a file."""
    return road.run.path(name(spec), "predictions.npz")


def scores(road: Road, spec: ModelSpec) -> npt.NDArray[np.float32]:
    """Probabilities of the float network on the test windows, float32 [window, class]."""
    with np.load(predictions(road, spec), allow_pickle=False) as archive:
        probabilities: npt.NDArray[np.float32] = archive["test_probabilities"]
    return probabilities


def history(road: Road, spec: ModelSpec) -> dict[str, Any]:
    """Loss and accuracy of every epoch."""
    return read_json(road.run.path(name(spec), "history.json"))


def read_json(path: Path) -> dict[str, Any]:
    """A file that a step wrote."""
    said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return said
