"""UNPACK: every axis, slices that nobody reads."""

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
        shape, kind = shape_of(rng, 1, 5, 5), element(rng, "float32", "int16", "uint8", "int32")
        axis = int(rng.integers(len(shape)))
        model = Writer()
        x = model.tensor("x", shape, **kind)
        rest = (*shape[:axis], *shape[axis + 1 :])
        ys = [model.tensor(f"y{at}", rest, **kind) for at in range(shape[axis])]
        said = axis - len(shape) if rng.integers(2) else axis
        model.op("UNPACK", [x], ys, "UnpackOptions", num=shape[axis], axis=said)
        read = [y for y in ys if rng.integers(4)] or ys[:1]
        yield Case(f"{number}: {kind['dtype']} {shape} axis {said}, {len(read)} read", model.build([x], read), inputs=2)
