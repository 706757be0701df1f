"""QUANTIZE: float32 to int8 or uint8, and from one 8-bit quantization to another."""

from __future__ import annotations

import numpy as np

from tinyforge.compiler.lookup import levels, lower_table, multiplier_of, rescaled
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator
from tinyforge.compiler.overlap import loops
from tinyforge.core.graph import DType

_LEAST_SCALE = 2.0**-20  # below, inputs of a few thousand leave the 32 bits of the reference's steps


@operator("QUANTIZE")
def quantize(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_quantize_f32``, or to a table, a flip of the sign bit or a copy."""
    view.counts((1,))
    input_, output = view.activation(0), view.output()
    view.is_dtype(input_, DType.INT8, DType.UINT8, DType.FLOAT32)
    view.is_dtype(output, DType.INT8, DType.UINT8)
    view.shape_is(output, input_.shape)
    view.require(input_.elements > 0, "is empty", "remove the operator", input_)
    scale, zero = view.quantized(output)
    if input_.dtype is not DType.FLOAT32:
        in_scale, in_zero = view.quantized(input_)
        factor = multiplier_of(view, in_scale / scale, output)
        lower_table(view, low, "quantize", zero + rescaled(levels(input_.dtype) - in_zero, *factor))
        return
    view.require(
        scale >= _LEAST_SCALE, f"has scale {scale:g}, far too small", "calibrate and quantize the model again", output
    )
    info = np.iinfo(output.dtype.numpy)
    low.layer(
        "quantize",
        "tfg_quantize_f32",
        {"scale": scale, "zero_point": zero, "min": int(info.min), "max": int(info.max), "elements": output.elements},
        inputs=(input_,),
        outputs=(output,),
        overlaps=loops((output.elements,), (input_.dtype.bytes,)),
    )
