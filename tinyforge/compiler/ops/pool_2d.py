"""MAX_POOL_2D and AVERAGE_POOL_2D: input and output share one quantization, so values are only chosen or averaged."""

from __future__ import annotations

from tinyforge.compiler.geometry import window_geometry
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.compiler.overlap import channel_windows
from tinyforge.compiler.quantized import clamp_of
from tinyforge.core.graph import DType, Param

_OPTIONS = {
    "padding": Option(0, "int8", 0),
    "stride_w": Option(1, "int32", 0),
    "stride_h": Option(2, "int32", 0),
    "filter_width": Option(3, "int32", 0),
    "filter_height": Option(4, "int32", 0),
    "fused_activation_function": Option(5, "int8", 0),
}


@operator("MAX_POOL_2D", "AVERAGE_POOL_2D", **_OPTIONS)
def pool_2d(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_max_pool_2d_s8`` or ``tfg_average_pool_2d_s8``."""
    view.counts((1,))
    input_, output = view.activation(0), view.output()
    view.is_dtype(input_, DType.INT8)
    view.is_dtype(output, DType.INT8)
    view.same_quantization(input_, output)
    geometry = window_geometry(view, input_, output, (view.option("filter_height"), view.option("filter_width")))
    view.require(
        geometry.in_ch == geometry.out_ch,
        f"has {geometry.in_ch} channels in and {geometry.out_ch} out",
        "convert the model again",
        output,
    )
    least, most = clamp_of(view, output)
    params: dict[str, Param] = {
        name: getattr(geometry, name)
        for name in (
            "batches", "in_h", "in_w", "out_h", "out_w",
            "kernel_h", "kernel_w", "stride_h", "stride_w", "pad_h", "pad_w",
        )
    }  # fmt: skip
    params["channels"] = geometry.in_ch
    params["min"], params["max"] = least, most
    stem = "max_pool_2d" if view.op.kind == "MAX_POOL_2D" else "average_pool_2d"
    overlaps = channel_windows(geometry)
    low.layer(
        stem,
        f"tfg_{stem}_s8",
        params,
        inputs=(input_,),
        outputs=(output,),
        overlaps=overlaps,
    )
