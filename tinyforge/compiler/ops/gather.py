"""GATHER: slices of a tensor by constant or computed indices. Computed ones are cut to the valid range."""

from __future__ import annotations

import math

import numpy as np

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.movement import axis_of, movable
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.compiler.ops.cast import add_cast
from tinyforge.core.graph import DType


def gather_axes(view: OpView) -> tuple[int, int]:
    """Axis and number of batch dimensions.

    Raises:
        UnsupportedModelError: ones that do not exist, or an output of another shape.
    """
    view.counts((2,))
    shape, indices = view.input(0).shape, view.input(1).shape
    axis = axis_of(view, view.option("axis"), len(shape))
    batch = view.option("batch_dims")
    batch = batch + len(indices) if batch < 0 else batch
    view.require(
        0 <= batch <= min(axis, len(indices)) and shape[:batch] == indices[:batch],
        f"has {batch} batch dimensions of {list(shape)} and {list(indices)}",
        "convert the model again",
    )
    view.shape_is(view.output(), (*shape[:axis], *indices[batch:], *shape[axis + 1 :]))
    return axis, batch


@operator("GATHER", axis=Option(0, "int32", 0), batch_dims=Option(1, "int32", 0))
def gather(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_gather``."""
    axis, batch = gather_axes(view)
    input_, indices, output = view.input(0), view.input(1), view.output()
    movable(view, input_, output)
    if indices.data is None:
        view.is_dtype(indices, DType.INT32, DType.INT64)
        if indices.dtype is DType.INT64:
            wide, indices = indices, low.temporary(indices, indices.shape, DType.INT32)
            add_cast(low, wide, indices)
    else:
        view.is_dtype(indices, DType.INT32, DType.INT64, DType.INT16)
        least, most = int(indices.data.min(initial=0)), int(indices.data.max(initial=0))
        view.require(
            least >= 0 and most < input_.shape[axis],
            f"takes index {least if least < 0 else most} of {input_.shape[axis]}",
            "convert the model again",
            indices,
        )
        indices = low.constant(f"{indices.name} (int32)", np.asarray(indices.data, np.int32))
    low.layer(
        "gather",
        "tfg_gather",
        {
            "batches": math.prod(input_.shape[:batch]),
            "outer": math.prod(input_.shape[batch:axis]),
            "size": input_.shape[axis],
            "count": math.prod(indices.shape[batch:]),
            "run": math.prod(input_.shape[axis + 1 :]) * input_.dtype.bytes,
        },
        inputs=(input_, indices),
        outputs=(output,),
    )
