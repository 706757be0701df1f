"""SHAPE, FILL, REDUCE_PROD: known when the model is compiled. ``passes/fold_constants.py`` makes constants of them."""

from __future__ import annotations

from typing import NoReturn

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator


@operator("SHAPE", out_type=Option(0, "int8", 0))
def shape(view: OpView, low: Lowering) -> NoReturn:
    """Reached only when the pass could not fold it."""
    del low
    view.refuse("has an unusual output", "convert the model again", view.output())


@operator("FILL")
def fill(view: OpView, low: Lowering) -> NoReturn:
    """Reached only when the pass could not fold it."""
    del low
    view.refuse("fills a computed shape, or too large a one", "give FILL a constant shape and value", view.output())


@operator("REDUCE_PROD", keep_dims=Option(0, "bool", default=False))
def reduce_prod(view: OpView, low: Lowering) -> NoReturn:
    """Reached only when the pass could not fold it."""
    del low
    view.refuse("multiplies what is computed", "keep REDUCE_PROD to shapes", view.output())
