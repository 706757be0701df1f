"""NEG as a table. The reference negates the stored numbers themselves, modulo 256, whatever their zero point is."""

from __future__ import annotations

from tinyforge.compiler.lookup import levels, lower_table, unary
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator


@operator("NEG")
def neg(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_lookup_s8``."""
    input_, _ = unary(view)
    outputs = -levels(input_.dtype)
    outputs[0] = -128
    lower_table(view, low, "neg", outputs)
