"""A model that a run of the project made: its C, compiled for this machine, and the windows it was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tinyforge.core.dataset_file import read_dataset
from tinyforge.core.errors import DataError
from tinyforge.core.project import Project
from tinyforge.core.types import TEST, TRAIN, ModelSpec
from tinyforge.pipeline import runs
from tinyforge.pipeline.stages import dataset as dataset_stage
from tinyforge.pipeline.stages import export as export_stage

if TYPE_CHECKING:
    from tinyforge.core.types import Dataset, Float32Array, Int8Array, IntArray, ModelInfo
    from tinyforge.evaluate.felt import Known

_MOST_WINDOWS = 2000  # of the training, and of the test


@dataclass(frozen=True, slots=True)
class Trained:
    """Where it is.

    Attributes:
        model_dir: the generated C.
        dataset: file of the windows.
        build_dir: where C is compiled.
    """

    model_dir: Path
    dataset: Path
    build_dir: Path

    def scores(self, windows: Float32Array) -> Int8Array:
        """Raw scores, int8 [n, class], of windows float32 [n, time, channel] in the channels' units."""
        from tinyforge.runtimes.preprocess import preprocess

        return self.invoke(preprocess(*self.input(), windows))

    def digest(self) -> str:
        """SHA-256 of the int8 model."""
        from tinyforge.firmware.manifest import read_manifest

        return str(read_manifest(self.model_dir)["model_sha256"])

    def input(self) -> tuple[ModelInfo, float, int]:
        """What the model says of itself; scale and zero point of its input."""
        from tinyforge.firmware.manifest import read_info, read_manifest

        said = read_manifest(self.model_dir)["input"]
        return read_info(self.model_dir), float(said["scale"]), int(said["zero_point"])

    def invoke(self, quantized: Int8Array) -> Int8Array:
        """Raw scores, int8 [n, class], of quantized windows int8 [n, time, channel]."""
        from tinyforge.evaluate.host_c import load_invoke

        scores: Int8Array = load_invoke(self.model_dir, build_dir=self.build_dir)(quantized).reshape(len(quantized), -1)
        return scores

    def known(self) -> Known:
        """What its windows are held against; of a large set, some drawn evenly.

        Raises:
            DataError: the windows' file is gone or damaged.
        """
        from tinyforge.evaluate.felt import Known
        from tinyforge.firmware.manifest import read_info

        info = read_info(self.model_dir)
        dataset = read_dataset(self.dataset)
        chosen, tried = _some(dataset, TRAIN), _some(dataset, TEST)
        tested = np.asarray(dataset.windows.take(tried))
        return Known(
            np.asarray(dataset.windows.take(chosen)),
            dataset.targets[chosen],
            info.labels,
            tuple(channel.name for channel in info.channels),
            tuple(channel.unit for channel in info.channels),
            info.window.rate_hz,
            self._answers,
            float(np.mean(self._answers(tested) == dataset.targets[tried])),
            dataset.groups[chosen],
            dataset.recordings[chosen],
        )

    def _answers(self, windows: Float32Array) -> IntArray:
        answers: IntArray = self.scores(windows).argmax(axis=1).astype(np.int64)
        return answers


def _some(dataset: Dataset, which: int) -> IntArray:
    at = np.flatnonzero(dataset.split == which)
    chosen: IntArray = at[np.linspace(0, len(at) - 1, min(len(at), _MOST_WINDOWS)).astype(int)]
    return chosen


def newest(project: Project, spec: ModelSpec) -> Trained:
    """The model as the project's newest run with its C has it.

    Raises:
        DataError: none has.
    """
    for run in runs.all_runs(project):
        model_dir = run.path(export_stage.name(spec))
        if (model_dir / "manifest.json").is_file():
            dataset = run.path(dataset_stage.NAME, dataset_stage.DATASET_FILE)
            return Trained(model_dir, dataset, project.state_dir / "host")
    raise DataError(f"model {spec.name}", "no run has its C", f"`tinyforge export --model {spec.name}`")


def find(project: Project, spec: ModelSpec, digest: str) -> Trained | None:
    """The model of this SHA-256 among the project's runs; None where none has it."""
    from tinyforge.firmware.manifest import read_manifest

    for run in runs.all_runs(project):
        model_dir = run.path(export_stage.name(spec))
        if (model_dir / "manifest.json").is_file() and read_manifest(model_dir)["model_sha256"] == digest:
            dataset = run.path(dataset_stage.NAME, dataset_stage.DATASET_FILE)
            return Trained(model_dir, dataset, project.state_dir / "host")
    return None
