"""BATCH_MATMUL of int8 (or float32) matrices; either side may be constant, either may be transposed (adj_x, adj_y)."""

from __future__ import annotations

from tinyforge.compiler.lookup import float32_ratio, multiplier_of
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.movement import contiguous
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.core.graph import DType, Param

MOST_BATCHES = 3
_DEEPEST = ((1 << 31) - 1) // (255 * 255)


@operator("BATCH_MATMUL", adj_x=Option(0, "bool", default=False), adj_y=Option(1, "bool", default=False))
def batch_matmul(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_batch_matmul_s8`` or ``tfg_batch_matmul_f32``."""
    view.counts((2,))
    left, right, output = view.input(0), view.input(1), view.output()
    for tensor in (left, right, output):
        view.is_dtype(tensor, DType.FLOAT32 if left.dtype is DType.FLOAT32 else DType.INT8)
    view.require(left.data is None or right.data is None, "multiplies two constants", "fold it at conversion", output)
    depth, params = matmul_loops(view)
    macs = output.elements * depth
    if left.dtype is DType.FLOAT32:
        low.layer("batch_matmul", "tfg_batch_matmul_f32", params, inputs=(left, right), outputs=(output,), macs=macs)
        return
    view.require(depth <= _DEEPEST, f"sums {depth} products", "multiply in two steps", output)
    scales = [view.quantized(tensor)[0] for tensor in (left, right, output)]
    # kernel_util.cc: the product of the scales in float32, the quotient in double
    factor = float32_ratio(scales[0], scales[1], divisor=1.0) / scales[2]
    multiplier, exponent = multiplier_of(view, factor, output)
    params |= {
        "left_offset": -view.quantized(left)[1],
        "right_offset": -view.quantized(right)[1],
        "multiplier": multiplier,
        "exponent": exponent,
        "zero_point": view.quantized(output)[1],
    }
    low.layer("batch_matmul", "tfg_batch_matmul_s8", params, inputs=(left, right), outputs=(output,), macs=macs)


def matmul_loops(view: OpView) -> tuple[int, dict[str, Param]]:
    """Depth, and the loops: batches with one stride an operand, then rows, columns and depth; strides in elements.

    Raises:
        UnsupportedModelError: shapes that do not fit each other, an empty output, or more than three batch loops.
    """
    left, right, output = view.input(0), view.input(1), view.output()
    rank = max(len(left.shape), len(right.shape))
    for tensor in (left, right):
        view.require(
            2 <= len(tensor.shape) <= 5 and tensor.elements > 0,
            f"has shape {list(tensor.shape)}",
            "give matrices of 2 to 5 dimensions",
            tensor,
        )
    shapes = [(1,) * (rank - len(tensor.shape)) + tensor.shape for tensor in (left, right)]
    strides = [contiguous(shape) for shape in shapes]
    row, left_depth = (-1, -2) if view.option("adj_x") else (-2, -1)
    right_depth, column = (-1, -2) if view.option("adj_y") else (-2, -1)
    rows, columns, depth = shapes[0][row], shapes[1][column], shapes[0][left_depth]
    batches = tuple(max(one, two) for one, two in zip(shapes[0][:-2], shapes[1][:-2], strict=True))
    fits = all(
        {one, two} <= {1, size} for one, two, size in zip(*(shape[:-2] for shape in shapes), batches, strict=True)
    )
    view.require(
        fits and shapes[1][right_depth] == depth,
        f"multiplies {list(left.shape)} by {list(right.shape)}",
        "convert the model again",
    )
    view.shape_is(output, (*batches, rows, columns))
    loops: list[tuple[int, ...]] = []
    for axis, size in enumerate(batches):
        if size > 1:
            loops.append((size, *(strides[side][axis] if shapes[side][axis] > 1 else 0 for side in (0, 1))))
    for inner in reversed(range(1, len(loops))):
        outer = loops[inner - 1]
        size, *steps = loops[inner]
        if all(outer[1 + side] == size * steps[side] for side in (0, 1)):
            loops[inner - 1 : inner + 1] = [(outer[0] * size, *steps)]
    view.require(len(loops) <= MOST_BATCHES, f"has {len(loops)} batch dimensions", "use fewer dimensions", output)
    params: dict[str, Param] = {}
    for number, loop in enumerate([(1, 0, 0)] * (MOST_BATCHES - len(loops)) + loops):
        params[f"batch_{number}"], params[f"left_batch_{number}"], params[f"right_batch_{number}"] = loop
    return depth, params | {
        "rows": rows,
        "left_row": strides[0][row],
        "columns": columns,
        "right_column": strides[1][column],
        "depth": depth,
        "left_depth": strides[0][left_depth],
        "right_depth": strides[1][right_depth],
    }
