"""MUL of two int8 tensors of equal shape or with broadcasting: the product of both, rescaled once."""

from __future__ import annotations

from tinyforge.compiler.binary import lower_binary, lower_float, operands
from tinyforge.compiler.fixed_point import requantize
from tinyforge.compiler.lookup import float32_ratio, multiplier_of
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.compiler.quantized import clamp_of
from tinyforge.core.graph import DType


@operator("MUL", fused_activation_function=Option(0, "int8", 0))
def mul(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_mul_s8``, a table or ``tfg_mul_f32``."""
    if view.output().dtype is DType.FLOAT32:
        lower_float(view, low, "mul")
        return
    left, right, output = operands(view)
    (scale_left, zero_left), (scale_right, zero_right) = view.quantized(left), view.quantized(right)
    scale_out, zero_out = view.quantized(output)
    multiplier, exponent = multiplier_of(view, float32_ratio(scale_left, scale_right, divisor=scale_out), output)
    least, most = clamp_of(view, output)

    def result(one: int, two: int) -> int:
        product = requantize((one - zero_left) * (two - zero_right), multiplier, exponent)
        return min(max(zero_out + product, least), most)

    params = {
        "offset_left": -zero_left,
        "offset_right": -zero_right,
        "multiplier": multiplier,
        "exponent": exponent,
        "zero_point": zero_out,
        "min": least,
        "max": most,
    }
    lower_binary(view, low, "mul", params, result)
