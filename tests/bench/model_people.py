"""How good published models are on many simulated people that no training saw.

    python tests/bench/model_people.py 5000 40 models/police_*

People FIRST to FIRST + COUNT - 1 do each signal twice for six seconds; the int8 model answers by the reference kernels.
The interval is a bootstrap over people.
"""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path

import numpy as np

from tinyforge.architectures.session import ENVIRONMENT
from tinyforge.compiler import compile_model
from tinyforge.compress import int8
from tinyforge.core.metrics import bootstrap
from tinyforge.core.types import WindowSpec
from tinyforge.pipeline import model_folders
from tinyforge.virtual.motion import motion_spec, open_motion, read_motion


def windows(recipe: dict, spec: WindowSpec, first: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Raw windows [n, time, channel], their classes and people, cut as the recipe cuts them."""
    capture, cut, classes, people = recipe["capture"], [], [], []
    length = round(capture["duration_s"] * spec.rate_hz)
    for who in range(first, first + count):
        for number, label in enumerate(recipe["dataset"]["labels"]):
            for take in range(capture["takes"]):
                motion = open_motion(motion_spec(capture["motion"], label, who, take, rate_hz=spec.rate_hz))
                samples = read_motion(motion, 0, length)
                begins = range(0, length - spec.length + 1, spec.hop)
                cut += [samples[begin : begin + spec.length] for begin in begins]
                classes += [number] * len(begins)
                people += [str(who)] * len(begins)
    return np.stack(cut), np.array(classes), np.array(people)


def main(first: int, count: int, folders: list[Path]) -> None:
    """A line for each model."""
    os.environ.update(ENVIRONMENT)
    for folder in folders:
        recipe = tomllib.loads((folder / model_folders.RECIPE).read_text(encoding="utf-8"))
        file = model_folders.model_file(folder)
        model = file.read_bytes()
        info = compile_model(model, name=file.stem, place=str(file)).info
        if info is None:
            raise SystemExit(f"{file}: carries no description of its inputs")
        given, targets, people = windows(recipe, info.window, first, count)
        answers = int8.run(model, given, info).argmax(1)
        low, high = bootstrap(targets, answers, people, info.labels)["accuracy"]
        right, interval = 100 * np.mean(answers == targets), f"[{100 * low:.1f}, {100 * high:.1f}]"
        print(f"{folder.name}: {right:.2f} % {interval} of {len(targets)} windows of {count} people")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
