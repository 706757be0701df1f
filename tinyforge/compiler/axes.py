"""Axes of reductions: any set of axes of any shape as nested loops over at most three kept and three reduced sizes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tinyforge.compiler.operators import OpView
from tinyforge.core.graph import Param, Tensor

MOST_LOOPS = 3


@dataclass(frozen=True, slots=True)
class Reduction:
    """A reduction as loops.

    Attributes:
        kept, kept_strides: sizes and input strides (elements) of the output's loops, outermost first; always 3.
        counts, strides: sizes and input strides of the reduced loops; always 3.
    """

    kept: tuple[int, ...]
    kept_strides: tuple[int, ...]
    counts: tuple[int, ...]
    strides: tuple[int, ...]

    def params(self) -> dict[str, Param]:
        """The loops as members of a kernel's structure."""
        named: dict[str, Param] = {}
        for position in range(MOST_LOOPS):
            named[f"kept_{position}"] = self.kept[position]
            named[f"kept_stride_{position}"] = self.kept_strides[position]
        for position in range(MOST_LOOPS):
            named[f"count_{position}"] = self.counts[position]
            named[f"stride_{position}"] = self.strides[position]
        return named


def normalized_axes(view: OpView, axes: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """Axes counted from the front, sorted, each once.

    Raises:
        UnsupportedModelError: an axis outside [-rank, rank).
    """
    for axis in axes:
        view.require(-rank <= axis < rank, f"names axis {axis} of {rank} dimensions", "convert the model again")
    return tuple(sorted({axis % rank for axis in axes}))


def reduction(view: OpView, input_: Tensor, output: Tensor, axes: tuple[int, ...]) -> Reduction:
    """Loops of a reduction of ``input_`` over ``axes``, adjoining axes of the same kind merged.

    Raises:
        UnsupportedModelError: an axis out of range, an output of another size, an empty input, or more than three
            separate groups of axes.
    """
    rank = len(input_.shape)
    reduced = set(normalized_axes(view, axes, rank))
    view.require(input_.elements > 0, "is empty", "remove the operator", input_)
    kept_shape = tuple(size for axis, size in enumerate(input_.shape) if axis not in reduced)
    with_ones = tuple(1 if axis in reduced else size for axis, size in enumerate(input_.shape))
    view.closes(output, with_ones if view.op.options.get("keep_dims") else kept_shape)
    view.require(
        output.shape in {kept_shape, with_ones} and output.elements == math.prod(kept_shape),
        f"has shape {list(output.shape)} where {list(kept_shape)} follows",
        "convert the model again",
        output,
    )
    groups: list[tuple[bool, int, int]] = []
    stride = 1
    for axis in reversed(range(rank)):
        size, is_reduced = input_.shape[axis], axis in reduced
        if size > 1:
            if groups and groups[0][0] == is_reduced:
                groups[0] = (is_reduced, groups[0][1] * size, groups[0][2])
            else:
                groups.insert(0, (is_reduced, size, stride))
        stride *= size
    kept = [(size, step) for is_reduced, size, step in groups if not is_reduced]
    gone = [(size, step) for is_reduced, size, step in groups if is_reduced]
    view.require(
        len(kept) <= MOST_LOOPS and len(gone) <= MOST_LOOPS,
        f"reduces {len(gone)} separate groups of axes",
        "reduce in two steps",
        input_,
    )
    kept = [(1, 0)] * (MOST_LOOPS - len(kept)) + kept
    gone = [(1, 0)] * (MOST_LOOPS - len(gone)) + gone
    return Reduction(
        tuple(size for size, _ in kept),
        tuple(step for _, step in kept),
        tuple(size for size, _ in gone),
        tuple(step for _, step in gone),
    )
