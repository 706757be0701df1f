"""SUB of two int8 tensors: as ADD, with the difference in place of the sum."""

from __future__ import annotations

from tinyforge.compiler.binary import common_scale, lower_binary, lower_float, operands
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.compiler.quantized import clamp_of
from tinyforge.core.graph import DType

SPARE_BITS = 20


@operator("SUB", fused_activation_function=Option(0, "int8", 0))
def sub(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_sub_s8``, a table or ``tfg_sub_f32``."""
    if view.output().dtype is DType.FLOAT32:
        lower_float(view, low, "sub")
        return
    left, right, output = operands(view)
    scaling = common_scale(view, left, right, output, lambda twice, scale: twice / ((1 << SPARE_BITS) * scale))
    least, most = clamp_of(view, output)

    def result(one: int, two: int) -> int:
        one, two = scaling.operands(one, two, SPARE_BITS)
        return min(max(scaling.output(one - two), least), most)

    lower_binary(view, low, "sub", {**scaling.params(), "min": least, "max": most}, result)
