"""SLICE: any block of up to five dimensions, sizes of -1, int32 and int64 bounds."""

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
        number += 1
        shape = shape_of(rng, 1, 5, 7)
        begin = [int(rng.integers(size)) for size in shape]
        sizes = [int(rng.integers(1, size - first + 1)) for size, first in zip(shape, begin, strict=True)]
        said = [
            -1 if first + size == whole and rng.integers(2) else size
            for whole, first, size in zip(shape, begin, sizes, strict=True)
        ]
        kind, bounds = element(rng, "float32", "int16", "uint8", "int64", "int32"), pick(rng, "int32", "int64")
        model = Writer()
        x, y = model.tensor("x", shape, **kind), model.tensor("y", sizes, **kind)
        model.op(
            "SLICE",
            [x, model.constant("begin", begin, bounds), model.constant("size", said, bounds)],
            [y],
            "SliceOptions",
        )
        yield Case(f"{number}: {kind['dtype']} {shape} {begin} {said} {bounds}", model.build([x], [y]), inputs=2)
