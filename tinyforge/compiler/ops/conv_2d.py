"""CONV_2D: convolution over two dimensions, grouped ones included; two roundings (gemmlowp) an output."""

from __future__ import annotations

from tinyforge.compiler.convolution import conv_weights, output_limits, packed, patch_bytes, sizes
from tinyforge.compiler.few_channels import lower_few_channels
from tinyforge.compiler.geometry import Geometry, window_geometry
from tinyforge.compiler.groupwise import lower_groups
from tinyforge.compiler.layout import GROUP, paired
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.compiler.overlap import whole_windows
from tinyforge.core.graph import Array, DType

MANY = "tfg_conv_2d_s8"


def conv_geometry(view: OpView) -> Geometry:
    """Geometry of a CONV_2D, its filter checked against it.

    Raises:
        UnsupportedModelError: types, shapes or channel counts that do not fit.
    """
    view.counts((2, 3))
    input_, filter_, output = view.activation(0), view.input(1), view.output()
    view.is_dtype(input_, DType.INT8)
    view.is_dtype(output, DType.INT8)
    weights = view.constant(1, DType.INT8)
    view.require(
        weights.ndim == 4 and weights.size > 0, f"has shape {list(weights.shape)}", "convert the model again", filter_
    )
    geometry = window_geometry(view, input_, output, (weights.shape[1], weights.shape[2]))
    groups = geometry.in_ch // weights.shape[3]
    view.require(
        geometry.out_ch == weights.shape[0]
        and geometry.in_ch == groups * weights.shape[3]
        and groups > 0
        and geometry.out_ch % groups == 0,
        f"has shape {list(weights.shape)}, which fits neither {geometry.in_ch} channels in nor {geometry.out_ch} out",
        "convert the model again",
        filter_,
    )
    return geometry


@operator(
    "CONV_2D",
    padding=Option(0, "int8", 0),
    stride_w=Option(1, "int32", 0),
    stride_h=Option(2, "int32", 0),
    fused_activation_function=Option(3, "int8", 0),
    dilation_w_factor=Option(4, "int32", 1),
    dilation_h_factor=Option(5, "int32", 1),
)
def conv_2d(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_conv_2d_s8``, to a kernel for few channels, or to one for groups of them."""
    geometry = conv_geometry(view)
    weights = view.constant(1, DType.INT8)
    rows = weights.reshape(geometry.out_ch, -1)
    if weights.shape[3] != geometry.in_ch:
        lower_groups(view, low, geometry, rows)
    elif not lower_few_channels(view, low, "conv_2d", geometry, rows):
        lower_many_channels(view, low, "conv_2d", geometry, rows)


def lower_many_channels(view: OpView, low: Lowering, stem: str, geometry: Geometry, rows: Array, axis: int = 0) -> None:
    """Lower to ``tfg_conv_2d_s8``; ``rows`` [output channel, weights], and the rest as in ``few_channels``."""
    low.layer(
        stem,
        MANY,
        {
            **packed(conv_weights(view, rows, paired, axis)),
            **sizes(geometry),
            "groups": -(-rows.shape[1] // GROUP),
            **output_limits(view),
        },
        inputs=(view.input(0),),
        outputs=(view.output(),),
        scratch_bytes=patch_bytes(geometry),
        macs=geometry.batches * geometry.out_h * geometry.out_w * rows.size,
        overlaps=whole_windows(geometry),
    )
