"""Takes judged one by one: units, dead channels, clipping, what no hand can do, what was lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from tinyforge.core.types import Float32Array
from tinyforge.dataset.quality.finding import ERROR, NOTE, WARNING, Finding, finding
from tinyforge.dataset.quality.takes import Take
from tinyforge.dataset.units import ACCELERATION, ANGULAR_RATE, CANONICAL, fitting_units

# |a| of a hand has its median near 1 g whatever it does: 0.4 to 3.4 g in takes of the public sets
_LEAST_G, _MOST_G = 0.2, 5.0
_MOST_ACCELERATION_G, _MOST_RATE_DPS = 33.0, 4100.0  # no common IMU says more: +-32 g, +-4000 dps
_CLIPPED_RUN = 3  # equal samples at the end of the range, one after the other
_SPOILT_SHARE = 0.5  # of the samples of a take: then nothing of its shape is left
_LOST_SHARE = 0.01


def judge_signals(takes: Sequence[Take]) -> list[Finding]:
    """Everything that can be said of a take by itself."""
    return [*_units(takes), *_dead(takes), *_clipped(takes), *_impossible(takes), *_lost(takes)]


def _columns(take: Take, names: Sequence[str]) -> list[int]:
    return [take.names.index(name) for name in names if name in take.names]


def _units(takes: Sequence[Take]) -> list[Finding]:
    wrong: dict[tuple[str, str], list[tuple[Take, float]]] = defaultdict(list)
    for take in takes:
        columns = _columns(take, ACCELERATION)
        if len(columns) != 3 or CANONICAL.get(take.units[columns[0]], ("", 0))[0] != "g":
            continue
        median_g = float(np.median(np.linalg.norm(take.samples[:, columns], axis=1)))
        if not _LEAST_G <= median_g <= _MOST_G:
            unit = take.units[columns[0]]
            fits = fitting_units(median_g / CANONICAL[unit][1])
            wrong[unit, fits[0] if fits else ""].append((take, median_g))
    found = []
    for (unit, fitting), those in wrong.items():
        median = float(np.median([median for _, median in those]))
        fact = f"the stated unit {unit} makes the median of |a| {median:.3g} g, which gravity forbids"
        way_out = (
            f"the numbers are in {fitting}: import again with --units {fitting}"
            if fitting
            else "check unit and channels"
        )
        found.append(finding("wrong-unit", ERROR, [take.place for take, _ in those], fact, way_out))
    return found


def _dead(takes: Sequence[Take]) -> list[Finding]:
    """A channel with one value throughout, while another of the same take moves."""
    dead: dict[str, list[str]] = defaultdict(list)
    for take in takes:
        if len(take.samples) < 16:
            continue
        still = take.raw.max(axis=0) == take.raw.min(axis=0)
        moved = np.array([0.02 if name in ACCELERATION else 2.0 for name in take.names])
        if (take.samples.std(axis=0) > moved).any():
            for column in np.flatnonzero(still):
                dead[take.names[column]].append(take.place)
    return [
        finding(
            "dead-channel",
            ERROR,
            places,
            f"channel {name} has one value throughout",
            "check the sensor and its wiring; leave the channel out, or record again",
        )
        for name, places in sorted(dead.items())
    ]


def _clipped(takes: Sequence[Take]) -> list[Finding]:
    """A sensor at the end of its range says the largest number it has, over and over."""
    limits: dict[str, float] = {}
    for take in takes:
        for column, name in enumerate(take.names):
            limits[name] = max(limits.get(name, 0.0), float(np.abs(take.samples[:, column]).max(initial=0.0)))
    hit: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for take in takes:
        for column, name in enumerate(take.names):
            if name not in ACCELERATION and name not in ANGULAR_RATE:
                continue
            values = np.abs(take.samples[:, column])
            limit = _limit_of(values, limits[name])
            if limit is None:
                continue
            at_end = values >= limit * 0.9985
            hit[name].append((take.place, float(at_end.mean())))
    found = []
    for name, those in sorted(hit.items()):
        worst = max(share for _, share in those)
        kind = "saturated-gyro" if name in ANGULAR_RATE else "clipping"
        fact = f"channel {name} stays at the end of its range ({limits[name]:.4g}); up to {100 * worst:.1f} % of a take"
        severity = ERROR if worst > _SPOILT_SHARE else WARNING
        found.append(
            finding(kind, severity, [place for place, _ in those], fact, "record with a larger range of the sensor")
        )
    return found


def _limit_of(values: Float32Array, largest: float) -> float | None:
    """The end of the range where a signal stays at it: runs of equal largest values; None where it does not."""
    top = float(values.max(initial=0.0))
    if top < 0.5 or top < 0.97 * largest:
        return None
    run = longest = 0
    for at_end in values >= top * 0.9985:
        run = run + 1 if at_end else 0
        longest = max(longest, run)
    return top if longest >= _CLIPPED_RUN and top > 4.0 * float(np.median(values)) * 0.5 else None


def _impossible(takes: Sequence[Take]) -> list[Finding]:
    strange = defaultdict(list)
    for take in takes:
        if not np.isfinite(take.samples).all():
            strange["not-a-number"].append((take.place, "NaN or infinity"))
            continue
        for axes, most, unit in ((ACCELERATION, _MOST_ACCELERATION_G, "g"), (ANGULAR_RATE, _MOST_RATE_DPS, "dps")):
            columns = [c for c in _columns(take, axes) if CANONICAL.get(take.units[c], ("", 0))[0] == unit]
            if not columns:
                continue
            peak = float(np.abs(take.samples[:, columns]).max())
            if peak > most and float(np.median(np.abs(take.samples[:, columns]))) < most / 4:
                strange["outlier"].append((take.place, f"{peak:.4g} {unit}"))
    return [
        finding(code, ERROR if code == "not-a-number" else WARNING, [p for p, _ in those], f"holds {those[0][1]}",
                "look at the recording; trim or delete it")
        for code, those in strange.items()
    ]  # fmt: skip


def _lost(takes: Sequence[Take]) -> list[Finding]:
    lost = {take.recording: (take.dropped, len(take.samples)) for take in takes if take.dropped}
    if not lost:
        return []
    total = sum(count for count, _ in lost.values())
    grave = any(count > _LOST_SHARE * (count + samples) for count, samples in lost.values())
    return [
        finding(
            "gaps",
            WARNING if grave else NOTE,
            list(lost),
            f"{total} samples are known to be lost",
            "record again; training refuses them unless `dataset.allow_dropped` is set",
        )
    ]
