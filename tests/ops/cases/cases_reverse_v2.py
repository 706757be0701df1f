"""REVERSE_V2: one axis, or several in a row, of one to five dimensions."""

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
        shape, kind = shape_of(rng, 1, 5, 6), element(rng, "float32", "int16", "uint8", "int32")
        first = int(rng.integers(len(shape)))
        axes = list(range(first, int(rng.integers(first + 1, len(shape) + 1))))
        said = [axis - len(shape) if rng.integers(3) == 0 else axis for axis in axes]
        model = Writer()
        x, y = model.tensor("x", shape, **kind), model.tensor("y", shape, **kind)
        model.op("REVERSE_V2", [x, model.constant("axes", said)], [y], "ReverseV2Options")
        yield Case(f"{number}: {kind['dtype']} {shape} axes {said}", model.build([x], [y]), inputs=2)
