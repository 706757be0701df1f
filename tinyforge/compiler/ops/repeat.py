"""REVERSE_V2, TILE and BROADCAST_TO: elements backwards, or several times."""

from __future__ import annotations

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.movement import axis_of, contiguous, movable, strided_copy
from tinyforge.compiler.operators import OpView, operator


@operator("REVERSE_V2")
def reverse_v2(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_strided_copy``."""
    view.counts((2,))
    input_, output = view.activation(0), view.output()
    movable(view, input_, output)
    view.shape_is(output, input_.shape)
    axes = [axis_of(view, axis, len(input_.shape)) for axis in view.integers(1)]
    view.require(len(set(axes)) == len(axes), f"reverses axes {axes}", "name each axis once")
    strides = contiguous(input_.shape)
    strided_copy(
        view,
        low,
        input_,
        output,
        sizes=input_.shape,
        strides=tuple(-stride if axis in axes else stride for axis, stride in enumerate(strides)),
        offset=sum((input_.shape[axis] - 1) * strides[axis] for axis in axes),
    )


@operator("TILE")
def tile(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_strided_copy`` with loops that take no step."""
    view.counts((2,))
    input_, output = view.activation(0), view.output()
    movable(view, input_, output)
    times = view.integers(1)
    view.require(len(times) == len(input_.shape), f"repeats {len(times)} dimensions", "convert the model again", input_)
    view.shape_is(output, tuple(size * count for size, count in zip(input_.shape, times, strict=True)))
    sizes: list[int] = []
    strides: list[int] = []
    for size, stride, count in zip(input_.shape, contiguous(input_.shape), times, strict=True):
        sizes += [count, size]
        strides += [0, stride]
    strided_copy(view, low, input_, output, sizes=tuple(sizes), strides=tuple(strides))


@operator("BROADCAST_TO")
def broadcast_to(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_strided_copy`` with loops that take no step."""
    view.counts((2,))
    input_, output = view.activation(0), view.output()
    movable(view, input_, output)
    shape = view.integers(1)
    view.shape_is(output, shape)
    inner = (1,) * (len(shape) - len(input_.shape)) + input_.shape
    view.require(
        len(inner) == len(shape) and all(size in {1, whole} for size, whole in zip(inner, shape, strict=True)),
        f"spreads {list(input_.shape)} over {list(shape)}",
        "convert the model again",
        input_,
    )
    strides = tuple(0 if size == 1 else stride for size, stride in zip(inner, contiguous(inner), strict=True))
    strided_copy(view, low, input_, output, sizes=shape, strides=strides)
