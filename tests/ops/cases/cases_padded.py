"""PAD in front of a convolution, as Keras writes causal layers and ``ZeroPadding2D``: its own padding, or not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from opcase import ACTIVATIONS, bias_tensor, filter_tensor, out_scale, pick, scale, zero_point
from tflite_writer import Writer


def widths(rng: np.random.Generator, sizes: list[int], kernel: list[int], dilations: list[int]) -> list[list[int]]:
    """Rows and columns of zeros at either side: mostly less than what a window reaches."""
    found = []
    for size, taps, dilation in zip(sizes, kernel, dilations, strict=True):
        reach = (taps - 1) * dilation
        causal, both, odd = [reach, 0], [reach, reach], [int(rng.integers(4)), int(rng.integers(4))]
        around = pick(rng, causal, both, odd, [reach // 2, reach - reach // 2], [0, 0])
        missing = reach + 1 - size - sum(around)
        found.append([around[0], around[1] + max(missing, 0)])
    return found


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        shape, depthwise = pick(rng, "any", "any", "flat", "flat", "tall"), bool(rng.integers(3) == 0)
        sizes, kernel = ([int(rng.integers(1, top)) for _ in range(2)] for top in (14, 6))
        if shape != "any":
            axis = int(shape == "tall")
            sizes[axis] = kernel[axis] = 1
        strides, dilations = [pick(rng, 1, 1, 2, 3) for _ in range(2)], [pick(rng, 1, 1, 1, 2, 4) for _ in range(2)]
        if rng.integers(2):
            dilations = [1, 1]
        around = widths(rng, sizes, kernel, dilations)
        padded = [size + sum(pair) for size, pair in zip(sizes, around, strict=True)]
        outs = [
            (size - (taps - 1) * dilation - 1) // stride + 1
            for size, taps, dilation, stride in zip(padded, kernel, dilations, strides, strict=True)
        ]
        batches, in_ch, multiplier = pick(rng, 1, 1, 1, 2), int(rng.integers(1, 10)), pick(rng, 1, 1, 2)
        out_ch = in_ch * multiplier if depthwise else int(rng.integers(1, 10))
        in_scale, in_zero = scale(rng), zero_point(rng)
        model = Writer()
        seen = (batches, *padded, in_ch)
        pairs = [[0, 0], *around, [0, 0]]
        flat = shape == "flat" and bool(rng.integers(2))  # padded along time, and seen as an image of one row
        if flat:
            x = model.tensor("x", (batches, sizes[1], in_ch), scale=in_scale, zero_point=in_zero)
            first = model.tensor("first", (batches, padded[1], in_ch), scale=in_scale, zero_point=in_zero)
            pairs = [[0, 0], around[1], [0, 0]]
            seen = (batches, 1, padded[1], in_ch)
            padded[0], outs[0] = 1, 1
            kernel[0] = 1
        else:
            x = model.tensor("x", (batches, *sizes, in_ch), scale=in_scale, zero_point=in_zero)
            first = model.tensor("first", seen, scale=in_scale, zero_point=in_zero)
        said = model.constant("pad", pairs)
        if rng.integers(3) == 0:
            value = in_zero if rng.integers(4) else pick(rng, -128, 0, 127)
            constant = model.constant("value", [value], "int8", scale=[in_scale], zero_point=[in_zero])
            model.op("PADV2", [x, said, constant], [first], "PadV2Options")
        else:
            model.op("PAD", [x, said], [first], "PadOptions")
        given = first
        if flat:
            given = model.tensor("given", seen, scale=in_scale, zero_point=in_zero)
            model.op("RESHAPE", [first, model.constant("shape", list(seen))], [given], "ReshapeOptions")
        filter_shape = (1, *kernel, out_ch) if depthwise else (out_ch, *kernel, in_ch)
        filter_, scales = filter_tensor(model, rng, filter_shape, 3 if depthwise else 0, bool(rng.integers(4)))
        bias = bias_tensor(model, rng, out_ch, in_scale, scales, pick(rng, 10, 1000, 100_000))
        y_scale = out_scale(rng, in_scale, scales[0], kernel[0] * kernel[1] * (1 if depthwise else in_ch))
        y = model.tensor("y", (batches, *outs, out_ch), scale=y_scale, zero_point=zero_point(rng))
        model.op(
            "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D",
            [given, filter_, bias],
            [y],
            "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions",
            padding=1,
            stride_h=strides[0],
            stride_w=strides[1],
            dilation_h_factor=dilations[0],
            dilation_w_factor=dilations[1],
            fused_activation_function=pick(rng, *ACTIVATIONS),
            **({"depth_multiplier": multiplier} if depthwise else {}),
        )
        outputs = [y, first] if rng.integers(8) == 0 else [y]  # what is an output itself must be written
        name = (
            f"{number}: {batches}x{sizes}x{in_ch} around {around} kernel {kernel}x{out_ch} depthwise {depthwise} "
            f"stride {strides} dilation {dilations} flat {flat}"
        )
        yield Case(name, model.build([x], outputs), inputs=3)
