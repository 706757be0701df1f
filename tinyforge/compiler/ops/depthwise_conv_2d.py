"""DEPTHWISE_CONV_2D: every input channel with its own filters; two roundings (gemmlowp) an output."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyforge.compiler.convolution import conv_weights, output_limits, packed, sizes
from tinyforge.compiler.few_channels import lower_few_channels
from tinyforge.compiler.geometry import Geometry, window_geometry
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.compiler.overlap import LANES, depthwise_windows, few_channel_windows, grouped_windows
from tinyforge.core.graph import Array, DType, Overlap


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
    """Lower to ``tfg_depthwise_conv_2d_s8``, or to one of its fast forms."""
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
    if geometry.in_ch == 1 and lower_few_channels(
        view, low, "depthwise_conv_2d", geometry, rows.reshape(channels, -1), axis=3
    ):
        return  # one channel in: all of them see the same window
    numbers = conv_weights(view, rows, lambda given: np.moveaxis(given, 0, 2), 3)
    form = _form(geometry, np.asarray(numbers["shift"]))
    size = {name: value for name, value in sizes(geometry).items() if not name.startswith(_FIXED[form])}
    if form == "_3x3":
        size["stride"] = geometry.stride_w
    if form == "_few":
        numbers = {name: _to_lanes(np.asarray(value)) for name, value in numbers.items()}
    if form == "":
        size["depth_multiplier"] = channels // geometry.in_ch
    low.layer(
        "depthwise_conv_2d",
        f"tfg_depthwise_conv_2d{form}_s8",
        {**packed(numbers), **size, **output_limits(view)},
        inputs=(input_,),
        outputs=(output,),
        scratch_bytes=_scratch_bytes(form, geometry),
        macs=geometry.batches * geometry.out_h * geometry.out_w * int(weights.size),
        overlaps=_overlaps(form, geometry),
    )


def _to_lanes(numbers: Array) -> Array:
    """Zeros up to four channels, the last dimension."""
    return np.pad(numbers, [(0, 0)] * (numbers.ndim - 1) + [(0, LANES - numbers.shape[-1])])


def _overlaps(form: str, geo: Geometry) -> tuple[Overlap, ...]:
    if form == "":
        return grouped_windows(geo, 1, geo.out_ch // geo.in_ch)
    return few_channel_windows(geo) if form == "_few" else depthwise_windows(geo)


#: Sizes that a kernel's form fixes, by how their names begin.
_FIXED: dict[str, tuple[str, ...]] = {
    "": (),
    "_fours": ("dilation", "in_ch"),
    "_few": ("dilation", "in_ch"),
    "_3x3": ("dilation", "in_ch", "kernel", "stride"),
}


def _form(geo: Geometry, shift: npt.NDArray[np.generic]) -> str:
    """Which kernel: each is linked only into models that go its way, so code and stack are those of what runs."""
    undilated = geo.dilation_h == geo.dilation_w == 1
    if geo.out_ch != geo.in_ch or not undilated or np.min(shift) < 0:
        return ""
    if geo.kernel_h == geo.kernel_w == 3 and geo.stride_h == geo.stride_w <= 2 and geo.out_w > 1:
        return "_3x3"
    if geo.out_ch >= LANES:
        return "_fours"
    return "_few" if geo.out_ch > 1 else ""


def _scratch_bytes(form: str, geo: Geometry) -> int:
    """Weights of four channels as int16; in the 3x3 form two pairs of rows of their input with them, or one window."""
    if form == "_3x3":
        return 160 + 32 * ((geo.out_w - 1) * geo.stride_w + 3)
    each = {"_fours": 8, "_few": 12}
    return 64 + each[form] * geo.kernel_h * geo.kernel_w if form else 0
