"""DEQUANTIZE: int8 or uint8 to float32, at the end of a model whose outputs are float."""

from __future__ import annotations

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import QUANTIZE_COMMAND, OpView, operator
from tinyforge.core.graph import DType


@operator("DEQUANTIZE")
def dequantize(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_dequantize_s8``."""
    view.counts((1,))
    input_, output = view.input(0), view.output()
    view.require(input_.data is None, "is a constant, so what follows computes in float32", QUANTIZE_COMMAND, input_)
    view.is_dtype(input_, DType.INT8, DType.UINT8)
    view.is_dtype(output, DType.FLOAT32)
    view.shape_is(output, input_.shape)
    view.require(input_.elements > 0, "is empty", "remove the operator", input_)
    scale, zero = view.quantized(input_)
    unsigned = input_.dtype is DType.UINT8
    low.layer(
        "dequantize",
        "tfg_dequantize_s8",
        {
            "scale": scale,
            "zero_point": zero - 128 if unsigned else zero,
            "flip": 0x80 if unsigned else 0,
            "elements": output.elements,
        },
        inputs=(input_,),
        outputs=(output,),
    )
