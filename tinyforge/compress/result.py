"""What compression leaves behind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyforge.core.errors import DataError

RESULT_FILE = "compress.json"
INT8_FILE = "int8.tflite"
PREDICTIONS_FILE = "predictions.npz"
"""Probabilities [window, class] of every step on the windows it was measured on, under the step's name."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step of compression and what is left after it.

    Attributes:
        name: ``float``, ``pruned``, ``clustered``, ``qat``, ``tflite`` (float32) or ``int8``.
        file: its path.
        parameters: numbers in it; ``nonzeros`` of them are not zero.
        sparsity: share of zeros in the weight matrices (kernels, no biases), 0..1.
        file_bytes: length of the file; ``gzip_bytes`` after gzip -9.
        test: ``windows``, ``correct``, ``accuracy``, ``macro_f1`` on the test windows; on the validation windows when
            there are no test windows; over several groups also ``intervals``, those of
            :func:`tinyforge.core.metrics.bootstrap`.
        loss: cross-entropy in nats on the same windows.
        by_layer: ``layer/weight`` to its ``size``, ``nonzeros`` and ``distinct`` values.
        int8_file: the step's network quantized as it is, to see what it takes on the chip; None where there is none.
    """

    name: str
    file: Path
    parameters: int
    nonzeros: int
    sparsity: float
    file_bytes: int
    gzip_bytes: int
    test: Mapping[str, Any]
    loss: float
    by_layer: Mapping[str, Mapping[str, int]]
    int8_file: Path | None = None


@dataclass(frozen=True, slots=True)
class CompressResult:
    """Every step of a compression.

    Attributes:
        folder: holds the files.
        steps: in order; the first is the network as trained.
        calibration: ``windows`` used, ``by_class``, ``groups`` (people, of how many) and ``covered`` (share of the
            validation windows' values that lie in the ranges, of the worst layer and its name); empty when nothing was
            quantized.
        layers: int8's error in each layer (:class:`tinyforge.compress.layer_errors.LayerError` as plain data).
        findings: layers that int8 hurts, and what else is to be said.
        seconds: of wall time in the worker.
        files: name to SHA-256 of what was written.
    """

    folder: Path
    steps: tuple[StepResult, ...]
    calibration: Mapping[str, Any]
    seconds: float
    files: Mapping[str, str]
    layers: tuple[Mapping[str, Any], ...] = ()
    findings: tuple[str, ...] = ()

    def step(self, name: str) -> StepResult:
        """The step of that name.

        Raises:
            KeyError: it was not taken.
        """
        for one in self.steps:
            if one.name == name:
                return one
        raise KeyError(name)

    @property
    def tflite(self) -> Path:
        """The int8 model, with its ``TINYFORGE`` metadata."""
        return self.step("int8").file

    @property
    def model(self) -> Path:
        """The last Keras network: trained for int8, clustered, pruned, or as trained."""
        return [one for one in self.steps if one.file.suffix == ".h5"][-1].file


def result_from_json(folder: Path, said: Mapping[str, Any]) -> CompressResult:
    """A result from what the worker said of it."""
    steps = tuple(
        StepResult(
            **one | {"file": folder / one["file"], "int8_file": folder / one["int8_file"] if one["int8_file"] else None}
        )
        for one in said["steps"]
    )
    layers, findings = tuple(said["layers"]), tuple(said["findings"])
    return CompressResult(folder, steps, said["calibration"], said["seconds"], said["files"], layers, findings)


def load_result(folder: Path) -> CompressResult:
    """What :func:`tinyforge.compress.compress` left in ``folder``.

    Raises:
        DataError: there is none.
    """
    file = folder / RESULT_FILE
    try:
        return result_from_json(folder, json.loads(file.read_text("utf-8"))["result"])
    except FileNotFoundError:
        raise DataError(str(file), "no such file", "compress first: `tinyforge compress`") from None
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            str(file), f"is no compression result ({error})", "compress again: `tinyforge compress`"
        ) from error
