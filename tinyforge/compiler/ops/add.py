"""ADD of two int8 tensors of equal shape or with broadcasting: both rescaled to a common scale with 20 spare bits."""

from __future__ import annotations

from tinyforge.compiler.broadcast import broadcast_loops, elementwise_inplace
from tinyforge.compiler.fixed_point import quantize_multiplier
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.compiler.quantized import clamp_of
from tinyforge.core.graph import DType

LEFT_SHIFT = 20


@operator("ADD", fused_activation_function=Option(0, "int8", 0))
def add(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_add_s8``."""
    view.counts((2,))
    left, right, output = view.input(0), view.input(1), view.output()
    for tensor in (left, right, output):
        view.is_dtype(tensor, DType.INT8)
    scale_left, zero_left = view.quantized(left)
    scale_right, zero_right = view.quantized(right)
    scale_out, zero_out = view.quantized(output)
    twice = 2 * max(scale_left, scale_right)
    multiplier_left, exponent_left = quantize_multiplier(scale_left / twice)
    multiplier_right, exponent_right = quantize_multiplier(scale_right / twice)
    multiplier_out, exponent_out = quantize_multiplier(twice / ((1 << LEFT_SHIFT) * scale_out))
    view.require(
        exponent_out <= 0,
        "has an output scale 2**19 times smaller than its inputs'",
        "calibrate and quantize the model again",
        output,
    )
    least, most = clamp_of(view, output)
    loops = broadcast_loops(view, left, right, output)
    view.require(left.data is None or right.data is None, "adds two constants", "fold it at conversion", output)
    low.layer(
        "add",
        "tfg_add_s8",
        {
            **loops.params(),
            "offset_left": -zero_left,
            "multiplier_left": multiplier_left,
            "exponent_left": exponent_left,
            "offset_right": -zero_right,
            "multiplier_right": multiplier_right,
            "exponent_right": exponent_right,
            "multiplier_out": multiplier_out,
            "exponent_out": exponent_out,
            "zero_point": zero_out,
            "min": least,
            "max": most,
        },
        inputs=(left, right),
        outputs=(output,),
        inplace=elementwise_inplace(left, right, output),
    )
