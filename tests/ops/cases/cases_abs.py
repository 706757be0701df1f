"""ABS: equal, near and unrelated scales."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from unarycase import quantizations, shaped, unary_case


def cases(rng: np.random.Generator) -> Iterator[Case]:
    for number, quantization in enumerate(quantizations(rng), 1):
        yield unary_case(str(number), "ABS", quantization, "AbsOptions", values=shaped(rng))
