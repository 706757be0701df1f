"""CAST between integers, float32 and bool. Stored numbers are converted, quantization is not looked at."""

from __future__ import annotations

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator
from tinyforge.core.graph import DType, Tensor

# as in tfg_cast.h
_CODES = {
    DType.BOOL: 0,
    DType.INT8: 1,
    DType.UINT8: 2,
    DType.INT16: 3,
    DType.INT32: 4,
    DType.INT64: 5,
    DType.FLOAT32: 6,
}


@operator("CAST")
def cast(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_cast``, or to a copy between equal types."""
    view.counts((1,))
    input_, output = view.activation(0), view.output()
    for tensor in (input_, output):
        view.require(
            tensor.dtype in _CODES,
            f"is {tensor.dtype.value}, which is not cast",
            f"cast between {', '.join(dtype.value for dtype in _CODES)}",
            tensor,
        )
    view.shape_is(output, input_.shape)
    view.require(input_.elements > 0, "is empty", "remove the operator", input_)
    if input_.dtype is output.dtype:
        low.layer("cast", "tfg_copy", {"bytes": output.bytes}, inputs=(input_,), outputs=(output,), inplace=((0, 0),))
        return
    add_cast(low, input_, output)


def add_cast(low: Lowering, source: Tensor, target: Tensor) -> None:
    """Add the call that converts numbers to the target's type; both hold equally many."""
    low.layer(
        "cast",
        "tfg_cast",
        {"elements": target.elements, "from": _CODES[source.dtype], "to": _CODES[target.dtype]},
        inputs=(source,),
        outputs=(target,),
    )
