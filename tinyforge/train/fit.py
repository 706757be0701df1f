"""Training, as the parent process sees it."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from pathlib import Path

import tinyforge
from tinyforge.architectures import resolve
from tinyforge.architectures.loop import EPOCH_WINDOWS
from tinyforge.architectures.parcel import check_dataset
from tinyforge.architectures.session import ENVIRONMENT, require_tensorflow
from tinyforge.core.dataset_file import write_dataset
from tinyforge.core.files import os_error, sha256_json
from tinyforge.core.results import finished
from tinyforge.core.types import AUTO_TEACHERS, TRAIN, Dataset, ModelSpec
from tinyforge.core.worker import OnProgress, run_worker
from tinyforge.train.result import RESULT_FILE, TrainResult, result_from_json

FEW_WINDOWS = EPOCH_WINDOWS
TEACHERS = 3


def with_teachers(spec: ModelSpec, dataset: Dataset) -> ModelSpec:
    """``spec`` with a number of teachers: AUTO_TEACHERS are TEACHERS where fewer than FEW_WINDOWS are trained on.

    Networks of few windows differ by their seed in what they get wrong, and their training is short, because an epoch
    of so few windows is EPOCH_WINDOWS long.
    """
    if spec.teachers != AUTO_TEACHERS:
        return spec
    return replace(spec, teachers=TEACHERS if int((dataset.split == TRAIN).sum()) < FEW_WINDOWS else 0)


def fit(
    dataset: Dataset,
    spec: ModelSpec,
    out_dir: Path,
    on_progress: OnProgress | None = None,
    *,
    resume: bool = True,
    augmentation: str | None = None,
    logs: Path | None = None,
) -> TrainResult:
    """Train a network in a process of its own.

    The same dataset, spec and augmentation give the same weights, bit for bit, on one machine and TensorFlow version:
    interrupted and taken up again, or in one go.

    Args:
        dataset: windows [n, time, channel] in physical units; has training and validation windows.
        spec: what to train; AUTO_TEACHERS are settled by :func:`with_teachers`.
        out_dir: takes the files of :data:`tinyforge.train.result.FILES`, ``train.json`` (last: it says that all is
            there) and ``train.log``.
        on_progress: told after each epoch; see :class:`tinyforge.core.worker.Progress`.
        resume: give back a finished result of the same job, or go on from its last checkpoint.
        augmentation: ``module:function`` with ``(windows float32 [n, time, channel], channel names, numpy Generator) ->
            windows`` in physical units; used when ``spec.augment``. Numbers in ``spec.augmentation`` are given by name.
        logs: folder that takes TensorBoard's event files, one folder a training; None for none.

    Raises:
        ConfigError: an unknown architecture or parameter, or an augmentation that cannot be loaded.
        DataError: the dataset cannot be trained on.
        ToolError: TensorFlow is missing, or the worker died.
    """
    spec = with_teachers(spec, dataset)
    place = f'model "{spec.name}"'
    shape = (dataset.windows.shape[1], dataset.windows.shape[2])
    values = resolve(spec, shape)
    check_dataset(dataset, "dataset")
    require_tensorflow(f"training {place}")
    said = asdict(spec) | {"parameters": dict(spec.parameters), "augmentation": dict(spec.augmentation)}
    used = augmentation if spec.augment else None
    key = sha256_json(
        {
            "dataset": dataset.digest,
            "spec": said,
            "values": values,
            "augmentation": used,
            "version": tinyforge.__version__,
        }
    )
    out_dir = out_dir.resolve()
    if resume and (result := finished(out_dir / RESULT_FILE, key, result_from_json)) is not None:
        return result
    workshop = out_dir / ".train"
    try:
        workshop.mkdir(parents=True, exist_ok=True)
        if not resume:
            for checkpoint in workshop.glob("*.npz"):
                checkpoint.unlink()
    except OSError as error:
        raise os_error(workshop, error, "write") from error
    write_dataset(dataset, workshop / "dataset.npz")
    job = {
        "key": key,
        "spec": said,
        "augmentation": used,
        "folder": os.fspath(out_dir),
        "workshop": os.fspath(workshop),
        "logs": os.fspath(logs.resolve()) if logs else "",
    }
    told = run_worker(
        "tinyforge.train.worker",
        job,
        job_file=workshop / "job.json",
        log_file=out_dir / "train.log",
        on_progress=on_progress,
        environment=ENVIRONMENT,
    )
    return result_from_json(out_dir, told)
