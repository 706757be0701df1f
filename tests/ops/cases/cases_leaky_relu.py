"""LEAKY_RELU: slopes of both signs, and above 1."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from opcase import pick
from unarycase import quantizations, shaped, unary_case


def cases(rng: np.random.Generator) -> Iterator[Case]:
    for number, quantization in enumerate(quantizations(rng, low=1e-4, high=4.0), 1):
        alpha = float(np.float32(pick(rng, 0.01, 0.1, 0.2, 0.3, 0.0, 1.0, 1.5, -0.25, rng.uniform(-1, 1))))
        yield unary_case(
            str(number), "LEAKY_RELU", quantization, "LeakyReluOptions", alpha=alpha, values=shaped(rng, unsigned=True)
        )
