"""SOFTMAX: ranks, depths, scales from almost uniform to almost one-hot, beta; float32 as well."""

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
        depth = pick(rng, 1, 2, 3, 10, int(rng.integers(1, 70)))
        shape = pick(rng, (1, depth), (3, depth), (depth,), (1, 2, 3, depth))
        beta = pick(rng, 1.0, 1.0, 0.5, 2.5)
        in_scale = scale(rng, 1e-5, 8.0)
        model = Writer()
        if rng.integers(5) == 0:
            x, y = model.tensor("x", shape, "float32"), model.tensor("y", shape, "float32")
            model.op("SOFTMAX", [x], [y], "SoftmaxOptions", beta=beta)
            yield Case(f"{number}: float {shape} beta {beta}", model.build([x], [y]), inputs=8)
            continue
        x = model.tensor("x", shape, scale=in_scale, zero_point=zero_point(rng))
        y = model.tensor("y", shape, scale=pick(rng, 1 / 256, 1 / 256, 1.0009 / 256, 0.9991 / 256), zero_point=-128)
        model.op("SOFTMAX", [x], [y], "SoftmaxOptions", beta=beta)
        yield Case(f"{number}: {shape} scale {in_scale} beta {beta}", model.build([x], [y]))
