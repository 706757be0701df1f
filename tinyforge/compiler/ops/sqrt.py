"""SQRT as a table; cut towards zero, not rounded. Below the zero point, where LiteRT stops with an error, it is 0."""

from __future__ import annotations

import numpy as np

from tinyforge.compiler.lookup import levels, lower_table, unary
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator


@operator("SQRT")
def sqrt(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_lookup_s8``."""
    input_, output = unary(view)
    (in_scale, in_zero), (out_scale, out_zero) = view.quantized(input_), view.quantized(output)
    values = np.maximum(levels(input_.dtype) - in_zero, 0).astype(np.float32)
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        steps = np.sqrt(np.float32(in_scale) * values) / np.float32(out_scale)
    view.require(bool(steps.max() < 1 << 31), "has a scale far too small", "quantize the model again", output)
    lower_table(view, low, "sqrt", out_zero + np.trunc(steps).astype(np.int64))
