"""SPACE_TO_DEPTH and DEPTH_TO_SPACE: blocks of pixels become channels, and back."""

from __future__ import annotations

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.movement import movable, strided_copy
from tinyforge.compiler.operators import Option, OpView, operator


@operator("SPACE_TO_DEPTH", "DEPTH_TO_SPACE", block_size=Option(0, "int32", 0))
def space_to_depth(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_strided_copy``."""
    view.counts((1,))
    input_, output = view.activation(0), view.output()
    movable(view, input_, output)
    block = view.option("block_size")
    view.require(len(input_.shape) == 4 and block > 0, f"has block size {block}", "convert the model again", input_)
    batches, height, width, channels = input_.shape
    if view.op.kind == "SPACE_TO_DEPTH":
        view.require(
            height % block == 0 and width % block == 0,
            f"cuts {height} x {width} in blocks of {block}",
            "pad it",
            input_,
        )
        shape = (batches, height // block, width // block, channels * block * block)
        sizes = (batches, shape[1], shape[2], block, block, channels)
        row = width * channels
        strides = (height * row, block * row, block * channels, row, channels, 1)
    else:
        across = int(view.op.options.get("block_w", block))  # a pass may make blocks that are no squares
        view.require(
            channels % (block * across) == 0, f"spreads {channels} channels in blocks of {block}", "pad it", input_
        )
        depth = channels // (block * across)
        shape = (batches, height * block, width * across, depth)
        sizes = (batches, height, block, width, across, depth)
        strides = (height * width * channels, width * channels, across * depth, channels, depth, 1)
    view.shape_is(output, shape)
    strided_copy(view, low, input_, output, sizes=sizes, strides=strides)
