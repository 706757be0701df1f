"""DEPTHWISE_CONV_2D: every input channel with its own filters; two roundings (gemmlowp) an output."""

from __future__ import annotations

import numpy as np

from tinyforge.compiler.geometry import window_geometry
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.compiler.ops.conv_2d import conv_weights, output_limits, sizes
from tinyforge.compiler.overlap import depthwise_windows
from tinyforge.core.graph import DType


@operator(
    "DEPTHWISE_CONV_2D",
    padding=Option(0, "int8", 0),
    stride_w=Option(1, "int32", 0),
    stride_h=Option(2, "int32", 0),
    depth_multiplier=Option(3, "int32", 0),
    fused_activation_function=Option(4, "int8", 0),
    dilation_w_factor=Option(5, "int32", 1),
    dilation_h_factor=Option(6, "int32", 1),
)
def depthwise_conv_2d(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_depthwise_conv_2d_s8``."""
    view.counts((2, 3))
    input_, filter_, output = view.activation(0), view.input(1), view.output()
    view.is_dtype(input_, DType.INT8)
    view.is_dtype(output, DType.INT8)
    weights = view.constant(1, DType.INT8)
    view.require(
        weights.ndim == 4 and weights.size > 0 and weights.shape[0] == 1,
        f"has shape {list(weights.shape)}, not [1, height, width, channel]",
        "convert the model again",
        filter_,
    )
    geometry = window_geometry(view, input_, output, (weights.shape[1], weights.shape[2]))
    channels = int(weights.shape[3])
    view.require(
        channels == geometry.out_ch and channels % geometry.in_ch == 0,
        f"has {channels} channels for {geometry.in_ch} in and {geometry.out_ch} out",
        "convert the model again",
        filter_,
    )
    if geometry.in_w == geometry.kernel_w == geometry.out_w == 1:
        # the same bytes lie in one row: the kernel's inner loop runs along it
        geometry, weights = geometry.turned(), np.swapaxes(weights, 1, 2)
    rows = np.moveaxis(weights[0], 2, 0)
    low.layer(
        "depthwise_conv_2d",
        "tfg_depthwise_conv_2d_s8",
        {
            **conv_weights(view, rows, lambda found: np.moveaxis(found, 0, 2), 3),
            **sizes(geometry),
            "depth_multiplier": channels // geometry.in_ch,
            **output_limits(view),
        },
        inputs=(input_,),
        outputs=(output,),
        scratch_bytes=2 * (4 * geometry.kernel_h * geometry.kernel_w + 32),
        macs=geometry.batches * geometry.out_h * geometry.out_w * int(weights.size),
        overlaps=depthwise_windows(geometry),
    )
