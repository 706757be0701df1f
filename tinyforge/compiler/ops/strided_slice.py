"""STRIDED_SLICE with constant bounds, all masks included; a step may be negative."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.core.graph import DType, Param

MOST_LOOPS = 4


@dataclass(frozen=True, slots=True)
class Slice:
    """A slice of a tensor.

    Attributes:
        start: first index along each input dimension.
        step: distance between indices.
        count: how many; 1 for a dimension that is shrunk away.
        shape: of the output.
    """

    start: tuple[int, ...]
    step: tuple[int, ...]
    count: tuple[int, ...]
    shape: tuple[int, ...]


def slice_of(view: OpView) -> Slice:
    """Resolve bounds and masks as TFLite's ``strided_slice_logic.h`` does.

    Raises:
        UnsupportedModelError: computed bounds, an ellipsis or new axis, a step of 0, or an output of another shape.
    """
    view.counts((4,))
    input_, output = view.input(0), view.output()
    begin, end, steps = view.integers(1), view.integers(2), view.integers(3)
    given = len(begin)
    view.require(
        len(end) == given == len(steps) and given <= len(input_.shape) and 0 not in steps,
        f"has {given} starts, {len(end)} ends, {len(steps)} steps {list(steps)} for {len(input_.shape)} dimensions",
        "convert the model again",
    )
    for mask in ("ellipsis_mask", "new_axis_mask"):
        view.require(view.option(mask) == 0, f"uses {mask}", "write the slice without `...` and `newaxis`")
    start, step, count, shape = [], [], [], []
    for axis, size in enumerate(input_.shape):
        if axis >= given:
            first, stride, number = 0, 1, size
        else:
            bit = 1 << axis
            stride = steps[axis]
            shrink = bool(view.option("shrink_axis_mask") & bit)
            first = _clamp(begin[axis], size, stride, masked=bool(view.option("begin_mask") & bit), low_end=stride > 0)
            if shrink:
                first = begin[axis] % size if size and -size <= begin[axis] < size else size
                view.require(first < size, f"takes index {begin[axis]} of {size}", "convert the model again")
                stop, stride = first + 1, 1
            else:
                ends = begin[axis] + end[axis] if view.option("offset") else end[axis]
                stop = _clamp(ends, size, stride, masked=bool(view.option("end_mask") & bit), low_end=stride < 0)
            number = max(0, -(-(stop - first) // stride))
            if shrink:
                start.append(first)
                step.append(stride)
                count.append(1)
                continue
        start.append(first)
        step.append(stride)
        count.append(number)
        shape.append(number)
    view.shape_is(output, tuple(shape))
    view.require(math.prod(count) > 0, "is empty", "remove the operator", output)
    return Slice(tuple(start), tuple(step), tuple(count), tuple(shape))


def _clamp(value: int, size: int, stride: int, *, masked: bool, low_end: bool) -> int:
    least, most = (0, size) if stride > 0 else (-1, size - 1)
    if masked:
        return least if low_end else most
    if value < 0:
        value += size
    return min(max(value, least), most)


@operator(
    "STRIDED_SLICE",
    begin_mask=Option(0, "int32", 0),
    end_mask=Option(1, "int32", 0),
    ellipsis_mask=Option(2, "int32", 0),
    new_axis_mask=Option(3, "int32", 0),
    shrink_axis_mask=Option(4, "int32", 0),
    offset=Option(5, "bool", default=False),
)
def strided_slice(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_strided_slice_s8``: four nested loops with input strides."""
    found = slice_of(view)
    input_, output = view.activation(0), view.output()
    view.is_dtype(input_, DType.INT8)
    view.is_dtype(output, DType.INT8)
    view.same_quantization(input_, output)
    low.layer(
        "strided_slice",
        "tfg_strided_slice_s8",
        slice_params(view, input_.shape, found),
        inputs=(input_,),
        outputs=(output,),
    )


def slice_params(view: OpView, shape: tuple[int, ...], found: Slice) -> dict[str, Param]:
    """The slice as at most four loops over input elements.

    Raises:
        UnsupportedModelError: more than four separate loops.
    """
    groups: list[list[int]] = []
    stride, offset = 1, 0
    for axis in reversed(range(len(shape))):
        offset += found.start[axis] * stride
        if found.count[axis] > 1:
            step = found.step[axis] * stride
            if groups and step == groups[0][0] * groups[0][1]:
                groups[0][0] *= found.count[axis]
            else:
                groups.insert(0, [found.count[axis], step])
        stride *= shape[axis]
    view.require(len(groups) <= MOST_LOOPS, f"slices {len(groups)} dimensions", "slice in two steps")
    groups = [[1, 0]] * (MOST_LOOPS - len(groups)) + groups
    params: dict[str, Param] = {"offset": offset}
    for position, (size, step) in enumerate(groups):
        params[f"count_{position}"] = size
        params[f"stride_{position}"] = step
    return params
