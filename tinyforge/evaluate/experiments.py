"""What a session could not show, and the one experiment that would: said where nothing explains wrong answers."""

from __future__ import annotations

import numpy as np

from tinyforge.core.types import IntArray
from tinyforge.evaluate.felt import Known
from tinyforge.evaluate.likeness import Likeness

WINDOWS = 20  # of one movement, that are asked for
_MOST_NAMED = 3


def experiment(known: Known, likeness: Likeness, truths: IntArray, overlap: int) -> str:
    """A sentence; empty where every cause would have shown.

    Args:
        known, likeness: of the training.
        truths: int64 [window], of the session.
        overlap: windows that count as one.
    """
    chance = likeness.chance(truths, overlap) if len(truths) else None
    hidden = set(range(len(likeness.causes))) if chance is None else chance.hidden()
    if not hidden:
        return ""
    said = f"not all would show in these movements: {_names(likeness, hidden)}"
    left = {
        k: alone.hidden() & hidden
        for k in range(len(known.labels))
        if (alone := likeness.chance(np.full(WINDOWS * overlap, k), overlap)) is not None
    }
    best = min(left, key=lambda k: len(left[k]), default=None)
    if best is None or len(left[best]) == len(hidden):
        return f"{said}. No movement that was recorded tells: {_lay_flat()}"
    told = f'{said}. Do "{known.labels[best]}" alone for {WINDOWS * overlap} windows with `tinyforge live`: '
    if not left[best]:
        return told + "there each of them shows"
    return told + f"there all show but {_names(likeness, left[best])}. For that, {_lay_flat()}"


def _names(likeness: Likeness, which: set[int]) -> str:
    names = [likeness.causes[k].name for k in sorted(which)]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return "; ".join(names[:_MOST_NAMED]) + more


def _lay_flat() -> str:
    return (
        "record the board of the recordings (`tinyforge capture`) lying still on each of three sides, then turned a "
        "quarter about each axis; do the same with this board, and compare"
    )
