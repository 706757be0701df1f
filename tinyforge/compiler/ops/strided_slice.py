"""STRIDED_SLICE with constant bounds and all masks; a step may be negative."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.movement import contiguous, movable, strided_copy
from tinyforge.compiler.operators import Option, OpView, operator


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


def _roles(view: OpView, rank: int, given: int) -> list[int | None]:
    """What each dimension after inserting new axes is: the number of its bounds, -1 for all of it, None for a new one.

    As ``BuildStridedSliceParams`` of ``strided_slice.cc``: an ellipsis stands for as many dimensions as are left over;
    a new axis at the ellipsis' own place has no effect.
    """
    ellipsis, new_axis = int(view.option("ellipsis_mask")), int(view.option("new_axis_mask"))
    added = sum(1 for number in range(given) if new_axis >> number & 1 and not ellipsis >> number & 1)
    dimensions = rank + added
    whole = 0  # dimensions the ellipsis stands for, less its own
    roles: list[int | None] = []
    while len(roles) < dimensions:
        at = len(roles)
        if ellipsis >> at & 1 and whole == 0 and -1 not in roles:
            end = max(at + 1, min(at + 1 + added + rank - given, dimensions))
            whole = end - at - 1
            roles.extend([-1] * (end - at))
            continue
        bounds = at - whole
        roles.append(-1 if bounds >= given else None if new_axis >> bounds & 1 else bounds)
    return roles


def slice_of(view: OpView) -> Slice:
    """Resolve bounds and masks as LiteRT's reference kernel does.

    Raises:
        UnsupportedModelError: computed bounds, two ellipses, a step of 0, an index out of range, or an output of
            another shape.
    """
    view.counts((4,))
    input_, output = view.input(0), view.output()
    begin, end, steps = view.integers(1), view.integers(2), view.integers(3)
    given = len(begin)
    view.require(
        len(end) == given == len(steps) and 0 not in steps and int(view.option("ellipsis_mask")).bit_count() <= 1,
        f"has {given} starts, {len(end)} ends, {len(steps)} steps {list(steps)}, "
        f"ellipsis mask {view.option('ellipsis_mask')} for {len(input_.shape)} dimensions",
        "convert the model again",
    )
    plain = given == len(input_.shape) and not view.option("begin_mask") | view.option("end_mask")
    view.require(plain or not view.option("offset"), "has lengths and masks", "give begins and ends instead")
    roles = _roles(view, len(input_.shape), given)
    view.require(
        sum(role is not None for role in roles) == len(input_.shape)
        and {role for role in roles if role not in {None, -1}}
        == {at for at in range(given) if not (view.option("ellipsis_mask") | view.option("new_axis_mask")) >> at & 1},
        f"has {given} bounds for {len(input_.shape)} dimensions",
        "convert the model again",
    )
    start, step, count, shape = [], [], [], []
    sizes = iter(input_.shape)
    for role in roles:
        if role is None:
            shape.append(1)
            continue
        size = next(sizes)
        found = (0, 1, size) if role < 0 else _bounds(view, size, role, begin[role], end[role], steps[role])
        start.append(found[0])
        step.append(found[1])
        count.append(found[2])
        if role < 0 or not view.option("shrink_axis_mask") >> role & 1:
            shape.append(found[2])
    view.shape_is(output, tuple(shape))
    view.require(math.prod(count) > 0, "is empty", "remove the operator", output)
    return Slice(tuple(start), tuple(step), tuple(count), tuple(shape))


def _bounds(view: OpView, size: int, bit: int, begin: int, end: int, step: int) -> tuple[int, int, int]:
    """First index, step and count along one dimension."""
    first = _clamp(begin, size, step)
    if view.option("begin_mask") >> bit & 1:
        first = 0 if step > 0 else size - 1
    if view.option("shrink_axis_mask") >> bit & 1:
        view.require(0 <= first < size and step > 0, f"takes index {begin} of {size}", "convert the model again")
        return first, 1, 1
    if view.option("offset"):
        fits = step > 0 and 0 <= end <= size - first
        view.require(fits, f"takes {end} from {first} on of {size}", "give begins and ends instead")
        end += first
    stop = _clamp(end, size, step)
    if view.option("end_mask") >> bit & 1:
        stop = size if step > 0 else -1
    return first, step, max(0, -(-(stop - first) // step))


def _clamp(value: int, size: int, step: int) -> int:
    least, most = (0, size) if step > 0 else (-1, size - 1)
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
    """Lower to ``tfg_strided_copy``."""
    found = slice_of(view)
    input_, output = view.activation(0), view.output()
    movable(view, input_, output)
    strides = contiguous(input_.shape)
    strided_copy(
        view,
        low,
        input_,
        output,
        sizes=found.count,
        strides=tuple(step * stride for step, stride in zip(found.step, strides, strict=True)),
        offset=sum(first * stride for first, stride in zip(found.start, strides, strict=True)),
    )
