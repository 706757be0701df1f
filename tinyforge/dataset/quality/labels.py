"""Labels that do not fit: takes whose nearest takes bear one other label."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from tinyforge.core.types import Float64Array
from tinyforge.dataset.quality.features import paces_of, shapes_of
from tinyforge.dataset.quality.finding import ERROR, NOTE, WARNING, Finding, finding
from tinyforge.dataset.quality.takes import Take

_FEWEST = 20  # takes, to say anything of one of them
_NEIGHBOURS, _AGREEING = 7, 6
_FEWEST_OF_CLASS = 8  # takes of the class that one resembles
_NEAREST, _FARTHER = 3, 1.2  # how much farther the nearest of its own class are: a rare class has few neighbours
_FARTHEST = 4.0  # widths
_LEAST_WIDTH = 0.1
_CONFUSED = 0.08  # of the neighbours of one class's other takes: then the two classes are hard to tell apart
_SHARE = 0.02  # clean public sets: up to 1.7 %


def judge_labels(takes: Sequence[Take]) -> list[Finding]:
    """Takes that look like another class, one finding for all of them."""
    groups: dict[tuple[tuple[str, ...], str], list[Take]] = defaultdict(list)
    for take in takes:
        groups[take.names, take.placement].append(take)
    suspects: list[tuple[Take, str]] = []
    judged = 0
    for those in groups.values():
        if len(those) < _FEWEST or len({take.label for take in those}) < 2:
            continue
        suspects += _odd(those)
        judged += len(those)
    if not suspects:
        return []
    share = len(suspects) / judged
    one, resembled = suspects[0]
    fact = (
        f"{len(suspects)} of {judged} takes ({100 * share:.1f} %) look like another class: {one.place} is called "
        f"{one.label} and looks like {resembled}"
    )
    severity = NOTE if share <= _SHARE else ERROR if len(suspects) > 1 else WARNING
    way_out = "look at them: `tinyforge dataset relabel ID --label NAME` mends a wrong one"
    where = [take.place for take, _ in suspects]
    return [finding("label-noise", severity, where, fact, way_out)]


def _odd(takes: Sequence[Take]) -> list[tuple[Take, str]]:
    """Takes that look like another class, and which; pairs of classes that are confused anyway are left out."""
    table = _table(takes)
    labels = [take.label for take in takes]
    said = np.array(labels)
    counts = Counter(labels)
    origins = np.array([take.origin for take in takes])
    odd: list[tuple[Take, str]] = []
    around: dict[str, Counter[str]] = defaultdict(Counter)
    for k, take in enumerate(takes):
        distance = np.abs(table - table[k]).mean(axis=1)
        distance[origins == take.origin] = np.inf
        near = np.argsort(distance, kind="stable")[:_NEIGHBOURS]
        votes = Counter(labels[j] for j in near if np.isfinite(distance[j]))
        label, agreeing = votes.most_common(1)[0] if votes else ("", 0)
        strange = label != take.label and agreeing >= _AGREEING and counts[label] >= _FEWEST_OF_CLASS
        if strange and _reach(distance[said == take.label]) > _FARTHER * _reach(distance[said == label]):
            odd.append((take, label))
        else:
            around[take.label] += votes
    return [
        (take, label)
        for take, label in odd
        if around[take.label][label] <= _CONFUSED * max(1, around[take.label].total())
    ]


def _reach(distance: Float64Array) -> float:
    """How far the nearest takes are, on average; 0 where there are none."""
    near = np.sort(distance[np.isfinite(distance)])[:_NEAREST]
    return float(near.mean()) if len(near) else 0.0


def _table(takes: Sequence[Take]) -> Float64Array:
    """Every number of the takes in widths of all takes, [take, number]."""
    table = np.hstack([shapes_of(takes).table(range(len(takes[0].names))), np.nan_to_num(paces_of(takes))])
    middle = np.median(table, axis=0)
    width = np.maximum(1.4826 * np.median(np.abs(table - middle), axis=0), _LEAST_WIDTH)
    scaled: Float64Array = np.clip((table - middle) / width, -_FARTHEST, _FARTHEST)
    return scaled
