"""Two shapes that broadcast as nested loops with one stride an operand; equal and adjoining loops are merged."""

from __future__ import annotations

from dataclasses import dataclass

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.movement import contiguous, strided_copy
from tinyforge.compiler.operators import OpView
from tinyforge.core.graph import Param, Tensor

MOST_LOOPS = 4


@dataclass(frozen=True, slots=True)
class Loops:
    """Nested loops over the output, outermost first; always 4.

    Attributes:
        sizes: output elements of each loop.
        left, right: strides in elements of each operand, 0 where it is broadcast.
    """

    sizes: tuple[int, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]

    def params(self) -> dict[str, Param]:
        """The loops as members of a kernel's structure."""
        named: dict[str, Param] = {}
        for position in range(MOST_LOOPS):
            named[f"size_{position}"] = self.sizes[position]
            named[f"left_stride_{position}"] = self.left[position]
            named[f"right_stride_{position}"] = self.right[position]
        return named


def broadcast_loops(view: OpView, left: Tensor, right: Tensor, output: Tensor) -> Loops:
    """Loops of an element-wise operator.

    Raises:
        UnsupportedModelError: shapes that do not broadcast, another output shape, an empty output, or more than four
            separate loops.
    """
    groups = _groups(view, left, right, output)
    view.require(
        len(groups) <= MOST_LOOPS,
        f"broadcasts shapes {list(left.shape)} and {list(right.shape)} in {len(groups)} loops",
        "reshape the operands so that fewer dimensions alternate",
    )
    padded = [[1, 0, 0]] * (MOST_LOOPS - len(groups)) + groups
    return Loops(*(tuple(group[part] for group in padded) for part in range(3)))


def spread(view: OpView, low: Lowering, left: Tensor, right: Tensor, output: Tensor) -> tuple[Tensor, Tensor]:
    """Both operands as the kernels take them: in the output's shape where they alternate in more than four loops.

    Raises:
        UnsupportedModelError: as :func:`broadcast_loops`, or so many loops that a copy has too many, too.
    """
    if len(_groups(view, left, right, output)) <= MOST_LOOPS:
        return left, right
    return _spread(view, low, left, output), _spread(view, low, right, output)


def _spread(view: OpView, low: Lowering, tensor: Tensor, output: Tensor) -> Tensor:
    if tensor.shape == output.shape:
        return tensor
    shape = (1,) * (len(output.shape) - len(tensor.shape)) + tensor.shape
    strides = tuple(stride if size > 1 else 0 for size, stride in zip(shape, contiguous(shape), strict=True))
    whole = low.temporary(tensor, output.shape)
    strided_copy(view, low, tensor, whole, sizes=output.shape, strides=strides, stem="broadcast_to")
    return whole


def _groups(view: OpView, left: Tensor, right: Tensor, output: Tensor) -> list[list[int]]:
    """Merged loops, outermost first: size, and the stride of each operand."""
    rank = max(len(left.shape), len(right.shape))
    shapes = [(1,) * (rank - len(tensor.shape)) + tensor.shape for tensor in (left, right)]
    for one, two in zip(*shapes, strict=True):
        view.require(
            one == two or 1 in {one, two},
            f"has shapes {list(left.shape)} and {list(right.shape)}, which do not broadcast",
            "convert the model again",
        )
    sizes = tuple(max(pair) for pair in zip(*shapes, strict=True))
    view.shape_is(output, sizes)
    view.require(output.elements > 0, "is empty", "remove the operator", output)
    groups: list[list[int]] = []
    strides = [1, 1]
    for axis in reversed(range(rank)):
        now = [strides[side] if shapes[side][axis] > 1 else 0 for side in (0, 1)]
        if sizes[axis] > 1:
            inner = groups[0] if groups else None
            if inner and all(
                now[side] == inner[1 + side] * inner[0] and (now[side] == 0) == (inner[1 + side] == 0)
                for side in (0, 1)
            ):
                inner[0] *= sizes[axis]
            else:
                groups.insert(0, [sizes[axis], *now])
        for side in (0, 1):
            strides[side] *= shapes[side][axis]
    return groups


def elementwise_inplace(left: Tensor, right: Tensor, output: Tensor) -> tuple[tuple[int, int], ...]:
    """Inputs whose bytes the output may take: those of the output's own shape and element size."""
    return tuple(
        (position, 0)
        for position, tensor in enumerate((left, right))
        if tensor.data is None and tensor.elements == output.elements and tensor.dtype.bytes == output.dtype.bytes
    )
