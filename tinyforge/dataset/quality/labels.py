"""Labels that do not fit: takes that all others of the set would call otherwise.

Each take is told by a regression on the takes of other recordings (`ridge`). How far its best other class lies above
its own is its *margin*, about -1 where the label fits and +1 where another one does. A take is odd when its margin is
high and far from what is usual for its class beside that other one: classes that resemble each other have wide margins.
Odd takes are then no longer learnt from, and all are told once more, as in confident learning (Northcutt, Jiang and
Chuang 2021), so that wrong labels do not vouch for each other. What decides is the odd takes' weight in all, less what
the set's own doubtful takes let expect.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.core.types import Float64Array, IntArray
from tinyforge.dataset.quality.features import courses_of, paces_of, shapes_of
from tinyforge.dataset.quality.finding import ERROR, NOTE, WARNING, Finding, finding
from tinyforge.dataset.quality.ridge import left_out, members_of, told_by_others
from tinyforge.dataset.quality.takes import Take

_FEWEST = 24  # takes, to say anything of one of them
_FEWEST_OF_CLASS, _FEWEST_OF_OTHER = 9, 6  # of the class a take is called by; of the one it looks like
_MOST = 900  # takes that are judged together: the work grows with their third power
_FEWEST_ORIGINS = 5  # with fewer, what is left out is a take instead of a recording
_FARTHEST, _LEAST_WIDTH = 4.0, 0.1  # widths of a number; the least width
_DOUBTED = 0.3  # margin: not learnt from in the second turn
_ODD, _SURE = 0.35, 0.8  # margins: from where on a take has weight, and where it has all
_UNUSUAL, _LEAST_USUAL = 2.5, 0.15  # widths of its class's margins; their least width
_DOUBTFUL_SHARE = 0.03  # of the doubtful takes, so many may be odd by nature
# weight of odd takes that is too much, by the number of takes: nearly all random parts of clean public sets stay below,
# nearly all sets with 5 % of wrong labels lie above; docs/datasets.md counts the exceptions
_ERROR_WEIGHT, _WARNING_WEIGHT, _WEIGHT_SHARE = 0.8, 0.4, 0.01
_FEW_SHARE, _FEW_WEIGHT = 0.03, 2.7  # an error is at least this share, up to this weight


@dataclass(frozen=True, eq=False)
class _Odd:
    """Takes judged together.

    Attributes:
        suspects: odd takes and the class they look like.
        weight: of the odd ones, each 0 to 1.
        doubtful: how many others lie nearer to another class than to theirs.
    """

    suspects: list[tuple[Take, str]]
    weight: float
    doubtful: float


def judge_labels(takes: Sequence[Take]) -> list[Finding]:
    """Takes that look like another class, one finding for all of them."""
    groups: dict[tuple[tuple[str, ...], str], list[Take]] = defaultdict(list)
    for take in takes:
        groups[take.names, take.placement].append(take)
    judged, odd = 0, []
    for those in groups.values():
        for block in _blocks(those):
            if len(block) >= _FEWEST and len({take.label for take in block}) > 1:
                odd.append(_odd(block))
                judged += len(block)
    suspects = [one for part in odd for one in part.suspects]
    if not suspects:
        return []
    weight = sum(part.weight - _DOUBTFUL_SHARE * part.doubtful for part in odd)
    grave = max(_ERROR_WEIGHT + _WEIGHT_SHARE * judged, min(_FEW_SHARE * judged, _FEW_WEIGHT))
    severity = NOTE
    if weight > _WARNING_WEIGHT + _WEIGHT_SHARE * judged:
        severity = ERROR if weight > grave and len(suspects) > 1 else WARNING
    one, resembled = suspects[0]
    fact = (
        f"{len(suspects)} of {judged} takes ({100 * len(suspects) / judged:.1f} %) look like another class: "
        f"{one.place} is called {one.label} and looks like {resembled}"
    )
    way_out = "look at them: `tinyforge dataset relabel ID --label NAME` mends a wrong one"
    return [finding("label-noise", severity, [take.place for take, _ in suspects], fact, way_out)]


def _blocks(takes: Sequence[Take]) -> list[list[Take]]:
    """Parts of a large set, drawn by recording, of like size."""
    count = -(-len(takes) // _MOST)
    if count < 2:
        return [list(takes)]
    _, origins = np.unique([take.origin for take in takes], return_inverse=True)
    block = np.random.default_rng(len(takes)).permutation(int(origins.max()) + 1)[origins] % count
    return [[takes[k] for k in np.flatnonzero(block == one).tolist()] for one in range(count)]


def _odd(takes: Sequence[Take]) -> _Odd:
    """Takes whose others say another label, and how much that weighs."""
    names, truth = np.unique([take.label for take in takes], return_inverse=True)
    _, groups = np.unique([take.origin for take in takes], return_inverse=True)
    if groups.max() + 1 < _FEWEST_ORIGINS:
        groups = np.arange(len(takes))
    told, kernel, ridge = told_by_others(_table(takes), truth, groups)
    margins, other, unusual = _margins(told, truth)
    doubted = unusual & (margins > _DOUBTED)
    if doubted.any():
        told = left_out(kernel, ridge, np.eye(len(names))[truth], members_of(groups), ~doubted)
        margins, other, unusual = _margins(told, truth)
    weights = np.where(unusual, np.clip((margins - _ODD) / (_SURE - _ODD), 0.0, 1.0), 0.0)
    doubtful = float(((margins > 0) * (1.0 - weights)).sum())
    order = np.argsort(-weights, kind="stable")[: np.count_nonzero(weights)]
    suspects = [(takes[k], str(names[other[k]])) for k in order]
    return _Odd(suspects, float(weights.sum()), doubtful)


def _margins(told: Float64Array, truth: IntArray) -> tuple[Float64Array, IntArray, npt.NDArray[np.bool_]]:
    """How far the best other class lies above a take's own; which it is; whether that is unusual for the two."""
    takes, classes = np.arange(len(truth)), told.shape[1]
    own = told[takes, truth]
    rest = told.copy()
    rest[takes, truth] = -np.inf
    other = rest.argmax(axis=1)
    margins = rest[takes, other] - own
    counts = np.bincount(truth, minlength=classes)
    unusual = np.zeros(len(truth), dtype=bool)
    for label in range(classes):
        mine = np.flatnonzero(truth == label)
        for resembled in np.unique(other[mine]):
            apart = told[mine, resembled] - own[mine]
            middle = np.median(apart)
            width = max(1.4826 * float(np.median(np.abs(apart - middle))), _LEAST_USUAL)
            unusual[mine] |= (other[mine] == resembled) & (apart - middle > _UNUSUAL * width)
    unusual &= (counts[truth] >= _FEWEST_OF_CLASS) & (counts[other] >= _FEWEST_OF_OTHER)
    return margins, other, unusual


def _table(takes: Sequence[Take]) -> Float64Array:
    """Every number of the takes in widths of all takes, [take, number]."""
    names = takes[0].names
    table = np.nan_to_num(np.hstack([shapes_of(takes).table(range(len(names))), paces_of(takes), courses_of(takes)]))
    middle = np.median(table, axis=0)
    width = np.maximum(1.4826 * np.median(np.abs(table - middle), axis=0), _LEAST_WIDTH)
    scaled: Float64Array = np.clip((table - middle) / width, -_FARTHEST, _FARTHEST)
    return scaled
