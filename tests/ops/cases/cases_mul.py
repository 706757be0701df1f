"""MUL: equal shapes, broadcasting on either side, constants, squares, activations, output scales far off; float32."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from binarycase import binary_case, float_case, scales_of
from opbench import Case
from opcase import ACTIVATIONS, pick


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        if rng.integers(6) == 0:
            yield float_case(str(number), rng, "MUL", "MulOptions", fused_activation_function=pick(rng, *ACTIVATIONS))
            continue
        left, right = scales_of(rng)
        out = max(1e-8, float(np.float32(left * right * np.exp(rng.uniform(-2, 10)))))
        activation = pick(rng, *ACTIVATIONS)
        yield binary_case(
            str(number), rng, "MUL", (left, right, out), "MulOptions", fused_activation_function=activation
        )
