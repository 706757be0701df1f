"""ABS as a table."""

from __future__ import annotations

import numpy as np

from tinyforge.compiler.lookup import float32_ratio, levels, lower_table, multiplier_of, rescaled, unary
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator


@operator("ABS")
def absolute(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_lookup_s8``."""
    input_, output = unary(view)
    (in_scale, in_zero), (out_scale, out_zero) = view.quantized(input_), view.quantized(output)
    sizes = np.abs(levels(input_.dtype) - in_zero)
    if in_scale != out_scale:
        sizes = rescaled(sizes, *multiplier_of(view, float32_ratio(in_scale, divisor=out_scale), output))
    lower_table(view, low, "abs", out_zero + sizes)
