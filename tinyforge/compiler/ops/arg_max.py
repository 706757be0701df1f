"""ARG_MAX and ARG_MIN: the first place of the greatest (least) value along one axis."""

from __future__ import annotations

import math

from tinyforge.compiler.axes import normalized_axes
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.core.graph import DType

_TYPES = {2: DType.INT32, 4: DType.INT64}  # TFLite's numbers


@operator("ARG_MAX", "ARG_MIN", output_type=Option(0, "int8", 0))
def arg_max(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_arg_max_s8``; flipped bits make the least value the greatest, and uint8 into int8."""
    view.counts((2,))
    input_, output = view.activation(0), view.output()
    view.is_dtype(input_, DType.INT8, DType.UINT8)
    view.is_dtype(output, DType.INT32, DType.INT64)
    axes = normalized_axes(view, view.integers(1), len(input_.shape))
    view.require(len(axes) == 1, f"names {len(axes)} axes", "convert the model again")
    axis = axes[0]
    view.shape_is(output, input_.shape[:axis] + input_.shape[axis + 1 :])
    view.require(input_.elements > 0, "is empty", "remove the operator", input_)
    said = view.option("output_type")
    view.require(
        _TYPES.get(said) is output.dtype,
        f"is {output.dtype.value} where the option output_type is {said}",
        "convert the model again",
        output,
    )
    flip = (0x80 if input_.dtype is DType.UINT8 else 0) ^ (0xFF if view.op.kind == "ARG_MIN" else 0)
    low.layer(
        view.op.kind.lower(),
        "tfg_arg_max_s8",
        {
            "outer": math.prod(input_.shape[:axis]),
            "count": input_.shape[axis],
            "inner": math.prod(input_.shape[axis + 1 :]),
            "flip": flip,
            "wide": int(output.dtype is DType.INT64),
        },
        inputs=(input_,),
        outputs=(output,),
    )
