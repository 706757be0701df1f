"""What case files of reductions share: shapes, axes and whether dimensions are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Reduced:
    """A reduction: input shape, axes as given (negative ones too), output shape."""

    shape: tuple[int, ...]
    axes: list[int]
    keep: bool
    out: tuple[int, ...]
    count: int


def reductions(rng: np.random.Generator, most: int = 9) -> Iterator[Reduced]:
    """Ranks 1 to 5, any set of axes, some of them twice."""
    while True:
        rank = int(rng.integers(1, 6))
        shape = tuple(int(size) for size in rng.integers(1, most if rank < 5 else 5, rank))
        axes = [int(axis) for axis in rng.permutation(rank)[: int(rng.integers(1, rank + 1))]]
        keep = bool(rng.integers(2))
        given = [axis - rank if rng.integers(2) else axis for axis in axes]
        if rng.integers(5) == 0:
            given.append(axes[0])
        out = tuple(1 if axis in axes else size for axis, size in enumerate(shape) if keep or axis not in axes)
        yield Reduced(shape, given, keep, out, int(np.prod([shape[axis] for axis in axes])))
