"""Faults planted into the windows of people and takes that a network has not seen, and what `tinyforge live` names.

A ridge regression on a few numbers of a window stands for the network, so that a draw takes a second:

    python tests/bench/live_faults.py --draws 24

needs the public sets of TINYFORGE_DATA. Each draw keeps a person (a third of the takes, where there are fewer than
four people) for the test, plants one fault after the other, and counts what is named.
"""

from __future__ import annotations

import argparse
import collections
import os
from pathlib import Path

import numpy as np

from tinyforge.dataset import import_recordings
from tinyforge.dataset.quality import takes_of
from tinyforge.evaluate.felt import Felt, Known
from tinyforge.evaluate.senses import examine

SETS = {
    "imu_uci_har_layout_derived": ({}, 100),
    "imu_nano33_gestures": ({"rate_hz": 119.0}, 119),
    "imu_wand_spells_6axis": ({"rate_hz": 119.0}, 119),
    "imu_magic_wand_tf": ({}, 50),
    "imu_edgeimpulse_xiao": ({"units": ("g", "g", "g")}, 104),
}
AXES = ("ax", "ay", "az", "gx", "gy", "gz")
WINDOWS = 60


def scaled(acceleration, turning):
    return lambda x: x * np.array([acceleration] * 3 + [turning] * 3, np.float32)[: x.shape[2]]


def turned(order, signs=(1, 1, 1)):
    order = [*order, *(3 + k for k in order)]
    return lambda x: x[:, :, order[: x.shape[2]]] * np.array([*signs, *signs], np.float32)[: x.shape[2]]


FAULTS = {
    "none": (lambda x: x, ()),
    "x and y swapped": (turned((1, 0, 2)), ("swapped_axes",)),
    "x and z swapped": (turned((2, 1, 0)), ("swapped_axes",)),
    "x turned over": (turned((0, 1, 2), (-1, 1, 1)), ("swapped_axes",)),
    "m/s^2": (scaled(9.80665, 1), ("wrong_unit",)),
    "rad/s": (scaled(1, np.pi / 180), ("wrong_unit",)),
    "half of g": (scaled(0.5, 1), ("other_range",)),
    "four times dps": (scaled(1, 4), ("other_range",)),
    "zeros": (scaled(0, 0), ("still_channels",)),
}
CAUSES = {code for _, codes in FAULTS.values() for code in codes} | {"clipped", "label_order", "no_gravity"}
CAUSES |= {"sensors_exchanged", "other_rate", "wrong_pace", "preprocessing", "not_finite"}


def numbers(windows):
    wide = windows.astype(np.float64)
    quarters = [part.mean(axis=1) for part in np.array_split(wide, 4, axis=1)]
    spread, speed = wide.std(axis=1), np.abs(np.diff(wide, axis=1)).mean(axis=1)
    return np.concatenate([np.log(spread + 0.02), np.log(speed + 0.02), *quarters], axis=1)


def network(windows, targets, classes):
    """Ridge regression on the classes; answers to windows."""
    table = numbers(windows)
    middle, width = table.mean(axis=0), table.std(axis=0) + 1e-6

    def rows(given):
        return np.c_[np.clip((numbers(given) - middle) / width, -6, 6), np.ones(len(given))]

    a = rows(windows)
    weights = np.linalg.solve(a.T @ a + 3 * np.eye(a.shape[1]), a.T @ np.eye(classes)[targets])
    return lambda given: (rows(given) @ weights).argmax(axis=1).astype(np.int64)


def windows_of(folder, options, length):
    """Windows [n, time, channel], labels, people, recordings, names of the channels."""
    takes = [take for k, one in enumerate(import_recordings(folder, **options)) for take in takes_of(str(k), one)]
    names = [name for name in AXES if all(name in take.names for take in takes)]
    found = [
        (take.samples[start : start + length, [take.names.index(name) for name in names]], take)
        for take in takes
        for start in range(0, len(take.samples) - length + 1, length // 2)
    ]
    windows = np.array([window for window, _ in found], np.float32)
    return windows, *(np.array([getattr(t, key) for _, t in found]) for key in ("label", "subject", "recording")), names


def kept(generator, people, recordings):
    """Bool [n]: a person's windows, or those of a third of the takes."""
    known = np.unique(people)
    if len(known) >= 4:
        return people == generator.choice(known)
    takes = np.unique(recordings)
    return np.isin(recordings, generator.choice(takes, len(takes) // 3, replace=False))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=24)
    draws = parser.parse_args().draws
    root = Path(os.environ["TINYFORGE_DATA"])
    print("| set | " + " | ".join(FAULTS) + " |")
    for name, (options, length) in SETS.items():
        windows, labels, people, recordings, names = windows_of(root / name, options, length)
        classes, targets = np.unique(labels, return_inverse=True)
        generator = np.random.default_rng(0)
        named = collections.Counter()
        for _ in range(draws):
            test = kept(generator, people, recordings)
            inner = ~test & kept(generator, people, recordings)
            learnt = network(windows[~test & ~inner], targets[~test & ~inner], len(classes))
            accuracy = float((learnt(windows[inner]) == targets[inner]).mean()) if inner.any() else 1.0
            answers = network(windows[~test], targets[~test], len(classes))
            units = tuple("g" if one in AXES[:3] else "dps" for one in names)
            known = Known(windows[~test], targets[~test], tuple(classes), tuple(names), units, 50.0, answers, accuracy)
            at = generator.permutation(np.flatnonzero(test))[:WINDOWS]
            for fault, (plant, wanted) in FAULTS.items():
                felt = plant(windows[at]).astype(np.float32)
                codes = {one.code for one in examine(known, Felt(felt, answers(felt), targets[at], overlap=2))}
                named[fault] += bool(codes & (set(wanted) or CAUSES))
                named[fault, "other"] += bool(wanted and codes & CAUSES - set(wanted) and not codes & set(wanted))
        cells = [
            ""
            if len(names) < 6 and fault in {"rad/s", "four times dps"}
            else f"{named[fault]} / {draws}" + (f", {named[fault, 'other']} otherwise" if named[fault, "other"] else "")
            for fault in FAULTS
        ]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
