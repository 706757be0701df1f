"""Faults planted into the windows of people and takes that a network has not seen, and what `tinyforge live` names.

A ridge regression on a few numbers of a window stands for the network, so that a draw takes seconds:

    python tests/bench/live_faults.py --draws 12
    python tests/bench/live_faults.py --draws 12 --clean

needs the public sets of TINYFORGE_DATA. Each draw keeps a person (a third of the takes, where there are fewer than
four people) for the test, plants one fault after the other, and counts what is named. A cell counts draws in which the
fault was named, axes only where they are those that were planted; *otherwise* are draws in which another cause was, or
other axes. With `--clean` nothing is planted: all classes together, each alone, and, where there are several people,
a network that was trained on one of them.

`--tuned` takes the sets that limits were chosen on: gestures of the Nano, the watches' activities, and people whom a
kinematic model imitates. All others were looked at when the limits stood.
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
from tinyforge.virtual.motion import motion_labels, motion_spec, open_motion, read_motion

AXES = ("ax", "ay", "az", "gx", "gy", "gz")
TUNED = ("imu_uci_har_layout_derived", "imu_nano33_gestures", "police", "activities")
SETS = {
    "imu_uci_har_layout_derived": ({}, 100),
    "imu_nano33_gestures": ({"rate_hz": 119.0}, 119),
    "police": ({}, 50),
    "activities": ({}, 50),
    "imu_wand_spells_6axis": ({"rate_hz": 119.0}, 119),
    "imu_magic_wand_tf": ({}, 50),
    "imu_edgeimpulse_xiao": ({"units": ("g", "g", "g")}, 104),
    "imu_basicmotions_ts": ({"rate_hz": 10.0}, 50),
}
TAKE_ROWS = {"imu_wand_spells_6axis": 119}  # a file holds takes of so many rows, one behind the other
WINDOWS, ALONE = 60, 30
PEOPLE, SECONDS = 8, 10


def scaled(acceleration, turning):
    return lambda x, _: x * np.array([acceleration] * 3 + [turning] * 3, np.float32)[: x.shape[2]]


def turned(order, signs=(1, 1, 1), only=()):
    order = [*order, *(3 + k for k in order)]
    signs = np.array([*signs, *signs], np.float32)
    for k in only:
        order[k], signs[k] = k, 1
    return lambda x, _: x[:, :, order[: x.shape[2]]] * signs[: x.shape[2]]


def rolled(x, generator):
    """Each window from somewhere in the middle on."""
    places = generator.integers(x.shape[1] // 4, x.shape[1] - x.shape[1] // 4, len(x))
    return np.stack([np.roll(one, place, axis=0) for one, place in zip(x, places, strict=True)])


def again(x, generator):
    """Every third window is the one before."""
    index = np.arange(len(x))
    index[1::3] -= 1
    return x[index]


def cut(x, _):
    """A range of half of what accelerations reach."""
    end = 0.5 * np.percentile(np.abs(x[:, :, :3]), 99.8)
    return np.concatenate([np.clip(x[:, :, :3], -end, end), x[:, :, 3:]], axis=2)


FAULTS = {
    "none": (lambda x, _: x, (), ""),
    "x and y swapped": (turned((1, 0, 2)), ("swapped_axes",), "ax = ay, ay = ax"),
    "x and z swapped": (turned((2, 1, 0)), ("swapped_axes",), "ax = az, az = ax"),
    "x turned over": (turned((0, 1, 2), (-1, 1, 1)), ("swapped_axes",), "ax = -ax"),
    "its gyroscope's y": (turned((0, 1, 2), (1, -1, 1), (0, 1, 2)), ("swapped_axes",), "gy = -gy"),
    "m/s^2": (scaled(9.80665, 1), ("wrong_unit",), "m/s^2"),
    "rad/s": (scaled(1, np.pi / 180), ("wrong_unit",), "rad/s"),
    "half of g": (scaled(0.5, 1), ("other_range",), "accelerations 0.5"),
    "four times dps": (scaled(1, 4), ("other_range",), "rates 4 times"),
    "cut": (cut, ("clipped",), ""),
    "ring": (rolled, ("rotated_window",), ""),
    "stale": (again, ("stale_window",), ""),
    "zeros": (scaled(0, 0), ("still_channels",), ""),
}
SIX_AXES = {"rad/s", "four times dps", "its gyroscope's y"}
CAUSES = {code for _, codes, _ in FAULTS.values() for code in codes} | {"clipped", "label_order", "no_gravity"}
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


def recordings_of(name, options):
    """Takes (samples, label, person, recording) and the names of the channels."""
    if name in {"police", "activities"}:
        return [
            (
                read_motion(open_motion(motion_spec(name, label, person, take, 7, 50.0)), 0, SECONDS * 50),
                label,
                person,
                f"{person} {label} {take}",
            )
            for person in range(1, PEOPLE + 1)
            for label in motion_labels(name)
            for take in range(2)
        ], list(AXES)
    recordings = list(import_recordings(Path(os.environ["TINYFORGE_DATA"]) / name, **options))
    rows = TAKE_ROWS.get(name)
    if rows:
        return [
            (one.samples[k * rows : (k + 1) * rows], one.label, one.subject, f"{n} {k}")
            for n, one in enumerate(recordings)
            for k in range(len(one.samples) // rows)
        ], list(AXES)
    if name == "imu_basicmotions_ts":
        return [(one.samples, one.label, "", str(n)) for n, one in enumerate(recordings)], list(AXES)
    takes = [take for k, one in enumerate(recordings) for take in takes_of(str(k), one)]
    names = [name for name in AXES if all(name in take.names for take in takes)]
    columns = [[take.names.index(name) for name in names] for take in takes]
    return [
        (take.samples[:, at], take.label, take.subject, take.recording) for take, at in zip(takes, columns, strict=True)
    ], names


def windows_of(name, options, length):
    """Windows [n, time, channel], labels, people, recordings, names of the channels."""
    takes, names = recordings_of(name, options)
    found = [
        (samples[start : start + length], *said)
        for samples, *said in takes
        for start in range(0, len(samples) - length + 1, length // 2)
    ]
    windows, *said = zip(*found, strict=True)
    return np.array(windows, np.float32), *(np.array([str(x) for x in one]) for one in said), names


def kept(generator, people, recordings):
    """Bool [n]: a person's windows, or those of a third of the takes."""
    known = np.unique(people)
    if len(known) >= 4:
        return people == generator.choice(known)
    takes = np.unique(recordings)
    return np.isin(recordings, generator.choice(takes, len(takes) // 3, replace=False))


def trained(chosen, inner, windows, targets, labels, people, recordings, names):
    """What is known of a network that was trained on the chosen windows."""
    learnt = network(windows[chosen & ~inner], targets[chosen & ~inner], len(labels))
    accuracy = float((learnt(windows[inner]) == targets[inner]).mean()) if inner.any() else 1.0
    answers = network(windows[chosen], targets[chosen], len(labels))
    units = tuple("g" if one in AXES[:3] else "dps" for one in names)
    return Known(
        windows[chosen],
        targets[chosen],
        tuple(labels),
        tuple(names),
        units,
        50.0,
        answers,
        accuracy,
        people[chosen],
        recordings[chosen],
    )


def found_in(known, windows, targets):
    """What is said of windows."""
    return examine(known, Felt(windows.astype(np.float32), known.classify(windows), targets, overlap=2))


def cell(named, fault, draws):
    other = named[fault, "other"]
    return f"{named[fault]} / {draws}" + (f", {other} otherwise" if other else "")


def faulty(name, given, draws, verbose):
    """The row of a set."""
    windows, labels, people, recordings, names = given
    classes, targets = np.unique(labels, return_inverse=True)
    generator = np.random.default_rng(0)
    named = collections.Counter()
    for _ in range(draws):
        test = kept(generator, people, recordings)
        inner = ~test & kept(generator, people, recordings)
        known = trained(~test, inner, windows, targets, classes, people, recordings, names)
        at = generator.permutation(np.flatnonzero(test))[:WINDOWS]
        for fault, (plant, wanted, text) in FAULTS.items():
            found = found_in(known, plant(windows[at], np.random.default_rng(1)), targets[at])
            right = [one for one in found if one.code in wanted and text in one.fact.partition(" (or ")[0]]
            others = [one for one in found if one.code in CAUSES and one not in right]
            named[fault] += bool(right or (not wanted and others))
            named[fault, "other"] += bool(wanted and others and not right)
            asked = len(names) == 6 or fault not in SIX_AXES
            if verbose and asked and (others or (wanted and not right)):
                print(f"  {name}, {fault}: {[(one.code, one.fact) for one in found]}")
    cells = ["" if len(names) < 6 and fault in SIX_AXES else cell(named, fault, draws) for fault in FAULTS]
    print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def clean(name, given, draws, verbose):
    """Of clean sessions, those of which a cause was named: all classes, one alone, one person known."""
    windows, labels, people, recordings, names = given
    classes, targets = np.unique(labels, return_inverse=True)
    generator = np.random.default_rng(1)
    said, sessions = collections.Counter(), collections.Counter()
    for _ in range(draws):
        test = kept(generator, people, recordings)
        known_people = np.unique(people[~test])
        ways = [("", ~test)]
        if len(np.unique(people)) >= 4:
            ways.append((", one person known", ~test & (people == generator.choice(known_people))))
        for way, chosen in ways:
            inner = chosen & (kept(generator, people, recordings) if not way else generator.random(len(people)) < 0.3)
            known = trained(chosen, inner, windows, targets, classes, people, recordings, names)
            for kind in ("all", *range(len(classes))):
                there = test if kind == "all" else test & (targets == kind)
                at = generator.permutation(np.flatnonzero(there))[: WINDOWS if kind == "all" else ALONE]
                if len(at) < 5:
                    continue
                key = ("all" if kind == "all" else "one class") + way
                causes = [one for one in found_in(known, windows[at], targets[at]) if one.code in CAUSES]
                sessions[key] += 1
                said[key] += bool(causes)
                if verbose and causes:
                    print(f"  {name}, {key}, {kind}: {[(one.code, one.severity, one.fact) for one in causes]}")
    keys = [kind + way for way in ("", ", one person known") for kind in ("all", "one class")]
    cells = [f"{said[key]} / {sessions[key]}" if sessions[key] else "" for key in keys]
    print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=24)
    parser.add_argument("--clean", action="store_true", help="nothing is planted")
    parser.add_argument("--tuned", action="store_true", help="only sets that limits were chosen on")
    parser.add_argument("--sets", nargs="*", default=[])
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    if options.clean:
        print("| set | all classes | one alone | all, of one person known | one alone, of one person known |")
    else:
        print("| set | " + " | ".join(FAULTS) + " |")
    for name, (how, length) in SETS.items():
        if (options.tuned and name not in TUNED) or (options.sets and name not in options.sets):
            continue
        given = windows_of(name, how, length)
        (clean if options.clean else faulty)(name, given, options.draws, options.verbose)


if __name__ == "__main__":
    main()
