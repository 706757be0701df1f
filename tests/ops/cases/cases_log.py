"""LOG: scales from fine to coarse, zero points that reach below zero."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from unarycase import quantizations, shaped, unary_case


def cases(rng: np.random.Generator) -> Iterator[Case]:
    for number, quantization in enumerate(quantizations(rng, low=1e-2, high=4.0), 1):
        yield unary_case(str(number), "LOG", quantization, values=shaped(rng))
