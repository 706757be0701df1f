"""BATCH_MATMUL: ranks, broadcast batches, both transpositions, a constant on either side; float32."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from opcase import out_scale, pick, scale, weights, zero_point
from tflite_writer import Writer


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        rows, columns, depth = int(rng.integers(1, 7)), int(rng.integers(1, 7)), pick(rng, 1, 2, 5, 16, 33)
        adj_x, adj_y = bool(rng.integers(2)), bool(rng.integers(2))
        batches = [int(size) for size in rng.integers(1, 4, int(rng.integers(4)))]
        left = [pick(rng, 1, size, size) for size in batches]
        right = [size if one == 1 else pick(rng, 1, size, size) for one, size in zip(left, batches, strict=True)]
        while left and left[0] == 1 and rng.integers(2):
            del left[0]
        while right and right[0] == 1 and len(left) == len(batches) and rng.integers(2):
            del right[0]
        left += [depth, rows] if adj_x else [rows, depth]
        right += [columns, depth] if adj_y else [depth, columns]
        constant = pick(rng, "none", "none", "left", "right", "right")
        real = rng.integers(6) == 0
        dtype = "float32" if real else "int8"
        model = Writer()
        scales = scale(rng), scale(rng)
        tensors = []
        for name, shape, one in (("left", left, scales[0]), ("right", right, scales[1])):
            data = weights(rng, tuple(shape)) if name == constant else None
            quantization = {} if real else {"scale": one, "zero_point": zero_point(rng)}
            tensors.append(model.tensor(name, shape, dtype, **quantization, data=data))
        quantization = {} if real else {"scale": out_scale(rng, *scales, depth), "zero_point": zero_point(rng)}
        y = model.tensor("y", (*batches, rows, columns), dtype, **quantization)
        model.op("BATCH_MATMUL", tensors, [y], "BatchMatMulOptions", adj_x=adj_x, adj_y=adj_y)
        inputs = [tensor for tensor, name in zip(tensors, ("left", "right"), strict=True) if name != constant]
        name = f"{number}: {dtype} {left} by {right} adj {adj_x} {adj_y} constant {constant}"
        yield Case(name, model.build(inputs, [y]), inputs=3)
