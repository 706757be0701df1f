"""How often `dataset check` finds what is planted in public sets, and what it says of them when nothing is.

    TINYFORGE_DATA=../shared/data python tests/bench/detection_table.py --plants 50 [--set imu_...] [--fault ...]

Each plant is drawn anew: which recordings, which axes, how much. A plant counts as found when an error or warning of
the right code names at least one of the planted recordings and, of all it names, at least half are planted ones. The
last column counts clean draws (the whole set, and random parts of it by people, classes, recordings or all of these)
that raise an error other than `one-class`, which is true of some.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tinyforge.core.types import TEST, TRAIN, Recording
from tinyforge.dataset import ImportOptions, read_recordings
from tinyforge.dataset.edits import part
from tinyforge.dataset.quality import Report, check
from tinyforge.dataset.units import CANONICAL

SETS = {
    "imu_nano33_gestures": ImportOptions(rate_hz=119, subject="a"),
    "imu_wand_spells_6axis": ImportOptions(rate_hz=119, take_samples=119, subject="b"),
    "imu_magic_wand_tf": ImportOptions(),
    "imu_edgeimpulse_xiao": ImportOptions(units=("g",), subject="c"),
    "imu_uci_har_layout_derived": ImportOptions(),
    "imu_basicmotions_ts": ImportOptions(rate_hz=10, subject="d"),
    "imu_sp_sw_har": ImportOptions(),
}
MOST_PEOPLE = 6  # of the large set, a draw takes so many
Named = list[tuple[str, Recording]]
Plant = tuple[Named, dict[str, int] | None, set[str]]


def _with(recording: Recording, samples: np.ndarray, **other: object) -> Recording:
    return dataclasses.replace(recording, samples=np.ascontiguousarray(samples, np.float32), **other)


def _axes(recording: Recording, names: Sequence[str]) -> list[int]:
    titles = [c.name for c in recording.channels]
    return [titles.index(name) for name in names if name in titles]


def _group(clean: Named, rng: np.random.Generator) -> set[str]:
    """Recordings of one person, or a fifth of the recordings where there are fewer than four people."""
    people = sorted({recording.subject for _, recording in clean})
    if len(people) > 3:
        who = people[rng.integers(len(people))]
        return {name for name, recording in clean if recording.subject == who}
    return _some(clean, rng, 0.2)


def _some(clean: Named, rng: np.random.Generator, share: float) -> set[str]:
    count = max(2, round(share * len(clean)))
    return {clean[k][0] for k in rng.permutation(len(clean))[:count]}


def _changed(clean: Named, chosen: set[str], change: Callable[[Recording], Recording]) -> Plant:
    return [(name, change(one) if name in chosen else one) for name, one in clean], None, chosen


def swapped_axes(clean: Named, rng: np.random.Generator) -> Plant:
    """Two axes of the accelerometer, the gyroscope or both, of one person or a fifth of the takes."""
    one, two = rng.permutation(3)[:2]
    sensors = (("ax", "ay", "az"), ("gx", "gy", "gz"))
    which = [(0,), (1,), (0, 1)][rng.integers(3)]

    def swap(recording: Recording) -> Recording:
        order = list(range(len(recording.channels)))
        usable = [k for k in which if len(_axes(recording, sensors[k])) == 3] or [0]
        for k in usable:
            axes = _axes(recording, sensors[k])
            order[axes[one]], order[axes[two]] = order[axes[two]], order[axes[one]]
        return _with(recording, recording.samples[:, order])

    return _changed(clean, _group(clean, rng), swap)


def doubled_rate(clean: Named, rng: np.random.Generator) -> Plant:
    """A stated rate that is twice the real one."""

    def double(recording: Recording) -> Recording:
        times = None if recording.times_ms is None else recording.times_ms / 2
        return dataclasses.replace(recording, rate_hz=recording.rate_hz * 2, times_ms=times)

    return _changed(clean, _group(clean, rng), double)


def milli_g(clean: Named, rng: np.random.Generator) -> Plant:
    """Accelerations a thousand times too large for their unit, in 1 to 20 % of the takes."""

    def thousand(recording: Recording) -> Recording:
        factors = np.ones(len(recording.channels), np.float32)
        factors[_axes(recording, ("ax", "ay", "az"))] = 1000 if recording.channels[0].unit != "mg" else 1e-3
        return _with(recording, recording.samples * factors)

    return _changed(clean, _some(clean, rng, rng.uniform(0.01, 0.2)), thousand)


def duplicates(clean: Named, rng: np.random.Generator) -> Plant:
    """One to four takes once more, under another person's name; every other plant with noise of a sensor's last bit."""
    chosen = [clean[k] for k in rng.permutation(len(clean))[: rng.integers(1, 5)]]
    copies: Named = []
    for k, (_, one) in enumerate(chosen):
        noise = rng.integers(-1, 2, one.samples.shape) * 1e-4 * rng.integers(2) * np.abs(one.samples).max(axis=0)
        copies.append((f"copy{k}", _with(one, one.samples + noise, subject=f"{one.subject}x", origin="")))
    return clean + copies, None, {name for name, _ in chosen} | {name for name, _ in copies}


def leaking_split(clean: Named, rng: np.random.Generator) -> Plant:
    """A take cut into two that overlap by a quarter to a half, one in training and one in the test."""
    sides = {name: TRAIN for name, _ in clean}
    planted: Named = []
    names = set()
    for k in rng.permutation(len(clean))[:3]:
        name, one = clean[k]
        length = len(one.samples)
        overlap = int(length * rng.uniform(0.25, 0.5))
        origin = one.origin if rng.integers(2) else f"o{k}"
        planted += [
            (f"{name}a", dataclasses.replace(part(one, 0, (length + overlap) // 2), origin=origin)),
            (f"{name}b", dataclasses.replace(part(one, (length - overlap) // 2, length), origin=origin)),
        ]
        names.add(name)
        sides |= {f"{name}a": TRAIN, f"{name}b": TEST}
    kept = [(name, one) for name, one in clean if name not in names]
    return kept + planted, sides, {name for name, _ in planted}


def constant_channel(clean: Named, rng: np.random.Generator) -> Plant:
    """One channel that stands still, in 1 to 20 % of the takes."""
    column = int(rng.integers(len(clean[0][1].channels)))

    def still(recording: Recording) -> Recording:
        samples = recording.samples.copy()
        samples[:, column] = samples[0, column]
        return _with(recording, samples)

    return _changed(clean, _some(clean, rng, rng.uniform(0.01, 0.2)), still)


def clipped_sensor(clean: Named, rng: np.random.Generator) -> Plant:
    """A range that the largest swings of the accelerometer do not fit into: 40 to 70 % of the set's largest value."""
    axes = _axes(clean[0][1], ("ax", "ay", "az"))
    factors = {name: CANONICAL[one.channels[axes[0]].unit][1] for name, one in clean}
    limit_g = rng.uniform(0.4, 0.7) * max(float(np.abs(one.samples[:, axes]).max()) * factors[n] for n, one in clean)
    planted, hit = [], set()
    for name, one in clean:
        samples, limit = one.samples.copy(), limit_g / factors[name]
        samples[:, axes] = np.clip(samples[:, axes], -limit, limit)
        planted.append((name, _with(one, samples)))
        if (np.abs(one.samples[:, axes]) > limit).sum() >= 3:
            hit.add(name)
    return planted, None, hit


def shuffled_labels(clean: Named, rng: np.random.Generator) -> Plant:
    """5 % of the labels (of the recordings, or of their stretches of one label), drawn from the other classes."""
    labels = sorted({label for _, one in clean for label in (one.sample_labels or (one.label,))})
    planted: Named = []
    chosen = _some(clean, rng, 0.05)
    for name, one in clean:
        if one.sample_labels is None:
            others = [label for label in labels if label != one.label]
            new = others[rng.integers(len(others))]
            planted.append((name, dataclasses.replace(one, label=new) if name in chosen else one))
            continue
        said = np.array(one.sample_labels)
        edges = np.flatnonzero(np.r_[True, said[1:] != said[:-1], True])
        for first, last in itertools.pairwise(edges):
            if rng.random() < 0.05:
                chosen.add(name)
                others = [label for label in labels if label != said[first]]
                said[first:last] = others[rng.integers(len(others))]
        planted.append((name, dataclasses.replace(one, sample_labels=tuple(map(str, said)))))
    return planted, None, chosen


NEEDS_AXES = {"swapped axes", "milli-g", "clipped sensor"}  # a set whose channels have no names cannot show them
FAULTS: dict[str, tuple[Callable[[Named, np.random.Generator], Plant], set[str]]] = {
    "swapped axes": (swapped_axes, {"swapped-axes"}),
    "doubled rate": (doubled_rate, {"wrong-rate"}),
    "milli-g": (milli_g, {"wrong-unit"}),
    "duplicates": (duplicates, {"duplicate", "near-duplicate"}),
    "leaking split": (leaking_split, {"leaking-split"}),
    "constant channel": (constant_channel, {"dead-channel"}),
    "clipped sensor": (clipped_sensor, {"clipping"}),
    "shuffled labels": (shuffled_labels, {"label-noise"}),
}


def is_found(report: Report, codes: set[str], planted: set[str]) -> bool:
    """An error or warning of one of the codes names planted recordings, and few others."""
    named = {
        place.split(" from sample ")[0]
        for one in report.findings
        if one.code in codes and one.severity != "note"
        for place in one.where
    }
    return bool(named & planted) and 2 * len(named & planted) >= len(named)


def drawn(recordings: Named, rng: np.random.Generator) -> Named:
    """All of a small set; of a large one some people."""
    people = sorted({one.subject for _, one in recordings})
    if len(people) <= MOST_PEOPLE:
        return recordings
    chosen = {people[k] for k in rng.permutation(len(people))[:MOST_PEOPLE]}
    return [(name, one) for name, one in recordings if one.subject in chosen]


def part_of(recordings: Named, rng: np.random.Generator) -> Named:
    """Some of the people, of the classes, of the recordings, or of all three; two people and classes at least."""
    kind = ("people", "classes", "recordings", "all")[rng.integers(4)]
    kept = recordings
    for by, key in (("people", lambda one: one.subject), ("classes", lambda one: one.label)):
        names = sorted({key(one) for _, one in recordings})
        if kind in {by, "all"} and len(names) > 2:
            chosen = set(rng.permutation(names)[: rng.integers(2, len(names) + 1)])
            kept = [(name, one) for name, one in kept if key(one) in chosen]
    if kind in {"recordings", "all"} or len(kept) == len(recordings):
        share = rng.uniform(0.2, 1.0)
        kept = [one for one in kept if rng.random() < share]
    return kept or recordings


def load(name: str) -> Named:
    """A public set."""
    root = Path(os.environ.get("TINYFORGE_DATA", "../shared/data"))
    recordings = read_recordings(root / name, SETS[name]).recordings
    return [(f"r{i:04d}", recording) for i, recording in enumerate(recordings)]


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plants", type=int, default=50)
    parser.add_argument("--clean", type=int, default=100, help="random parts of the clean set")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", choices=SETS, action="append")
    parser.add_argument("--fault", choices=FAULTS, action="append")
    options = parser.parse_args()
    faults = options.fault or list(FAULTS)
    print("| set |", " | ".join(faults), "| false alarms |")
    print("|---|", "---|" * (len(faults) + 1), sep="")
    for name in options.set or SETS:
        recordings = load(name)
        cells = []
        for fault in faults:
            if fault in NEEDS_AXES and not _axes(recordings[0][1], ("ax",)):
                cells.append("")
                continue
            plant, codes = FAULTS[fault]
            found = 0
            for k in range(options.plants):
                rng = np.random.default_rng([options.seed, k, *fault.encode()])
                planted, sides, where = plant(drawn(recordings, rng), rng)
                found += is_found(check(planted, sides), codes, where)
            cells.append(f"{found} / {options.plants}")
        rng = np.random.default_rng(options.seed)
        clean = [recordings, *(part_of(drawn(recordings, rng), rng) for _ in range(options.clean))]
        alarms = [
            codes
            for part in clean
            if (codes := {one.code for one in check(part).findings if one.severity == "error"} - {"one-class"})
        ]
        said = f" ({', '.join(sorted(set().union(*alarms)))})" if alarms else ""
        print(f"| {name} |", " | ".join(cells), f"| {len(alarms)} / {len(clean)}{said} |", flush=True)


if __name__ == "__main__":
    main()
