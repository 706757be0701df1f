"""The data sets on which compression is measured, and what is measured on them.

    python tests/bench/compression_sets.py out.jsonl police dense,cnn1d,tcn,lstm,gru 1,2,3,4,5 0,1,2,3,4

appends a line of JSON for each seed, architecture and plan (the last argument: their numbers in ``PLANS``);
``compression_table.py`` makes tables of them. A folder behind it takes the int8 models, ``police-dense-1-0.tflite``.
"""

from __future__ import annotations

import csv
import importlib
import io
import json
import os
import shutil
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from tinyforge.architectures.session import ENVIRONMENT
from tinyforge.compress import compress
from tinyforge.compress.result import INT8_FILE
from tinyforge.core.types import IMU_CHANNELS, CompressionPlan, Dataset, ModelInfo, ModelSpec, Recording, WindowSpec
from tinyforge.dataset import RecordingStore, SplitSpec, make_dataset
from tinyforge.dataset.splits import split_groups
from tinyforge.train import fit
from tinyforge.virtual.motion import open_motion, police_spec, read_motion

AXES = tuple(channel.name for channel in IMU_CHANNELS)
SIGNALS = ("rest", "accelerate", "stop", "slow_down")
ACTIVITIES = ("SEATED", "STANDING_UP", "WALKING", "TURNING", "SITTING_DOWN")
AUGMENTATION = "tinyforge.dataset.augment:augment"

NONE = CompressionPlan(sparsity=0.0)
PLANS = {
    "int8": NONE,
    "int8, trained for it": replace(NONE, qat_epochs=8),
    "80 % zeros": replace(NONE, sparsity=0.8, prune_epochs=40),
    "16 clusters": replace(NONE, clusters=16, cluster_epochs=16),
    "85 % zeros, 16 clusters, trained for int8": replace(
        NONE, sparsity=0.85, prune_epochs=40, clusters=16, cluster_epochs=16, qat_epochs=8
    ),
    "80 % zeros, 16 clusters, trained for int8": replace(
        NONE, sparsity=0.8, prune_epochs=40, clusters=16, cluster_epochs=16, qat_epochs=8
    ),
}


def police(seed: int, signals: tuple[str, ...] = SIGNALS) -> Dataset:
    """Traffic-police signals of 14 simulated people, windows of 0.5 s; whole people are kept for the test."""
    with tempfile.TemporaryDirectory() as folder:
        store = RecordingStore(Path(folder))
        for who in range(14):
            for label in signals:
                for take in range(2):
                    samples = read_motion(open_motion(police_spec(label, who, take)), 0, 600)
                    store.add(Recording(samples, IMU_CHANNELS, 100.0, label, f"p{who}", f"take {take}"))
        spec = WindowSpec(50, 25, AXES, 100.0)
        return make_dataset(store, spec, split=SplitSpec("subject", 0.29, 0.2, seed), labels=signals)


def police3(seed: int) -> Dataset:
    """The same without rest: the published three classes, for the dense network 300-64-32-3."""
    return police(seed, SIGNALS[1:])


def watch(seed: int) -> Dataset:
    """A watch on the wrist of 16 people, five activities, windows of 1 s at 100 Hz labelled by majority."""
    folder = Path(os.environ.get("TINYFORGE_DATA", "../shared/data")) / "imu_sp_sw_har"
    windows, targets, groups, takes = [], [], [], []
    for archive in sorted(folder.glob("s*.zip")):
        with zipfile.ZipFile(archive) as opened:
            for name in sorted(n for n in opened.namelist() if n.endswith("_sw.csv")):
                rows = list(csv.DictReader(io.StringIO(opened.read(name).decode())))
                samples, labels = _at_100_hz(rows)
                for begin in range(0, len(samples) - 99, 50):
                    most = Counter(labels[begin : begin + 100]).most_common(1)[0][0]
                    windows.append(samples[begin : begin + 100])
                    targets.append(ACTIVITIES.index(most))
                    groups.append(archive.stem)
                    takes.append(name)
    who = np.array(groups)
    people, number = np.unique(who, return_inverse=True)
    counts = np.zeros((len(people), len(ACTIVITIES)), np.int64)
    np.add.at(counts, (number, targets), 1)
    side = split_groups(counts, SplitSpec("subject", 0.3, 0.2, seed))[number]
    spec = WindowSpec(100, 50, AXES, 100.0)
    return Dataset(np.stack(windows), np.array(targets), ACTIVITIES, who, np.array(takes), side, spec)


def _at_100_hz(rows: list[dict[str, str]]) -> tuple[np.ndarray, list[str]]:
    """g and degrees a second, resampled linearly; rows that do not go forward in time are left out."""
    moments = np.array([float(row["timestamp"]) for row in rows]) / 1000
    forward = np.concatenate([[True], moments[1:] > np.maximum.accumulate(moments)[:-1]])
    moments = moments[forward] - moments[0]
    columns = ("x_acc", "y_acc", "z_acc", "x_gyro", "y_gyro", "z_gyro")
    raw = np.array([[float(row[column]) for column in columns] for row in rows])[forward]
    raw *= [1 / 9.80665] * 3 + [180 / np.pi] * 3
    grid = np.arange(0, moments[-1], 0.01)
    samples = np.stack([np.interp(grid, moments, raw[:, axis]) for axis in range(6)], axis=1).astype(np.float32)
    nearest = np.clip(np.searchsorted(moments, grid), 0, len(moments) - 1)
    kept = [row["label"] for row, ok in zip(rows, forward, strict=True) if ok]
    return samples, [kept[index] for index in nearest]


SETS = {"police": police, "police3": police3, "watch": watch}
EPOCHS = {"police": 14, "police3": 14, "watch": 10}


def measure(where: str, architecture: str, seed: int, plans: list[int], keep: str = "") -> Iterator[dict]:
    """Accuracies and gzipped sizes of every step of every plan, for one network trained with that seed."""
    dataset = SETS[where](seed)
    spec = ModelSpec(architecture, architecture, epochs=EPOCHS[where], seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        trained = fit(dataset, spec, Path(folder) / "train", augmentation=AUGMENTATION)
        info = ModelInfo(architecture, dataset.labels, dataset.spec, IMU_CHANNELS, trained.preprocessing)
        for number in plans:
            name, out = list(PLANS)[number], Path(folder) / str(number)
            result = compress(trained.folder, dataset, PLANS[name], info, out, augmentation=AUGMENTATION)
            if keep:
                Path(keep).mkdir(parents=True, exist_ok=True)
                shutil.copyfile(out / INT8_FILE, Path(keep) / f"{where}-{architecture}-{seed}-{number}.tflite")
            yield {
                "set": where,
                "architecture": architecture,
                "seed": seed,
                "plan": name,
                "windows": result.steps[0].test["windows"],
                "seconds": result.seconds,
                "findings": list(result.findings),
                "layers": [dict(one) for one in result.layers],
                "calibration": dict(result.calibration),
                "steps": {
                    step.name: {
                        "accuracy": step.test["accuracy"],
                        "macro_f1": step.test["macro_f1"],
                        "gzip_bytes": step.gzip_bytes,
                        "file_bytes": step.file_bytes,
                        "sparsity": step.sparsity,
                        "distinct": max(layer["distinct"] for layer in step.by_layer.values()),
                    }
                    for step in result.steps
                },
            }


def in_this_process(module: str, job: dict, **_: object) -> dict:
    """Stands in for ``run_worker``: TensorFlow is imported once for all networks."""

    class Silent:
        def progress(self, *_: object, **__: object) -> None:
            pass

    plain = json.loads(json.dumps(job))
    return json.loads(json.dumps(importlib.import_module(module).work(plain, Silent())))


def main(out: str, where: str, architectures: str, seeds: str, plans: str, keep: str = "") -> None:
    """Measure, and write each row when it is known."""
    os.environ.update(ENVIRONMENT)
    importlib.import_module("tinyforge.train.fit").run_worker = in_this_process
    importlib.import_module("tinyforge.compress.api").run_worker = in_this_process
    chosen = [int(number) for number in plans.split(",")]
    for seed in seeds.split(","):
        for architecture in architectures.split(","):
            for row in measure(where, architecture, int(seed), chosen, keep):
                with Path(out).open("a") as stream:
                    stream.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:7])
