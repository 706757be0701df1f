"""L2_NORMALIZATION over the last dimension: each row divided by its length."""

from __future__ import annotations

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.core.graph import DType

_DEEPEST = ((1 << 31) - 1) // (255 * 255)


@operator("L2_NORMALIZATION", fused_activation_function=Option(0, "int8", 0))
def l2_normalization(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_l2_normalization_s8``."""
    view.counts((1,))
    input_, output = view.activation(0), view.output()
    view.is_dtype(input_, DType.INT8)
    view.is_dtype(output, DType.INT8)
    view.shape_is(output, input_.shape)
    view.require(bool(input_.shape) and input_.elements > 0, "is empty or a scalar", "remove the operator", input_)
    view.require(view.option("fused_activation_function") == 0, "has an activation", "convert the model again")
    view.require(
        view.quantized(output) == (1.0 / 128, 0),
        f"is quantized {view.quantized(output)}, not 1/128 and 0",
        "convert the model again: TFLite fixes the quantization of a normalized vector",
        output,
    )
    depth = input_.shape[-1]
    view.require(depth <= _DEEPEST, f"has rows of {depth}", "normalize shorter rows", input_)
    low.layer(
        "l2_normalization",
        "tfg_l2_normalization_s8",
        {"rows": input_.elements // depth, "depth": depth, "in_offset": -view.quantized(input_)[1]},
        inputs=(input_,),
        outputs=(output,),
        inplace=((0, 0),),
    )
