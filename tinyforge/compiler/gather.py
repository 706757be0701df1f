"""``tfg_conv_2d_gather_s8``: convolutions of few channels over images; which values and rows it takes together."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from tinyforge.compiler.geometry import Geometry
from tinyforge.compiler.layout import GROUP
from tinyforge.core.graph import Array, Param

_BAND_BYTES = 192  # of scratch for rows of windows, if four or fewer do not take more
_FILLED = 32  # bytes of scratch that are filled at once
_NOTHING = -1  # meets a weight of 0


class Plan(NamedTuple):
    """How a window's values are taken.

    Attributes:
        words: bytes from a window's first to words of it.
        twos: the same to two values each.
        values: of the window, int [pairs, 2]: which one meets a weight, -1 for none.
    """

    words: list[int]
    twos: list[tuple[int, int]]
    values: Array


@lru_cache(maxsize=64)
def gather_plan(geo: Geometry) -> Plan:
    """Words where four values lie side by side, or three and few channels share the work; else two values at a time."""
    beside = geo.dilation_w == 1
    run = geo.kernel_w * geo.in_ch if beside else geo.in_ch
    starts = [
        ky * geo.dilation_h * _pitch(geo) + kx * geo.dilation_w * geo.in_ch
        for ky in range(geo.kernel_h)
        for kx in range(1 if beside else geo.kernel_w)
    ]
    whole = run // GROUP + (run % GROUP == GROUP - 1 and geo.out_ch <= GROUP)
    words, pairs, singles = [], [], []
    for number, start in enumerate(starts):
        places = [(start + place, number * run + place) for place in range(run)]
        words += [start + GROUP * word for word in range(whole)]
        pairs += _order([value for _, value in places[: GROUP * whole]])
        singles += places[GROUP * whole :]
    if len(singles) % 2:
        singles.append((0, _NOTHING))
    twos = list(zip(singles[::2], singles[1::2], strict=True))
    values = [*pairs, *([first[1], second[1]] for first, second in twos)]
    return Plan(words, [(first[0], second[0]) for first, second in twos], np.array(values, np.int64).reshape(-1, 2))


def _order(values: list[int]) -> list[list[int]]:
    """Values of words, as pairs 0 2 and 1 3 of each."""
    filled = values + [_NOTHING] * (-len(values) % GROUP)
    return [[filled[at + odd], filled[at + odd + 2]] for at in range(0, len(filled), GROUP) for odd in (0, 1)]


def _pitch(geo: Geometry) -> int:
    """Bytes of a row in the scratch: behind the last column and before the first one of the next row is one padding."""
    reach = (geo.out_w - 1) * geo.stride_w + (geo.kernel_w - 1) * geo.dilation_w + 1
    return (geo.in_w + max(geo.pad_w, reach - geo.pad_w - geo.in_w, 0)) * geo.in_ch


def _rows(geo: Geometry) -> int:
    """Rows of outputs together: as many as fill fours of places, if that is not too much.

    Where no window reaches beyond a side, most rows are read where they lie.
    """
    high, pitch = (geo.kernel_h - 1) * geo.dilation_h, _pitch(geo)
    fours = GROUP // math.gcd(geo.out_w, GROUP)
    most = max((_BAND_BYTES // pitch - high - 1) // geo.stride_h + 1, fours)
    return min(fours if _in_place(geo) else most // fours * fours, geo.out_h)


def _in_place(geo: Geometry) -> bool:
    """Whether no window reaches beyond the left or right edge."""
    return _pitch(geo) == geo.in_w * geo.in_ch


def _read(geo: Geometry, plan: Plan) -> int:
    """Bytes of a row of windows, from its first one on, with what is read behind them."""
    last = max([*(word + GROUP for word in plan.words), *(place + 1 for two in plan.twos for place in two)])
    return (geo.out_w - 1) * geo.stride_w * geo.in_ch + last


def _below(geo: Geometry, plan: Plan) -> int:
    """Input rows that a row of windows reads where it lies, with what is read behind it."""
    return -(-_read(geo, plan) // _pitch(geo))


def _band(geo: Geometry, plan: Plan) -> int:
    """Bytes of scratch for rows, if any are taken there."""
    high = (geo.kernel_h - 1) * geo.dilation_h + 1  # a call for some of the rows has so many for its last window
    padded = geo.pad_h > 0 or (geo.out_h - 1) * geo.stride_h + high > geo.in_h
    if _in_place(geo) and not padded and _below(geo, plan) == high:
        return 0
    rows, pitch = _rows(geo), _pitch(geo)
    taken = (rows - 1) * geo.stride_h + (geo.kernel_h - 1) * geo.dilation_h + 1
    inputs = (taken - 1) * pitch + (geo.pad_w + geo.in_w) * geo.in_ch
    read = (rows - 1) * geo.stride_h * pitch + _read(geo, plan)
    return -(-max(inputs, read) // _FILLED) * _FILLED


def gather_bytes(geo: Geometry) -> int:
    """Scratch: four windows as int16, and rows."""
    plan = gather_plan(geo)
    return 16 * len(plan.values) + _band(geo, plan)


def gather_pairs(plan: Plan, filter_: Array) -> Array:
    """Weights int8 [channel, value] of windows as int64 [channel, pair, 2]."""
    more = np.concatenate([filter_.astype(np.int64), np.zeros((len(filter_), 1), np.int64)], axis=1)
    return np.ascontiguousarray(more[:, plan.values])


def gather_params(geo: Geometry, plan: Plan) -> dict[str, Param]:
    """Where values lie, and how much the kernel does together."""
    offsets = [*plan.words, *(place for two in plan.twos for place in two)]
    return {
        "offsets": np.array(offsets, np.int32),
        "words": len(plan.words),
        "twos": len(plan.twos),
        "pitch": _pitch(geo),
        "rows": _rows(geo),
        "band": _band(geo, plan),
        "below": _below(geo, plan),
    }


def gather_cost(geo: Geometry) -> tuple[int, int]:
    """Bytes of constants, and instructions for four places on the virtual Cortex-M4, about."""
    plan = gather_plan(geo)
    words, twos, pairs = len(plan.words), len(plan.twos), len(plan.values)
    channel = 28 + 6 * pairs if pairs <= 8 else 34 + 27 * pairs // 4
    rows = geo.kernel_h * geo.dilation_h if _in_place(geo) else geo.stride_h * geo.out_h
    copied = 4 * (rows * (20 + _pitch(geo)) + 300) // (geo.out_h * geo.out_w)
    return 4 * (
        geo.out_ch * (pairs + 3) + words + 2 * twos
    ), 110 + copied + 18 * words + 16 * twos + geo.out_ch * channel
