"""LOGISTIC: any input scale; the output's is fixed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from opcase import pick, zero_point
from unarycase import quantizations, shaped, unary_case


def cases(rng: np.random.Generator) -> Iterator[Case]:
    for number, (one, _) in enumerate(quantizations(rng, low=1e-4, high=8.0), 1):
        yield unary_case(
            str(number), "LOGISTIC", (one, (1 / 256, pick(rng, -128, -128, zero_point(rng)))), values=shaped(rng)
        )
