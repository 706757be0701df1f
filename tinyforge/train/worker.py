"""The process that trains: ``python -m tinyforge.train.worker job.json``. See :mod:`tinyforge.core.worker`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from tinyforge.architectures import build
from tinyforge.architectures import network as networks
from tinyforge.architectures.loop import Course, Epoch, Examples, Stepper, Teacher, run_epochs
from tinyforge.architectures.parcel import fit_preprocessing, load_augmentation, write_npz
from tinyforge.architectures.session import keras, set_up
from tinyforge.core.dataset_file import read_dataset
from tinyforge.core.files import sha256_file, write_json
from tinyforge.core.metrics import bootstrap, calibration, measure
from tinyforge.core.types import SPLIT_NAMES, TEST, TRAIN, VALIDATION, Dataset, Float32Array, ModelSpec
from tinyforge.core.worker import Reporter, serve
from tinyforge.train import plots
from tinyforge.train.logs import Logs
from tinyforge.train.result import FILES, RESULT_FILE

_TAUGHT = 0.9  # share of the teachers; the rest are the labels, as while pruning
_NEXT_SEED = 1_000_003  # between teachers
_AVERAGING = 0.9  # measured on 8 splits of people: 97.8 % instead of 97.0, the worst 95.3 instead of 94.0


def work(job: dict[str, Any], reporter: Reporter) -> Mapping[str, Any]:
    """Train what the job says; the result is on disk when this returns."""
    started = monotonic()
    spec = ModelSpec(**job["spec"])
    folder = Path(job["folder"])
    workshop = Path(job["workshop"])
    reporter.progress("train", 0, spec.epochs * (spec.teachers + 1), "starting TensorFlow")
    dataset = read_dataset(workshop / "dataset.npz")
    augment = load_augmentation(job["augmentation"], spec.augmentation) if spec.augment else None
    set_up(spec.seed)
    examples = Examples.of(dataset, spec, fit_preprocessing(dataset), augment, spec.seed)
    logs = Logs(spec, job["logs"])
    study = _Study(spec, dataset, workshop, job["key"], reporter)
    if spec.teachers:
        examples = replace(examples, teacher=study.teachers(examples), taught=_TAUGHT)
        keras().utils.set_random_seed(spec.seed)  # as if nothing had been trained before
    deployed, course = study.train(examples, spec.teachers, logs.epoch)
    reporter.progress("train", study.epochs, study.epochs, "measuring")

    predict = networks.Predictor(deployed)
    metrics: dict[str, Any] = {}
    arrays: dict[str, Any] = {}
    for side in (TRAIN, VALIDATION, TEST):
        windows, targets = dataset.side(side)
        if not len(windows):
            continue
        probabilities = predict.raw(windows, examples.preprocessing)
        predicted = probabilities.argmax(1)
        metrics[SPLIT_NAMES[side]] = measure(targets, predicted, dataset.labels) | {
            "intervals": bootstrap(targets, predicted, dataset.groups[dataset.split == side], dataset.labels),
            "calibration": calibration(probabilities, targets),
        }
        if side != TRAIN:
            arrays[f"{SPLIT_NAMES[side]}_probabilities"] = probabilities
            arrays[f"{SPLIT_NAMES[side]}_targets"] = targets

    networks.save(deployed, folder / "model.h5")
    weights = {f"{layer.name}_{i}": one for layer in deployed.layers for i, one in enumerate(layer.get_weights())}
    write_npz(folder / "weights.npz", weights)
    write_npz(folder / "predictions.npz", arrays)
    write_json(
        folder / "history.json", {"best_epoch": course.best_epoch, "epochs": [asdict(row) for row in course.rows]}
    )
    write_json(folder / "metrics.json", metrics)
    plots.curves(course.rows, course.best_epoch, folder / "curves.svg")
    shown = "test" if "test" in metrics else "validation"
    plots.confusion_matrix(
        metrics[shown]["confusion"],
        dataset.labels,
        f"{spec.name}: {shown} windows, {100 * metrics[shown]['accuracy']:.1f} %",
        folder / "confusion.svg",
    )
    plots.reliability(metrics[shown]["calibration"], f"{spec.name}: {shown} windows", folder / "reliability.svg")
    parameters, nonzeros = networks.count(deployed)
    result = {
        "labels": list(dataset.labels),
        "preprocessing": asdict(examples.preprocessing),
        "parameters": parameters,
        "nonzeros": nonzeros,
        "epochs": len(course.rows),
        "best_epoch": course.best_epoch,
        "seconds": round(monotonic() - started, 3),
        "weights_digest": networks.weights_digest(deployed),
        "metrics": metrics,
        "files": {name: sha256_file(folder / name) for name in FILES},
    }
    logs.result(metrics)
    write_json(folder / RESULT_FILE, {"key": job["key"], "spec": job["spec"], "result": result})
    shutil.rmtree(workshop, ignore_errors=True)
    return result


class _Study:
    """The trainings of a job: those of the teachers, then that of the network itself.

    Each has its own checkpoint, so that an interrupted job goes on in the one it had come to.
    """

    def __init__(self, spec: ModelSpec, dataset: Dataset, workshop: Path, key: str, reporter: Reporter) -> None:
        self._spec = spec
        self._dataset = dataset
        self._workshop = workshop
        self._key = key
        self._reporter = reporter
        self._first: list[float] = []
        self.epochs = spec.epochs * (spec.teachers + 1)

    def teachers(self, examples: Examples) -> Teacher:
        """Train them; their mean probabilities [n, class] for standardised windows [n, time, channel]."""
        asked = []
        for number in range(self._spec.teachers):
            seed = (self._spec.seed + (number + 1) * _NEXT_SEED) % 2**32
            keras().utils.set_random_seed(seed)
            deployed, _ = self.train(replace(examples, seed=seed), number)
            asked.append(networks.Predictor(deployed))

        def mean(windows: Float32Array) -> Float32Array:
            said: Float32Array = np.mean([ask(windows) for ask in asked], axis=0, dtype=np.float32)
            return said

        return mean

    def train(
        self, examples: Examples, number: int, on_epoch: Callable[[Epoch], None] | None = None
    ) -> tuple[Any, Course]:
        """Train the network ``number`` of the job, the last of which is its result."""
        spec = self._spec
        shape = (self._dataset.windows.shape[1], self._dataset.windows.shape[2])
        trained = build(spec, shape, len(self._dataset.labels), training=True)
        deployed = build(spec, shape, len(self._dataset.labels))
        stepper = Stepper(trained, min(spec.batch_size, examples.per_epoch), _AVERAGING, spec.focal)

        def settle() -> None:
            with stepper.averaged():
                networks.deploy(trained, deployed)

        def tell(row: Epoch, epochs: int) -> None:
            self._tell(row, number * epochs + row.epoch + 1, number)
            if on_epoch is not None:
                on_epoch(row)

        own = number == spec.teachers
        course = run_epochs(
            stepper,
            deployed,
            settle,
            examples,
            self._dataset.part(VALIDATION),
            epochs=spec.epochs,
            learning_rate=spec.learning_rate,
            patience=spec.patience,
            schedule=spec.schedule,
            on_epoch=tell,
            checkpoint=self._workshop / ("checkpoint.npz" if own else f"teacher{number}.npz"),
            key=self._key,
        )
        return deployed, course

    def _tell(self, row: Epoch, done: int, number: int) -> None:
        now = monotonic()
        self._first.append(now)
        pace_s = (now - self._first[0]) / (len(self._first) - 1) if len(self._first) > 1 else 0.0
        left_s = pace_s * (self.epochs - done)
        left = f", {left_s:.0f} s left" if len(self._first) > 1 else ""  # the first epoch alone tells no pace
        who = f"teacher {number + 1} of {self._spec.teachers}: " if number < self._spec.teachers else ""
        self._reporter.progress(
            "train",
            done,
            self.epochs,
            f"{who}loss {row.loss:.3f}, accuracy {100 * row.accuracy:.1f} %, validation {100 * row.val_accuracy:.1f} %"
            f"{left}",
            loss=row.loss,
            accuracy=row.accuracy,
            val_loss=row.val_loss,
            val_accuracy=row.val_accuracy,
            seconds_left=left_s,
        )


if __name__ == "__main__":
    raise SystemExit(serve(work))
