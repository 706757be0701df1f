"""Compression, as the parent process sees it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import tinyforge
from tinyforge.architectures.parcel import check_dataset
from tinyforge.architectures.session import ENVIRONMENT, require_tensorflow
from tinyforge.compress.patterns import parse_pattern
from tinyforge.compress.result import RESULT_FILE, CompressResult, result_from_json
from tinyforge.core.dataset_file import write_dataset
from tinyforge.core.errors import ConfigError, DataError
from tinyforge.core.files import os_error, sha256_file, sha256_json
from tinyforge.core.model_info import info_to_json
from tinyforge.core.results import finished
from tinyforge.core.types import FEWEST_CLUSTERS, CompressionPlan, Dataset, ModelInfo
from tinyforge.core.worker import OnProgress, run_worker


def compress(
    model_dir: Path,
    dataset: Dataset,
    plan: CompressionPlan,
    info: ModelInfo,
    out_dir: Path,
    on_progress: OnProgress | None = None,
    *,
    resume: bool = True,
    augmentation: str | None = None,
    steps: Sequence[str] = (),
    source: Path | None = None,
) -> CompressResult:
    """Prune, cluster, train for int8 and quantize what training left, as the plan says, in one process of its own.

    The same inputs give the same bytes on one machine and TensorFlow version. ``out_dir`` takes ``pruned.h5``,
    ``clustered.h5``, ``qat.h5``, ``float32.tflite`` and ``int8.tflite`` (those the plan asks for), for each network
    before the last what it would be in int8 (``float.int8.tflite``, ...), ``compress.log``, and last
    ``compress.json``, which says that all is there.

    Args:
        model_dir: folder of a :class:`tinyforge.train.TrainResult`.
        dataset: the one it was trained on: training windows fine-tune and calibrate, validation windows choose the
            epoch, test windows are only measured.
        plan: how far to go; sparsity 0 leaves pruning out, clusters 0 clustering, qat_epochs 0 the training for int8.
        info: travels in the int8 file; its preprocessing must be the one the network was trained with.
        on_progress: told after each epoch and step.
        resume: give back a finished result of the same job.
        augmentation: ``module:function``, as in :func:`tinyforge.train.fit`; used if the network was trained with it.
        steps: some of ``prune``, ``cluster``, ``qat`` and ``quantize`` alone; empty for those that the plan asks for.
        source: a network to start from instead of the trained one.

    Raises:
        ConfigError: the plan or the info does not fit.
        DataError: the model or dataset is missing or does not fit.
        ToolError: TensorFlow is missing, or the worker died.
    """
    steps = steps or _steps_of(plan)
    model = source or model_dir / "model.h5"
    trained = _training_result(model_dir)
    _check(plan, info, dataset, trained["result"]["preprocessing"], steps)
    check_dataset(dataset, "dataset")
    if not model.is_file():
        raise DataError(str(model), "no such model", "train it first: `tinyforge train`")
    require_tensorflow(f'compressing model "{info.name}"')
    spec = trained["spec"]
    said = {
        "steps": list(steps),
        "plan": asdict(plan),
        "spec": spec,
        "info": info_to_json(info).decode(),
        "augmentation": augmentation if spec["augment"] else None,
        "preprocessing": trained["result"]["preprocessing"],
    }
    key = sha256_json(said | {"dataset": dataset.digest, "model": sha256_file(model), "version": tinyforge.__version__})
    out_dir = out_dir.resolve()
    if resume and (result := finished(out_dir / RESULT_FILE, key, result_from_json)) is not None:
        return result
    workshop = out_dir / ".compress"
    try:
        workshop.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise os_error(workshop, error, "write") from error
    write_dataset(dataset, workshop / "dataset.npz")
    told = run_worker(
        "tinyforge.compress.worker",
        said
        | {
            "key": key,
            "model": os.fspath(model.resolve()),
            "folder": os.fspath(out_dir),
            "workshop": os.fspath(workshop),
        },
        job_file=workshop / "job.json",
        log_file=out_dir / "compress.log",
        on_progress=on_progress,
        environment=ENVIRONMENT,
    )
    return result_from_json(out_dir, told)


def _steps_of(plan: CompressionPlan) -> list[str]:
    own = plan.layers.values()
    pruned = plan.sparsity > 0 or any(layer.get("sparsity", 0) > 0 for layer in own)
    clustered = plan.clusters > 0 or any(layer.get("clusters", 0) > 0 for layer in own)
    return ["prune"] * pruned + ["cluster"] * clustered + ["qat"] * (plan.qat_epochs > 0) + ["quantize"]


def _training_result(model_dir: Path) -> dict[str, dict[str, object]]:
    file = model_dir / "train.json"
    try:
        said: dict[str, dict[str, object]] = json.loads(file.read_text("utf-8"))
        _ = said["spec"]["augment"], said["result"]["preprocessing"]
    except FileNotFoundError:
        raise DataError(str(file), "no such file", "train first: `tinyforge train`") from None
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(str(file), f"is no training result ({error})", "train again: `tinyforge train`") from error
    return said


def _check(
    plan: CompressionPlan, info: ModelInfo, dataset: Dataset, preprocessing: object, steps: Sequence[str]
) -> None:
    if not 0.0 <= plan.sparsity < 1.0:
        raise ConfigError(
            "compress.sparsity", f"{plan.sparsity:g} is out of range", "it must be at least 0 and below 1"
        )
    for key in ("prune_epochs", "calibration_windows"):
        if getattr(plan, key) < 1:
            raise ConfigError(f"compress.{key}", f"{getattr(plan, key)} is out of range", "it must be at least 1")
    if plan.qat_epochs < 0:
        raise ConfigError("compress.qat_epochs", f"{plan.qat_epochs} is out of range", "it must be at least 0")
    if not 0.0 <= plan.distillation <= 1.0:
        raise ConfigError("compress.distillation", f"{plan.distillation:g} is out of range", "it must be 0 to 1")
    if "prune" in steps and plan.sparsity > 0:
        parse_pattern(plan.pattern, plan.sparsity)
    places = {"compress.clusters": plan.clusters} | {
        f"compress.layers.{name}.clusters": int(layer.get("clusters", 0)) for name, layer in plan.layers.items()
    }
    for place, clusters in places.items():
        if clusters and not FEWEST_CLUSTERS <= clusters <= 256:
            raise ConfigError(place, f"{clusters} is out of range", f"it must be 0 or {FEWEST_CLUSTERS} to 256")
    if info.labels != dataset.labels:
        raise ConfigError(
            f'model "{info.name}": labels', f"{list(info.labels)} are not the dataset's {list(dataset.labels)}"
        )
    if info.window != dataset.spec:
        raise ConfigError(f'model "{info.name}": window', f"{info.window} is not the dataset's {dataset.spec}")
    said = asdict(info.preprocessing)
    if preprocessing != {key: list(value) for key, value in said.items()}:
        raise ConfigError(
            f'model "{info.name}": preprocessing',
            "is not the one the network was trained with",
            "take TrainResult.preprocessing",
        )
