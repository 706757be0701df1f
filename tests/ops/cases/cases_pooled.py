"""Convolutions with a max pooling behind them, which may become one call: along time or of images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from cases_conv_2d import output_size
from opbench import Case
from opcase import ACTIVATIONS, bias_tensor, filter_tensor, out_scale, pick, scale, zero_point
from tflite_writer import Writer


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        kind = pick(rng, "flat", "tall", "image")
        sizes, kernel = [int(rng.integers(2, 30)) for _ in range(2)], [int(rng.integers(1, 6)) for _ in range(2)]
        stride, pads = [pick(rng, 1, 1, 1, 2)] * 2, [int(rng.integers(2)), int(rng.integers(2))]
        window = [pick(rng, 2, 2, 2, 2, 2, 3)] * 2
        step = window if rng.integers(8) else [1, 2]
        if kind == "image":
            sizes = [int(rng.integers(2, 12)) for _ in range(2)]
        else:
            along = int(kind == "flat")
            sizes[1 - along] = kernel[1 - along] = 1
            window = [1, 1]
            window[along] = pick(rng, 2, 2, 2, 4, 3)
            step = list(window)
        between = [output_size(sizes[axis], kernel[axis], stride[axis], 1, pads[0]) for axis in (0, 1)]
        if min(between) < 1:
            continue
        outs = [output_size(between[axis], window[axis], step[axis], 1, pads[1]) for axis in (0, 1)]
        if min(outs) < 1:
            continue
        batches, in_ch, out_ch = pick(rng, 1, 1, 2), int(rng.integers(1, 14)), int(rng.integers(2, 14))
        in_scale, acts, second = scale(rng), [pick(rng, *ACTIVATIONS), pick(rng, *ACTIVATIONS)], rng.integers(8) == 0
        model = Writer()
        x = model.tensor("x", (batches, *sizes, in_ch), scale=in_scale, zero_point=zero_point(rng))
        filter_, scales = filter_tensor(model, rng, (out_ch, *kernel, in_ch), 0, bool(rng.integers(4)))
        bias = bias_tensor(model, rng, out_ch, in_scale, scales, pick(rng, 10, 1000, 100_000))
        y_scale = out_scale(rng, in_scale, scales[0], kernel[0] * kernel[1] * in_ch) * pick(rng, 1, 1, 1, 1e-3)
        quantized = {"scale": y_scale, "zero_point": pick(rng, -128, zero_point(rng))}
        y = model.tensor("y", (batches, *between, out_ch), **quantized)
        z = model.tensor("z", (batches, *outs, out_ch), **quantized)
        model.op(
            "CONV_2D", [x, filter_, bias], [y], "Conv2DOptions", padding=pads[0], stride_h=stride[0],
            stride_w=stride[1], fused_activation_function=acts[0],
        )  # fmt: skip
        model.op(
            "MAX_POOL_2D", [y], [z], "Pool2DOptions", padding=pads[1], stride_h=step[0], stride_w=step[1],
            filter_height=window[0], filter_width=window[1], fused_activation_function=acts[1],
        )  # fmt: skip
        name = (
            f"{number}: {batches}x{sizes}x{in_ch}->{out_ch} kernel {kernel} stride {stride} window {window} step {step}"
        )
        yield Case(f"{name} pad {pads} act {acts}", model.build([x], [y, z] if second else [z]), inputs=4)
