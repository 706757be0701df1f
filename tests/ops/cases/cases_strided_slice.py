"""STRIDED_SLICE: begins, ends and steps in and out of range, negative steps, all supported masks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from opcase import scale, zero_point
from tflite_writer import Writer


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        rank = int(rng.integers(1, 5))
        shape = tuple(int(size) for size in rng.integers(1, 8, rank))
        begin = [int(rng.integers(-size, size)) for size in shape]
        end = [int(rng.integers(-size - 1, size + 2)) for size in shape]
        steps = [int(rng.choice([1, 1, 1, 2, 3, -1, -2])) for _ in shape]
        begin_mask, end_mask = int(rng.integers(1 << rank)), int(rng.integers(1 << rank))
        shrink = int(rng.integers(1 << rank)) if rng.integers(2) else 0
        slices = []
        for axis in range(rank):
            bit = 1 << axis
            if shrink & bit:
                steps[axis] = 1
                begin_mask &= ~bit
                slices.append(begin[axis])
            else:
                slices.append(
                    slice(None if begin_mask & bit else begin[axis], None if end_mask & bit else end[axis], steps[axis])
                )
        out = np.zeros(shape)[tuple(slices)].shape
        if 0 in out:
            continue
        number += 1
        quantized = {"scale": scale(rng), "zero_point": zero_point(rng)}
        model = Writer()
        x = model.tensor("x", shape, **quantized)
        y = model.tensor("y", out, **quantized)
        model.op(
            "STRIDED_SLICE",
            [x, model.constant("begin", begin), model.constant("end", end), model.constant("steps", steps)],
            [y],
            "StridedSliceOptions",
            begin_mask=begin_mask,
            end_mask=end_mask,
            shrink_axis_mask=shrink,
        )
        name = f"{number}: {shape} {begin}:{end}:{steps} masks {begin_mask} {end_mask} {shrink}"
        yield Case(name, model.build([x], [y]), inputs=2)
