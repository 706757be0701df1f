"""SHAPE: alone, and as converters use it: sliced, packed and calculated with, to say a RESHAPE its shape."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from movecase import element, shape_of
from opbench import Case
from opcase import pick
from tflite_writer import Writer

_OUT_TYPE = {"int32": 2, "int64": 4}


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        shape, kind = shape_of(rng, 1, 4, 5), element(rng, "float32")
        dtype = pick(rng, "int32", "int32", "int64")
        chain = dtype == "int32" and bool(rng.integers(4))
        model = Writer()
        x = model.tensor("x", shape, **kind)
        s = model.tensor("shape", (len(shape),), dtype)
        model.op("SHAPE", [x], [s], "ShapeOptions", out_type=_OUT_TYPE[dtype])
        if not chain:
            yield Case(f"{number}: {dtype} of {shape}", model.build([x], [s]), inputs=1)
            continue
        axis = int(rng.integers(len(shape)))
        one = model.tensor("one", (), "int32")
        row = [model.constant(name, [value]) for name, value in (("b", axis), ("e", axis + 1), ("s", 1))]
        model.op("STRIDED_SLICE", [s, *row], [one], "StridedSliceOptions", shrink_axis_mask=1)
        factor = pick(rng, 1, 2, 3)
        if (int(np.prod(shape)) // shape[axis]) % factor:
            factor = 1
        product = model.tensor("product", (), "int32")
        model.op("MUL", [one, model.constant("factor", factor)], [product], "MulOptions")
        rest = int(np.prod(shape)) // (shape[axis] * factor)
        packed = model.tensor("packed", (2,), "int32")
        parts = [product, model.constant("rest", pick(rng, rest, -1))]
        model.op("PACK", parts, [packed], "PackOptions", values_count=2, axis=0)
        y = model.tensor("y", (shape[axis] * factor, rest), **kind)
        model.op("RESHAPE", [x, packed], [y], "ReshapeOptions")
        yield Case(f"{number}: {shape} by axis {axis} times {factor}", model.build([x], [y, packed]), inputs=2)
