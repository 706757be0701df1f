"""PRELU: alpha per channel, per element, for all, or of a lower rank; constant or computed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from binarycase import binary_case
from opbench import Case
from opcase import pick, scale


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        shape = tuple(int(size) for size in rng.integers(1, 6, int(rng.integers(1, 5))))
        alpha = tuple(size if rng.integers(2) else 1 for size in shape)
        in_scale, alpha_scale = scale(rng), scale(rng)
        out = float(np.float32(in_scale * np.exp(rng.uniform(-4, 4))))
        case = binary_case(
            str(number),
            rng,
            "PRELU",
            (in_scale, alpha_scale, out),
            shapes=(shape, pick(rng, alpha, alpha, shape[-1:], (1,) * (len(shape) - 1) + shape[-1:])),
        )
        if "constant left" not in case.name:
            yield case
