"""LOGISTIC: int8 as a table, with the output scale TFLite fixes to 1/256; float32 where a model ends in it."""

from __future__ import annotations

import numpy as np

from tinyforge.compiler.libm import expf
from tinyforge.compiler.lookup import float_table, lower_table, unary
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator
from tinyforge.core.graph import DType, Param
from tinyforge.core.types import Float32Array


def sigmoid(x: Float32Array) -> Float32Array:
    """``1 / (1 + exp(-x))`` in float32; any shape."""
    return np.float32(1) / (np.float32(1) + expf(-x))


@operator("LOGISTIC")
def logistic(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_lookup_s8`` or ``tfg_logistic_f32``."""
    input_, output = unary(view, DType.INT8, DType.UINT8, DType.FLOAT32)
    if input_.dtype is DType.FLOAT32:
        params: dict[str, Param] = {"elements": output.elements}
        low.layer("logistic", "tfg_logistic_f32", params, inputs=(input_,), outputs=(output,), inplace=((0, 0),))
        return
    scale, _ = view.quantized(output)
    view.require(
        scale == 1 / 256,
        f"has scale {scale:g}, not 1/256",
        "convert the model again: TFLite fixes the scale of a logistic function",
        output,
    )
    lower_table(view, low, "logistic", float_table(view, sigmoid))
