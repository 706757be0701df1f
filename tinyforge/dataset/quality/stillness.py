"""Takes that hardly move beside the others of their class: the recorder was triggered, and no gesture came."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from tinyforge.core.types import Float64Array
from tinyforge.dataset.quality.finding import WARNING, Finding, finding
from tinyforge.dataset.quality.takes import Take
from tinyforge.dataset.units import ACCELERATION, ANGULAR_RATE

_FEWEST = 5  # takes of a class, to say anything of it
_USUAL = 0.75  # quantile of a class's movement: up to half of its takes may be empty, and it still is a movement's
_LEAST_SHARE = 0.3  # of the usual movement
_JOLT_SHARE = 0.6  # of the usual acceleration where a gyroscope sees no gesture: what triggered the recorder is a jolt
_MOVES = {ANGULAR_RATE: 40.0, ACCELERATION: 0.25}  # dps, g: a class that usually moves less is one of rest


def still_takes(takes: Sequence[Take]) -> list[Take]:
    """Takes whose every sensor moves less than 0.3 of what their class usually does.

    A sensor's movement is the root of the summed variances of its three axes. Classes of rest are left out. Where a
    class usually turns, its angular rates decide, and the acceleration may have up to 0.6: a recorder is triggered by a
    jolt, which is in the acceleration whether a gesture follows or not.
    """
    groups: dict[tuple[str, tuple[str, ...]], list[Take]] = defaultdict(list)
    for take in takes:
        groups[take.label, take.names].append(take)
    still: list[Take] = []
    for (_, names), those in groups.items():
        if len(those) < _FEWEST:
            continue
        shares = {}
        for axes, least in _MOVES.items():
            if all(axis in names for axis in axes):
                movement = _movement(those, axes)
                if (usual := float(np.quantile(movement, _USUAL))) >= least:
                    shares[axes] = movement / usual
        turning, moving = shares.get(ANGULAR_RATE), shares.get(ACCELERATION)
        quiet = np.full(len(those), bool(shares))
        if turning is not None:
            quiet &= turning < _LEAST_SHARE
        if moving is not None:
            quiet &= moving < (_LEAST_SHARE if turning is None else _JOLT_SHARE)
        still += [take for take, one in zip(those, quiet, strict=True) if one]
    return still


def judge_stillness(takes: Sequence[Take]) -> list[Finding]:
    """What a person is told of `still_takes`."""
    still = [take.place for take in still_takes(takes)]
    if not still:
        return []
    who, whose = ("1 take hardly moves", "its") if len(still) == 1 else (f"{len(still)} takes hardly move", "their")
    fact = f"{who}: less than {_LEAST_SHARE:g} of what the others of {whose} class do"
    way_out = (
        "look at them (`tinyforge dataset inspect`); what holds no gesture teaches a network that rest is one: "
        "`tinyforge dataset delete --still`"
    )
    return [finding("no-movement", WARNING, still, fact, way_out)]


def _movement(takes: Sequence[Take], axes: Sequence[str]) -> Float64Array:
    """Of each take, in the sensor's unit."""
    columns = [takes[0].names.index(axis) for axis in axes]
    variances = [take.samples[:, columns].astype(np.float64).var(axis=0).sum() for take in takes]
    movement: Float64Array = np.sqrt(np.array(variances))
    return movement
