"""PADV2: as PAD, with a constant value."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from cases_pad import amounts
from movecase import shape_of
from opbench import Case
from opcase import pick, scale, zero_point
from tflite_writer import Writer


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        shape, value = shape_of(rng, 1, 5, 5), int(pick(rng, -128, 127, 0, int(rng.integers(-128, 128))))
        kind = {"scale": scale(rng), "zero_point": zero_point(rng)}
        pairs = amounts(rng, len(shape))
        model = Writer()
        x = model.tensor("x", shape, **kind)
        padded = [before + size + after for size, (before, after) in zip(shape, pairs, strict=True)]
        y = model.tensor("y", padded, **kind)
        inputs = [x, model.constant("pad", pairs)]
        if rng.integers(6):
            inputs.append(model.constant("value", np.full(pick(rng, (), (1,)), value), "int8", **kind))
        model.op("PADV2", inputs, [y], "PadV2Options")
        yield Case(f"{number}: {shape} by {pairs} value {value} of {len(inputs)}", model.build([x], [y]), inputs=2)
