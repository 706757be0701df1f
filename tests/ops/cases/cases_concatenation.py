"""CONCATENATION: every axis, one to five inputs of any size along it, constants and one tensor twice among them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from movecase import element, shape_of, values
from opbench import Case
from tflite_writer import Writer


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        shape, kind = list(shape_of(rng, 1, 5, 5)), element(rng, "float32", "int16", "uint8", "int32")
        count, axis = int(rng.integers(1, 6)), int(rng.integers(len(shape)))
        model = Writer()
        xs, inputs, sizes = [], [], []
        for at in range(count):
            role = int(rng.integers(4)) if at else 3
            if role == 0:
                again = int(rng.integers(at))
                inputs.append(inputs[again])
                sizes.append(sizes[again])
                continue
            shape[axis] = int(rng.integers(1, 6))
            sizes.append(shape[axis])
            data = values(rng, kind["dtype"], tuple(shape)) if role == 1 else None
            inputs.append(model.tensor(f"x{at}", shape, data=data, **kind))
            if role > 1:
                xs.append(inputs[-1])
        order = [int(at) for at in rng.permutation(count)]
        shape[axis] = sum(sizes)
        y = model.tensor("y", shape, **kind)
        said = axis - len(shape) if rng.integers(2) else axis
        model.op("CONCATENATION", [inputs[at] for at in order], [y], "ConcatenationOptions", axis=said)
        yield Case(f"{number}: {kind['dtype']} {sizes} along {said} of {shape}", model.build(xs, [y]), inputs=2)
