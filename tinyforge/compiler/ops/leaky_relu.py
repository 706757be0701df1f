"""LEAKY_RELU as a table: one factor from zero upwards, alpha times it below."""

from __future__ import annotations

import numpy as np

from tinyforge.compiler.lookup import float32_ratio, levels, lower_table, multiplier_of, rescaled, unary
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.core.graph import DType


@operator("LEAKY_RELU", alpha=Option(0, "float32", 0.0))
def leaky_relu(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_lookup_s8``."""
    input_, output = unary(view, DType.INT8, DType.UINT8)
    (in_scale, in_zero), (out_scale, out_zero) = view.quantized(input_), view.quantized(output)
    alpha = view.option("alpha")
    values = levels(input_.dtype) - in_zero
    above = rescaled(values, *multiplier_of(view, float32_ratio(in_scale, divisor=out_scale), output))
    slope = float32_ratio(in_scale, abs(alpha), divisor=out_scale)
    below = rescaled(values, *multiplier_of(view, slope, output))
    lower_table(view, low, "leaky_relu", out_zero + np.where(values >= 0, above, -below if alpha < 0 else below))
