"""REDUCE_MAX: ranks 1 to 5, any set of axes, kept and dropped dimensions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from opcase import scale, zero_point
from reducecase import reductions
from tflite_writer import Writer


def cases(rng: np.random.Generator, kind: str = "REDUCE_MAX") -> Iterator[Case]:
    for number, reduced in enumerate(reductions(rng), 1):
        quantization = {"scale": scale(rng), "zero_point": zero_point(rng)}
        model = Writer()
        x = model.tensor("x", reduced.shape, **quantization)
        y = model.tensor("y", reduced.out, **quantization)
        model.op(kind, [x, model.constant("axes", reduced.axes)], [y], "ReducerOptions", keep_dims=reduced.keep)
        yield Case(f"{number}: {reduced}", model.build([x], [y]))
