"""A window in some eighty numbers, and the same numbers after its channels were scaled, turned or exchanged.

What changes between a sensor and a window (units, ranges, axes, columns) only picks and multiplies channels. Moments of
the window follow that by arithmetic, so hundreds of changes are tried without touching the samples again.

Numbers of a window: level, spread and speed of each channel, how lopsided its values and its steps are, how channels go
together, the course over four quarters, and, with an accelerometer and a gyroscope, how well the change of acceleration
is the turn of gravity (``da/dt = -w x a``): that holds for whoever moves the board, and breaks with one sensor's axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyforge.core.types import Float32Array, Float64Array, IntArray

_QUARTERS = 4
_FLOOR = 0.02  # of a channel's spread in the training: what is less counts as noise
_LEAST = 1e-9
_SMOOTHED = 25  # parts of a window, over one of which a turn is measured
_SHORTEST_TURN = 8  # samples
_TURNED = ((1, 2), (2, 0), (0, 1))  # axes of a cross product
_NEARLY_ONE = 0.98
_STILL = 0.03  # of the usual product of turn and gravity: what is less is no turn


@dataclass(frozen=True, eq=False, slots=True)
class Change:
    """What happened to channels: ``new[c] = factors[c] * old[order[c]]``.

    Attributes:
        order: int64 [channel], which channel each is taken from.
        factors: float64 [channel], with sign.
    """

    order: IntArray
    factors: Float64Array

    def of(self, windows: Float32Array) -> Float32Array:
        """Windows float32 [n, time, channel], changed."""
        changed: Float32Array = windows[:, :, self.order] * self.factors.astype(np.float32)
        return changed


def unchanged(channels: int) -> Change:
    """Every channel as it is."""
    return Change(np.arange(channels), np.ones(channels))


class Moments:
    """Sums over each window, from which :meth:`numbers` are made.

    Args:
        windows: float32 [n, time, channel].
        triples: columns of x, y and z of the accelerometer, of the gyroscope; those that are there.
        usual: float64 [channel], the channels' spread in the training: the measure of what is noise.
    """

    def __init__(self, windows: Float32Array, triples: Sequence[Sequence[int]], usual: Float64Array) -> None:
        x = windows.astype(np.float64)
        self._triples = [list(one) for one in triples]
        self._usual = np.where(usual > 0, usual, 1.0)
        self._floor = _FLOOR * self._usual + _LEAST
        self._mean = x.mean(axis=1)
        apart = x - self._mean[:, None]
        self._together = np.einsum("ntc,ntd->ncd", apart, apart) / x.shape[1]
        self._third = (apart**3).mean(axis=1)
        steps = np.diff(x, axis=1) if x.shape[1] > 1 else x * 0
        self._speed = np.abs(steps).mean(axis=1)
        steps = steps - steps.mean(axis=1, keepdims=True)
        self._steps, self._third_of_steps = (steps**2).mean(axis=1), (steps**3).mean(axis=1)
        parts = np.array_split(apart, min(_QUARTERS, x.shape[1]), axis=1)
        self._parts = np.stack([part.mean(axis=1) for part in parts], axis=1)
        self._length = [np.median(np.linalg.norm(x[:, :, one], axis=2), axis=1) for one in self._triples]
        self._turns = len(self._triples) == 2 and x.shape[1] >= _SHORTEST_TURN
        if self._turns:
            self._measure_turns(x)

    def _measure_turns(self, x: Float64Array) -> None:
        """Means over time of ``da[i] w[j] a[k]``, of the products' products, and of ``da[i]`` squared."""
        span = max(1, x.shape[1] // _SMOOTHED)
        summed = np.cumsum(np.concatenate([np.zeros_like(x[:, :1]), x], axis=1), axis=1)
        smooth = (summed[:, span:] - summed[:, :-span]) / span
        acceleration, rate = (smooth[:, :, one] for one in self._triples)
        changes = acceleration[:, span:] - acceleration[:, :-span]
        middle = slice(span // 2, span // 2 + changes.shape[1])
        products = np.einsum("ntj,ntk->ntjk", rate[:, middle], acceleration[:, middle])
        self._change = (changes**2).mean(axis=1)
        self._by_turn = np.einsum("nti,ntjk->nijk", changes, products, optimize=True) / changes.shape[1]
        flat = products.reshape(len(x), -1, 9)
        self._turned = np.einsum("ntp,ntq->npq", flat, flat) / changes.shape[1]

    def __len__(self) -> int:
        return len(self._mean)

    def numbers(self, change: Change) -> Float64Array:
        """Of the changed windows, float64 [n, number], none with a unit."""
        order, factors = change.order, change.factors
        size, floor = np.abs(factors), self._floor
        spread = np.sqrt(self._together[:, order, order]) * size + floor
        together = self._together[:, order][:, :, order] * np.outer(factors, factors)
        upper, lower = np.triu_indices(len(order), 1)
        alike = together[:, upper, lower] / (spread[:, upper] * spread[:, lower])
        third = self._third[:, order] * factors**3 / spread**3
        of_steps = np.sqrt(self._steps[:, order]) * size + floor
        third_of_steps = self._third_of_steps[:, order] * factors**3 / of_steps**3
        course = self._parts[:, :, order] * factors / spread[:, None]
        made = [
            self._mean[:, order] * factors / self._usual,
            np.log(spread),
            np.log(self._speed[:, order] * size + floor),
            np.arcsinh(third),
            np.arcsinh(third_of_steps),
            np.arctanh(_NEARLY_ONE * np.clip(alike, -1, 1)),
            course.reshape(len(course), -1),
        ]
        for triple in self._triples:
            source = next(k for k, one in enumerate(self._triples) if order[triple[0]] in one)
            length = self._length[source] * size[triple[0]]
            made.append(np.log(length + floor[triple[0]])[:, None])
        if self._turns:
            made.append(self._gravity_turns(order, factors))
        return np.concatenate(made, axis=1)

    def _gravity_turns(self, order: IntArray, factors: Float64Array) -> Float64Array:
        """How well, axis by axis and in all, the change of acceleration is ``w x a``, and how large it is, [n, 5].

        Zeros where a change exchanged the sensors.
        """
        first, second = self._triples
        if order[first[0]] not in first:
            return np.zeros((len(self), 5))
        a = [first.index(c) for c in order[first]]
        w = [second.index(c) for c in order[second]]
        of_a, of_w = factors[first], factors[second]
        fitting, turned, changed = [], [], []
        for i, (j, k) in enumerate(_TURNED):
            one, other = of_w[j] * of_a[k], of_w[k] * of_a[j]
            p, q = 3 * w[j] + a[k], 3 * w[k] + a[j]
            here = self._by_turn[:, a[i]]
            fitting.append(of_a[i] * (one * here[:, w[j], a[k]] - other * here[:, w[k], a[j]]))
            both = 2 * one * other * self._turned[:, p, q]
            turned.append(one**2 * self._turned[:, p, p] + other**2 * self._turned[:, q, q] - both)
            changed.append(of_a[i] ** 2 * self._change[:, a[i]])
        fit, turn, moved = (np.stack(one, axis=1) for one in (fitting, turned, changed))
        turn = np.maximum(turn, 0)
        whole = np.sqrt(turn.sum(axis=1) * moved.sum(axis=1)) + _LEAST
        usual = float(self._usual[second].max())
        still = (_STILL * float(self._usual[first].max()) * usual) ** 2
        by_turn = usual * fit.sum(axis=1) / (turn.sum(axis=1) + still)
        alike = fit / (np.sqrt(turn * moved) + _LEAST)
        return np.column_stack([alike, fit.sum(axis=1) / whole, by_turn])
