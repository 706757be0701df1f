"""A PAD of zeros in front of a convolution is the convolution's own padding: no padded copy, and rows along time stay.

Keras writes ``padding="causal"`` and ``ZeroPadding2D`` that way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from tinyforge.compiler.geometry import AROUND, taps_inside, window_geometry
from tinyforge.compiler.operators import OpView
from tinyforge.compiler.ops.pad import pad_value, paddings_of
from tinyforge.compiler.quantized import VALID
from tinyforge.core.graph import DType, Graph, Op, Tensor

_PADS = frozenset({"PAD", "PADV2"})
_CONVOLUTIONS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D"})


def fold_padding(graph: Graph) -> tuple[Graph, list[str]]:
    """Give such a PAD's widths to all its readers, and drop it.

    Raises:
        UnsupportedModelError: a PAD whose widths or values do not fit.
    """
    if not any(op.kind in _PADS for op in graph.ops):
        return graph, []
    readers: dict[int, list[Op]] = {}
    for op in graph.ops:
        for root in {graph.root(index) for index in op.inputs if index >= 0}:
            readers.setdefault(root, []).append(op)
    kept_whole = {graph.root(index) for index in graph.outputs}
    tensors, lines = list(graph.tensors), []
    changed: dict[int, Op | None] = {}
    aliases = dict(graph.aliases)
    for op in graph.ops:
        pairs = _zeros(graph, op)
        if not pairs or op.outputs[0] in kept_whole:
            continue
        found: list[tuple[Op, Op, Tensor]] = []
        for reader in readers.get(op.outputs[0], []):
            folded = _folded(graph, op, pairs, reader, len(tensors) + len(found))
            if folded is None:
                break
            found.append((reader, *folded))
        else:
            for reader, new, source in found:
                tensors.append(source)
                aliases[source.index] = op.inputs[0]
                changed[id(reader)] = new
            if found:
                changed[id(op)] = None
                names = ", ".join(f"op #{reader.index}" for reader, _, _ in found)
                lines.append(f"op #{op.index} {op.kind} is the padding of {names}")
    ops = [changed.get(id(op), op) for op in graph.ops]
    whole = tuple(op for op in ops if op is not None)
    return replace(graph, tensors=tuple(tensors), ops=whole, aliases=aliases), lines


def _zeros(graph: Graph, op: Op) -> tuple[tuple[int, int], ...]:
    """Widths of a PAD of int8 zeros whose input is a tensor like its output; none of any other."""
    if op.kind not in _PADS or len(op.inputs) < 2 or len(op.outputs) != 1:
        return ()
    view = OpView(graph, op)
    source, target = view.input(0), view.output()
    stored = graph.tensors[graph.root(source.index)]
    if source.dtype is not DType.INT8 or target.dtype is not DType.INT8 or stored.variable or stored.data is not None:
        return ()
    if source.quant is None or target.quant is None:
        return ()
    view.same_quantization(source, target)
    pairs = paddings_of(view)
    return pairs if pad_value(view, target) == view.quantized(target)[1] else ()


def _folded(graph: Graph, op: Op, pairs: Sequence[tuple[int, int]], reader: Op, index: int) -> tuple[Op, Tensor] | None:
    """A reader with these widths of its own, and its input without them; None where it cannot have them."""
    if reader.kind not in _CONVOLUTIONS or int(reader.options.get("padding", 0)) != VALID or AROUND in reader.options:
        return None
    given = graph.tensors[reader.inputs[0]]
    others = {graph.root(one) for one in reader.inputs[1:] if one >= 0}
    if graph.root(given.index) != op.outputs[0] or op.outputs[0] in others or len(given.shape) != 4:
        return None
    if given.dtype is not DType.INT8 or given.quant != graph.tensors[op.outputs[0]].quant:
        return None
    around = _around(graph.tensors[op.outputs[0]].shape, pairs, given.shape)
    filter_ = graph.tensors[reader.inputs[1]]
    if around is None or len(filter_.shape) != 4 or filter_.elements == 0:
        return None
    top, bottom, left, right = around
    batches, height, width, channels = given.shape
    shape = (batches, height - top - bottom, width - left - right, channels)
    source = replace(given, index=index, shape=shape)
    new = replace(reader, inputs=(index, *reader.inputs[1:]), options={**reader.options, AROUND: around})
    trial = replace(graph, tensors=(*graph.tensors, *[source] * (index + 1 - len(graph.tensors))))
    view = OpView(trial, new)
    geometry = window_geometry(view, source, view.output(), (filter_.shape[1], filter_.shape[2]))
    reach_h = (geometry.kernel_h - 1) * geometry.dilation_h
    reach_w = (geometry.kernel_w - 1) * geometry.dilation_w
    if max(top, bottom) > reach_h or max(left, right) > reach_w or not taps_inside(geometry):
        return None  # a window that sees nothing but padding
    return new, source


def _around(
    padded: tuple[int, ...], pairs: Sequence[tuple[int, int]], seen: tuple[int, ...]
) -> tuple[int, int, int, int] | None:
    """Widths at top, bottom, left and right of what the reader sees; None where other dimensions are padded.

    Args:
        padded: shape of the PAD's output.
        pairs: its widths.
        seen: the same bytes as the reader's [batch, height, width, channel].
    """
    widths = {1: (0, 0), 2: (0, 0)}
    for axis, pair in enumerate(pairs):
        if pair == (0, 0):
            continue
        inner = math.prod(padded[axis + 1 :])
        same = [at for at in (1, 2) if seen[at] == padded[axis] and math.prod(seen[at + 1 :]) == inner]
        if len(same) != 1 or widths[same[0]] != (0, 0):
            return None
        widths[same[0]] = pair
    return (*widths[1], *widths[2])
