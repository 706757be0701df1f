"""CONCATENATION and PACK: inputs side by side along one axis, which PACK makes anew. Values are moved, not rescaled.

LiteRT demands that int8 inputs have the output's quantization; so does this.
"""

from __future__ import annotations

import math

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.movement import axis_of, movable, same_scale, write_part
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.core.graph import Tensor


def joined(view: OpView) -> tuple[int, list[Tensor]]:
    """Axis of the output and the inputs.

    Raises:
        UnsupportedModelError: an axis that does not exist, or shapes that do not fit each other.
    """
    count = len(view.op.inputs)
    view.require(count > 0, "has no input", "convert the model again")
    view.counts((count,))
    inputs, output = [view.input(number) for number in range(count)], view.output()
    shape = inputs[0].shape
    if view.op.kind == "PACK":
        axis = axis_of(view, view.option("axis"), len(shape) + 1)
        view.require(view.option("values_count") == count, f"has {count} inputs", "convert the model again")
        for tensor in inputs:
            view.shape_is(tensor, shape)
        view.shape_is(output, (*shape[:axis], count, *shape[axis:]))
        return axis, inputs
    axis = axis_of(view, view.option("axis"), len(shape))
    for tensor in inputs:
        view.require(
            len(tensor.shape) == len(shape), f"has {len(tensor.shape)} dimensions", "convert the model again", tensor
        )
        view.shape_is(tensor, (*shape[:axis], tensor.shape[axis], *shape[axis + 1 :]))
    whole = sum(tensor.shape[axis] for tensor in inputs)
    view.shape_is(output, (*shape[:axis], whole, *shape[axis + 1 :]))
    return axis, inputs


@operator("CONCATENATION", axis=Option(0, "int32", 0), fused_activation_function=Option(1, "int8", 0))
def concatenation(view: OpView, low: Lowering) -> None:
    """Lower to a ``tfg_concatenation`` an input."""
    view.require(view.option("fused_activation_function") == 0, "has an activation", "convert the model again")
    _join(view, low)


@operator("PACK", values_count=Option(0, "int32", 0), axis=Option(1, "int32", 0))
def pack(view: OpView, low: Lowering) -> None:
    """Lower to a ``tfg_concatenation`` an input."""
    _join(view, low)


def _join(view: OpView, low: Lowering) -> None:
    axis, inputs = joined(view)
    output = view.output()
    count, offset = math.prod(output.shape[:axis]), 0
    for tensor in inputs:
        if tensor.elements:
            movable(view, tensor, output)
            same_scale(view, tensor, output)
        offset = write_part(low, view.op.kind.lower(), tensor, output, count=count, offset=offset)
