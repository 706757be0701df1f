"""SQRT: inputs from the zero point upwards, as LiteRT wants them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from unarycase import ALL_VALUES, quantizations, unary_case


def cases(rng: np.random.Generator) -> Iterator[Case]:
    for number, quantization in enumerate(quantizations(rng, low=1e-4, high=4.0), 1):
        values = np.maximum(ALL_VALUES, np.int8(quantization[0][1]))
        yield unary_case(str(number), "SQRT", quantization, values=values)
