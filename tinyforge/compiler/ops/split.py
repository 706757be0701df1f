"""SPLIT and SPLIT_V: a tensor cut along one axis; what nobody reads is not written."""

from __future__ import annotations

import itertools

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.movement import axis_of, contiguous, movable, read_outputs, strided_copy
from tinyforge.compiler.operators import Option, OpView, operator


def parts_of(view: OpView) -> tuple[int, int, tuple[int, ...]]:
    """Position of the input, axis, and size of each part along it.

    Raises:
        UnsupportedModelError: a computed axis or sizes, parts that do not add up, or outputs of other shapes.
    """
    parts = len(view.op.outputs)
    view.require(parts == view.option("num_splits") > 0, f"has {parts} outputs", "convert the model again")
    if view.op.kind == "SPLIT":
        view.counts((2,), parts)
        data, axes, sizes = 1, view.integers(0), None
    else:
        view.counts((3,), parts)
        data, axes, sizes = 0, view.integers(2), list(view.integers(1))
    input_ = view.input(data)
    view.require(len(axes) == 1, f"names {len(axes)} axes", "convert the model again")
    axis = axis_of(view, axes[0], len(input_.shape))
    whole = input_.shape[axis]
    if sizes is None:
        sizes = [whole // parts] * parts
    elif sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = whole - sum(sizes) - 1
    view.require(
        len(sizes) == parts and sum(sizes) == whole and min(sizes) >= 0,
        f"cuts {whole} into {sizes}",
        "convert the model again",
        input_,
    )
    for number, size in enumerate(sizes):
        view.shape_is(view.output(number), (*input_.shape[:axis], size, *input_.shape[axis + 1 :]))
    return data, axis, tuple(sizes)


@operator("SPLIT", "SPLIT_V", num_splits=Option(0, "int32", 0))
def split(view: OpView, low: Lowering) -> None:
    """Lower to a ``tfg_strided_copy`` an output."""
    data, axis, sizes = parts_of(view)
    input_ = view.activation(data)
    strides = contiguous(input_.shape)
    begins = list(itertools.accumulate(sizes[:-1], initial=0))
    for number in read_outputs(view):
        output = view.output(number)
        movable(view, input_, output)
        offset = begins[number] * strides[axis]
        strided_copy(view, low, input_, output, sizes=output.shape, strides=strides, offset=offset)
