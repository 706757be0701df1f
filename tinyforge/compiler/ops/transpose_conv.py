"""TRANSPOSE_CONV to a constant output size, per-tensor or per-channel, with or without bias."""

from __future__ import annotations

import numpy as np

from tinyforge.compiler.geometry import Geometry
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.compiler.overlap import scattered_windows
from tinyforge.compiler.quantized import (
    accumulator_reach,
    bias_of,
    channel_scales,
    clamp_of,
    padding_before,
    rescale_of,
)
from tinyforge.core.graph import DType, Param


@operator(
    "TRANSPOSE_CONV",
    padding=Option(0, "int8", 0),
    stride_w=Option(1, "int32", 0),
    stride_h=Option(2, "int32", 0),
    fused_activation_function=Option(3, "int8", 0),
)
def transpose_conv(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_transpose_conv_s8``."""
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
    _, zero_point = view.quantized(input_)
    bias = bias_of(view, 3, out_ch)
    accumulator_reach(view, weights, zero_point, bias)
    rescale = rescale_of(view, input_, channel_scales(view, filter_, out_ch, 0), output)
    least, most = clamp_of(view, output)
    params: dict[str, Param] = {
        "filter": weights,
        "bias": bias.astype(np.int32),
        "multiplier": rescale.multiplier,
        "exponent": rescale.exponent,
        "batches": batches,
        "in_h": in_h,
        "in_w": in_w,
        "in_ch": in_ch,
        "out_h": output.shape[1],
        "out_w": output.shape[2],
        "out_ch": out_ch,
        "kernel_h": kernel_h,
        "kernel_w": kernel_w,
        "stride_h": stride_h,
        "stride_w": stride_w,
        # the padding of the convolution that leads from this output back to this input
        "pad_h": padding_before(view, padding, output.shape[1], kernel_h, stride_h, 1, in_h),
        "pad_w": padding_before(view, padding, output.shape[2], kernel_w, stride_w, 1, in_w),
        "in_offset": -zero_point,
        "zero_point": view.quantized(output)[1],
        "min": least,
        "max": most,
    }
    macs = batches * in_h * in_w * int(weights.size)
    geometry = Geometry(
        batches, in_h, in_w, in_ch, output.shape[1], output.shape[2], out_ch, kernel_h, kernel_w, stride_h, stride_w,
        dilation_h=1, dilation_w=1, pad_h=int(params["pad_h"] or 0), pad_w=int(params["pad_w"] or 0),
    )  # fmt: skip
    low.layer(
        "transpose_conv",
        "tfg_transpose_conv_s8",
        params,
        inputs=(input_,),
        outputs=(output,),
        macs=macs,
        overlaps=scattered_windows(geometry),
    )
