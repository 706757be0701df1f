"""SELECT and SELECT_V2: elements of one tensor or of another; numbers are moved as they are stored."""

from __future__ import annotations

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator
from tinyforge.core.graph import DType, Tensor


@operator("SELECT", "SELECT_V2")
def select(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_select``; operands are of the output's shape or of one element."""
    view.counts((3,))
    condition, left, right, output = view.activation(0), view.input(1), view.input(2), view.output()
    view.require(condition.dtype is DType.BOOL, f"is {condition.dtype.value}, not bool", "convert it again", condition)
    for tensor in (left, right):
        view.is_dtype(tensor, output.dtype)
        if output.dtype in {DType.INT8, DType.UINT8}:
            view.same_quantization(output, tensor)
    view.require(output.elements > 0 and output.dtype.bytes > 0, "is empty", "remove the operator", output)
    low.layer(
        "select",
        "tfg_select",
        {
            "elements": output.elements,
            "bytes": output.dtype.bytes,
            "condition_stride": _stride(view, condition, output),
            "left_stride": _stride(view, left, output),
            "right_stride": _stride(view, right, output),
        },
        inputs=(condition, left, right),
        outputs=(output,),
        inplace=tuple(
            (position, 0)
            for position, tensor in ((1, left), (2, right))
            if tensor.data is None and tensor.shape == output.shape
        ),
    )


def _stride(view: OpView, tensor: Tensor, output: Tensor) -> int:
    """1 for an operand of the output's shape, 0 for a single number."""
    if tensor.elements == 1 and len(tensor.shape) <= len(output.shape) and view.op.kind == "SELECT_V2":
        return 0
    view.require(
        tensor.shape == output.shape,
        f"has shape {list(tensor.shape)} where {list(output.shape)} or one number is supported",
        "broadcast it before",
        tensor,
    )
    return 1
