"""TANH as a table."""

from __future__ import annotations

from tinyforge.compiler.libm import tanhf
from tinyforge.compiler.lookup import float_table, lower_table, unary
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator
from tinyforge.core.graph import DType


@operator("TANH")
def tanh(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_lookup_s8``."""
    unary(view, DType.INT8, DType.UINT8)
    lower_table(view, low, "tanh", float_table(view, tanhf))
