"""SUM: ranks 1 to 5, any set of axes, output scales for the whole sum and for one number; float32."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from opcase import pick, scale, zero_point
from reducecase import reductions
from tflite_writer import Writer


def cases(rng: np.random.Generator) -> Iterator[Case]:
    for number, reduced in enumerate(reductions(rng), 1):
        if rng.integers(6) == 0:
            model = Writer()
            x, y = model.tensor("x", reduced.shape, "float32"), model.tensor("y", reduced.out, "float32")
            model.op("SUM", [x, model.constant("axes", reduced.axes)], [y], "ReducerOptions", keep_dims=reduced.keep)
            yield Case(f"{number}: float {reduced}", model.build([x], [y]))
            continue
        in_scale = scale(rng)
        dtype = pick(rng, "int8", "int8", "uint8")
        zero = 128 if dtype == "uint8" else 0
        model = Writer()
        x = model.tensor("x", reduced.shape, dtype, scale=in_scale, zero_point=zero_point(rng) + zero)
        out_scale = float(np.float32(in_scale * pick(rng, 1, reduced.count, reduced.count / 3, 0.01, 1e9)))
        y = model.tensor("y", reduced.out, dtype, scale=out_scale, zero_point=zero_point(rng) + zero)
        model.op("SUM", [x, model.constant("axes", reduced.axes)], [y], "ReducerOptions", keep_dims=reduced.keep)
        yield Case(f"{number}: {dtype} {reduced} scale {out_scale}", model.build([x], [y]))
