"""PAD and PADV2: bytes of one value around a tensor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.movement import movable, same_scale
from tinyforge.compiler.operators import OpView, operator
from tinyforge.core.graph import DType, Overlap, Param, Tensor

MOST_GROUPS = 5


@dataclass(frozen=True, slots=True)
class Group:
    """Adjoining dimensions as one.

    Attributes:
        size: input elements along it.
        before, after: elements added.
    """

    size: int
    before: int
    after: int


def paddings_of(view: OpView) -> tuple[tuple[int, int], ...]:
    """Elements added before and after along each dimension.

    Raises:
        UnsupportedModelError: computed or negative ones, or an output of another shape.
    """
    input_, said = view.input(0), view.input(1)
    rank = len(input_.shape)
    view.require(said.shape == (rank, 2), f"has shape {list(said.shape)}, not [{rank}, 2]", "convert it again", said)
    flat = view.integers(1)
    pairs = tuple(zip(flat[::2], flat[1::2], strict=True))
    view.require(min(flat, default=0) >= 0, f"pads by {list(flat)}", "use SLICE to take elements away", said)
    view.shape_is(
        view.output(), tuple(before + size + after for size, (before, after) in zip(input_.shape, pairs, strict=True))
    )
    return pairs


def grouped(shape: tuple[int, ...], pairs: tuple[tuple[int, int], ...]) -> list[Group]:
    """Dimensions with everything behind them that is not padded, outermost first; at least one."""
    groups: list[Group] = []
    for size, (before, after) in zip(shape, pairs, strict=True):
        if groups and not before and not after:
            last = groups[-1]
            groups[-1] = Group(last.size * size, last.before * size, last.after * size)
        else:
            groups.append(Group(size, before, after))
    while len(groups) > 1 and groups[0] == Group(1, 0, 0):
        del groups[0]
    return groups or [Group(1, 0, 0)]


def pad_value(view: OpView, output: Tensor) -> int:
    """The byte that is written around the input.

    Raises:
        UnsupportedModelError: a value whose bytes differ, or one that is computed.
    """
    constant = view.optional(2)
    if constant is None:
        return zero_byte(view, output)
    content = view.constant(2, output.dtype)
    view.require(constant.elements == 1, f"holds {constant.elements} values", "convert the model again", constant)
    same_scale(view, constant, output)
    content_bytes = set(content.tobytes())
    view.require(len(content_bytes) == 1, f"pads with {content.ravel()[0]}", "pad after quantization", constant)
    value = content_bytes.pop()
    return int(np.int8(np.uint8(value))) if output.dtype is DType.INT8 else value


def zero_byte(view: OpView, output: Tensor) -> int:
    """The byte that, repeated, is 0 in the output.

    Raises:
        UnsupportedModelError: an int16 output whose zero point is not 0.
    """
    if output.dtype in {DType.INT8, DType.UINT8}:
        return view.quantized(output)[1]
    if output.dtype is DType.INT16 and output.quant is not None:
        view.require(view.quantized(output)[1] == 0, "is quantized asymmetrically", "convert the model again", output)
    return 0


@operator("PAD", "PADV2")
def pad(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_pad``."""
    view.counts((2,) if view.op.kind == "PAD" else (2, 3))
    input_, output = view.activation(0), view.output()
    movable(view, input_, output)
    pairs = paddings_of(view)
    add_padding(view, low, input_, output, pairs, pad_value(view, output))


def add_padding(
    view: OpView, low: Lowering, input_: Tensor, output: Tensor, pairs: tuple[tuple[int, int], ...], value: int
) -> None:
    """Add the call that writes ``input_`` with ``value`` around it into ``output``.

    Raises:
        UnsupportedModelError: more than five groups of dimensions.
    """
    groups = grouped(input_.shape, pairs)
    view.require(len(groups) <= MOST_GROUPS, f"pads {len(groups)} separate dimensions", "pad in two steps", output)
    groups = [Group(1, 0, 0)] * (MOST_GROUPS - len(groups)) + groups
    params: dict[str, Param] = {"value": value, "run": groups[-1].size * input_.dtype.bytes}
    inner = input_.dtype.bytes  # output bytes of one step along the group
    for number in reversed(range(MOST_GROUPS)):
        group = groups[number]
        params[f"before_{number}"] = group.before * inner
        params[f"after_{number}"] = group.after * inner
        if number < MOST_GROUPS - 1:
            params[f"count_{number}"] = group.size
        inner *= group.before + group.size + group.after
    # the last run is farthest ahead of what it is copied from, and copied in one go
    written = output.bytes - sum(int(params[f"after_{number}"] or 0) for number in range(MOST_GROUPS))
    overlap = Overlap(0, 0, written - (input_.bytes - groups[-1].size * input_.dtype.bytes))
    low.layer("pad", "tfg_pad", params, inputs=(input_,), outputs=(output,), overlaps=(overlap,))
