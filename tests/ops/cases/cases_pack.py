"""PACK: every axis, one to five inputs, constants and the same tensor twice among them."""

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
        shape, kind = shape_of(rng, 1, 4, 5), element(rng, "float32", "int16", "uint8", "int32")
        count = int(rng.integers(1, 6))
        axis = int(rng.integers(len(shape) + 1))
        model = Writer()
        xs = [model.tensor("x0", shape, **kind)]
        inputs = [xs[0]]
        for at in range(1, count):
            role = int(rng.integers(4))
            if role == 0:
                inputs.append(inputs[int(rng.integers(at))])
            elif role == 1:
                inputs.append(model.tensor(f"c{at}", shape, data=values(rng, kind["dtype"], shape), **kind))
            else:
                xs.append(model.tensor(f"x{at}", shape, **kind))
                inputs.append(xs[-1])
        order = [int(at) for at in rng.permutation(count)]
        y = model.tensor("y", (*shape[:axis], count, *shape[axis:]), **kind)
        said = axis - len(shape) - 1 if rng.integers(2) else axis
        model.op("PACK", [inputs[at] for at in order], [y], "PackOptions", values_count=count, axis=said)
        yield Case(f"{number}: {kind['dtype']} {count} of {shape} axis {said}", model.build(xs, [y]), inputs=2)
