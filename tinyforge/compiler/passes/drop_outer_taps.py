"""Rows and columns of a kernel that only ever meet padding, which adds nothing: 3x3 over one row is 1x3."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinyforge.compiler.geometry import AROUND, Geometry, window_geometry
from tinyforge.compiler.operators import OpView
from tinyforge.compiler.quantized import SAME, VALID, places
from tinyforge.core.graph import Graph, Op, Tensor


def drop_outer_taps(graph: Graph) -> tuple[Graph, list[str]]:
    """Take such rows and columns away from the filters of CONV_2D and DEPTHWISE_CONV_2D.

    Raises:
        UnsupportedModelError: sizes that do not follow from each other.
    """
    tensors, ops, lines = list(graph.tensors), [], []
    for op in graph.ops:
        filter_ = _filter(graph, op)
        found = None if filter_ is None else _inside(_geometry(graph, op, filter_.shape))
        if filter_ is None or filter_.data is None or found is None:
            ops.append(op)
            continue
        padding, rows, columns = found
        data = np.ascontiguousarray(filter_.data[:, rows, columns])
        tensors.append(replace(filter_, index=len(tensors), shape=data.shape, data=data))
        inputs = (op.inputs[0], len(tensors) - 1, *op.inputs[2:])
        ops.append(replace(op, inputs=inputs, options={**op.options, "padding": padding}))
        before, after = ("x".join(str(size) for size in shape[1:3]) for shape in (filter_.shape, data.shape))
        lines.append(f"op #{op.index} {op.kind} has {before} taps, of which {after} ever meet its input")
    return replace(graph, tensors=tuple(tensors), ops=tuple(ops)), lines


def _filter(graph: Graph, op: Op) -> Tensor | None:
    """The constant filter of a convolution that may be looked at."""
    if op.kind not in {"CONV_2D", "DEPTHWISE_CONV_2D"} or len(op.inputs) < 2 or not op.outputs or AROUND in op.options:
        return None
    filter_ = graph.tensors[op.inputs[1]]
    return filter_ if filter_.data is not None and len(filter_.shape) == 4 and filter_.elements > 0 else None


def _geometry(graph: Graph, op: Op, shape: tuple[int, ...]) -> Geometry:
    view = OpView(graph, op)
    return window_geometry(view, view.input(0), view.output(), (shape[1], shape[2]))


def _inside(geo: Geometry) -> tuple[int, slice, slice] | None:
    """The padding, rows and columns of a kernel without those that always lie outside; None if all are needed."""
    sides = (
        (geo.out_h, geo.stride_h, geo.pad_h, geo.kernel_h, geo.dilation_h, geo.in_h),
        (geo.out_w, geo.stride_w, geo.pad_w, geo.kernel_w, geo.dilation_w, geo.in_w),
    )
    kept: list[slice] = []
    fitting = {SAME, VALID}
    for out, stride, pad, kernel, dilation, size in sides:
        last = (out - 1) * stride - pad  # where the last window begins
        first = min(max(-(last // dilation), 0), kernel - 1)
        end = min(max((size + pad - 1) // dilation + 1, first + 1), kernel)
        kept.append(slice(first, end))
        reach, before = (end - first - 1) * dilation + 1, pad - first * dilation
        around = max((out - 1) * stride + reach - size, 0) // 2
        fitting -= {SAME} if places(SAME, size, reach, stride) != out or around != before else set()
        fitting -= {VALID} if size < reach or places(VALID, size, reach, stride) != out or before != 0 else set()
    if kept == [slice(0, geo.kernel_h), slice(0, geo.kernel_w)] or not fitting:
        return None
    return min(fitting), kept[0], kept[1]
