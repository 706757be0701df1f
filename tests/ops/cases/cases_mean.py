"""MEAN: ranks 1 to 4, any set of axes, kept and dropped dimensions, equal and different scales."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from opcase import pick, scale, zero_point
from tflite_writer import Writer


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        rank = int(rng.integers(1, 5))
        shape = tuple(int(size) for size in rng.integers(1, 9, rank))
        count = int(rng.integers(1, rank + 1))
        axes = [int(axis) for axis in rng.permutation(rank)[:count]]
        keep = bool(rng.integers(2))
        given = [axis - rank if rng.integers(2) else axis for axis in axes]
        out = tuple(1 if axis in axes else size for axis, size in enumerate(shape) if keep or axis not in axes)
        in_scale, in_zero = scale(rng), zero_point(rng)
        same = bool(rng.integers(2))
        model = Writer()
        x = model.tensor("x", shape, scale=in_scale, zero_point=in_zero)
        axis_tensor = model.constant("axes", given)
        y = model.tensor(
            "y",
            out,
            scale=in_scale if same else in_scale * pick(rng, 0.3, 0.9, 1.7, 5.0),
            zero_point=in_zero if same else zero_point(rng),
        )
        model.op("MEAN", [x, axis_tensor], [y], "ReducerOptions", keep_dims=keep)
        yield Case(f"{number}: {shape} axes {given} keep {keep} same {same}", model.build([x], [y]))
