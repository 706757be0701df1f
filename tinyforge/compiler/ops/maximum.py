"""MAXIMUM and MINIMUM of two int8 tensors; the reference compares the stored numbers, whatever their scales are."""

from __future__ import annotations

from tinyforge.compiler.binary import lower_binary, operands
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator


@operator("MAXIMUM")
def maximum(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_maximum_s8`` or a table."""
    operands(view)
    lower_binary(view, low, "maximum", {}, max)


@operator("MINIMUM")
def minimum(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_minimum_s8`` or a table."""
    operands(view)
    lower_binary(view, low, "minimum", {}, min)
