"""SPLIT_V: every axis, parts of any size, one of them -1, some of which nobody reads."""

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
        sizes = [int(size) for size in rng.integers(1, 5, int(rng.integers(1, 5)))]
        kind = element(rng, "float32", "int16", "uint8", "int32")
        shape = list(shape_of(rng, 1, 4, 5))
        axis = int(rng.integers(len(shape)))
        shape[axis] = sum(sizes)
        said = list(sizes)
        if rng.integers(2):
            said[int(rng.integers(len(sizes)))] = -1
        model = Writer()
        x = model.tensor("x", shape, **kind)
        ys = [
            model.tensor(f"y{at}", (*shape[:axis], size, *shape[axis + 1 :]), **kind) for at, size in enumerate(sizes)
        ]
        named = axis - len(shape) if rng.integers(2) else axis
        sizes_type = pick(rng, "int32", "int64")
        inputs = [x, model.constant("sizes", said, sizes_type), model.constant("axis", named)]
        model.op("SPLIT_V", inputs, ys, "SplitVOptions", num_splits=len(sizes))
        read = [y for y in ys if rng.integers(4)] or ys[:1]
        name = f"{number}: {kind['dtype']} {shape} axis {named} sizes {said}, {len(read)} read"
        yield Case(name, model.build([x], read), inputs=2)
