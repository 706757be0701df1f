"""Operators that only move values: nested loops with input strides, counted in bytes, adjoining loops merged.

What moves has a type, but the kernels do not care: an element is so many bytes in a row.
"""

from __future__ import annotations

import math

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView
from tinyforge.compiler.overlap import loops as overlap_of_loops
from tinyforge.core.graph import DType, Overlap, Param, Tensor

MOST_LOOPS = 5


def movable(view: OpView, source: Tensor, target: Tensor) -> None:
    """Refuse unless both have one element type, and both have elements that lie in memory.

    Raises:
        UnsupportedModelError: another type, a handle, or nothing to move.
    """
    view.require(source.dtype is not DType.RESOURCE, "is a handle, not a value", "convert the model again", source)
    view.is_dtype(target, source.dtype)
    for tensor in (source, target):
        view.require(tensor.elements > 0, "is empty", "remove the operator", tensor)


def same_scale(view: OpView, source: Tensor, target: Tensor) -> None:
    """Refuse unless values mean the same in both: where LiteRT demands it.

    Raises:
        UnsupportedModelError: quantized otherwise.
    """
    if source.dtype in {DType.INT8, DType.UINT8, DType.INT16} and (
        source.quant is not None or target.quant is not None
    ):
        view.same_quantization(source, target)


def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides in elements of a tensor whose last dimension varies fastest."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def merged(sizes: tuple[int, ...], strides: tuple[int, ...], element: int) -> tuple[int, list[tuple[int, int]]]:
    """Bytes in a row, and the loops around them as (count, stride in bytes), outermost first.

    Args:
        sizes, strides: of the loops in elements, outermost first.
        element: bytes an element.
    """
    run = element
    loops: list[tuple[int, int]] = []
    for size, stride in zip(reversed(sizes), reversed(strides), strict=True):
        step = stride * element
        if size == 1:
            continue
        if not loops and step == run:
            run *= size
        elif loops and step == loops[0][0] * loops[0][1]:
            loops[0] = (loops[0][0] * size, loops[0][1])
        else:
            loops.insert(0, (size, step))
    return run, loops


def strided_copy(
    view: OpView,
    low: Lowering,
    source: Tensor,
    target: Tensor,
    *,
    sizes: tuple[int, ...],
    strides: tuple[int, ...],
    offset: int = 0,
    stem: str = "",
) -> None:
    """Add the call that fills ``target`` with elements of ``source``.

    Args:
        view: the operator; its name is the call's.
        low: gets the call.
        source, target: both of one type; the product of ``sizes`` is the target's number of elements.
        sizes, strides: loops over the source, outermost first, in elements; a stride may be negative.
        offset: first element taken.
        stem: the call's name where it is not the operator's.

    Raises:
        UnsupportedModelError: more than five loops are left after merging.
    """
    element = source.dtype.bytes
    run, loops = merged(sizes, strides, element)
    view.require(
        len(loops) <= MOST_LOOPS,
        f"moves values along {len(loops)} dimensions that cannot be merged",
        f"use at most {MOST_LOOPS}, or do it in two steps",
        target,
    )
    kernel = "tfg_strided_copy" if run > 1 else "tfg_strided_bytes"
    params: dict[str, Param] = {"offset": offset * element, **({"run": run} if run > 1 else {})}
    padded = [(1, 0)] * (MOST_LOOPS - len(loops)) + loops
    for number, (count, stride) in enumerate(padded):
        params[f"count_{number}"] = count
        params[f"stride_{number}"] = stride
    counts, steps = zip(*padded, strict=True)
    overlaps = overlap_of_loops(counts, steps, out_bytes=run, offset=offset * element)
    named = stem or view.op.kind.lower()
    low.layer(named, kernel, params, inputs=(source,), outputs=(target,), overlaps=overlaps)


def write_part(low: Lowering, stem: str, part: Tensor, target: Tensor, *, count: int, offset: int) -> int:
    """Add the call that writes a tensor into a larger one, beside others.

    Args:
        low: gets the call.
        stem: its name.
        part, target: of the same type.
        count: pieces that each of them has along the axes before the one they are joined along.
        offset: bytes of the parts before this one, in a piece of the target.

    Returns:
        The offset of the next part.
    """
    chunk, stride = part.bytes // max(count, 1), target.bytes // max(count, 1)
    if part.elements:
        low.layer(
            stem,
            "tfg_concatenation",
            {"chunk": chunk, "count": count, "offset": offset, "stride": stride},
            inputs=(part,),
            outputs=(target,),
            overlaps=(Overlap(0, 0, offset + chunk + (count - 1) * (stride - chunk)),),
        )
    return offset + chunk


def read_outputs(view: OpView) -> list[int]:
    """Positions of the operator's outputs that another one or the caller reads."""
    graph = view.graph
    read = {graph.root(index) for op in graph.ops for index in op.inputs if index >= 0}
    read.update(graph.root(index) for index in graph.outputs)
    read.update(index for index, tensor in enumerate(graph.tensors) if tensor.variable)
    return [position for position, index in enumerate(view.op.outputs) if graph.root(index) in read]


def axis_of(view: OpView, axis: int, rank: int) -> int:
    """An axis counted from the front.

    Raises:
        UnsupportedModelError: it is outside of [-rank, rank).
    """
    view.require(-rank <= axis < rank, f"names axis {axis} of {rank} dimensions", "convert the model again")
    return axis % rank
