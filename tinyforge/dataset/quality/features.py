"""Numbers by which takes of the same channels are compared: some turn with the axes, some scale with time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyforge.core.types import Float64Array
from tinyforge.dataset.quality.takes import Take, triples
from tinyforge.dataset.units import ACCELERATION

_UNIT_G, _UNIT_OTHER = 0.5, 100.0  # a hand's usual swing: g, dps
_LEAST_SPREAD = 0.02  # of that: below, a channel stands still
_QUANTILES = (0.25, 0.5, 0.75, 0.9)
_PARTS = 4  # of a take, for its course
_BANDS_HZ = (0.01, 1.0, 2.0, 4.0, 8.0, 16.0)
_SHORTEST = 24  # samples, for anything to be said of a spectrum


@dataclass(frozen=True, eq=False)
class Shapes:
    """What turns when axes are swapped.

    Attributes:
        vectors: float64 [take, kind, channel]: mean, log spread, skew, log speed, means of the four quarters.
        matrices: [take, kind, channel, channel]: correlation of channels; of a channel with the other's change.
    """

    vectors: Float64Array
    matrices: Float64Array

    def table(self, order: Sequence[int]) -> Float64Array:
        """All numbers of the takes as if their channels stood in another order, [take, number]."""
        at = np.asarray(order)
        count = len(self.vectors)
        matrices = self.matrices[:, :, at][:, :, :, at]
        above = np.triu_indices(len(at), 1)
        apart = ~np.eye(len(at), dtype=bool)
        return np.concatenate(
            [
                self.vectors[:, :, at].reshape(count, -1),
                matrices[:, 0][:, above[0], above[1]],
                matrices[:, 1][:, apart],
            ],
            axis=1,
        )


def shapes_of(takes: Sequence[Take]) -> Shapes:
    """Shapes of takes with the same channels."""
    rows = [_shape(take) for take in takes]
    return Shapes(np.array([vectors for vectors, _ in rows]), np.array([matrices for _, matrices in rows]))


def _shape(take: Take) -> tuple[Float64Array, Float64Array]:
    x = take.samples.astype(np.float64) / [_UNIT_G if name in ACCELERATION else _UNIT_OTHER for name in take.names]
    mean = x.mean(axis=0)
    centred = x - mean
    spread = np.maximum(centred.std(axis=0), _LEAST_SPREAD)
    change = np.diff(centred, axis=0)
    speed = np.maximum(change.std(axis=0), 1e-3)
    together = centred.T @ centred / len(x) / np.outer(spread, spread)
    before = centred[:-1].T @ change / len(change) / np.outer(spread, speed)
    skew = np.clip((centred**3).mean(axis=0) / spread**3, -3, 3)
    quarters = [part.mean(axis=0) / spread for part in np.array_split(centred, 4)]
    vectors = np.stack([mean, np.log(spread), skew, np.log(speed * take.rate_hz + _LEAST_SPREAD), *quarters])
    return vectors, np.stack([together, before])


def paces_of(takes: Sequence[Take]) -> Float64Array:
    """Binary logarithms of frequencies in takes, [take, number]: each grows by 1 when the stated rate doubles.

    How fast each channel changes against how far it goes; how fast that changes; the frequencies below which a quarter,
    half, ... of the power lies; one over the duration. NaN where nothing moves.
    """
    return np.array([_pace(take) for take in takes])


def _pace(take: Take) -> Float64Array:
    x = take.samples.astype(np.float64) * [1.0 if name in ACCELERATION else 0.01 for name in take.names]
    centred = x - x.mean(axis=0)
    spread = centred.std(axis=0)
    numbers = np.full(2 * len(take.names) + len(_QUANTILES) + 1, np.nan)
    if len(x) < _SHORTEST or spread.max() < 0.05:
        return numbers
    change = np.maximum(np.diff(centred, axis=0).std(axis=0), 1e-9)
    bend = np.maximum(np.diff(centred, 2, axis=0).std(axis=0), 1e-9)
    moving = spread > _LEAST_SPREAD
    ratios = np.concatenate([change / np.maximum(spread, 1e-9), bend / change]) * take.rate_hz
    numbers[: 2 * len(take.names)] = np.where(np.tile(moving, 2), np.log2(ratios), np.nan)
    power = (np.abs(np.fft.rfft(centred * np.hanning(len(x))[:, None], axis=0)) ** 2).sum(axis=1)[1:]
    frequencies = np.fft.rfftfreq(len(x), 1 / take.rate_hz)[1:]
    grown = np.cumsum(power) / power.sum()
    numbers[2 * len(take.names) : -1] = np.log2(np.interp(_QUANTILES, grown, frequencies))
    numbers[-1] = -np.log2(len(x) / take.rate_hz)
    return numbers


def courses_of(takes: Sequence[Take]) -> Float64Array:
    """How takes with the same channels go, [take, number].

    Of each channel and of each sensor's magnitude the means and log spreads of the four quarters and the logarithms of
    the power in bands; of a magnitude its mean, speed and quantiles too.
    """
    return np.array([_course(take) for take in takes])


def _course(take: Take) -> Float64Array:
    x = take.samples.astype(np.float64) / [_UNIT_G if name in ACCELERATION else _UNIT_OTHER for name in take.names]
    sizes = [np.linalg.norm(x[:, columns], axis=1) for columns in triples(take.names)]
    signals = np.column_stack([x, *sizes])
    parts = np.array_split(signals, _PARTS)
    means = np.array([part.mean(axis=0) for part in parts])
    spreads = np.log(np.array([part.std(axis=0) for part in parts]) + _LEAST_SPREAD)
    centred = (signals - signals.mean(axis=0)) * np.hanning(len(signals))[:, None]
    power = np.abs(np.fft.rfft(centred, axis=0)) ** 2 / len(signals) ** 2
    frequencies = np.fft.rfftfreq(len(signals), 1 / take.rate_hz)
    band = np.searchsorted(_BANDS_HZ, frequencies, side="right")
    bands = np.log(np.array([power[band == k].sum(axis=0) for k in range(1, len(_BANDS_HZ))]) + 1e-4)
    numbers = [(means - means.mean(axis=0)).ravel(), spreads.ravel(), bands.ravel()]
    for size in sizes:
        speed = np.diff(size).std() * take.rate_hz
        numbers.append(np.array([size.mean(), np.log(speed + 0.5), *np.quantile(size, _QUANTILES)]))
    return np.concatenate(numbers)
