"""GATHER: every axis, batch dimensions, indices of any shape, constant or given with the input; constant tables."""

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
        shape, kind = shape_of(rng, 1, 4, 6), element(rng, "float32", "int16", "int32")
        axis = int(rng.integers(len(shape)))
        batch = int(rng.integers(axis + 1)) if rng.integers(3) == 0 else 0
        inner = shape_of(rng, 0, 2, 5)
        indices = rng.integers(0, shape[axis], (*shape[:batch], *inner))
        constant_indices, constant_table = bool(rng.integers(2)), bool(rng.integers(2))
        if constant_indices and constant_table:
            continue
        model = Writer()
        table = values(rng, kind["dtype"], shape)
        x = model.tensor("x", shape, data=table if constant_table else None, **kind)
        dtype = pick(rng, "int32", "int64", "int16") if constant_indices else "int32"
        i = model.tensor("i", indices.shape, dtype, data=indices if constant_indices else None)
        y = model.tensor("y", (*shape[:axis], *inner, *shape[axis + 1 :]), **kind)
        model.op(
            "GATHER",
            [x, i],
            [y],
            "GatherOptions",
            axis=axis - len(shape) if rng.integers(2) else axis,
            batch_dims=batch,
        )
        given = [table] if not constant_table else []
        if not constant_indices:
            given.append(np.array(indices, np.int32))
        inputs = [tensor for tensor, constant in ((x, constant_table), (i, constant_indices)) if not constant]
        name = f"{number}: {kind['dtype']} {shape} axis {axis} batch {batch} indices {indices.shape} {dtype} {inputs}"
        yield Case(name, model.build(inputs, [y]), given=[given])
