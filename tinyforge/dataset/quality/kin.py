"""Takes beside those of their class: a rate that is said wrong, axes that are swapped.

A class has a middle and a width in every number of `tinyforge.dataset.quality.features`. A take that lies nearer to the
middle of its class after its axes are swapped back, or its time is stretched, has *gained*. One odd take is a person's
whim; several that gain by the same change are a fault.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tinyforge.core.types import Float64Array
from tinyforge.dataset.quality.features import paces_of, shapes_of
from tinyforge.dataset.quality.finding import ERROR, Finding, finding
from tinyforge.dataset.quality.takes import Take, triples

_FEWEST = 8  # takes of a class, to say anything of one of them
_LEAST_WIDTH = 0.15
_FARTHEST = 5.0  # widths: what is farther counts as that far

# mean gain over the takes of a recording, in widths. Clean public sets: 99 % below 0.05 for axes, but for 3 % of the
# magic wand's; below 0.5 for rates, but for 3 % of the wand's spells
_AXES_GAIN, _RATE_GAIN = 0.06, 0.5
_AXES_FEWEST, _AXES_SHARE = 4, 0.04  # recordings with the same swap; of all
_OTHERS_FEWEST, _OTHERS_SHARE = (
    2,
    0.015,
)  # of them, so many of other classes than the commonest: that may be a varied one
_ONE_CLASS_SHARE = 0.15  # of all, where they are not
# mean gain over all recordings of one person. Clean sets of several people: below -0.03; a person with swapped axes:
# above 0.03
_PERSON_GAIN, _PERSON_FEWEST, _FEWEST_PEOPLE = 0.0, 4, 3
_RATE_FEWEST, _RATE_SHARE = 2, 0.02
_OCTAVE_ERROR, _OCTAVE_AGREEING = 0.5, 0.7  # of the numbers, so many show the octave, so exactly
_PAIRS = ((0, 1), (0, 2), (1, 2))


def judge_rates(takes: Sequence[Take]) -> list[Finding]:
    """Recordings whose movements are an octave faster or slower than those of their class: their rate is said wrong."""
    gains: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for those in _classes(takes):
        paces = paces_of(those)
        known = np.flatnonzero(~np.isnan(paces).all(axis=1))
        if len(known) < _FEWEST:
            continue
        table = paces[known]
        moving = ~np.isnan(table).all(axis=0)
        middle = np.nanmedian(table[:, moving], axis=0)
        table = np.where(np.isnan(table[:, moving]), middle, table[:, moving])
        cost = _cost_from(table)
        base = cost(table)
        for octave in (1.0, -1.0):
            shown = np.abs(table - middle - octave) < _OCTAVE_ERROR
            moved = np.where(shown.mean(axis=1) >= _OCTAVE_AGREEING, base - cost(table - octave), 0.0)
            for k, gain in zip(known, moved, strict=True):
                gains[those[k].recording].append((float(gain), octave))
    found: list[Finding] = []
    for octave, above, factor in ((1.0, "above", "twice"), (-1.0, "below", "half")):
        mean = {name: float(np.mean([gain for gain, way in said if way == octave])) for name, said in gains.items()}
        strange = [name for name, gain in mean.items() if gain > _RATE_GAIN]
        if len(strange) < max(_RATE_FEWEST, _RATE_SHARE * len(mean)):
            continue
        fact = f"the movements of {len(strange)} recordings lie an octave {above} those of their class"
        way_out = f"the stated rate is {factor} the real one: import again with --rate"
        found.append(finding("wrong-rate", ERROR, strange, fact, way_out))
    return found


def judge_axes(takes: Sequence[Take]) -> list[Finding]:
    """Recordings that fit their class better with two axes swapped: several with the same two, or all of one person."""
    gains: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for those in _classes(takes):
        names = those[0].names
        sensors = triples(names)
        if not sensors:
            continue
        shapes = shapes_of(those)
        plain = shapes.table(range(len(names)))
        cost = _cost_from(plain)
        base = cost(plain)
        for swap, order in _swaps(names, sensors):
            for take, gain in zip(those, base - cost(shapes.table(order)), strict=True):
                gains[take.recording][swap].append(float(gain))
    mean = {name: {swap: float(np.mean(one)) for swap, one in swaps.items()} for name, swaps in gains.items()}
    said = {**_swapped_recordings(mean, takes), **_swapped_people(mean, takes)}
    found = []
    for swap in dict.fromkeys(said.values()):
        where = [name for name, one in said.items() if one == swap]
        fact = f"{len(where)} recordings fit their class better with {swap} swapped"
        way_out = "the sensor sat otherwise, or the columns are named wrongly: import again with --columns"
        found.append(finding("swapped-axes", ERROR, where, fact, way_out))
    return found


def _swapped_recordings(mean: Mapping[str, Mapping[str, float]], takes: Sequence[Take]) -> dict[str, str]:
    """Recordings that each gain by a swap that many gain by, and what is swapped."""
    labels: dict[str, set[str]] = defaultdict(set)
    for take in takes:
        labels[take.recording].add(take.label)
    best = {}
    for name, swaps in mean.items():
        swap = max(swaps, key=swaps.__getitem__)
        if swaps[swap] > _AXES_GAIN:
            best[name] = swap
    said: dict[str, str] = {}
    for swap, count in Counter(best.values()).most_common():
        where = [name for name, one in best.items() if one == swap]
        commonest = Counter(label for name in where for label in labels[name]).most_common(1)[0][0]
        others = sum(labels[name] != {commonest} for name in where)
        enough = others >= max(_OTHERS_FEWEST, _OTHERS_SHARE * len(mean)) or count >= _ONE_CLASS_SHARE * len(mean)
        if count >= max(_AXES_FEWEST, _AXES_SHARE * len(mean)) and enough:
            said |= dict.fromkeys(where, swap)
    return said


def _swapped_people(mean: Mapping[str, Mapping[str, float]], takes: Sequence[Take]) -> dict[str, str]:
    """Recordings of people who gain by a swap on the whole, and what is swapped."""
    worn: dict[tuple[str, str, tuple[str, ...]], dict[str, None]] = defaultdict(dict)
    for take in takes:
        if take.recording in mean:
            worn[take.subject, take.placement, take.names][take.recording] = None
    known = {who: list(names) for who, names in worn.items() if len(names) >= _PERSON_FEWEST}
    said: dict[str, str] = {}
    for who, names in known.items():
        if sum(other[1:] == who[1:] for other in known) < _FEWEST_PEOPLE:
            continue
        of_all = {swap: float(np.mean([mean[name][swap] for name in names])) for swap in mean[names[0]]}
        swap = max(of_all, key=of_all.__getitem__)
        if of_all[swap] > _PERSON_GAIN:
            said |= dict.fromkeys(names, swap)
    return said


def _classes(takes: Sequence[Take]) -> list[list[Take]]:
    """Takes of one class, place and set of channels, those of which there are enough."""
    by_class: dict[tuple[str, str, tuple[str, ...]], list[Take]] = defaultdict(list)
    for take in takes:
        by_class[take.label, take.placement, take.names].append(take)
    return [those for those in by_class.values() if len(those) >= _FEWEST]


def _cost_from(table: Float64Array) -> Callable[[Float64Array], Float64Array]:
    """How far takes are from the middle of a class, in its widths: the mean over all numbers."""
    middle = np.median(table, axis=0)
    width = np.maximum(1.4826 * np.median(np.abs(table - middle), axis=0), _LEAST_WIDTH)

    def cost(values: Float64Array) -> Float64Array:
        apart: Float64Array = np.minimum(np.abs(values - middle) / width, _FARTHEST).mean(axis=1)
        return apart

    return cost


def _swaps(names: tuple[str, ...], sensors: list[list[int]]) -> list[tuple[str, list[int]]]:
    """Every swap of two axes, of one sensor or of both: what it is called, and the order of columns after it."""
    chosen = [sensors] if len(sensors) == 1 else [*([sensor] for sensor in sensors), sensors]
    swaps = []
    for one, two in _PAIRS:
        for some in chosen:
            order = list(range(len(names)))
            for axes in some:
                order[axes[one]], order[axes[two]] = order[axes[two]], order[axes[one]]
            swaps.append((" and ".join(f"{names[axes[one]]}/{names[axes[two]]}" for axes in some), order))
    return swaps
