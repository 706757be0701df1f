"""TRANSPOSE_CONV to a constant output size, per-tensor or per-channel, with or without bias."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from tinyforge.compiler.convolution import output_limits, packed, patch_bytes, sizes
from tinyforge.compiler.geometry import Geometry
from tinyforge.compiler.groupwise import COLUMNS, columns_of, more_code, together
from tinyforge.compiler.layout import filled, paired
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.compiler.overlap import phase_windows, scattered_windows
from tinyforge.compiler.quantized import (
    Int64Array,
    Rescale,
    accumulator_reach,
    bias_of,
    channel_scales,
    folded_bias,
    padding_before,
    rescale_of,
)
from tinyforge.core.graph import Array, DType, Param

PLAIN, PHASES = "tfg_transpose_conv_s8", "tfg_transpose_conv_phases_s8"


@operator(
    "TRANSPOSE_CONV",
    padding=Option(0, "int8", 0),
    stride_w=Option(1, "int32", 0),
    stride_h=Option(2, "int32", 0),
    fused_activation_function=Option(3, "int8", 0),
)
def transpose_conv(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_transpose_conv_s8`` or ``tfg_transpose_conv_phases_s8``."""
    view.counts((3, 4))
    filter_, input_, output = view.input(1), view.activation(2), view.output()
    view.is_dtype(input_, DType.INT8)
    view.is_dtype(output, DType.INT8)
    weights = view.constant(1, DType.INT8)
    view.shape_is(output, view.integers(0))
    for tensor in (input_, filter_, output):
        view.require(
            len(tensor.shape) == 4 and tensor.elements > 0,
            f"has shape {list(tensor.shape)}, not four dimensions",
            "convert the model again",
            tensor,
        )
    batches, in_h, in_w, in_ch = input_.shape
    out_ch, kernel_h, kernel_w, filter_ch = weights.shape
    view.require(
        filter_ch == in_ch and output.shape[3] == out_ch and output.shape[0] == batches,
        f"has shape {list(weights.shape)} for {list(input_.shape)} in and {list(output.shape)} out",
        "convert the model again",
        filter_,
    )
    stride_h, stride_w, padding = view.option("stride_h"), view.option("stride_w"), view.option("padding")
    geometry = Geometry(
        batches, in_h, in_w, in_ch, output.shape[1], output.shape[2], out_ch, kernel_h, kernel_w, stride_h, stride_w,
        dilation_h=1, dilation_w=1,
        # the padding of the convolution that leads from this output back to this input
        pad_h=padding_before(view, padding, output.shape[1], kernel_h, stride_h, 1, in_h),
        pad_w=padding_before(view, padding, output.shape[2], kernel_w, stride_w, 1, in_w),
    )  # fmt: skip
    if geometry.in_w == kernel_w == geometry.out_w == 1:  # the same bytes lie in one row
        geometry, weights = geometry.turned(), np.swapaxes(weights, 1, 2)
    _, zero_point = view.quantized(input_)
    bias = bias_of(view, 3, out_ch)
    reach = accumulator_reach(view, weights, zero_point, bias)
    rescale = rescale_of(view, input_, channel_scales(view, filter_, out_ch, 0), output)
    numbers: dict[str, Param]
    kernel, scratch_bytes, overlaps = PLAIN, 0, scattered_windows(geometry)
    if _pays(low, geometry):
        columns = columns_of(-(-geometry.out_w // geometry.stride_w))  # of a row and phase
        kernel, scratch_bytes, overlaps = PHASES, phases_bytes(geometry, columns), phase_windows(geometry, columns)
        numbers = {**by_phase(geometry, weights, bias, rescale, reach, zero_point), "columns": columns}
    else:
        numbers = {"filter": weights, "bias": bias.astype(np.int32), "in_offset": -zero_point}
        numbers |= {"multiplier": rescale.multiplier, "exponent": rescale.exponent}
    size = {name: value for name, value in sizes(geometry).items() if not name.startswith("dilation")}
    limits = output_limits(view, input_)
    if kernel == PLAIN:
        del limits["pad_value"]
    low.layer(
        "transpose_conv",
        kernel,
        {**numbers, **size, **limits},
        inputs=(input_,),
        outputs=(output,),
        scratch_bytes=scratch_bytes,
        macs=batches * in_h * in_w * int(weights.size),
        overlaps=overlaps,
    )


def by_phase(
    geo: Geometry, weights: Array, bias: Int64Array, rescale: Rescale, reach: Int64Array, zero_point: int
) -> dict[str, Param]:
    """Weights and numbers as ``tfg_transpose_conv_phases_s8`` takes them.

    Args:
        geo: of the layer.
        weights: int8 [output channel, height, width, input channel], no smaller than the stride.
        bias: int64 [channel].
        rescale: of the accumulators.
        reach: int64 [channel], greatest absolute accumulator.
        zero_point: of the input.
    """
    parts = []
    for down, right in itertools.product(range(geo.stride_h), range(geo.stride_w)):
        taps = weights[:, down :: geo.stride_h, right :: geo.stride_w][:, ::-1, ::-1].reshape(geo.out_ch, -1)
        folded = folded_bias(taps, zero_point, bias)
        numbers = {"filter": paired(taps), "bias": folded, "multiplier": rescale.multiplier}
        parts.append(packed({**numbers, "shift": rescale.shifts(reach)}))
    return {**together(parts, ("filter", "bias")), "multiplier": parts[0]["multiplier"]}


def phases_bytes(geo: Geometry, columns: int) -> int:
    """Scratch of ``tfg_transpose_conv_phases_s8``: outputs, and for ``tfg_conv_2d_s8``."""
    phases = itertools.product(range(geo.stride_h), range(geo.stride_w))
    return filled(columns * geo.out_ch) + max(patch_bytes(_phase(geo, down, right)) for down, right in phases)


def _phase(geo: Geometry, down: int, right: int) -> Geometry:
    """A phase as a convolution, but for its places."""
    kernel_h = -(-(geo.kernel_h - down) // geo.stride_h)
    kernel_w = -(-(geo.kernel_w - right) // geo.stride_w)
    return replace(geo, stride_h=1, stride_w=1, kernel_h=kernel_h, kernel_w=kernel_w)


def _pays(low: Lowering, geo: Geometry) -> bool:
    """Whether the faster form is worth its code and its constants; every phase needs a tap."""
    if geo.kernel_h < geo.stride_h or geo.kernel_w < geo.stride_w:
        return False
    phases = geo.stride_h * geo.stride_w
    macs = geo.batches * geo.in_h * geo.in_w * geo.kernel_h * geo.kernel_w * geo.in_ch * geo.out_ch
    outputs = geo.batches * geo.out_h * geo.out_w * geo.out_ch
    plain = 110 * outputs + macs // geo.in_ch * (33 + 5 * geo.in_ch)
    calls = geo.batches * geo.out_h * -(-geo.out_w // COLUMNS) * 400
    more_bytes = more_code(low, PHASES, PLAIN) + 4 * geo.out_ch * (phases - 1)
    return low.goal.takes(more_bytes=more_bytes, fewer_instructions=plain - calls - 25 * outputs - 3 * macs // 2)
