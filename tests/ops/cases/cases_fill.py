"""FILL: constants of any shape and type, joined with the input or given out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from movecase import element, shape_of, values
from opbench import Case
from opcase import pick
from tflite_writer import Writer


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        shape, kind = shape_of(rng, 1, 4, 5), element(rng, "float32", "int16", "int32")
        model = Writer()
        x = model.tensor("x", shape, **{**kind, "zero_point": 0} if kind["dtype"] == "int16" else kind)
        dims = model.constant("dims", shape, pick(rng, "int32", "int64"))
        value = model.constant("value", values(rng, kind["dtype"], ()), **kind)
        filled = model.tensor("filled", shape, **kind)
        model.op("FILL", [dims, value], [filled], "FillOptions")
        joined = model.tensor("joined", (2 * shape[0], *shape[1:]), **kind)
        model.op("CONCATENATION", [x, filled], [joined], "ConcatenationOptions", axis=0)
        outputs = pick(rng, [joined], [joined, filled])
        yield Case(f"{number}: {kind['dtype']} {shape}, {len(outputs)} outputs", model.build([x], outputs), inputs=2)
