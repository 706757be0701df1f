"""What training leaves behind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyforge.core.errors import DataError
from tinyforge.core.types import Preprocessing

RESULT_FILE = "train.json"
FILES = (
    "model.h5",
    "weights.npz",
    "history.json",
    "metrics.json",
    "predictions.npz",
    "curves.png",
    "curves.svg",
    "confusion.png",
    "confusion.svg",
    "reliability.png",
    "reliability.svg",
)


@dataclass(frozen=True, slots=True)
class TrainResult:
    """A trained network and how good it is.

    Attributes:
        folder: holds the files.
        labels: class names in the order of the outputs.
        preprocessing: mean and std fitted on the training windows.
        parameters: numbers the deployed network has; ``nonzeros`` of them are not zero.
        epochs: passes made; ``best_epoch`` (from 0) gave the weights that are kept.
        seconds: of wall time in the worker.
        weights_digest: SHA-256 of the deployed weights; equal for equal jobs on one machine.
        metrics: by side of the split (``train``, ``validation``, ``test``), as :func:`tinyforge.core.metrics.measure`
            says it, with ``intervals`` of :func:`~tinyforge.core.metrics.bootstrap` and
            :func:`~tinyforge.core.metrics.calibration`; ``test`` is absent when there are no test windows.
        files: name to SHA-256 of what was written.
    """

    folder: Path
    labels: tuple[str, ...]
    preprocessing: Preprocessing
    parameters: int
    nonzeros: int
    epochs: int
    best_epoch: int
    seconds: float
    weights_digest: str
    metrics: Mapping[str, Any]
    files: Mapping[str, str]

    @property
    def model(self) -> Path:
        """The network as Keras HDF5, as deployed: batch normalisation folded, no dropout."""
        return self.folder / "model.h5"


def result_from_json(folder: Path, said: Mapping[str, Any]) -> TrainResult:
    """A result from what the worker said of it."""
    return TrainResult(
        folder=folder,
        labels=tuple(said["labels"]),
        preprocessing=Preprocessing(tuple(said["preprocessing"]["mean"]), tuple(said["preprocessing"]["std"])),
        parameters=said["parameters"],
        nonzeros=said["nonzeros"],
        epochs=said["epochs"],
        best_epoch=said["best_epoch"],
        seconds=said["seconds"],
        weights_digest=said["weights_digest"],
        metrics=said["metrics"],
        files=said["files"],
    )


def load_result(folder: Path) -> TrainResult:
    """What :func:`tinyforge.train.fit` left in ``folder``.

    Raises:
        DataError: there is none, or a file of it is missing.
    """
    file = folder / RESULT_FILE
    try:
        said = json.loads(file.read_text("utf-8"))["result"]
        return result_from_json(folder, said)
    except FileNotFoundError:
        raise DataError(str(file), "no such file", "train first: `tinyforge train`") from None
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(str(file), f"is no training result ({error})", "train again: `tinyforge train`") from error
