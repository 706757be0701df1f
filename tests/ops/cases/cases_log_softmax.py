"""LOG_SOFTMAX: ranks, depths, scales from almost uniform to almost one-hot; float32 as well."""

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
        depth = pick(rng, 1, 2, 3, 10, 1000, int(rng.integers(1, 70)))
        shape = pick(rng, (1, depth), (3, depth), (depth,), (1, 2, 3, depth))
        if rng.integers(4) == 0:
            model = Writer()
            x, y = model.tensor("x", shape, "float32"), model.tensor("y", shape, "float32")
            model.op("LOG_SOFTMAX", [x], [y], "LogSoftmaxOptions")
            yield Case(f"{number}: float {shape}", model.build([x], [y]), inputs=8)
            continue
        in_scale = scale(rng, 1e-5, 40.0)
        model = Writer()
        x = model.tensor("x", shape, scale=in_scale, zero_point=zero_point(rng))
        y = model.tensor("y", shape, scale=16 / 256, zero_point=127)
        model.op("LOG_SOFTMAX", [x], [y], "LogSoftmaxOptions")
        values = [rng.integers(-128, 128, shape), np.full(shape, 5), np.clip(rng.normal(0, 20, shape), -128, 127)]
        given = [[array.astype(np.int8)] for array in values]
        yield Case(f"{number}: {shape} scale {in_scale}", model.build([x], [y]), given=given)
