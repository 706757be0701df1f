"""Cross-validation: a network trained and compressed once for each fold, and how good all of them are on new people.

Each fold is a step of the run, so that an interrupted cross-validation goes on where it stopped.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyforge.core.files import sha256_json, write_json
from tinyforge.core.metrics import bootstrap, calibration, measure
from tinyforge.core.resources import code_digest
from tinyforge.core.types import TEST, Channel, Dataset, ModelInfo, ModelSpec
from tinyforge.dataset.folds import Fold, make_folds, parse_scheme
from tinyforge.pipeline.datasets import windows_of
from tinyforge.pipeline.examination import hardly_moving
from tinyforge.pipeline.runs import Step
from tinyforge.pipeline.stages import dataset as dataset_stage
from tinyforge.pipeline.stages import train as train_stage

if TYPE_CHECKING:
    from tinyforge.core.worker import Progress
    from tinyforge.pipeline.road import Road

RUNGS = ("float", "int8")


def cross_validate(road: Road, scheme: str, model: str = "", jobs: int = 0) -> dict[str, Any]:
    """Train and compress one or all models on every fold.

    Args:
        scheme: ``loso`` or a number of folds.
        model: empty for all.
        jobs: folds at the same time; 0 for one a core.

    Returns:
        By model: ``folds``, ``scheme``, ``folder``, ``parameters``, ``cost`` (flash, RAM and instructions of the first
        fold's int8 network; empty without a compiler or Unicorn) and, by rung (``float``, ``int8``), what
        :func:`tinyforge.core.metrics.measure` says of all windows, each tested once, with ``intervals``,
        ``calibration`` and ``by_group`` (accuracy and macro-F1); ``hardly_move`` (``windows``, ``correct``): of the
        recordings that ``dataset check`` calls ``no-movement``, which no network can tell by a gesture.

    Raises:
        UsageError: no such scheme.
        DataError: the dataset cannot be divided so.
    """
    count = parse_scheme(scheme, road.project.dataset.split_by)
    specs = road.specs(model)
    train_stage.check(road, specs)
    road.dataset()
    config = road.project.dataset
    plain = dataclasses.replace(config, training_hop=0)
    dataset = windows_of(dataclasses.replace(road.project, dataset=plain))
    folds = list(make_folds(dataset, count, validation=config.validation, seed=config.seed))
    road.parallel([_job(road, _fold(road, spec, scheme, dataset, fold)) for spec in specs for fold in folds], jobs)
    found = {}
    for spec in specs:
        folder = road.do(_summary(road, spec, scheme, dataset, folds))
        found[spec.name] = train_stage.read_json(folder / "cv.json") | {"folder": str(folder)}
    return found


def _job(road: Road, step: Step) -> Callable[[], None]:
    def work() -> None:
        road.do(step)

    return work


def _name(spec: ModelSpec, scheme: str, fold: str) -> str:
    return f"cv_{scheme}/{spec.name}/{fold}"


def _fold(road: Road, spec: ModelSpec, scheme: str, whole: Dataset, fold: Fold) -> Step:
    """Train on the fold's training side, compress, and keep what both say of the test side."""
    name = _name(spec, scheme, fold.name)
    sides = {str(group): int(side) for group, side in zip(whole.groups, fold.split, strict=True)}

    def make(folder: Path) -> Mapping[str, Any]:
        from tinyforge.compress import compress
        from tinyforge.train import fit

        def on_progress(progress: Progress) -> None:
            tested = ", ".join(fold.tested) if len(fold.tested) <= 3 else f"{len(fold.tested)} groups"
            road.observer.progress(name, progress.done, progress.total, f"{tested}: {progress.step}: {progress.text}")

        dataset = windows_of(road.project, sides)
        if fold.name.lstrip("0") == "1":
            train_stage.say_teachers(road, spec, dataset)
        trained = fit(dataset, spec, folder / "train", on_progress, augmentation=train_stage.AUGMENTATION)
        channels = (road.run.done(dataset_stage.NAME) or {})["facts"]["channels"]
        info = ModelInfo(
            name=spec.name,
            labels=trained.labels,
            window=road.project.window,
            channels=tuple(Channel(channel, unit) for channel, unit in channels),
            preprocessing=trained.preprocessing,
        )
        compress(
            trained.folder,
            dataset,
            road.project.plan,
            info,
            folder / "compress",
            on_progress,
            augmentation=train_stage.AUGMENTATION,
        )
        return {"tested": list(fold.tested), "parameters": trained.parameters, "epochs": trained.epochs}

    inputs = {
        "dataset": whole.digest,
        "sides": sides,
        "training_hop": road.project.dataset.training_hop,
        "model": train_stage.spec_json(spec),
        "plan": dataclasses.asdict(road.project.plan),
        "augmentation": train_stage.AUGMENTATION,
        "code": code_digest("train", "compress", "architectures"),
    }
    return Step(name, 1, inputs, make, resumable=True)


def _summary(road: Road, spec: ModelSpec, scheme: str, dataset: Dataset, folds: list[Fold]) -> Step:
    """Every window as the network that had not seen its group answers it."""
    names = [_name(spec, scheme, fold.name) for fold in folds]

    def make(folder: Path) -> Mapping[str, Any]:
        from tinyforge.compress import load_result
        from tinyforge.train import plots

        said: dict[str, Any] = {
            "scheme": scheme,
            "folds": [{"name": fold.name, "tested": list(fold.tested)} for fold in folds],
            "parameters": (road.run.done(names[0]) or {})["facts"]["parameters"],
            "cost": _cost(road, load_result(road.run.path(names[0], "compress")).tflite),
        }
        still = np.isin(dataset.recordings, hardly_moving(road.project))
        for rung in RUNGS:
            probabilities = np.zeros((len(dataset.targets), len(dataset.labels)), np.float32)
            for name, fold in zip(names, folds, strict=True):
                with np.load(road.run.path(name, "compress/predictions.npz"), allow_pickle=False) as archive:
                    probabilities[fold.split == TEST] = archive[rung]
            said[rung] = _measured(dataset, probabilities)
            said[rung]["hardly_move"] = _of_still(dataset, probabilities, still)
        title = f"{spec.name}: {scheme}, int8, macro-F1 {said['int8']['macro_f1']:.3f}"
        plots.confusion_matrix(said["int8"]["confusion"], dataset.labels, title, folder / "confusion.svg")
        plots.reliability(said["int8"]["calibration"], f"{spec.name}: {scheme}, int8", folder / "reliability.svg")
        write_json(folder / "cv.json", said)
        return {rung: said[rung]["macro_f1"] for rung in RUNGS}

    inputs = {"folds": sha256_json([(road.run.done(name) or {}).get("key") for name in names])}
    return Step(_name(spec, scheme, "all"), 2, inputs, make)


def _measured(dataset: Dataset, probabilities: Any) -> dict[str, Any]:
    predicted = probabilities.argmax(axis=1)
    by_group = {}
    for group in np.unique(dataset.groups):
        chosen = dataset.groups == group
        one = measure(dataset.targets[chosen], predicted[chosen], dataset.labels)
        by_group[str(group)] = {key: one[key] for key in ("windows", "accuracy", "macro_f1")}
    return measure(dataset.targets, predicted, dataset.labels) | {
        "intervals": bootstrap(dataset.targets, predicted, dataset.groups, dataset.labels),
        "calibration": calibration(probabilities, dataset.targets),
        "by_group": by_group,
    }


def _of_still(dataset: Dataset, probabilities: Any, still: Any) -> dict[str, int]:
    """How many windows ``still`` says, bool [window], and how many of them are right."""
    right = probabilities.argmax(axis=1) == dataset.targets
    return {"windows": int(still.sum()), "correct": int((right & still).sum())}


def _cost(road: Road, model: Path) -> dict[str, Any]:
    from tinyforge.core.errors import ToolError
    from tinyforge.pipeline import models

    try:
        measured = models.profile(model)
    except ToolError as error:
        road.observer.note(f"flash and instructions are not known: {error}")
        return {}
    return {key: measured[key] for key in ("flash_bytes", "ram_bytes", "instructions", "macs", "compiler")}
