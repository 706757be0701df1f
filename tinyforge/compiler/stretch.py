"""Layers whose output rows each depend on a stretch of input rows, and the same kernel's parameters for a few rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinyforge.compiler.fuse import CONV_1D_POOL, POOLING
from tinyforge.core.graph import Graph, Layer, Param

Part = Callable[[int, int, int, int], dict[str, Param]]
_PER_ELEMENT = {"tfg_lookup_s8", "tfg_limit_s8", "tfg_flip_s8", "tfg_quantize_f32"}
_BINARY = ("add", "sub", "mul", "maximum", "minimum", "squared_difference")
_WINDOWS = {
    *("tfg_conv_2d_s8", "tfg_conv_2d_one_s8", "tfg_conv_2d_narrow_s8", "tfg_conv_2d_narrow_bytes_s8"),
    *("tfg_conv_2d_single_s8", "tfg_conv_2d_single_apart_s8", "tfg_conv_2d_gather_s8"),
    *("tfg_conv_2d_grouped_s8", "tfg_conv_2d_groupwise_s8"),
    *(f"tfg_depthwise_conv_2d{form}_s8" for form in ("", "_few", "_fours", "_planes")),
    *("tfg_max_pool_2d_s8", "tfg_average_pool_2d_s8"),
}


@dataclass(frozen=True, slots=True)
class Stretch:
    """How a layer's rows depend on its input's.

    Attributes:
        count: output rows.
        extent: input rows an output row reads, from ``row * stride - pad`` on; those outside are padding.
        stride, pad: in input rows.
        part: the kernel's parameters for output rows a to b of which input rows c to d are given.
    """

    count: int
    extent: int
    stride: int
    pad: int
    part: Part

    def reads(self, first: int, last: int, rows: int) -> tuple[int, int]:
        """The input rows that output rows ``first`` to ``last`` read."""
        low = max(first * self.stride - self.pad, 0)
        high = min((last - 1) * self.stride - self.pad + self.extent, rows)
        return min(low, rows - 1), max(high, low + 1)


def stretch_of(layer: Layer, graph: Graph, rows: int) -> Stretch | None:
    """How a layer looks at its input's rows; None for one that does not go along them.

    Args:
        layer: all its inputs are rows along time.
        graph: its tensors.
        rows: of its input.
    """
    kernel = layer.kernel
    if kernel in _PER_ELEMENT or kernel == "tfg_copy":
        name = "bytes" if kernel == "tfg_copy" else "elements"
        each = _whole(layer, name) // rows
        return Stretch(rows, 1, 1, 0, lambda first, last, _low, _high: {name: (last - first) * each})
    if kernel in {f"tfg_{stem}_s8" for stem in _BINARY}:
        return _binary(layer, graph, rows)
    if kernel == "tfg_conv_1d_point_s8":
        places = _whole(layer, "places") // rows
        return Stretch(rows, 1, 1, 0, lambda first, last, _low, _high: {"places": (last - first) * places})
    if kernel == CONV_1D_POOL or (kernel in POOLING and _whole(layer, "pool") > 1):
        return _conv_1d_pool(layer, rows)
    if kernel in {"tfg_conv_1d_s8", *POOLING}:
        return _conv_1d(layer, rows)
    if kernel in _WINDOWS:
        return _windows(layer, rows)
    return None


def _whole(layer: Layer, name: str) -> int:
    return int(layer.params.get(name, 1) or 0)


def _binary(layer: Layer, graph: Graph, rows: int) -> Stretch | None:
    shapes = {graph.tensors[index].elements for index in (*layer.inputs, *layer.outputs)}
    elements = _whole(layer, "size_3")
    if len(layer.inputs) != 2 or shapes != {elements}:
        return None
    each = elements // rows
    return Stretch(rows, 1, 1, 0, lambda first, last, _low, _high: {"size_3": (last - first) * each})


def _conv_1d(layer: Layer, rows: int) -> Stretch | None:
    count = "places" if layer.kernel in POOLING else "out_len"
    size = {name: _whole(layer, name) for name in ("batches", "in_len", count, "kernel", "stride", "pad")}
    if size["batches"] != 1:
        return None
    if size["kernel"] == size["stride"] == 1 and size["pad"] == 0 and size["in_len"] % rows == 0:
        each = size["in_len"] // rows  # places of a row

        def places(first: int, last: int, _low: int, _high: int) -> dict[str, Param]:
            return {"in_len": (last - first) * each, count: (last - first) * each}

        return Stretch(rows, 1, 1, 0, places)
    if size["in_len"] != rows:
        return None

    def part(first: int, last: int, low: int, high: int) -> dict[str, Param]:
        return {
            "in_len": high - low,
            count: last - first,
            "pad": low - (first * size["stride"] - size["pad"]),
        }

    return Stretch(size[count], size["kernel"], size["stride"], size["pad"], part)


def _conv_1d_pool(layer: Layer, rows: int) -> Stretch | None:
    """A row is `pool` places of the convolution, the last one maybe fewer."""
    places, pool, stride, pad = (_whole(layer, name) for name in ("places", "pool", "stride", "pad"))
    if _whole(layer, "batches") != 1 or _whole(layer, "in_len") != rows:
        return None

    def part(first: int, last: int, low: int, high: int) -> dict[str, Param]:
        return {
            "in_len": high - low,
            "places": min(last * pool, places) - first * pool,
            "pad": low - (first * pool * stride - pad),
        }

    extent = (pool - 1) * stride + _whole(layer, "kernel")
    return Stretch(-(-places // pool), extent, pool * stride, pad, part)


def _is_pointwise(layer: Layer) -> bool:
    """Whether it is a 1x1 convolution over an image of one row."""
    ones = ("in_h", "out_h", "kernel_h", "kernel_w", "stride_w")
    return "kernel_w" in layer.params and all(_whole(layer, name) == 1 for name in ones)


def _windows(layer: Layer, rows: int) -> Stretch | None:
    """Two dimensions: time is the height, or the width of an image of one row."""
    if _whole(layer, "batches") != 1:
        return None
    if _is_pointwise(layer) and _whole(layer, "in_w") % rows == 0:
        each = _whole(layer, "in_w") // rows  # places of a row

        def places(first: int, last: int, _low: int, _high: int) -> dict[str, Param]:
            return {"in_w": (last - first) * each, "out_w": (last - first) * each}

        return Stretch(rows, 1, 1, 0, places)
    if _whole(layer, "in_h") == rows:
        axis = "h"
    elif _whole(layer, "in_h") == _whole(layer, "out_h") == 1 and _whole(layer, "in_w") == rows:
        axis = "w"
    else:
        return None
    stride, pad = _whole(layer, f"stride_{axis}"), _whole(layer, f"pad_{axis}")
    dilation = int(layer.params.get(f"dilation_{axis}", 1) or 1)
    extent = (_whole(layer, f"kernel_{axis}") - 1) * dilation + 1

    def part(first: int, last: int, low: int, high: int) -> dict[str, Param]:
        return {
            f"in_{axis}": high - low,
            f"out_{axis}": last - first,
            f"pad_{axis}": low - (first * stride - pad),
        }

    return Stretch(_whole(layer, f"out_{axis}"), extent, stride, pad, part)
