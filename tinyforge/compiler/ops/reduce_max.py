"""REDUCE_MAX and REDUCE_MIN over any axes."""

from __future__ import annotations

from tinyforge.compiler.axes import reduction
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.compiler.overlap import loops
from tinyforge.core.graph import DType


@operator("REDUCE_MAX", "REDUCE_MIN", keep_dims=Option(0, "bool", default=False))
def reduce_max(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_reduce_max_s8``; flipped bits make the least value the greatest."""
    view.counts((2,))
    input_, output = view.activation(0), view.output()
    view.is_dtype(input_, DType.INT8)
    view.is_dtype(output, DType.INT8)
    view.same_quantization(input_, output)
    reduced = reduction(view, input_, output, view.integers(1))
    low.layer(
        view.op.kind.lower(),
        "tfg_reduce_max_s8",
        {**reduced.params(), "flip": 0xFF if view.op.kind == "REDUCE_MIN" else 0},
        inputs=(input_,),
        outputs=(output,),
        overlaps=loops(reduced.kept, reduced.kept_strides),
    )
