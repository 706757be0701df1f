"""TRANSPOSE: every permutation of one to five dimensions, and of six where some merge; several element types."""

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
        shape = shape_of(rng, 1, 6, 5)
        axes = [int(axis) for axis in rng.permutation(len(shape))]
        if len(shape) == 6 and not any(axes[at + 1] == axes[at] + 1 for at in range(5)):
            continue
        said = [axis - len(shape) if rng.integers(4) == 0 else axis for axis in axes]
        kind = element(rng, "float32", "int16", "uint8", "int64", "int32")
        model = Writer()
        x = model.tensor("x", shape, **kind)
        y = model.tensor("y", [shape[axis] for axis in axes], **kind)
        model.op("TRANSPOSE", [x, model.constant("perm", said)], [y], "TransposeOptions")
        yield Case(f"{number}: {kind['dtype']} {shape} by {said}", model.build([x], [y]), inputs=2)
