"""ELU as a table."""

from __future__ import annotations

import numpy as np

from tinyforge.compiler.libm import expm1f
from tinyforge.compiler.lookup import float_table, lower_table, unary
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator


@operator("ELU")
def elu(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_lookup_s8``."""
    unary(view)
    lower_table(view, low, "elu", float_table(view, lambda x: np.where(x < 0, expm1f(x), x)))
