"""PRELU: one factor from zero upwards, another times alpha below; alpha is broadcast."""

from __future__ import annotations

from tinyforge.compiler.binary import lower_binary, operands
from tinyforge.compiler.fixed_point import requantize
from tinyforge.compiler.lookup import float32_ratio, multiplier_of
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator


@operator("PRELU")
def prelu(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_prelu_s8`` or a table."""
    input_, alpha, output = operands(view)
    view.activation(0)
    view.shape_is(output, input_.shape)
    (scale_in, zero_in), (scale_alpha, zero_alpha) = view.quantized(input_), view.quantized(alpha)
    scale_out, zero_out = view.quantized(output)
    above = multiplier_of(view, float32_ratio(scale_in, divisor=scale_out), output)
    below = multiplier_of(view, float32_ratio(scale_in, scale_alpha, divisor=scale_out), output)

    def result(value: int, slope: int) -> int:
        value -= zero_in
        found = requantize(value, *above) if value >= 0 else requantize(value * (slope - zero_alpha), *below)
        return min(max(zero_out + found, -128), 127)

    params = {
        "offset_left": -zero_in,
        "offset_right": -zero_alpha,
        "multiplier_above": above[0],
        "exponent_above": above[1],
        "multiplier_below": below[0],
        "exponent_below": below[1],
        "zero_point": zero_out,
    }
    lower_binary(view, low, "prelu", params, result)
