"""SQUARED_DIFFERENCE: equal shapes, broadcasting on either side, constants, one tensor twice, scales far apart."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from binarycase import binary_case, scales_of
from opbench import Case


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        left, right = scales_of(rng)
        out = float(np.float32(max(left, right) ** 2 * np.exp(rng.uniform(-5, 10))))
        yield binary_case(str(number), rng, "SQUARED_DIFFERENCE", (left, right, out), "SquaredDifferenceOptions")
