"""Takes judged against each other: duplicates, leaks, balance, what one number tells, labels that do not fit."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from tinyforge.core.types import SPLIT_NAMES, Float64Array, IntArray
from tinyforge.dataset.quality.finding import ERROR, NOTE, WARNING, Finding, finding
from tinyforge.dataset.quality.kin import judge_axes, judge_rates
from tinyforge.dataset.quality.labels import judge_labels
from tinyforge.dataset.quality.overlaps import judge_overlaps
from tinyforge.dataset.quality.stillness import judge_stillness
from tinyforge.dataset.quality.takes import Take
from tinyforge.dataset.units import ACCELERATION

_FEWEST = 5  # takes of a class, to say anything of it
_POINTS = 32  # of the outline by which near-duplicates are found
_ALIKE = 0.9995

_NOBODY = "(no name)"


def judge_set(takes: Sequence[Take], sides: Mapping[str, int] | None = None) -> list[Finding]:
    """Everything that can be said of takes beside each other.

    Args:
        takes: of the whole dataset.
        sides: side of the split of each recording; None where there is no split.
    """
    return [
        *_duplicates(takes, sides),
        *(_leaks(takes, sides) or judge_overlaps(takes, sides)),
        *_several_rates(takes),
        *judge_rates(takes),
        *judge_axes(takes),
        *_balance(takes),
        *_trivial(takes),
        *judge_labels(takes),
        *judge_stillness(takes),
    ]


def _outline(take: Take) -> Float64Array:
    """A take as 32 points a channel, each channel with mean 0, all together with length 1."""
    x = take.samples.astype(np.float64)
    at = np.linspace(0, len(x) - 1, _POINTS)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, len(x) - 1)
    points = x[low] + (x[high] - x[low]) * (at - low)[:, None]
    scale = np.maximum(x.std(axis=0).max(), 1e-9)
    centred = (points - points.mean(axis=0)) / scale
    flat = centred.reshape(-1)
    unit: Float64Array = flat / max(float(np.linalg.norm(flat)), 1e-9)
    return unit


def _duplicates(takes: Sequence[Take], sides: Mapping[str, int] | None) -> list[Finding]:
    exact: dict[str, list[Take]] = defaultdict(list)
    for take in takes:
        exact[hashlib.sha256(np.ascontiguousarray(take.samples).tobytes()).hexdigest()].append(take)
    pairs = [(those[0], other) for those in exact.values() for other in those[1:]]
    seen = {(a.place, b.place) for a, b in pairs}
    groups: dict[tuple[tuple[str, ...], int], list[Take]] = defaultdict(list)
    for take in takes:
        groups[take.names, len(take.samples)].append(take)
    near = []
    for those in groups.values():
        if not 2 <= len(those) <= 4000 or len(those[0].samples) < _POINTS:
            continue
        outlines = np.stack([_outline(take) for take in those])
        moving = np.array([take.samples.std(axis=0).max() > 0.05 for take in those])
        for start in range(0, len(those), 512):
            alike = outlines[start : start + 512] @ outlines.T
            rows, columns = np.nonzero(alike > _ALIKE)
            for row, column in zip(rows + start, columns, strict=True):
                if row < column and moving[row] and moving[column]:
                    near.append((those[row], those[column]))
    near = [(a, b) for a, b in near if (a.place, b.place) not in seen and a.recording != b.recording]
    return [
        *_pairs("duplicate", "the same samples", pairs, sides),
        *_pairs("near-duplicate", "nearly the same samples", near, sides),
    ]


def _pairs(code: str, what: str, pairs: Sequence[tuple[Take, Take]], sides: Mapping[str, int] | None) -> list[Finding]:
    if not pairs:
        return []
    across = [(a, b) for a, b in pairs if _across(a, b, sides)]
    fact = f"{len(pairs)} pairs of takes hold {what}"
    if across:
        a, b = across[0]
        fact += f"; {len(across)} of them stand apart as {_who(a, b, sides)}, for instance {a.place} and {b.place}"
    where = [take.place for pair in (across or pairs) for take in pair]
    way_out = "delete one of each: `tinyforge dataset delete ID`; a test that was trained on says nothing"
    return [finding(code, ERROR if across else WARNING, where, fact, way_out)]


def _across(a: Take, b: Take, sides: Mapping[str, int] | None) -> bool:
    if a.label != b.label or a.subject != b.subject:
        return True
    return sides is not None and sides.get(a.recording) != sides.get(b.recording)


def _who(a: Take, b: Take, sides: Mapping[str, int] | None) -> str:
    if a.subject != b.subject:
        return "different people"
    if a.label != b.label:
        return "different classes"
    if sides is None:
        return "different takes"
    names = [SPLIT_NAMES[side] for take in (a, b) if (side := sides.get(take.recording)) is not None]
    return " and ".join(names)


def _leaks(takes: Sequence[Take], sides: Mapping[str, int] | None) -> list[Finding]:
    """Parts of one long recording on two sides of the split."""
    if sides is None:
        return []
    by_origin: dict[str, dict[int, str]] = defaultdict(dict)
    for take in takes:
        if take.recording in sides:
            by_origin[take.origin].setdefault(sides[take.recording], take.recording)
    split = {origin: places for origin, places in by_origin.items() if len(places) > 1}
    if not split:
        return []
    where = [recording for places in split.values() for recording in places.values()]
    fact = f"parts of {len(split)} recordings stand on several sides of the split"
    return [finding("leaking-split", ERROR, where, fact, "split by subject, session or recording, never by window")]


def _several_rates(takes: Sequence[Take]) -> list[Finding]:
    rates = Counter(round(take.rate_hz) for take in takes)
    if len(rates) < 2:
        return []
    said = ", ".join(f"{rate} Hz ({count} takes)" for rate, count in rates.most_common(4))
    return [finding("several-rates", NOTE, [], f"takes have several rates: {said}", "windows are resampled to one")]


def _balance(takes: Sequence[Take]) -> list[Finding]:
    seconds: dict[str, float] = defaultdict(float)
    by_subject: dict[str, set[str]] = defaultdict(set)
    for take in takes:
        seconds[take.label] += len(take.samples) / take.rate_hz
        by_subject[take.subject].add(take.label)
    found = []
    if len(seconds) < 2:
        return [finding("one-class", ERROR, list(seconds), "there is one class", "record another one, or `rest`")]
    most, least = max(seconds, key=seconds.__getitem__), min(seconds, key=seconds.__getitem__)
    if seconds[most] > 10 * seconds[least]:
        fact = f"{most} has {seconds[most]:.0f} s, {least} has {seconds[least]:.0f} s"
        found.append(finding("imbalance", WARNING, [most, least], fact, "record more of the rarer class"))
    lacking = {who: sorted(set(seconds) - labels) for who, labels in by_subject.items() if set(seconds) - labels}
    alone = len(by_subject) > 1 and all(len(labels) == 1 for labels in by_subject.values())
    if alone:
        fact = "every person gave one class alone: a network can learn who it is instead of what"
        found.append(finding("person-is-class", ERROR, sorted(by_subject), fact, "record all classes of each person"))
    elif lacking:
        who, labels = next(iter(sorted(lacking.items())))
        fact = f"{len(lacking)} people lack a class, {who or _NOBODY} for instance {', '.join(labels)}"
        people = [person or _NOBODY for person in sorted(lacking)]
        found.append(finding("missing-class", NOTE, people, fact, "record them, if it is meant to be there"))
    if len(by_subject) == 1:
        fact = "one person: an accuracy measured here says nothing of other people"
        found.append(finding("one-person", NOTE, list(by_subject), fact, "record more people"))
    return found


def _trivial(takes: Sequence[Take]) -> list[Finding]:
    """One plain number that tells the classes apart is more often a leak than a discovery."""
    labels = sorted({take.label for take in takes})
    if len(labels) < 2 or min(Counter(take.label for take in takes).values()) < _FEWEST:
        return []
    truth = np.array([labels.index(take.label) for take in takes])
    numbers: dict[str, Float64Array] = {"length": np.array([len(take.samples) / take.rate_hz for take in takes])}
    columns = [[take.names.index(n) for n in ACCELERATION if n in take.names] for take in takes]
    if all(len(one) == 3 for one in columns):
        magnitude = [np.linalg.norm(t.samples[:, c], axis=1) for t, c in zip(takes, columns, strict=True)]
        numbers["mean of |a|"] = np.array([float(one.mean()) for one in magnitude])
    found = []
    for name, values in numbers.items():
        if np.ptp(values) <= 1e-6 * max(abs(float(np.median(values))), 1e-9):
            continue
        right = _told_by(values, truth, len(labels))
        # lengths may be the recorder's habit and still mean nothing: many distinct values that tell the class do
        if right > 0.97 and (name != "length" or len(np.unique(np.round(values, 3))) > 1):
            fact = f"the {name} alone tells the class of {100 * right:.0f} % of the takes"
            way_out = "make takes equally long" if name == "length" else "check the units of each class"
            found.append(finding("trivial-feature", ERROR if name == "length" else WARNING, labels, fact, way_out))
    return found


def _told_by(values: Float64Array, truth: IntArray, classes: int) -> float:
    """Mean over the classes of the share that the nearest other take's class gets right, by one number."""
    order = np.argsort(values, kind="stable")
    sorted_values, sorted_truth = values[order], truth[order]
    right = np.zeros(len(values), bool)
    for i in range(len(values)):
        near = [j for j in (i - 2, i - 1, i + 1, i + 2) if 0 <= j < len(values)]
        near.sort(key=lambda j: abs(sorted_values[j] - sorted_values[i]))
        votes = Counter(int(sorted_truth[j]) for j in near[:3])
        right[i] = votes.most_common(1)[0][0] == sorted_truth[i]
    return float(np.mean([right[sorted_truth == k].mean() for k in range(classes)]))
