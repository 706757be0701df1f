"""SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND of pictures and sequences: blocks of pixels become batches, and back."""

from __future__ import annotations

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.movement import contiguous, movable, same_scale, strided_copy
from tinyforge.compiler.operators import OpView, operator
from tinyforge.compiler.ops.pad import add_padding, zero_byte
from tinyforge.core.graph import Tensor


def _blocks(view: OpView) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...], tuple[int, ...]]:
    """Input as [batch, height, width, channel], and for height and width the block and the padding or crop.

    Raises:
        UnsupportedModelError: other ranks, computed blocks, a block of 0 or a negative padding.
    """
    view.counts((3,))
    input_, output = view.activation(0), view.output()
    movable(view, input_, output)
    same_scale(view, input_, output)
    rank = len(input_.shape)
    view.require(rank in {3, 4}, f"has shape {list(input_.shape)}", "give 3 or 4 dimensions", input_)
    block, edges = view.integers(1), view.integers(2)
    view.require(
        len(block) == rank - 2 and len(edges) == 2 * len(block) and min(block) > 0 and min(edges) >= 0,
        f"has blocks {list(block)} and edges {list(edges)}",
        "convert the model again",
    )
    if rank == 3:
        batches, height, channels = input_.shape
        return (batches, height, 1, channels), ((edges[0], edges[1]), (0, 0)), (block[0], 1)
    return input_.shape, ((edges[0], edges[1]), (edges[2], edges[3])), block


def _outside(view: OpView, shape: tuple[int, int, int, int]) -> tuple[int, ...]:
    """A shape as the model has it: without the width that a sequence lacks."""
    return shape if len(view.input(0).shape) == 4 else (shape[0], shape[1], shape[3])


@operator("SPACE_TO_BATCH_ND")
def space_to_batch_nd(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_pad`` where there is padding, and ``tfg_strided_copy``."""
    (batches, height, width, channels), edges, (block_h, block_w) = _blocks(view)
    input_, output = view.input(0), view.output()
    padded = (batches, sum(edges[0]) + height, sum(edges[1]) + width, channels)
    view.require(
        padded[1] % block_h == 0 and padded[2] % block_w == 0,
        f"cuts {padded[1]} x {padded[2]} in blocks of {block_h} x {block_w}",
        "convert the model again",
        input_,
    )
    shape = (batches * block_h * block_w, padded[1] // block_h, padded[2] // block_w, channels)
    view.shape_is(output, _outside(view, shape))
    source: Tensor = input_
    if any(edges[0]) or any(edges[1]):
        source = low.temporary(input_, _outside(view, padded))
        pairs = ((0, 0), *edges, (0, 0)) if len(input_.shape) == 4 else ((0, 0), edges[0], (0, 0))
        add_padding(view, low, input_, source, pairs, zero_byte(view, output))
    picture, row, pixel, _ = contiguous(padded)
    strided_copy(
        view,
        low,
        source,
        output,
        sizes=(block_h, block_w, batches, shape[1], shape[2], channels),
        strides=(row, pixel, picture, block_h * row, block_w * pixel, 1),
    )


@operator("BATCH_TO_SPACE_ND")
def batch_to_space_nd(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_strided_copy``, and another one where edges are cropped."""
    (parts, height, width, channels), edges, (block_h, block_w) = _blocks(view)
    input_, output = view.input(0), view.output()
    view.require(
        parts % (block_h * block_w) == 0, f"has {parts} batches of blocks {block_h} x {block_w}", "convert it again"
    )
    batches = parts // (block_h * block_w)
    whole = (batches, height * block_h, width * block_w, channels)
    shape = (batches, whole[1] - sum(edges[0]), whole[2] - sum(edges[1]), channels)
    view.require(min(shape) > 0, f"crops {whole[1]} x {whole[2]} to nothing", "convert the model again")
    view.shape_is(output, _outside(view, shape))
    picture, row, pixel, _ = contiguous((parts, height, width, channels))
    target = output if shape == whole else low.temporary(input_, _outside(view, whole))
    strided_copy(
        view,
        low,
        input_,
        target,
        sizes=(batches, height, block_h, width, block_w, channels),
        strides=(picture, row, block_w * batches * picture, pixel, batches * picture, 1),
    )
    if target is not output:
        strides = contiguous(whole)
        offset = edges[0][0] * strides[1] + edges[1][0] * strides[2]
        strided_copy(view, low, target, output, sizes=shape, strides=strides, offset=offset)
