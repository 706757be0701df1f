"""SQUARED_DIFFERENCE of two int8 tensors: both rescaled to a common scale with 7 spare bits, then squared."""

from __future__ import annotations

from tinyforge.compiler.binary import common_scale, lower_binary, operands
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator

SPARE_BITS = 7


@operator("SQUARED_DIFFERENCE")
def squared_difference(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_squared_difference_s8`` or a table."""
    left, right, output = operands(view)
    scaling = common_scale(
        view, left, right, output, lambda twice, scale: twice * twice / ((1 << 2 * SPARE_BITS) * scale)
    )

    def result(one: int, two: int) -> int:
        one, two = scaling.operands(one, two, SPARE_BITS)
        return min(max(scaling.output((one - two) ** 2), -128), 127)

    lower_binary(view, low, "squared_difference", scaling.params(), result)
