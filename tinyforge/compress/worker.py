"""The process that compresses: ``python -m tinyforge.compress.worker job.json``. See :mod:`tinyforge.core.worker`."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.architectures import network as networks
from tinyforge.architectures.loop import Epoch, Examples
from tinyforge.architectures.parcel import load_augmentation, write_npz
from tinyforge.architectures.session import set_up
from tinyforge.compress import finetune, int8
from tinyforge.compress.equalize import equalize
from tinyforge.compress.fake_quant import Keep, fake_quant_network
from tinyforge.compress.gru import convert_with_gru, has_gru
from tinyforge.compress.layer_errors import few, findings, layer_errors
from tinyforge.compress.qat import quantization_aware
from tinyforge.compress.result import INT8_FILE, PREDICTIONS_FILE, RESULT_FILE
from tinyforge.compress.slim import finish
from tinyforge.core.dataset_file import read_dataset
from tinyforge.core.errors import UnsupportedModelError
from tinyforge.core.files import sha256_file, write_bytes, write_json
from tinyforge.core.metrics import bootstrap, measure, measure_losses
from tinyforge.core.model_info import info_from_json, info_to_json
from tinyforge.core.types import TEST, TRAIN, VALIDATION, CompressionPlan, Dataset, Float32Array, ModelInfo, ModelSpec
from tinyforge.core.worker import Reporter, serve

_AWARE_TAUGHT = 0.5  # at most, while training for int8: without a teacher an LSTM lost 0.8 points; 0.9 holds it fast


class _Bench:
    """Measures what every step leaves."""

    def __init__(
        self, folder: Path, labels: tuple[str, ...], windows: Float32Array, targets: Any, groups: npt.NDArray[Any]
    ) -> None:
        self.folder = folder
        self.windows = windows
        self._labels = labels
        self._targets = targets
        self._groups = groups
        self.steps: list[dict[str, Any]] = []
        self.probabilities: dict[str, Float32Array] = {}

    def note(
        self,
        name: str,
        file: str,
        values: list[tuple[str, npt.NDArray[Any]]],
        kernels: list[tuple[str, npt.NDArray[Any]]],
        probabilities: Float32Array,
        int8_file: str | None = None,
    ) -> None:
        """Add a step: ``values`` are all its parameters, ``kernels`` those that pruning and clustering work on."""
        data = (self.folder / file).read_bytes()
        self.probabilities[name] = probabilities
        answers = probabilities.argmax(1)
        measured = measure(self._targets, answers, self._labels)
        over_people = bootstrap(self._targets, answers, self._groups, self._labels)
        weights = sum(value.size for _, value in kernels)
        self.steps.append(
            {
                "name": name,
                "file": file,
                "int8_file": int8_file,
                "parameters": sum(value.size for _, value in values),
                "nonzeros": sum(int(np.count_nonzero(value)) for _, value in values),
                "sparsity": 1.0 - sum(int(np.count_nonzero(value)) for _, value in kernels) / max(1, weights),
                "file_bytes": len(data),
                "gzip_bytes": networks.gzip_bytes(data),
                "test": {key: measured[key] for key in ("windows", "correct", "accuracy", "macro_f1")}
                | ({} if over_people is None else {"intervals": over_people}),
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


class _Work:
    """One job: a network that is made smaller step by step.

    Args:
        job: as :func:`tinyforge.compress.api.compress` writes it.
        reporter: is told.
    """

    def __init__(self, job: Mapping[str, Any], reporter: Reporter) -> None:
        self._folder = Path(job["folder"])
        self._reporter = reporter
        self._spec, self._plan = ModelSpec(**job["spec"]), CompressionPlan(**job["plan"])
        self._info: ModelInfo = info_from_json(job["info"].encode(), "job")
        self._dataset: Dataset = read_dataset(Path(job["workshop"]) / "dataset.npz")
        set_up(self._spec.seed)
        self._model = networks.load(Path(job["model"]))
        x_train, y_train = self._dataset.side(TRAIN)
        self._moved = equalize(self._model, self._standardised(few(x_train)))
        augment = load_augmentation(job["augmentation"], self._spec.augmentation)
        self._examples = Examples.of(
            self._dataset,
            self._spec,
            self._info.preprocessing,
            augment,
            self._spec.seed + 1,  # other draws than in training
        )
        self._taught = self._examples
        if self._plan.distillation and set(job["steps"]) != {"quantize"}:
            teacher = networks.Predictor(finetune.fused_copy(self._model))  # a copy: the model is about to change
            self._taught = dataclasses.replace(self._examples, teacher=teacher, taught=self._plan.distillation)
        self._validation = self._dataset.part(VALIDATION)
        groups = self._dataset.groups[self._dataset.split == TRAIN]
        chosen = int8.calibration_set(y_train, self._plan.calibration_windows, self._spec.seed, list(groups))
        counts = np.bincount(y_train[chosen], minlength=len(self._dataset.labels)).tolist()
        self._calibration = self._standardised(x_train[chosen])
        self._calibrated = {
            "windows": len(chosen),
            "by_class": dict(zip(self._dataset.labels, counts, strict=True)),
            "groups": [len(set(groups[chosen])), len(set(groups))],
        }
        measured = TEST if (self._dataset.split == TEST).any() else VALIDATION
        groups = self._dataset.groups[self._dataset.split == measured]
        self._bench = _Bench(self._folder, self._dataset.labels, *self._dataset.part(measured), groups)
        clusters = {name: self._plan.clusters_of(name.split("/")[0]) for name, _ in networks.kernels(self._model)}
        clustered = "cluster" in job["steps"]
        self._keep = Keep(
            clusters=clusters if clustered else {},
            zeros="prune" in job["steps"],
            per_channel=not (clustered and any(clusters.values())),
        )

    def _standardised(self, windows: Float32Array) -> Float32Array:
        return networks.standardise(windows, self._info.preprocessing)

    def do(self, steps: list[str]) -> dict[str, Any]:
        """All steps; what the result says."""
        last = [step for step in steps if step != "quantize"]
        quantize = "quantize" in steps
        self._note("float", twin=quantize and bool(last))
        for step in last:
            getattr(self, f"_{step}")()
            self._note({"prune": "pruned", "cluster": "clustered"}.get(step, step), twin=quantize and step != last[-1])
        said: dict[str, Any] = {
            "calibration": {},
            "layers": [],
            "findings": [*self._unknown_layers(), *map(str, self._moved)],
        }
        if quantize:
            self._quantize(said, aware="qat" in steps)
        write_npz(self._folder / PREDICTIONS_FILE, self._bench.probabilities)
        files = [one[key] for one in self._bench.steps for key in ("file", "int8_file") if one[key]]
        return said | {
            "steps": self._bench.steps,
            "files": {file: sha256_file(self._folder / file) for file in [*files, PREDICTIONS_FILE]},
        }

    def _unknown_layers(self) -> list[str]:
        there = [layer.name for layer in self._model.layers if layer.weights]
        return [
            f"compress.layers.{name}: this network has no such layer; it has {', '.join(there)}"
            for name in self._plan.layers
            if name not in there
        ]

    # -- steps that train ----------------------------------------------------------------------------------------------

    def _prune(self) -> None:
        finetune.prune(self._model, self._taught, self._validation, self._plan, self._spec, self._teller("prune"))

    def _cluster(self) -> None:
        finetune.cluster(self._model, self._taught, self._validation, self._plan, self._spec, self._teller("cluster"))

    def _qat(self) -> None:
        share = min(self._taught.taught, _AWARE_TAUGHT)
        quantization_aware(
            self._model,
            dataclasses.replace(self._taught, taught=share),
            self._validation,
            self._dataset.recordings[self._dataset.split == VALIDATION],
            self._calibration,
            self._plan,
            self._spec,
            self._keep,
            self._teller("qat"),
        )

    def _teller(self, step: str) -> Callable[[Epoch, int], None]:
        def tell(row: Epoch, epochs: int) -> None:
            text = f"loss {row.loss:.3f}, validation {100 * row.val_accuracy:.1f} %"
            self._reporter.progress(step, row.epoch + 1, epochs, text, loss=row.loss, val_accuracy=row.val_accuracy)

        return tell

    def _note(self, name: str, *, twin: bool) -> None:
        """Keep the network as it is now; with ``twin`` also its int8 form, for what it takes on the chip."""
        networks.save(self._model, self._folder / f"{name}.h5")
        int8_file = None
        if twin:
            int8_file = f"{name}.int8.tflite"
            self._reporter.progress("quantize", 0, 1, f"converting the {name} network")
            write_bytes(self._folder / int8_file, self._int8())
        predict = networks.Predictor(self._model)
        self._bench.note(
            name,
            f"{name}.h5",
            [(one.name, one.numpy()) for one in self._model.weights],
            finetune.compressible(self._model),
            predict(self._standardised(self._bench.windows)),
            int8_file,
        )

    # -- int8 ----------------------------------------------------------------------------------------------------------

    def _int8(self) -> bytes:
        convert = convert_with_gru if has_gru(self._model) else int8.convert
        made = convert(self._model, self._calibration, per_channel=self._keep.per_channel)
        return finish(made, info_to_json(self._info))

    def _quantize(self, said: dict[str, Any], *, aware: bool) -> None:
        for name, file in (("tflite", "float32.tflite"), ("int8", INT8_FILE)):
            self._reporter.progress("quantize", 0, 1, f"converting to {name}")
            data = self._int8() if name == "int8" else int8.convert(self._model, None)
            write_bytes(self._folder / file, data)
            values = int8.constants(data)
            probabilities = int8.run(data, self._bench.windows, self._info, _counter(self._reporter, name))
            weights = [(one, value) for one, value in values if value.ndim > 1]
            self._bench.note(name, file, values, weights, probabilities, file if name == "int8" else None)
        self._reporter.progress("quantize", 0, 1, "measuring layers")
        said["calibration"] = self._calibrated
        try:
            network = fake_quant_network(self._model, self._keep)
        except UnsupportedModelError as error:
            said["findings"].append(f"the layers' errors are not known: {error}")
            return
        network.calibrate(self._calibration)
        errors = layer_errors(network, self._model, self._standardised(self._validation[0]))
        said["layers"] = [one.to_json() for one in errors]
        worst = min(errors, key=lambda one: one.covered)
        said["calibration"] = self._calibrated | {"covered": worst.covered, "worst_layer": worst.name}
        accuracy = {one["name"]: one["test"]["accuracy"] for one in self._bench.steps}
        lost = 100 * (accuracy["tflite"] - accuracy["int8"])
        said["findings"] += findings(errors, lost_points=lost, aware=aware)


def work(job: dict[str, Any], reporter: Reporter) -> Mapping[str, Any]:
    """Do the job's steps; the result is on disk when this returns."""
    started = monotonic()
    reporter.progress(job["steps"][0], 0, 1, "starting TensorFlow")
    result = _Work(job, reporter).do(job["steps"])
    result["seconds"] = round(monotonic() - started, 3)
    write_json(Path(job["folder"]) / RESULT_FILE, {"key": job["key"], "plan": job["plan"], "result": result})
    shutil.rmtree(job["workshop"], ignore_errors=True)
    return result


def _counter(reporter: Reporter, name: str) -> Callable[[int, int], None]:
    def told(done: int, total: int) -> None:
        reporter.progress("quantize", done, total, f"measuring {name}")

    return told


if __name__ == "__main__":
    raise SystemExit(serve(work))
