"""What the lowerings of all convolutions compute alike: weights, folded biases, rescaling, limits, sizes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinyforge.compiler.fixed_point import requantize
from tinyforge.compiler.geometry import Geometry
from tinyforge.compiler.layout import GROUP, filled
from tinyforge.compiler.operators import OpView
from tinyforge.compiler.quantized import (
    Rescale,
    accumulator_reach,
    bias_of,
    channel_scales,
    clamp_of,
    folded_bias,
    rescale_of,
)
from tinyforge.core.graph import Array, Param, Tensor


def conv_weights(view: OpView, rows: Array, arrange: Callable[[Array], Array], axis: int = 0) -> dict[str, Param]:
    """Filter, folded bias and rescaling, as all convolution kernels take them.

    Args:
        view: the operator; input 1 is the filter, input 2 the bias.
        rows: int8 [channel, ...], the weights by output channel.
        arrange: gives the weights in the order the kernel reads them.
        axis: dimension of output channels in the model's filter.
    """
    input_, output = view.input(0), view.output()
    channels = int(rows.shape[0])
    _, input_zero = view.quantized(input_)
    bias = bias_of(view, 2, channels)
    reach = accumulator_reach(view, rows, input_zero, bias)
    rescale = rescale_of(view, input_, channel_scales(view, view.input(1), channels, axis), output)
    folded = folded_bias(rows, input_zero, bias)
    rows, reach = rows.copy(), reach.copy()
    limits = clamp_of(view, output)
    slow = (rescale.shifts(reach) < 0) & (rescale.exponent <= 0)
    for channel in np.flatnonzero(slow).tolist():
        least, most = (
            _output(
                view, int(bias[channel]) + sign * int(reach[channel] - abs(bias[channel])), rescale, channel, limits
            )
            for sign in (-1, 1)
        )
        if least == most:  # a dead channel: nothing that comes in changes it
            rows[channel] = 0
            folded[channel] = 4 * (least - view.quantized(output)[1])
            reach[channel] = abs(int(folded[channel]))
            rescale.multiplier[channel], rescale.exponent[channel] = 1 << 30, -1
    return {
        "filter": arrange(rows),
        "bias": folded,
        "multiplier": rescale.multiplier,
        "shift": rescale.shifts(reach),
    }


PLACES = 4  # a kernel computes together, two channels at a time
_PACKED_BIAS = 1 << 23  # biases below it leave room for a shift in their word


def packed(params: dict[str, Param]) -> dict[str, Param]:
    """What ``conv_weights`` gives, with bias and shift of a channel in one word, and one word more if they are odd.

    Channels whose shift is negative (rare) or whose bias takes more than 24 bits stand in a list, ``rare``, that closes
    with -1: channel, bias, shift as ``Rescale.shifts`` stores it. It is None where there are none.
    """
    bias, shift = np.asarray(params["bias"], np.int64), np.asarray(params["shift"], np.int64)
    fits = (np.abs(bias) < _PACKED_BIAS) & (shift >= 0)
    words = np.where(fits, bias * 256 + shift, 0)
    rare = [value for channel in np.flatnonzero(~fits) for value in (channel, bias[channel], shift[channel])]
    odd = np.zeros(bias.size % 2, np.int32)
    return {
        "filter": params["filter"],
        "bias": np.append(words.astype(np.int32), odd),
        "multiplier": np.append(np.asarray(params["multiplier"]), odd),
        "rare": np.array([*rare, -1], np.int32) if rare else None,
    }


def _output(view: OpView, acc: int, rescale: Rescale, channel: int, limits: tuple[int, int]) -> int:
    """The output of one channel for an accumulator, as the kernels compute it."""
    zero = view.quantized(view.output())[1]
    value = requantize(acc, int(rescale.multiplier[channel]), int(rescale.exponent[channel])) + zero
    return min(max(value, limits[0]), limits[1])


def output_limits(view: OpView, input_: Tensor | None = None) -> dict[str, Param]:
    """Zero points and clamp; ``input_`` where it is not the operator's first."""
    low, high = clamp_of(view, view.output())
    return {
        "pad_value": view.quantized(input_ or view.input(0))[1],
        "zero_point": view.quantized(view.output())[1],
        "min": low,
        "max": high,
    }


def sizes(geometry: Geometry) -> dict[str, Param]:
    """Sizes of the two-dimensional kernels."""
    return {
        name: getattr(geometry, name)
        for name in (
            "batches", "in_h", "in_w", "in_ch", "out_h", "out_w", "out_ch", "kernel_h", "kernel_w",
            "stride_h", "stride_w", "dilation_h", "dilation_w", "pad_h", "pad_w",
        )
    }  # fmt: skip


def patch_bytes(geo: Geometry, *, squares: bool = False) -> int:
    """Scratch for ``PLACES`` windows as int16, rows of what they reach, and where need be the windows as int8.

    Args:
        geo: of the convolution.
        squares: two windows and the two below them instead of four in a row.
    """
    window = filled(geo.kernel_h * geo.kernel_w * geo.in_ch)
    side, rows = (2, 2) if squares else (PLACES, 1)
    columns = (side - 1) * geo.stride_w + (geo.kernel_w - 1) * geo.dilation_w + 1
    together = geo.in_ch * (geo.kernel_w if geo.dilation_w == 1 else 1)
    as_bytes = PLACES * (window + GROUP) if together % GROUP else 0
    return 2 * PLACES * window + as_bytes + rows * (filled(columns * geo.in_ch) + GROUP)
