"""What takes are, told by other takes alone: kernel ridge regression on one-hot classes, each group left out in turn.

Leaving a group G out needs no second fit. With A = (K + r I)^-1 and a = A Y, what the others say of G is
Y_G - (A_GG)^-1 a_G (for single takes: Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, 5.4.2).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinyforge.core.types import Float64Array, IntArray

_WIDTHS = (1.0, 2.0)  # of the kernel, in median distances of two takes
_RIDGES = (0.03, 0.1, 0.3, 1.0)


def told_by_others(table: Float64Array, truth: IntArray, groups: IntArray) -> tuple[Float64Array, Float64Array, float]:
    """Predictions without a take's own group, by the width and the ridge that err least.

    Args:
        table: float64 [take, number], all numbers of a like scale.
        truth: class of each take, [take].
        groups: what is left out together, [take].

    Returns:
        Predictions [take, class], about 0 to 1; the kernel [take, take] and the ridge that made them.
    """
    targets = np.eye(int(truth.max()) + 1)[truth]
    members = members_of(groups)
    everyone = np.ones(len(truth), dtype=bool)
    squares = (table**2).sum(axis=1)
    distances = np.maximum(squares[:, None] + squares - 2 * table @ table.T, 0.0)
    usual = max(float(np.median(distances)), 1e-9)
    least, best = np.inf, (targets, distances, 0.0)
    for width in _WIDTHS:
        kernel = np.exp(-distances / (usual * width**2))
        for ridge in _RIDGES:
            told = left_out(kernel, ridge, targets, members, everyone)
            error = float(((told - targets) ** 2).mean())
            if error < least:
                least, best = error, (told, kernel, ridge)
    return best


def members_of(groups: IntArray) -> list[IntArray]:
    """Takes of each group, [take of the group], by the group of each take, [take]."""
    order = np.argsort(groups, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)


def left_out(
    kernel: Float64Array,
    ridge: float,
    targets: Float64Array,
    members: Sequence[IntArray],
    trusted: npt.NDArray[np.bool_],
) -> Float64Array:
    """Predictions for each group by the trusted takes of all others, [take, class].

    Args:
        kernel: [take, take].
        ridge: what is added to its diagonal.
        targets: [take, class], 1 for the class it is called.
        members: takes of each group.
        trusted: [take], whether a take's label is learnt from.
    """
    kept = np.flatnonzero(trusted)
    place = np.full(len(targets), -1)
    place[kept] = np.arange(len(kept))
    prior = targets[kept].mean(axis=0)
    inverse = np.linalg.inv(kernel[np.ix_(kept, kept)] + ridge * np.eye(len(kept)))
    weights = inverse @ (targets[kept] - prior)
    told = np.empty_like(targets)
    for those in members:
        own = place[those]
        own = own[own >= 0]
        without = weights
        if len(own):
            without = weights - inverse[:, own] @ np.linalg.solve(inverse[np.ix_(own, own)], weights[own])
        told[those] = prior + kernel[np.ix_(those, kept)] @ without
    return told
