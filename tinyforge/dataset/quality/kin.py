"""Takes beside those of their class: a rate that is said wrong, axes that are swapped.

Both are judged by majorities: of the quantiles of a spectrum, of the takes of a recording, of the recordings of a set.
One odd take is a person's whim; several that are odd in the same way are a fault.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from tinyforge.core.types import Float64Array
from tinyforge.dataset.quality.finding import ERROR, Finding, finding
from tinyforge.dataset.quality.takes import Take, features_of, triples
from tinyforge.dataset.units import ACCELERATION

_FEWEST = 8  # takes of a class, to say anything of one of them
_QUANTILES = (0.25, 0.5, 0.75, 0.9)
_LEAST_SPREAD_OCTAVES = 0.12
_OCTAVE_ERROR = 0.5
_RATE_SPREADS = 4.0

# how much better a take fits its class with two axes swapped, in spreads: 0.1 to 0.2 in clean public sets
_AXES_GAIN, _AXES_SPREADS = 0.4, 6.0
_AXES_SHARE = 0.04  # of the recordings: fewer are a person who holds the board otherwise
_LEAST_SPREAD = 0.3
_PAIRS = ((0, 1), (0, 2), (1, 2))


def judge_rates(takes: Sequence[Take]) -> list[Finding]:
    """Takes whose whole spectrum lies an octave from that of their class: their rate is said wrong."""
    by_class: dict[tuple[str, tuple[str, ...]], list[tuple[Take, Float64Array]]] = defaultdict(list)
    for take in takes:
        quantiles = _octaves(take)
        if quantiles is not None:
            by_class[take.label, take.names].append((take, quantiles))
    strange: list[tuple[Take, float]] = []
    for those in by_class.values():
        if len(those) < _FEWEST:
            continue
        table = np.array([quantiles for _, quantiles in those])
        middle = np.median(table, axis=0)
        spread = np.maximum(1.4826 * np.median(np.abs(table - middle), axis=0), _LEAST_SPREAD_OCTAVES)
        for (take, _), off in zip(those, table - middle, strict=True):
            shift = float(np.median(off))
            if np.all(np.abs(np.abs(off) - 1.0) < _OCTAVE_ERROR) and abs(shift) > _RATE_SPREADS * np.median(spread):
                strange.append((take, shift))
    if len(strange) < 2:
        return []
    above = sum(shift > 0 for _, shift in strange) * 2 > len(strange)
    fact = f"the spectrum of {len(strange)} takes lies an octave {'above' if above else 'below'} that of their class"
    way_out = f"the stated rate is {'twice' if above else 'half'} the real one: import again with --rate"
    return [finding("wrong-rate", ERROR, [take.place for take, _ in strange], fact, way_out)]


def _octaves(take: Take) -> Float64Array | None:
    """Logarithms of the frequencies below which a quarter, half, ... of the power lies; None where nothing moves."""
    x = take.samples.astype(np.float64)
    x = (x - x.mean(axis=0)) * np.where([name in ACCELERATION for name in take.names], 1.0, 0.01)
    if len(x) < 24 or x.std(axis=0).max() < 0.05:
        return None
    power = (np.abs(np.fft.rfft(x * np.hanning(len(x))[:, None], axis=0)) ** 2).sum(axis=1)[1:]
    frequencies = np.fft.rfftfreq(len(x), 1 / take.rate_hz)[1:]
    grown = np.cumsum(power) / power.sum()
    octaves: Float64Array = np.log2(np.array([frequencies[np.searchsorted(grown, share)] for share in _QUANTILES]))
    return octaves


def judge_axes(takes: Sequence[Take]) -> list[Finding]:
    """Recordings that fit their class better with two axes swapped, many of them with the same two."""
    gains: dict[str, list[tuple[float, str]]] = defaultdict(list)
    by_class: dict[tuple[str, str, tuple[str, ...]], list[Take]] = defaultdict(list)
    for take in takes:
        by_class[take.label, take.placement, take.names].append(take)
    for (_, _, names), those in by_class.items():
        sensors = triples(names)
        if len(those) < _FEWEST or not sensors:
            continue
        for take, (gain, swap) in zip(those, _gains(those, names, sensors), strict=True):
            gains[take.recording].append((gain, swap))
    if not gains:
        return []
    mean = {name: float(np.mean([gain for gain, _ in said])) for name, said in gains.items()}
    values = np.array(list(mean.values()))
    middle = float(np.median(values))
    limit = max(_AXES_GAIN, middle + _AXES_SPREADS * 1.4826 * float(np.median(np.abs(values - middle))))
    swaps = {
        name: Counter(swap for _, swap in gains[name]).most_common(1)[0][0] for name, one in mean.items() if one > limit
    }
    if not swaps:
        return []
    swap, count = Counter(swaps.values()).most_common(1)[0]
    if count < max(3, _AXES_SHARE * len(mean)):
        return []
    where = [name for name, one in swaps.items() if one == swap]
    fact = f"{count} recordings fit their class better with {swap} swapped"
    way_out = "the sensor sat otherwise, or the columns are named wrongly: import again with --columns"
    return [finding("swapped-axes", ERROR, where, fact, way_out)]


def _gains(takes: Sequence[Take], names: tuple[str, ...], sensors: list[list[int]]) -> list[tuple[float, str]]:
    """How much better each take fits its class with the best swap of axes, and which that is."""
    features = features_of(takes)
    unit = np.array([0.25 if name in ACCELERATION else 40.0 for name in names])
    mean, spread = features.mean / unit, features.spread / 0.5
    table = np.hstack([mean, spread])
    middle = np.median(table, axis=0)
    width = np.maximum(1.4826 * np.median(np.abs(table - middle), axis=0), _LEAST_SPREAD)

    def cost(values: Float64Array) -> Float64Array:
        apart: Float64Array = np.minimum(np.abs(values - middle) / width, 6.0).mean(axis=1)
        return apart

    base = cost(table)
    best = np.full(len(takes), -np.inf)
    which = [""] * len(takes)
    for one, two in _PAIRS:
        for chosen in ([sensor] for sensor in sensors) if len(sensors) == 1 else ([sensors[0]], [sensors[1]], sensors):
            order = list(range(len(names)))
            for axes in chosen:
                order[axes[one]], order[axes[two]] = order[axes[two]], order[axes[one]]
            gain = base - cost(np.hstack([mean[:, order], spread[:, order]]))
            said = " and ".join(f"{names[axes[one]]}/{names[axes[two]]}" for axes in chosen)
            for k in np.flatnonzero(gain > best):
                best[k], which[k] = gain[k], said
    return [(float(gain), swap) for gain, swap in zip(best, which, strict=True)]
