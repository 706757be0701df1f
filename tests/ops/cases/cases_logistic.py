"""LOGISTIC: any input scale; the output's is fixed; float32 as well."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from opcase import pick, zero_point
from tflite_writer import Writer
from unarycase import quantizations, shaped, unary_case


def cases(rng: np.random.Generator) -> Iterator[Case]:
    for number, (one, _) in enumerate(quantizations(rng, low=1e-4, high=8.0), 1):
        if rng.integers(5) == 0:
            model = Writer()
            x, y = model.tensor("x", (300,), "float32"), model.tensor("y", (300,), "float32")
            model.op("LOGISTIC", [x], [y])
            values = rng.normal(0, pick(rng, 1, 5, 20, 80), 300).astype(np.float32)
            yield Case(f"{number}: float", model.build([x], [y]), given=[[values]])
            continue
        yield unary_case(
            str(number),
            "LOGISTIC",
            (one, (1 / 256, pick(rng, -128, -128, zero_point(rng)))),
            values=shaped(rng, unsigned=True),
        )
