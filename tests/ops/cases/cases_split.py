"""SPLIT: every axis, equal parts, some of which nobody reads."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from movecase import element, shape_of
from opbench import Case
from tflite_writer import Writer


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        parts, kind = int(rng.integers(1, 5)), element(rng, "float32", "int16", "uint8", "int32")
        part = shape_of(rng, 1, 4, 5)
        axis = int(rng.integers(len(part)))
        shape = (*part[:axis], part[axis] * parts, *part[axis + 1 :])
        model = Writer()
        x = model.tensor("x", shape, **kind)
        ys = [model.tensor(f"y{at}", part, **kind) for at in range(parts)]
        said = axis - len(part) if rng.integers(2) else axis
        model.op("SPLIT", [model.constant("axis", said), x], ys, "SplitOptions", num_splits=parts)
        read = [y for y in ys if rng.integers(4)] or ys[:1]
        name = f"{number}: {kind['dtype']} {shape} axis {said} parts {parts}, {len(read)} read"
        yield Case(name, model.build([x], read), inputs=2)
