"""L2_NORMALIZATION: rows of any length, long and short vectors, zero vectors among them."""

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
        shape = (*(int(size) for size in rng.integers(1, 5, int(rng.integers(4)))), pick(rng, 1, 2, 3, 16, 200))
        zero = zero_point(rng)
        model = Writer()
        x = model.tensor("x", shape, scale=scale(rng), zero_point=zero)
        y = model.tensor("y", shape, scale=1 / 128, zero_point=0)
        model.op("L2_NORMALIZATION", [x], [y], "L2NormOptions")
        reach = pick(rng, 1, 2, 5, 40, 255)
        given = [
            [np.clip(zero + rng.integers(-reach, reach + 1, shape), -128, 127).astype(np.int8)],
            [np.full(shape, zero, np.int8)],
            [rng.integers(-128, 128, shape).astype(np.int8)],
        ]
        yield Case(f"{number}: {shape} zero point {zero} reach {reach}", model.build([x], [y]), given=given)
