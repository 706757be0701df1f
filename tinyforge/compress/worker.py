"""The process that compresses: ``python -m tinyforge.compress.worker job.json``. See :mod:`tinyforge.core.worker`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.architectures import network as networks
from tinyforge.architectures.loop import Epoch, Examples
from tinyforge.architectures.parcel import load_augmentation, read_dataset, write_npz
from tinyforge.architectures.session import set_up
from tinyforge.compress import finetune, int8
from tinyforge.compress.result import PREDICTIONS_FILE, RESULT_FILE
from tinyforge.core.files import sha256_file, write_bytes, write_json
from tinyforge.core.metrics import measure, measure_losses
from tinyforge.core.model_info import info_from_json, info_to_json
from tinyforge.core.types import TEST, TRAIN, VALIDATION, CompressionPlan, Float32Array, ModelSpec
from tinyforge.core.worker import Reporter, serve


class _Bench:
    """Measures what every step leaves."""

    def __init__(self, folder: Path, labels: tuple[str, ...], windows: Float32Array, targets: Any) -> None:
        self.folder = folder
        self.windows = windows
        self._labels = labels
        self._targets = targets
        self.steps: list[dict[str, Any]] = []
        self.probabilities: dict[str, Float32Array] = {}

    def note(
        self,
        name: str,
        file: str,
        values: list[tuple[str, npt.NDArray[Any]]],
        kernels: list[tuple[str, npt.NDArray[Any]]],
        probabilities: Float32Array,
    ) -> None:
        """Add a step: ``values`` are all its parameters, ``kernels`` those that pruning and clustering work on."""
        data = (self.folder / file).read_bytes()
        self.probabilities[name] = probabilities
        measured = measure(self._targets, probabilities.argmax(1), self._labels)
        weights = sum(value.size for _, value in kernels)
        self.steps.append(
            {
                "name": name,
                "file": file,
                "parameters": sum(value.size for _, value in values),
                "nonzeros": sum(int(np.count_nonzero(value)) for _, value in values),
                "sparsity": 1.0 - sum(int(np.count_nonzero(value)) for _, value in kernels) / max(1, weights),
                "file_bytes": len(data),
                "gzip_bytes": networks.gzip_bytes(data),
                "test": {key: measured[key] for key in ("windows", "correct", "accuracy", "macro_f1")},
                "loss": measure_losses(probabilities, self._targets)[0],
                "by_layer": {
                    layer: {
                        "size": value.size,
                        "nonzeros": int(np.count_nonzero(value)),
                        "distinct": int(np.unique(value).size),
                    }
                    for layer, value in kernels
                },
            }
        )


def work(job: dict[str, Any], reporter: Reporter) -> Mapping[str, Any]:
    """Do the job's steps; the result is on disk when this returns."""
    started = monotonic()
    folder, workshop = Path(job["folder"]), Path(job["workshop"])
    spec, plan = ModelSpec(**job["spec"]), CompressionPlan(**job["plan"])
    info = info_from_json(job["info"].encode(), "job")
    reporter.progress(job["steps"][0], 0, 1, "starting TensorFlow")
    dataset = read_dataset(workshop / "dataset.npz")
    augment = load_augmentation(job["augmentation"], spec.augmentation)
    set_up(spec.seed)
    model = networks.load(Path(job["model"]))
    x_train, y_train = dataset.part(TRAIN)
    examples = Examples.of(dataset, spec, info.preprocessing, augment, spec.seed + 1)  # other draws than in training
    measured = TEST if (dataset.split == TEST).any() else VALIDATION
    bench = _Bench(folder, dataset.labels, *dataset.part(measured))

    def note_keras(name: str, network: Any, file: str) -> None:
        networks.save(network, folder / file)
        values = [(one.name, one.numpy()) for one in network.weights]
        predict = networks.Predictor(network)
        standard = networks.standardise(bench.windows, info.preprocessing)
        bench.note(name, file, values, networks.kernels(network), predict(standard))

    def teller(step: str) -> Callable[[Epoch, int], None]:
        def tell(row: Epoch, epochs: int) -> None:
            text = f"loss {row.loss:.3f}, validation {100 * row.val_accuracy:.1f} %"
            reporter.progress(step, row.epoch + 1, epochs, text, loss=row.loss, val_accuracy=row.val_accuracy)

        return tell

    note_keras("float", model, "float.h5")
    calibration: dict[str, Any] = {}
    validation = dataset.part(VALIDATION)
    for step in job["steps"]:
        if step == "prune":
            model = finetune.prune(model, examples, validation, plan, spec, teller("prune"))
            note_keras("pruned", model, "pruned.h5")
        elif step == "cluster":
            model = finetune.cluster(model, examples, validation, plan, spec, teller("cluster"))
            note_keras("clustered", model, "clustered.h5")
        else:
            chosen = int8.calibration_set(y_train, plan.calibration_windows, spec.seed)
            counts = np.bincount(y_train[chosen], minlength=len(dataset.labels)).tolist()
            calibration = {
                "windows": len(chosen),
                "by_class": dict(zip(dataset.labels, counts, strict=True)),
            }
            seen = networks.standardise(x_train[chosen], info.preprocessing)
            for name, file, given in (("tflite", "float32.tflite", None), ("int8", "int8.tflite", seen)):
                reporter.progress("quantize", 0, 1, f"converting to {name}")
                data = int8.convert(model, given)
                if given is not None:
                    data = int8.with_metadata(data, info_to_json(info))
                write_bytes(folder / file, data)
                values = int8.constants(data)
                probabilities = int8.run(data, bench.windows, info, _counter(reporter, name))
                weights = [(one, value) for one, value in values if value.ndim > 1]
                bench.note(name, file, values, weights, probabilities)
    write_npz(folder / PREDICTIONS_FILE, bench.probabilities)
    result = {
        "steps": bench.steps,
        "calibration": calibration,
        "seconds": round(monotonic() - started, 3),
        "files": {step["file"]: sha256_file(folder / step["file"]) for step in bench.steps}
        | {PREDICTIONS_FILE: sha256_file(folder / PREDICTIONS_FILE)},
    }
    write_json(folder / RESULT_FILE, {"key": job["key"], "plan": job["plan"], "result": result})
    shutil.rmtree(workshop, ignore_errors=True)
    return result


def _counter(reporter: Reporter, name: str) -> Callable[[int, int], None]:
    def told(done: int, total: int) -> None:
        reporter.progress("quantize", done, total, f"measuring {name}")

    return told


if __name__ == "__main__":
    raise SystemExit(serve(work))
