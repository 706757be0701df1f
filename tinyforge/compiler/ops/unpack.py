"""UNPACK: the slices of a tensor along one axis, each a tensor of its own; what nobody reads is not written."""

from __future__ import annotations

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.movement import axis_of, contiguous, movable, read_outputs, same_scale, strided_copy
from tinyforge.compiler.operators import Option, OpView, operator


def unpack_axis(view: OpView) -> int:
    """The axis along which it is cut.

    Raises:
        UnsupportedModelError: an axis that does not exist, or outputs of other shapes or number.
    """
    parts = len(view.op.outputs)
    view.counts((1,), parts)
    input_ = view.input(0)
    axis = axis_of(view, view.option("axis"), len(input_.shape))
    view.require(
        parts == view.option("num") == input_.shape[axis],
        f"has {parts} outputs for {input_.shape[axis]} slices",
        "convert the model again",
        input_,
    )
    for number in range(parts):
        view.shape_is(view.output(number), (*input_.shape[:axis], *input_.shape[axis + 1 :]))
    return axis


@operator("UNPACK", num=Option(0, "int32", 0), axis=Option(1, "int32", 0))
def unpack(view: OpView, low: Lowering) -> None:
    """Lower to a ``tfg_strided_copy`` an output."""
    axis = unpack_axis(view)
    input_ = view.activation(0)
    strides = contiguous(input_.shape)
    rest = (*strides[:axis], *strides[axis + 1 :])
    for number in read_outputs(view):
        output = view.output(number)
        movable(view, input_, output)
        same_scale(view, input_, output)
        strided_copy(view, low, input_, output, sizes=output.shape, strides=rest, offset=number * strides[axis])
