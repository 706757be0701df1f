"""SLICE: a block of a tensor, with constant begin and size."""

from __future__ import annotations

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.movement import contiguous, movable, strided_copy
from tinyforge.compiler.operators import OpView, operator


def block_of(view: OpView) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """First index and size along each dimension; a size of -1 means up to the end.

    Raises:
        UnsupportedModelError: computed bounds, a block that reaches outside, or an output of another shape.
    """
    view.counts((3,))
    input_ = view.input(0)
    begin, size = view.integers(1), view.integers(2)
    rank = len(input_.shape)
    view.require(len(begin) == rank == len(size), f"has {len(begin)} starts for {rank} dimensions", "convert it again")
    sizes = tuple(
        whole - first if wanted == -1 else wanted
        for whole, first, wanted in zip(input_.shape, begin, size, strict=True)
    )
    view.require(
        all(
            first >= 0 and wanted > 0 and first + wanted <= whole
            for whole, first, wanted in zip(input_.shape, begin, sizes, strict=True)
        ),
        f"takes {list(size)} from {list(begin)} on of {list(input_.shape)}",
        "convert the model again",
        input_,
    )
    view.shape_is(view.output(), sizes)
    return begin, sizes


@operator("SLICE")
def slice_(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_strided_copy``."""
    begin, sizes = block_of(view)
    input_, output = view.activation(0), view.output()
    movable(view, input_, output)
    strides = contiguous(input_.shape)
    offset = sum(first * stride for first, stride in zip(begin, strides, strict=True))
    strided_copy(view, low, input_, output, sizes=sizes, strides=strides, offset=offset)
