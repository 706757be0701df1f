"""What happens between a sensor and a window, each with the way to undo it: units, ranges, axes, exchanged sensors."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from tinyforge.evaluate.felt import (
    ACCELERATION,
    ACCELERATION_UNITS,
    ANGULAR_RATE,
    RANGES,
    Cause,
    changed_back,
    columns_of,
    range_text,
)
from tinyforge.evaluate.moments import Change

_DEGREES = 180.0 / math.pi

Turn = tuple[int, ...]
#: Which axis each is taken from, and its sign: every way to hold a board, and its mirror images, that which changes
#: least first; without the one that changes nothing.
_TURNS: Sequence[tuple[Turn, Turn]] = sorted(
    itertools.product(itertools.permutations(range(3)), itertools.product((1, -1), repeat=3)),
    key=lambda way: (sum(k != j for k, j in enumerate(way[0])) + way[1].count(-1), way),
)[1:]


def sensor_causes(channels: Sequence[str], units: Sequence[str]) -> Iterator[Cause]:
    """What happens between a sensor and a window of these channels."""
    acceleration, turning = columns_of(channels, ACCELERATION), columns_of(channels, ANGULAR_RATE)
    triples = [one for one in (acceleration, turning) if one]
    if acceleration:
        yield from _scaled_accelerations(acceleration, units[acceleration[0]], len(channels))
    if len(triples) == 2:
        unit = units[turning[0]]
        to_unit = {"dps": 1 / _DEGREES, "rad/s": _DEGREES}.get(unit)
        if to_unit is not None:
            other = "rad/s" if unit == "dps" else "dps"
            yield _scaled(
                "wrong_unit",
                f"angular rates in {other} where the model takes {unit}",
                f"multiply angular rates by {1 / to_unit:.6g}",
                turning,
                to_unit,
                len(channels),
            )
        for factor in (*RANGES, 1000.0):
            said, _, way_out = range_text("angular rates", factor).partition(": ")
            yield _scaled("other_range", said, way_out, turning, factor, len(channels))
        order = np.arange(len(channels))
        order[acceleration], order[turning] = turning, acceleration
        yield changed_back(
            "sensors_exchanged",
            "the gyroscope's values stand where the accelerometer's belong, and the other way round",
            f"write the channels in the order {', '.join(channels)}",
            Change(order, np.ones(len(channels))),
            "accelerometer and gyroscope exchanged",
        )
    for turn, signs in _TURNS:
        if triples:
            yield _turned(channels, triples, turn, signs)
        for one in triples if len(triples) > 1 else []:
            yield _turned(channels, [one], turn, signs)


def _scaled_accelerations(columns: list[int], unit: str, channels: int) -> Iterator[Cause]:
    for factor, text in ACCELERATION_UNITS.get(unit, ()):
        said, _, way_out = text.partition(": ")
        yield _scaled("wrong_unit", f"accelerations in {said}", way_out, columns, factor, channels)
    for factor in RANGES:
        said, _, way_out = range_text("accelerations", factor).partition(": ")
        yield _scaled("other_range", said, way_out, columns, factor, channels)


def _scaled(code: str, said: str, way_out: str, columns: list[int], factor: float, channels: int) -> Cause:
    factors = np.ones(channels)
    factors[columns] /= factor
    return changed_back(code, said, way_out, Change(np.arange(channels), factors))


def _turned(channels: Sequence[str], triples: Sequence[list[int]], turn: Turn, signs: Turn) -> Cause:
    """Axes of these sensors held, or written down, in another way."""
    order, factors = np.arange(len(channels)), np.ones(len(channels))
    for triple in triples:
        order[triple] = [triple[k] for k in turn]
        factors[triple] = signs
    moved = [c for triple in triples for c in triple if order[c] != c or factors[c] < 0]
    said = ", ".join(f"{channels[c]} = {'-' if factors[c] < 0 else ''}{channels[order[c]]}" for c in moved)
    return changed_back(
        "swapped_axes",
        f"axes are not those of the recordings: with {said} they are",
        "hold or mount the board as in the recordings, or turn the axes where the sensor is read (`axes` in the "
        "board's TOML; in a sketch of your own before the window)",
        Change(order, factors),
        said,
    )
