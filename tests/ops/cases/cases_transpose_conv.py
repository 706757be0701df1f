"""TRANSPOSE_CONV: kernels, strides, paddings, activations, per-tensor and per-channel, with and without bias."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from opcase import ACTIVATIONS, bias_tensor, filter_tensor, out_scale, pick, scale, zero_point
from tflite_writer import Writer


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        batches = pick(rng, 1, 1, 1, 2)
        sizes = [int(size) for size in rng.integers(1, 8, 2)]
        kernel = [int(size) for size in rng.integers(1, 6, 2)]
        strides = [int(size) for size in rng.integers(1, 4, 2)]
        in_ch, out_ch, padding = int(rng.integers(1, 7)), int(rng.integers(1, 7)), int(rng.integers(2))
        outs = []
        for size, taps, stride in zip(sizes, kernel, strides, strict=True):
            # every output size of which a convolution makes the input's size
            least = (size - 1) * stride + (taps if padding else 1)
            outs.append(least + int(rng.integers(stride)))
        in_scale, activation = scale(rng), pick(rng, *ACTIVATIONS)
        model = Writer()
        x = model.tensor("x", (batches, *sizes, in_ch), scale=in_scale, zero_point=zero_point(rng))
        per_channel = bool(rng.integers(4))
        filter_, scales = filter_tensor(model, rng, (out_ch, *kernel, in_ch), 0, per_channel)
        y_scale = out_scale(rng, in_scale, scales[0], kernel[0] * kernel[1] * in_ch // (strides[0] * strides[1]) + 1)
        y = model.tensor("y", (batches, *outs, out_ch), scale=y_scale, zero_point=zero_point(rng))
        inputs = [model.constant("shape", [batches, *outs, out_ch]), filter_, x]
        bias = int(rng.integers(3))
        if bias == 0:
            inputs.append(-1)
        elif bias == 1:
            inputs.append(bias_tensor(model, rng, out_ch, in_scale, scales, pick(rng, 10, 1000, 100_000)))
        model.op(
            "TRANSPOSE_CONV",
            inputs,
            [y],
            "TransposeConvOptions",
            padding=padding,
            stride_h=strides[0],
            stride_w=strides[1],
            fused_activation_function=activation,
        )
        name = (
            f"{number}: {batches}x{sizes}x{in_ch} kernel {kernel} -> {outs}x{out_ch} stride {strides} pad {padding} "
            f"activation {activation} per_channel {per_channel} bias {bias}"
        )
        yield Case(name, model.build([x], [y]), inputs=3)
