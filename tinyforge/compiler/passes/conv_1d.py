"""CONV_2D whose windows lie in one stretch of memory -> CONV_1D: no gathering, no two-dimensional indexing."""

from __future__ import annotations

from dataclasses import replace

from tinyforge.compiler.geometry import Geometry
from tinyforge.compiler.operators import OpView
from tinyforge.compiler.ops.conv_2d import conv_geometry
from tinyforge.core.graph import Graph, Op


def find_conv_1d(graph: Graph) -> tuple[Graph, list[str]]:
    """Turn height-1, width-1, full-width and 1x1 convolutions into one-dimensional ones.

    Raises:
        UnsupportedModelError: a CONV_2D whose shapes do not fit.
    """
    ops: list[Op] = []
    lines: list[str] = []
    for op in graph.ops:
        view = OpView(graph, op)
        found = _as_1d(conv_geometry(view), graph.tensors[op.inputs[1]].shape[3]) if op.kind == "CONV_2D" else None
        if found is None:
            ops.append(op)
            continue
        why, sizes = found
        ops.append(replace(op, kind="CONV_1D", options={**op.options, **sizes}))
        lines.append(
            f"op #{op.index} CONV_2D has {why}: conv_1d [{sizes['in_len']}][{sizes['in_ch']}] -> "
            f"[{sizes['out_len']}][{sizes['out_ch']}]"
        )
    return replace(graph, ops=tuple(ops)), lines


def _as_1d(geo: Geometry, filter_in_ch: int) -> tuple[str, dict[str, int]] | None:
    if filter_in_ch != geo.in_ch:
        return None
    sizes = {"batches": geo.batches, "in_ch": geo.in_ch, "out_ch": geo.out_ch}
    if geo.kernel_h == geo.kernel_w == 1 and geo.stride_h == geo.stride_w == 1:
        length = geo.batches * geo.in_h * geo.in_w
        ones = {"batches": 1, "kernel": 1, "stride": 1, "pad": 0}
        return "a 1x1 kernel", {**sizes, **ones, "in_len": length, "out_len": length}
    if geo.in_h == geo.kernel_h == geo.out_h == 1 and 1 in {geo.dilation_w, geo.kernel_w}:
        along = {"in_len": geo.in_w, "out_len": geo.out_w}
        return "height 1", {**sizes, **along, "kernel": geo.kernel_w, "stride": geo.stride_w, "pad": geo.pad_w}
    if geo.kernel_w == geo.in_w and geo.out_w == 1 and not geo.padded_w and 1 in {geo.dilation_h, geo.kernel_h}:
        if geo.dilation_w != 1 and geo.kernel_w != 1:
            return None
        why = "width 1" if geo.in_w == 1 else "a kernel as wide as its input"
        along = {"in_len": geo.in_h, "out_len": geo.out_h, "in_ch": geo.in_ch * geo.in_w}
        return why, {**sizes, **along, "kernel": geo.kernel_h, "stride": geo.stride_h, "pad": geo.pad_h}
    return None
