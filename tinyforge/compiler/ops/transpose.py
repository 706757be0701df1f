"""TRANSPOSE: any constant permutation."""

from __future__ import annotations

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.movement import contiguous, movable, strided_copy
from tinyforge.compiler.operators import OpView, operator


def permutation_of(view: OpView) -> tuple[int, ...]:
    """The input's axis behind each axis of the output.

    Raises:
        UnsupportedModelError: a computed one, no permutation, or an output of another shape.
    """
    view.counts((2,))
    shape = view.input(0).shape
    rank = len(shape)
    view.require(rank > 0, "is a scalar, whose output the reference leaves as it was", "remove the operator")
    said = view.integers(1)
    axes = tuple(axis % rank if -rank <= axis < rank else -1 for axis in said)
    view.require(
        sorted(axes) == list(range(rank)), f"permutes {rank} dimensions by {list(said)}", "convert the model again"
    )
    view.shape_is(view.output(), tuple(shape[axis] for axis in axes))
    return axes


@operator("TRANSPOSE")
def transpose(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_strided_copy``."""
    axes = permutation_of(view)
    input_, output = view.activation(0), view.output()
    movable(view, input_, output)
    strides = contiguous(input_.shape)
    strided_copy(view, low, input_, output, sizes=output.shape, strides=tuple(strides[axis] for axis in axes))
