"""SHAPE and FILL: known when the model is compiled. ``passes/fold_constants.py`` replaces them by constants."""

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
