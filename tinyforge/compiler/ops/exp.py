"""EXP as a table."""

from __future__ import annotations

from tinyforge.compiler.libm import expf
from tinyforge.compiler.lookup import float_table, lower_table, unary
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator


@operator("EXP")
def exp(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_lookup_s8``."""
    unary(view)
    lower_table(view, low, "exp", float_table(view, expf))
