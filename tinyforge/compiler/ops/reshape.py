"""RESHAPE, SQUEEZE, EXPAND_DIMS: the same bytes under another shape.

``passes/drop_reshapes.py`` removes them all; the operators are registered so that the reader accepts them, and
checked here.
"""

from __future__ import annotations

from typing import NoReturn

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator


def check_reshape(view: OpView) -> None:
    """Refuse a reshape that changes the number of elements, the type or the quantization."""
    view.require(bool(view.op.inputs) and len(view.op.outputs) == 1, "lacks an input or output", "convert it again")
    input_, output = view.input(0), view.output()
    view.require(
        input_.elements == output.elements and input_.dtype is output.dtype,
        f"changes {list(input_.shape)} {input_.dtype.value} to {list(output.shape)} {output.dtype.value}",
        "convert the model again",
        output,
    )
    if input_.quant is not None and output.quant is not None and input_.quant.per_tensor:
        view.same_quantization(input_, output)


@operator("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
def reshape(view: OpView, low: Lowering) -> NoReturn:
    """Never reached: the pass has dropped it."""
    raise ValueError(f"{view.place} was left by drop_reshapes, after {len(low.layers)} layers")
