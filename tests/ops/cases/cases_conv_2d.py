"""CONV_2D: all shapes of kernel, stride, dilation, padding, groups; those that become conv_1d among them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from opcase import ACTIVATIONS, bias_tensor, filter_tensor, out_scale, pick, scale, zero_point
from tflite_writer import Writer


def output_size(size: int, kernel: int, stride: int, dilation: int, padding: int) -> int:
    """TFLite's ComputeOutSize: SAME is 0, VALID is 1."""
    reach = (kernel - 1) * dilation + 1
    return -(-size // stride) if padding == 0 else (size - reach) // stride + 1


def window(rng: np.random.Generator, shape: str) -> tuple[list[int], list[int], list[int], list[int], int]:
    """Sizes, kernel, strides, dilations of both dimensions and the padding, such that the output is not empty."""
    while True:
        sizes = [int(rng.integers(1, 14)), int(rng.integers(1, 14))]
        kernel = [int(rng.integers(1, 6)), int(rng.integers(1, 6))]
        strides = [pick(rng, 1, 1, 2, 3), pick(rng, 1, 1, 2, 3)]
        dilations = [pick(rng, 1, 1, 1, 2, 3), pick(rng, 1, 1, 1, 2, 3)]
        padding = int(rng.integers(2))
        if shape == "flat":
            sizes[0] = kernel[0] = 1
        elif shape == "tall":
            sizes[1] = kernel[1] = 1
        elif shape == "point":
            kernel = [1, 1]
        elif shape == "full":
            kernel[1] = sizes[1]
        if shape != "any" and rng.integers(2):
            dilations = [1, 1]
        outs = [output_size(sizes[axis], kernel[axis], strides[axis], dilations[axis], padding) for axis in (0, 1)]
        if min(outs) > 0:
            return sizes, kernel, strides, dilations, padding


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        sizes, kernel, strides, dilations, padding = window(
            rng, pick(rng, "any", "any", "flat", "tall", "point", "full")
        )
        batches, groups = pick(rng, 1, 1, 1, 2), pick(rng, 1, 1, 1, 2, 3)
        in_ch, out_ch = groups * int(rng.integers(1, 8)), groups * int(rng.integers(1, 8))
        activation, per_channel = pick(rng, *ACTIVATIONS), bool(rng.integers(4))
        in_scale, in_zero = scale(rng), zero_point(rng)
        model = Writer()
        x = model.tensor("x", (batches, *sizes, in_ch), scale=in_scale, zero_point=in_zero)
        filter_, scales = filter_tensor(model, rng, (out_ch, *kernel, in_ch // groups), 0, per_channel)
        inputs = [x, filter_, bias_tensor(model, rng, out_ch, in_scale, scales, pick(rng, 10, 1000, 100_000))]
        outs = [output_size(sizes[axis], kernel[axis], strides[axis], dilations[axis], padding) for axis in (0, 1)]
        y_scale = out_scale(rng, in_scale, scales[0], kernel[0] * kernel[1] * in_ch // groups)
        y = model.tensor(
            "y", (batches, *outs, out_ch), scale=y_scale * pick(rng, 1, 1, 1, 1e-3), zero_point=zero_point(rng)
        )
        model.op(
            "CONV_2D",
            inputs,
            [y],
            "Conv2DOptions",
            padding=padding,
            stride_h=strides[0],
            stride_w=strides[1],
            dilation_h_factor=dilations[0],
            dilation_w_factor=dilations[1],
            fused_activation_function=activation,
        )
        name = (
            f"{number}: {batches}x{sizes}x{in_ch} kernel {kernel}x{out_ch} groups {groups} stride {strides} "
            f"dilation {dilations} pad {padding} act {activation} per_channel {per_channel}"
        )
        yield Case(name, model.build([x], [y]), inputs=3)
