"""TABLE: an operator of our own, what a pass has found out about an 8-bit tensor that depends on one other alone."""

from __future__ import annotations

from tinyforge.compiler.lookup import lower_table
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import QUANTIZE_COMMAND, OpView, operator


@operator("TABLE")
def table(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_lookup_s8``; the option ``outputs`` is int64 [256], ``stem`` names the call."""
    lower_table(view, low, view.option("stem"), view.option("outputs"))


@operator("CEIL", "COS", "FLOOR", "ROUND", "SIGN", "SIN", "SQUARE")
def float_function(view: OpView, low: Lowering) -> None:
    """Refuse: the pass ``tabulate`` takes these where they stand between 8-bit tensors, and TFLite has no others."""
    del low
    view.counts((1,))
    view.refuse(
        f"computes in {view.input(0).dtype.value}, which is done only from one 8-bit tensor to another",
        QUANTIZE_COMMAND,
        view.input(0),
    )
