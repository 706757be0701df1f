"""CONV_2D whose groups have one channel in each -> DEPTHWISE_CONV_2D, which has faster kernels for that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinyforge.compiler.operators import OpView
from tinyforge.compiler.ops.conv_2d import conv_geometry
from tinyforge.core.graph import Graph, Quant


def split_channels(graph: Graph) -> tuple[Graph, list[str]]:
    """Turn convolutions of as many groups as channels into depthwise ones: the same products, other order of weights.

    Raises:
        UnsupportedModelError: a CONV_2D whose shapes do not fit.
    """
    tensors, ops, lines = list(graph.tensors), [], []
    for op in graph.ops:
        geometry = conv_geometry(OpView(graph, op)) if op.kind == "CONV_2D" else None
        filter_ = graph.tensors[op.inputs[1]] if geometry else None
        if geometry is None or filter_ is None or filter_.data is None or filter_.shape[3] != 1 or geometry.in_ch == 1:
            ops.append(op)
            continue
        data = np.ascontiguousarray(np.swapaxes(filter_.data, 0, 3))
        quant = filter_.quant
        if quant is not None and not quant.per_tensor:
            quant = Quant(quant.scale, quant.zero_point, {0: 3, 3: 0}.get(quant.axis, quant.axis))
        tensors.append(replace(filter_, index=len(tensors), shape=data.shape, data=data, quant=quant))
        inputs = (op.inputs[0], len(tensors) - 1, *op.inputs[2:])
        copies = geometry.out_ch // geometry.in_ch
        ops.append(
            replace(op, kind="DEPTHWISE_CONV_2D", inputs=inputs, options={**op.options, "depth_multiplier": copies})
        )
        lines.append(f"op #{op.index} CONV_2D has as many groups as channels: depthwise_conv_2d")
    return replace(graph, tensors=tuple(tensors), ops=tuple(ops)), lines
