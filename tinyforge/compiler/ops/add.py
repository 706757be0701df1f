"""ADD of two int8 tensors of equal shape or with broadcasting: both rescaled to a common scale with 20 spare bits."""

from __future__ import annotations

from tinyforge.compiler.binary import common_scale, lower_binary, lower_float, operands
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.compiler.quantized import clamp_of
from tinyforge.core.graph import DType

SPARE_BITS = 20


@operator("ADD", fused_activation_function=Option(0, "int8", 0))
def add(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_add_s8``, a table or ``tfg_add_f32``."""
    if view.output().dtype is DType.FLOAT32:
        lower_float(view, low, "add")
        return
    left, right, output = operands(view)
    scaling = common_scale(view, left, right, output, lambda twice, scale: twice / ((1 << SPARE_BITS) * scale))
    least, most = clamp_of(view, output)

    def result(one: int, two: int) -> int:
        return min(max(scaling.output(sum(scaling.operands(one, two, SPARE_BITS))), least), most)

    lower_binary(view, low, "add", {**scaling.params(), "min": least, "max": most}, result)
