"""Where a recording moves: the stretches that stand out of its rest.

The activity is the root mean square, over 0.1 s, of the angular rate less its median (in degrees a second) where there
is one; else the standard deviation, over 0.2 s, of the acceleration (in g). Rest is the 20th percentile of the
activity; a movement begins where it passes ``threshold`` times that level and a floor, and ends where it has stayed
below for ``pause_s``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyforge.core.types import Float64Array, Recording
from tinyforge.dataset.units import ACCELERATION, ANGULAR_RATE, CANONICAL

_RATE_WINDOW_S, _ACCEL_WINDOW_S = 0.1, 0.2
_FLOOR_DPS, _FLOOR_G = 15.0, 0.06


@dataclass(frozen=True, slots=True)
class MotionSpec:
    """What counts as a movement.

    Attributes:
        threshold: how many times the activity of rest.
        pause_s: stillness that ends a movement.
        margin_s: kept before and after it.
        shortest_s, longest_s: others are left out; 0 for no limit.
    """

    threshold: float = 4.0
    pause_s: float = 0.3
    margin_s: float = 0.1
    shortest_s: float = 0.25
    longest_s: float = 0.0


def find_movements(recording: Recording, spec: MotionSpec) -> list[tuple[int, int]]:
    """First sample and the one after the last of each movement, in order, without overlap."""
    level, floor = activity(recording)
    limit = max(spec.threshold * float(np.percentile(level, 20)), floor)
    moving = level > limit
    edges = np.flatnonzero(np.diff(np.concatenate([[False], moving, [False]]).astype(np.int8)))
    runs = [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]
    pause = spec.pause_s * recording.rate_hz
    joined: list[tuple[int, int]] = []
    for first, last in runs:
        if joined and first - joined[-1][1] < pause:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    margin = round(spec.margin_s * recording.rate_hz)
    found = []
    end = 0
    for first, last in joined:
        length_s = (last - first) / recording.rate_hz
        if length_s < spec.shortest_s or (spec.longest_s and length_s > spec.longest_s):
            continue
        start = max(first - margin, end)
        end = min(last + margin, len(recording.samples))
        found.append((start, end))
    return found


def activity(recording: Recording) -> tuple[Float64Array, float]:
    """Activity of each sample [n], and the floor below which nothing counts as movement, in the same unit."""
    names = [channel.name for channel in recording.channels]
    wanted = ANGULAR_RATE if all(name in names for name in ANGULAR_RATE) else ACCELERATION
    columns = [names.index(name) for name in wanted if name in names] or list(range(len(names)))
    factors = [CANONICAL.get(recording.channels[k].unit, ("", 1.0))[1] for k in columns]
    values = recording.samples[:, columns].astype(np.float64) * factors
    turning = wanted is ANGULAR_RATE
    width = max(2, round((_RATE_WINDOW_S if turning else _ACCEL_WINDOW_S) * recording.rate_hz))
    values -= np.median(values, axis=0)
    power = _mean(values**2, width) - (0.0 if turning else _mean(values, width) ** 2)
    level: Float64Array = np.sqrt(np.clip(power, 0.0, None).sum(axis=1))
    known = all(name in names for name in wanted)
    return level, (_FLOOR_DPS if turning else _FLOOR_G) if known else 0.0


def _mean(values: Float64Array, width: int) -> Float64Array:
    """Running mean over ``width`` samples around each; fewer at the ends."""
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    middle = np.arange(len(values))
    first = np.maximum(middle - width // 2, 0)
    last = np.minimum(middle + (width + 1) // 2, len(values))
    mean: Float64Array = (total[last] - total[first]) / (last - first)[:, None]
    return mean
