"""DEQUANTIZE: int8 or uint8 to float32, at the end of a model whose outputs are float; constants are computed now."""

from __future__ import annotations

import numpy as np

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import QUANTIZE_COMMAND, OpView, operator
from tinyforge.core.graph import Array, DType, Overlap


def dequantized(view: OpView) -> Array | None:
    """The content of a constant as float32 of its shape, or None for types other than int8 and uint8."""
    view.counts((1,))
    input_ = view.input(0)
    if input_.data is None or input_.quant is None or input_.dtype not in {DType.INT8, DType.UINT8}:
        return None
    sizes = [1] * len(input_.shape)
    if not input_.quant.per_tensor:
        sizes[input_.quant.axis] = -1
    scale = np.array(input_.quant.scale, np.float64).reshape(sizes)
    zero = np.array(input_.quant.zero_point, np.float64).reshape(sizes)
    with np.errstate(over="ignore"):  # infinite values are refused where they are used
        return np.asarray(scale * (input_.data - zero), np.float32)


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
        overlaps=(Overlap(0, 0, (output.elements - 1) * (output.dtype.bytes - input_.dtype.bytes)),),
    )
