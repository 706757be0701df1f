"""QUANTIZE: float32 to 8 bits, with ties and saturation; from any 8-bit quantization to another."""

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
        source, target = pick(rng, "float32", "int8", "uint8"), pick(rng, "int8", "uint8")
        shape = (256,)
        zero = {"int8": 0, "uint8": 128}
        shift = zero_point(rng)
        out_scale, out_zero = scale(rng, 1e-4, 4.0), pick(rng, shift, zero_point(rng)) + zero[target]
        model = Writer()
        if source == "float32":
            x = model.tensor("x", shape, source)
            steps = np.concatenate([np.arange(-150, 42) / 2, rng.uniform(-300, 300, 44), rng.uniform(-1e6, 1e6, 20)])
            values = (steps * np.float32(out_scale)).astype(np.float32)
        else:
            near = float(np.float32(out_scale * np.exp(rng.uniform(-3, 3))))
            in_scale = pick(rng, out_scale, near, scale(rng, 1e-4, 4.0))
            x = model.tensor("x", shape, source, scale=in_scale, zero_point=shift + zero[source])
            values = np.arange(256).astype(np.uint8).view(source)
        y = model.tensor("y", shape, target, scale=out_scale, zero_point=out_zero)
        model.op("QUANTIZE", [x], [y], "QuantizeOptions")
        about = f"{number}: {source} to {target}, scale {out_scale} zero {out_zero}"
        yield Case(about, model.build([x], [y]), given=[[values]])
