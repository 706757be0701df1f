"""How good the template ``gestures`` is on one person's takes, some tens of each gesture, seed by seed.

    python tests/bench/few_takes.py wand 1,2,3,4,5

cuts the set's takes as the template does, divides them into five folds by recording, trains the template's float
network on each, and says how many of the takes left out are right, and which ones are wrong in at least half of the
seeds. Takes that hardly move, as ``dataset check`` says, are counted by themselves; how many of them have the label of
the one whose sensor rests most like theirs is said first. Each seed divides anew; "" trains nothing.

Sets: ``wand``, ``nano33``, ``magic_wand`` (public ones) and ``strokes``: five strokes of simulated people, 20 takes of
a second each, every person a set. A further argument, the path of a project file, trains by that recipe.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from compression_sets import AUGMENTATION, in_this_process

import tinyforge
from tinyforge.architectures.session import ENVIRONMENT
from tinyforge.core.types import AUTO_TEACHERS, IMU_CHANNELS, TEST, Dataset, ModelSpec, Recording, WindowSpec
from tinyforge.dataset import ImportOptions, RecordingStore, SplitSpec, make_dataset, read_recordings
from tinyforge.dataset.folds import make_folds
from tinyforge.dataset.quality import still_takes, takes_of
from tinyforge.train import fit
from tinyforge.virtual.motion import motion_spec, open_motion, read_motion

TEMPLATES = Path(tinyforge.__file__).parent / "pipeline" / "templates"
AXES = ("ax", "ay", "az", "gx", "gy", "gz")
PUBLIC = {
    "wand": ("imu_wand_spells_6axis", ImportOptions(rate_hz=119, take_samples=119, subject="one"), AXES, 100, 100.0),
    "nano33": ("imu_nano33_gestures", ImportOptions(rate_hz=119, subject="one"), AXES, 100, 100.0),
    "magic_wand": ("imu_magic_wand_tf", ImportOptions(), AXES[:3], 40, 25.0),
}
STROKE_PEOPLE = (40, 41, 42)
STROKES = ("punch", "flex", "circle", "horizontal", "vertical")
FOLDS = 5


def public_takes(name: str, store: RecordingStore) -> WindowSpec:
    """Fill ``store`` with the takes of a set; how they are cut."""
    folder, options, axes, length, rate_hz = PUBLIC[name]
    data = Path(os.environ.get("TINYFORGE_DATA", "../shared/data"))
    store.add_all(read_recordings(data / folder, options).recordings)
    return WindowSpec(length, length // 4, axes, rate_hz)


def strokes_of(who: int, store: RecordingStore) -> WindowSpec:
    """Fill ``store`` with 20 takes of a second of each stroke of one simulated person, triggered late or early."""
    for label in STROKES:
        for take in range(20):
            samples = read_motion(open_motion(motion_spec("wand", label, who, take)), 50, 100)
            store.add(Recording(samples, IMU_CHANNELS, 100.0, label, f"p{who}", f"take {take}"))
    return WindowSpec(100, 25, AXES, 100.0)


def hardly_move(store: RecordingStore, dataset: Dataset) -> np.ndarray:
    """Whether each window is of such a take, bool [n]."""
    takes = [take for entry in store.entries() for take in takes_of(entry.id, store.load(entry.id))]
    return np.isin(dataset.recordings, [take.recording for take in still_takes(takes)])


def alike_at_rest(dataset: Dataset, still: np.ndarray) -> int:
    """How many takes that hardly move have the label of that other one whose mean acceleration is nearest.

    That of the second half: the jolt that triggered the recorder is in the first.
    """
    axes = [dataset.spec.channels.index(axis) for axis in AXES[:3]]
    windows = dataset.windows[np.flatnonzero(still)]
    rest_g = windows[:, windows.shape[1] // 2 :, axes].mean(axis=1)
    apart_g = np.linalg.norm(rest_g[:, None] - rest_g[None], axis=2)
    np.fill_diagonal(apart_g, np.inf)
    targets = dataset.targets[still]
    return int((targets[apart_g.argmin(axis=1)] == targets).sum())


def recipe(template: str) -> tuple[ModelSpec, float]:
    """What the template or project trains, and the share of takes that watch."""
    path = Path(template) if template.endswith(".toml") else TEMPLATES / f"{template}.toml"
    said = tomllib.loads(path.read_text().replace("@NAME@", "few"))
    model = said["model"][0]
    train = said.get("train", {})
    if train.get("teachers") == "auto":
        train["teachers"] = AUTO_TEACHERS
    spec = ModelSpec("few", model["architecture"], model.get("parameters", {}), **train)
    return spec, said["dataset"]["validation"]


def right(dataset: Dataset, spec: ModelSpec, validation: float, seed: int) -> np.ndarray:
    """Whether each window is answered rightly by the network that has not seen its recording, bool [n]."""
    found = np.zeros(len(dataset.targets), bool)
    for fold in make_folds(dataset, FOLDS, validation=validation, seed=seed):
        with tempfile.TemporaryDirectory() as folder:
            divided = replace(dataset, split=fold.split)
            fit(divided, replace(spec, seed=seed), Path(folder), augmentation=AUGMENTATION)
            with np.load(Path(folder) / "predictions.npz") as said:
                predicted = said["test_probabilities"].argmax(axis=1)
        found[fold.split == TEST] = predicted == dataset.targets[fold.split == TEST]
    return found


def sets_of(name: str, validation: float) -> Iterator[tuple[str, Dataset, np.ndarray]]:
    """The set, or one of each simulated person: name, windows, which of them hardly move."""
    for who in STROKE_PEOPLE if name == "strokes" else (-1,):
        with tempfile.TemporaryDirectory() as folder:
            store = RecordingStore(Path(folder))
            window = strokes_of(who, store) if who >= 0 else public_takes(name, store)
            split = SplitSpec("recording", 0.2, validation, 1)
            dataset = make_dataset(store, window, split=split)
            yield f"{name} {who}" if who >= 0 else name, dataset, hardly_move(store, dataset)


def main(name: str, seeds: str, template: str = "gestures") -> None:
    """Train and print, a line for each seed."""
    os.environ.update(ENVIRONMENT)
    importlib.import_module("tinyforge.train.fit").run_worker = in_this_process
    spec, validation = recipe(template)
    numbers = [int(seed) for seed in seeds.split(",") if seed]
    for place, dataset, still in sets_of(name, validation):
        shares, wrong = [], Counter()
        if still.sum() > 1:
            print(f"{place}: of {still.sum()} takes that hardly move, {alike_at_rest(dataset, still)} as their nearest")
        for seed in numbers:
            good = right(dataset, spec, validation, seed)
            wrong.update(np.flatnonzero(~good).tolist())
            shares.append(100 * good.mean())
            print(
                f"{place}, seed {seed}: {shares[-1]:.1f} % of {len(good)}; {good[~still].sum()} of {(~still).sum()} "
                f"that move, {good[still].sum()} of {still.sum()} that do not",
                flush=True,
            )
        if shares:
            print(f"{place}: mean {np.mean(shares):.1f} %, worst {min(shares):.1f} %")
        for index, times in wrong.most_common():
            if 2 * times >= len(numbers):
                said = ", hardly moves" if still[index] else ""
                print(f"  wrong {times} times: {dataset.recordings[index]} (window {index}){said}")


if __name__ == "__main__":
    main(*sys.argv[1:4])
