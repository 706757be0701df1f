"""DEQUANTIZE: int8 and uint8, scales down to the smallest a converter makes; constants."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from opcase import pick, scale, zero_point
from tflite_writer import Writer


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        dtype = pick(rng, "int8", "uint8")
        model = Writer()
        if rng.integers(6) == 0:  # a constant, which is computed at compile time
            axis = int(rng.integers(2))
            shape, one = (3, 5), rng.integers(2)
            scales = [scale(rng) for _ in range(1 if one else shape[axis])]
            w = model.constant("w", rng.integers(-128, 128, shape), "int8", scale=scales, axis=axis)
            real, x, y = (model.tensor(name, shape, "float32") for name in ("real", "x", "y"))
            model.op("DEQUANTIZE", [w], [real], "DequantizeOptions")
            model.op("ADD", [x, real], [y], "AddOptions")
            yield Case(f"{number}: constant {scales} axis {axis}", model.build([x], [y]))
            continue
        in_scale, zero = scale(rng, 1e-9, 1e3), zero_point(rng) + (128 if dtype == "uint8" else 0)
        x = model.tensor("x", (256,), dtype, scale=in_scale, zero_point=zero)
        y = model.tensor("y", (256,), "float32")
        model.op("DEQUANTIZE", [x], [y], "DequantizeOptions")
        values = np.arange(256).astype(np.uint8).view(dtype)
        yield Case(f"{number}: {dtype} scale {in_scale} zero {zero}", model.build([x], [y]), given=[[values]])
