"""DEPTHWISE_CONV_2D: kernels, strides, dilations, paddings, depth multipliers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from cases_conv_2d import output_size, window
from opbench import Case
from opcase import ACTIVATIONS, bias_tensor, filter_tensor, out_scale, pick, scale, zero_point
from tflite_writer import Writer


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        sizes, kernel, strides, dilations, padding = window(
            rng, pick(rng, "any", "any", "flat", "tall", "point", "full")
        )
        batches, multiplier = pick(rng, 1, 1, 1, 2), pick(rng, 1, 1, 1, 2, 3)
        in_ch = int(rng.integers(1, 18))
        out_ch = in_ch * multiplier
        activation, per_channel = pick(rng, *ACTIVATIONS), bool(rng.integers(4))
        in_scale, in_zero = scale(rng), zero_point(rng)
        model = Writer()
        x = model.tensor("x", (batches, *sizes, in_ch), scale=in_scale, zero_point=in_zero)
        filter_, scales = filter_tensor(model, rng, (1, *kernel, out_ch), 3, per_channel)
        bias = bias_tensor(model, rng, out_ch, in_scale, scales, pick(rng, 10, 1000, 20_000))
        outs = [output_size(sizes[axis], kernel[axis], strides[axis], dilations[axis], padding) for axis in (0, 1)]
        y_scale = out_scale(rng, in_scale, scales[0], kernel[0] * kernel[1])
        y = model.tensor("y", (batches, *outs, out_ch), scale=y_scale, zero_point=zero_point(rng))
        model.op(
            "DEPTHWISE_CONV_2D",
            [x, filter_, bias],
            [y],
            "DepthwiseConv2DOptions",
            padding=padding,
            stride_h=strides[0],
            stride_w=strides[1],
            depth_multiplier=multiplier,
            dilation_h_factor=dilations[0],
            dilation_w_factor=dilations[1],
            fused_activation_function=activation,
        )
        name = (
            f"{number}: {batches}x{sizes}x{in_ch} kernel {kernel} multiplier {multiplier} stride {strides} "
            f"dilation {dilations} pad {padding} act {activation} per_channel {per_channel}"
        )
        yield Case(name, model.build([x], [y]), inputs=3)
