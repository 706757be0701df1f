"""DEPTHWISE_CONV_2D: every input channel with its own filters; two roundings (gemmlowp) an output."""

from __future__ import annotations

import numpy as np

from tinyforge.compiler.geometry import Geometry, window_geometry
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.compiler.ops.conv_2d import conv_weights, output_limits, packed, sizes
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
    """Lower to ``tfg_depthwise_conv_2d_s8``, or to its 3x3 form."""
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
    numbers = conv_weights(view, rows, lambda given: np.moveaxis(given, 0, 2), 3)
    small = geometry.kernel_h == geometry.kernel_w == 3 and geometry.stride_w <= 2
    undilated = geometry.dilation_h == geometry.dilation_w == 1
    fast = small and undilated and channels == geometry.in_ch and np.min(np.asarray(numbers["shift"])) >= 0
    size = sizes(geometry)
    if fast:
        size = {name: value for name, value in size.items() if not name.startswith(("kernel", "dilation", "in_ch"))}
    else:
        size["depth_multiplier"] = channels // geometry.in_ch
    low.layer(
        "depthwise_conv_2d",
        "tfg_depthwise_conv_2d_3x3_s8" if fast else "tfg_depthwise_conv_2d_s8",
        {**packed(numbers), **size, **output_limits(view)},
        inputs=(input_,),
        outputs=(output,),
        scratch_bytes=_planes_bytes(geometry) if fast else 64 + 8 * geometry.kernel_h * geometry.kernel_w,
        macs=geometry.batches * geometry.out_h * geometry.out_w * int(weights.size),
        overlaps=depthwise_windows(geometry),
    )


def _planes_bytes(geo: Geometry) -> int:
    """Scratch of the 3x3 form: weights as it reads them and three rows of input, of four channels at a time."""
    places = -(-geo.out_w // 2)
    return 304 + 48 * (places * geo.stride_w + 1)
