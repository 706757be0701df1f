"""COPY: what ``passes/own_outputs.py`` puts before an output that would otherwise share another buffer."""

from __future__ import annotations

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator
from tinyforge.compiler.overlap import read_before


@operator("COPY")
def copy(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_copy``."""
    input_, output = view.input(0), view.output()
    overlaps = read_before(output.bytes)
    low.layer("copy", "tfg_copy", {"bytes": output.bytes}, inputs=(input_,), outputs=(output,), overlaps=overlaps)
