"""SUB: equal shapes, broadcasting on either side, constants, one tensor twice, activations, far scales; float32."""

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
            yield float_case(str(number), rng, "SUB", "SubOptions", fused_activation_function=pick(rng, *ACTIVATIONS))
            continue
        left, right = scales_of(rng)
        out = float(np.float32(max(left, right) * pick(rng, 1e-4, 0.1, 0.5, 1.0, 2.0, 3.0, 1e4)))
        yield binary_case(
            str(number),
            rng,
            "SUB",
            (left, right, out),
            "SubOptions",
            fused_activation_function=pick(rng, *ACTIVATIONS),
            pot_scale_int16=False,
        )
