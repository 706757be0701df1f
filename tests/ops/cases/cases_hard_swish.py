"""HARD_SWISH: output scales from those the reference allows upwards, to where everything becomes 0."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from opcase import scale, zero_point
from unarycase import shaped, unary_case


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        in_scale = scale(rng, 1e-4, 100.0)
        out_scale = float(np.float32(in_scale / 128 * 1.01 * np.exp(rng.uniform(0, 14))))
        quantization = ((in_scale, zero_point(rng)), (out_scale, zero_point(rng)))
        yield unary_case(str(number), "HARD_SWISH", quantization, "HardSwishOptions", values=shaped(rng, unsigned=True))
