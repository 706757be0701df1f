"""MAX_POOL_2D: windows, strides, paddings, activations."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from cases_conv_2d import output_size, window
from opbench import Case
from opcase import ACTIVATIONS, pick, scale, zero_point
from tflite_writer import Writer


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        sizes, kernel, strides, _, padding = window(rng, pick(rng, "any", "any", "flat", "tall", "point", "full"))
        outs = [output_size(sizes[axis], kernel[axis], strides[axis], 1, padding) for axis in (0, 1)]
        batches, channels, activation = pick(rng, 1, 1, 2), int(rng.integers(1, 18)), pick(rng, *ACTIVATIONS)
        quantized = {"scale": scale(rng), "zero_point": zero_point(rng)}
        model = Writer()
        x = model.tensor("x", (batches, *sizes, channels), **quantized)
        y = model.tensor("y", (batches, *outs, channels), **quantized)
        model.op(
            "MAX_POOL_2D",
            [x],
            [y],
            "Pool2DOptions",
            padding=padding,
            stride_h=strides[0],
            stride_w=strides[1],
            filter_height=kernel[0],
            filter_width=kernel[1],
            fused_activation_function=activation,
        )
        name = f"{number}: {batches}x{sizes}x{channels} window {kernel} stride {strides} pad {padding} act {activation}"
        yield Case(name, model.build([x], [y]), inputs=3)
