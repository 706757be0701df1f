"""Where what 80 % zeros lose is lost: by recording of the test, and on many people that are in no split.

    python tests/bench/compression_people.py dense 11,12,13,14,15

trains, prunes and quantizes as ``compression_sets.py`` does (set ``police``, plan 2) and prints, for each seed, how
many windows of which test recordings are answered otherwise, and what float and int8 say of people 5000 to 5039.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from compression_sets import AUGMENTATION, EPOCHS, PLANS, SIGNALS, in_this_process, police
from model_people import windows

from tinyforge.architectures import network as networks
from tinyforge.architectures.session import ENVIRONMENT
from tinyforge.compress import compress, int8
from tinyforge.core.types import IMU_CHANNELS, TEST, ModelInfo, ModelSpec
from tinyforge.train import fit

RECIPE = {
    "capture": {"motion": "police", "takes": 2, "duration_s": 6.0},
    "dataset": {"labels": SIGNALS},
}


def main(architecture: str, seeds: str) -> None:
    """Two lines for each seed."""
    os.environ.update(ENVIRONMENT)
    importlib.import_module("tinyforge.train.fit").run_worker = in_this_process
    importlib.import_module("tinyforge.compress.api").run_worker = in_this_process
    plan = PLANS["80 % zeros"]
    for seed in map(int, seeds.split(",")):
        dataset = police(seed)
        spec = ModelSpec(architecture, architecture, epochs=EPOCHS["police"], seed=seed)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            trained = fit(dataset, spec, folder / "train", augmentation=AUGMENTATION)
            info = ModelInfo(architecture, dataset.labels, dataset.spec, IMU_CHANNELS, trained.preprocessing)
            result = compress(trained.folder, dataset, plan, info, folder / "small", augmentation=AUGMENTATION)
            predict = networks.Predictor(networks.load(trained.folder / "model.h5"))
            small = result.step("int8").file.read_bytes()

        given, targets = dataset.part(TEST)
        before = predict(networks.standardise(given, info.preprocessing)).argmax(1) == targets
        after = int8.run(small, given, info).argmax(1) == targets
        takes = dataset.recordings[dataset.split == TEST]
        lost, won = (Counter(takes[one & ~other].tolist()) for one, other in ((before, after), (after, before)))
        print(f"{architecture}, seed {seed}: {before.sum() - after.sum()} of {len(targets)} windows lost;", end=" ")
        print(f"right before, not after: {dict(lost)}; after, not before: {dict(won)}")

        given, targets, _ = windows(RECIPE, dataset.spec, 5000, 40)
        before = predict(networks.standardise(given, info.preprocessing)).argmax(1) == targets
        after = int8.run(small, given, info).argmax(1) == targets
        print(f"    40 other people: {100 * np.mean(before):.2f} % before, {100 * np.mean(after):.2f} % after")


if __name__ == "__main__":
    main(*sys.argv[1:3])
