"""MAXIMUM: equal shapes, broadcasting on either side, constants; quantizations play no part."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from binarycase import binary_case
from opbench import Case
from opcase import pick, scale, zero_point


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        one, zero = scale(rng), zero_point(rng)
        yield binary_case(
            str(number),
            rng,
            "MAXIMUM",
            pick(rng, (one, one, one), (one, scale(rng), scale(rng))),
            "MaximumMinimumOptions",
            zero_points=pick(rng, None, (zero, zero, zero)),
        )
