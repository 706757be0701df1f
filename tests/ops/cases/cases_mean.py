"""MEAN: ranks 1 to 5, any set of axes, kept and dropped dimensions, equal and different scales."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from opcase import pick, scale, zero_point
from reducecase import reductions
from tflite_writer import Writer


def cases(rng: np.random.Generator) -> Iterator[Case]:
    for number, reduced in enumerate(reductions(rng), 1):
        in_scale, in_zero = scale(rng), zero_point(rng)
        same = bool(rng.integers(2))
        model = Writer()
        x = model.tensor("x", reduced.shape, scale=in_scale, zero_point=in_zero)
        y = model.tensor(
            "y",
            reduced.out,
            scale=in_scale if same else in_scale * pick(rng, 1e-4, 0.3, 0.9, 1.7, 5.0, 1e9),
            zero_point=in_zero if same else zero_point(rng),
        )
        model.op("MEAN", [x, model.constant("axes", reduced.axes)], [y], "ReducerOptions", keep_dims=reduced.keep)
        yield Case(f"{number}: {reduced} same {same}", model.build([x], [y]))
