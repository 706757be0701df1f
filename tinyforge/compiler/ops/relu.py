"""RELU, RELU6, RELU_N1_TO_1 and RELU_0_TO_1 that stand alone: rescaled, then clamped.

With one quantization on both sides only the clamp is left.
"""

from __future__ import annotations

import math

import numpy as np

from tinyforge.compiler.fixed_point import round_half_away
from tinyforge.compiler.lookup import float32_ratio, levels, lower_table, multiplier_of, rescaled, unary
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator
from tinyforge.core.graph import DType

_RANGES = {
    "RELU": (0.0, math.inf),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
    "RELU_0_TO_1": (0.0, 1.0),
}


@operator(*_RANGES)
def relu(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_limit_s8`` or ``tfg_lookup_s8``."""
    input_, output = unary(view, DType.INT8, DType.UINT8)
    (in_scale, in_zero), (out_scale, out_zero) = view.quantized(input_), view.quantized(output)
    multiplier, exponent = multiplier_of(view, float32_ratio(in_scale, divisor=out_scale), output)
    bounds = []
    for real in _RANGES[view.op.kind]:
        steps = float32_ratio(real, divisor=out_scale)
        view.require(math.isinf(real) or abs(steps) < 1 << 31, f"has scale {out_scale:g}", "quantize it again", output)
        bounds.append(np.iinfo(output.dtype.numpy).max if math.isinf(real) else out_zero + round_half_away(steps))
    outputs = out_zero + rescaled(levels(input_.dtype) - in_zero, multiplier, exponent)
    least = max(bounds[0], np.iinfo(output.dtype.numpy).min)
    lower_table(view, low, view.op.kind.lower(), np.minimum(bounds[1], np.maximum(least, outputs)))
