"""TILE: one to four dimensions, each repeated up to three times."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from movecase import element, shape_of
from opbench import Case
from opcase import pick
from tflite_writer import Writer


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        shape, kind = shape_of(rng, 1, 4, 5), element(rng, "float32", "uint8", "int32")
        times = [pick(rng, 1, 1, 2, 3) for _ in shape]
        if sum(count > 1 for count in times) > 2:
            continue
        number += 1
        model = Writer()
        x = model.tensor("x", shape, **kind)
        y = model.tensor("y", [size * count for size, count in zip(shape, times, strict=True)], **kind)
        model.op("TILE", [x, model.constant("times", times, pick(rng, "int32", "int64"))], [y], "TileOptions")
        yield Case(f"{number}: {kind['dtype']} {shape} times {times}", model.build([x], [y]), inputs=2)
