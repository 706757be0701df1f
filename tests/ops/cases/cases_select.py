"""SELECT and SELECT_V2: whole tensors, single numbers, constants, elements of 1 to 4 bytes."""

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
        kind = pick(rng, "SELECT", "SELECT_V2", "SELECT_V2")
        dtype = pick(rng, "int8", "int8", "uint8", "int16", "int32", "float32")
        shape = tuple(int(size) for size in rng.integers(1, 6, int(rng.integers(1, 5))))
        quant = {"scale": scale(rng), "zero_point": min(abs(zero_point(rng)), 127) if dtype != "int16" else 0}
        quant = quant if dtype in {"int8", "uint8", "int16"} else {}
        small = [kind == "SELECT_V2" and rng.integers(3) == 0 for _ in range(2)]
        shapes = [pick(rng, (), (1,)) if single else shape for single in small]
        constant = pick(rng, None, None, 0, 1)
        model = Writer()
        condition = model.tensor("condition", shape, "bool")
        sides = []
        for side in range(2):
            data = rng.integers(0, 100, shapes[side]).astype(dtype) if constant == side else None
            sides.append(model.tensor(f"side {side}", shapes[side], dtype, data=data, **quant))
        y = model.tensor("y", shape, dtype, **quant)
        model.op(kind, [condition, *sides], [y], "SelectV2Options" if kind == "SELECT_V2" else "SelectOptions")
        inputs = [condition] + [tensor for side, tensor in enumerate(sides) if side != constant]
        yield Case(f"{number}: {kind} {dtype} {shape} {shapes} constant {constant}", model.build(inputs, [y]))
