"""How good the template ``police`` is on simulated people that it has not seen, split by split.

    python tests/bench/police_people.py cnn1d 0:1,0:2,0:3,100:1,100:2

trains the network by the template's recipe once for each ``FIRST:SEED``: people FIRST to FIRST + 13, SEED of split and
training. A further argument ``plain`` leaves out what the template's ``[train]`` and its share of watchers add to the
defaults.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import tomllib
from pathlib import Path

import numpy as np
from compression_sets import AUGMENTATION, AXES, SIGNALS, in_this_process

import tinyforge
from tinyforge.architectures.session import ENVIRONMENT
from tinyforge.core.types import IMU_CHANNELS, Dataset, ModelSpec, Recording, WindowSpec
from tinyforge.dataset import RecordingStore, SplitSpec, make_dataset
from tinyforge.train import fit
from tinyforge.virtual.motion import open_motion, police_spec, read_motion

TEMPLATE = Path(tinyforge.__file__).parent / "pipeline" / "templates" / "police.toml"


def people(first: int, seed: int, validation: float) -> Dataset:
    """Fourteen people, two takes of six seconds of each signal."""
    with tempfile.TemporaryDirectory() as folder:
        store = RecordingStore(Path(folder))
        for who in range(first, first + 14):
            for label in SIGNALS:
                for take in range(2):
                    samples = read_motion(open_motion(police_spec(label, who, take)), 0, 600)
                    store.add(Recording(samples, IMU_CHANNELS, 100.0, label, f"p{who}", f"take {take}"))
        split = SplitSpec("subject", 0.29, validation, seed)
        return make_dataset(store, WindowSpec(50, 25, AXES, 100.0), split=split, labels=SIGNALS)


def main(architecture: str, splits: str, plain: str = "") -> None:
    """Train and print, a line for each split."""
    os.environ.update(ENVIRONMENT)
    importlib.import_module("tinyforge.train.fit").run_worker = in_this_process
    said = tomllib.loads(TEMPLATE.read_text().replace("@NAME@", "police"))
    train, validation = ({}, 0.2) if plain else (said["train"], said["dataset"]["validation"])
    found = []
    for one in splits.split(","):
        first, seed = map(int, one.split(":"))
        spec = ModelSpec(architecture, architecture, seed=seed, **train)
        with tempfile.TemporaryDirectory() as folder:
            result = fit(people(first, seed, validation), spec, Path(folder), augmentation=AUGMENTATION)
        found.append(100 * result.metrics["test"]["accuracy"])
        print(f"people {first} to {first + 13}, seed {seed}: {found[-1]:.2f} % of {result.metrics['test']['windows']}")
    print(f"{len(found)} splits: mean {np.mean(found):.2f} %, worst {min(found):.2f} %")


if __name__ == "__main__":
    main(*sys.argv[1:4])
