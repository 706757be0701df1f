"""RESHAPE, SQUEEZE, EXPAND_DIMS: the same bytes under another shape.

``passes/drop_reshapes.py`` removes them all; the operators are registered so that the reader accepts them, and
checked here.
"""

from __future__ import annotations

import math
from typing import NoReturn

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.core.graph import DType


def reshaped(view: OpView) -> tuple[int, ...]:
    """The output's shape as LiteRT computes it.

    Raises:
        UnsupportedModelError: a shape that is computed while the model runs, or one that does not fit.
    """
    if view.op.kind == "RESHAPE":
        return _new_shape(view)
    shape = view.input(0).shape
    if view.op.kind == "EXPAND_DIMS":
        view.counts((2,))
        axes = view.integers(1)
        rank = len(shape) + 1
        view.require(
            len(axes) == 1 and -rank <= axes[0] < rank, f"inserts dimension {list(axes)} of {rank}", "convert it again"
        )
        at = axes[0] % rank
        return (*shape[:at], 1, *shape[at:])
    view.counts((1,))
    said = view.option("squeeze_dims")
    drop = {axis % len(shape) if -len(shape) <= axis < len(shape) else -1 for axis in said}
    if not said:
        drop = {axis for axis, size in enumerate(shape) if size == 1}
    view.require(
        all(axis >= 0 and shape[axis] == 1 for axis in drop),
        f"drops dimensions {list(said)} of {list(shape)}",
        "convert the model again",
    )
    return tuple(size for axis, size in enumerate(shape) if axis not in drop)


def _new_shape(view: OpView) -> tuple[int, ...]:
    view.counts((1, 2))
    wanted = view.optional(1)
    if wanted is not None and wanted.shape == (0,):
        said: tuple[int, ...] = ()
    elif wanted is not None and len(wanted.shape) == 1 and wanted.dtype is DType.INT32:
        view.require(
            wanted.data is not None, "is computed while the model runs", "give RESHAPE a constant shape", wanted
        )
        said = view.integers(1)
    else:
        said = view.option("new_shape")
        said = () if said == (0,) else said  # how old converters wrote a scalar
    whole = view.input(0).elements
    known = math.prod(size for size in said if size != -1)
    view.require(
        min(said, default=0) >= -1 and said.count(-1) <= 1, f"wants the shape {list(said)}", "convert the model again"
    )
    if -1 in said:
        view.require(known > 0 and whole % known == 0, f"wants {list(said)} of {whole} elements", "convert it again")
    return tuple(whole // known if size == -1 else size for size in said)


def check_reshape(view: OpView) -> None:
    """Refuse a reshape that changes the number of elements or the type, or whose shape is not what the model states."""
    view.require(bool(view.op.inputs) and len(view.op.outputs) == 1, "lacks an input or output", "convert it again")
    input_, output = view.input(0), view.output()
    if output.open_shape:
        view.closes(output, reshaped(view))
    view.require(
        input_.elements == output.elements and input_.dtype is output.dtype,
        f"changes {list(input_.shape)} {input_.dtype.value} to {list(output.shape)} {output.dtype.value}",
        "convert the model again",
        output,
    )
    view.shape_is(output, reshaped(view))


@operator("RESHAPE", new_shape=Option(0, "[int32]", ()))
@operator("SQUEEZE", squeeze_dims=Option(0, "[int32]", ()))
@operator("EXPAND_DIMS")
def reshape(view: OpView, low: Lowering) -> NoReturn:
    """Never reached: the pass has dropped it; a ValueError where it has not."""
    raise ValueError(f"{view.place} was left by drop_reshapes, after {len(low.layers)} layers")
