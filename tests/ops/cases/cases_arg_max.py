"""ARG_MAX: any axis, int8 and uint8, 32- and 64-bit places, many ties."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from opcase import pick, scale, zero_point
from tflite_writer import Writer


def cases(rng: np.random.Generator, kind: str = "ARG_MAX") -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        shape = tuple(int(size) for size in rng.integers(1, 8, int(rng.integers(1, 5))))
        axis = int(rng.integers(len(shape)))
        given = axis - len(shape) if rng.integers(2) else axis
        source, target = pick(rng, "int8", "uint8"), pick(rng, "int32", "int64")
        model = Writer()
        zero = zero_point(rng) + (128 if source == "uint8" else 0)
        x = model.tensor("x", shape, source, scale=scale(rng), zero_point=zero)
        axis_tensor = model.constant("axis", pick(rng, given, [given]), pick(rng, "int32", "int64"))
        y = model.tensor("y", shape[:axis] + shape[axis + 1 :], target)
        code = {"int32": 2, "int64": 4}[target]
        options = "ArgMaxOptions" if kind == "ARG_MAX" else "ArgMinOptions"
        model.op(kind, [x, axis_tensor], [y], options, output_type=code)
        few = np.iinfo(source).max - rng.integers(0, pick(rng, 2, 5, 256), (3, *shape))
        values = [[array] for array in few.astype(source)]
        yield Case(f"{number}: {source} {shape} axis {given} to {target}", model.build([x], [y]), given=values)
