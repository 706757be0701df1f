"""Calls that one kernel does together: a convolution and the max pooling behind it.

A convolution rescales a sum ``s`` to ``clamp(round(round(s * multiplier / 2**31) / 2**shift) + zero)``, and a max
pooling takes the greatest of some outputs and clamps it again. Multiplying by a positive number, rounding (halves up
or away from zero), dividing, adding and clamping each turn ``a <= b`` into ``f(a) <= f(b)``, as long as nothing wraps
around. So does all of it, and of such an ``f`` the greatest of ``f(a)`` and ``f(b)`` is ``f`` of the greatest of ``a``
and ``b``. Nothing wraps where a channel is not rare: then sums stay below 2**30 and the shift is a right one
(``quantized.Rescale.shifts``). So only the greatest sum is rescaled and stored, with the same bits, and what the
convolution alone would have written needs no memory. Two clamps are one: of a value within ``low..high`` the pooling's
clamp is the clamp to what the pooling's clamp makes of ``low`` and of ``high``.

An average is no such function of the sums: it is taken of rounded values.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace

from tinyforge.compiler.geometry import Geometry
from tinyforge.compiler.goal import Goal
from tinyforge.compiler.overlap import whole_windows
from tinyforge.core.graph import Graph, Layer

POOLED = "tfg_conv_1d_pool_s8"
_CONV, _POOL = "tfg_conv_1d_s8", "tfg_max_pool_2d_s8"
_TILES = ("tfg_conv_1d_s8", "tfg_conv_2d_s8")  # kernels that share their inner loop
_CODE_BYTES = {POOLED: 1100, _CONV: 440, _POOL: 570}  # GCC 12, -O2
_TILES_BYTES = 1260
_CALL_BYTES = 60  # parameters of a pooling
_SAVED_PER_OUTPUT = 14  # instructions on the virtual Cortex-M4, at least
_POOLS = (2, 4)  # of the four places that the kernel computes together
_CONV_1D = ("batches", "in_len", "in_ch", "places", "pool", "out_ch", "kernel", "stride", "pad", "groups", "pad_value")


def fuse(graph: Graph, layers: Sequence[Layer], goal: Goal) -> tuple[list[Layer], list[str]]:
    """Put calls together where that pays.

    Args:
        graph: after the passes.
        layers: the calls, in order.
        goal: what a faster form may cost.

    Returns:
        The calls, numbered again, and a line for each two that became one. Such a call is named as its first one and
        keeps both as its ``parts``.
    """
    found = _candidates(graph, layers)
    if not goal.takes(more_bytes=max(_more_bytes(layers, found), 0), fewer_instructions=_saved(graph, found)):
        return list(layers), []
    kept = [found.get(layer.index, layer) for layer in layers if layer.index - 1 not in found]
    lines = [f"{one.parts[0].name} and {one.parts[1].name} are one call" for one in found.values()]
    return [replace(layer, index=number) for number, layer in enumerate(kept)], lines


def apart(layers: Sequence[Layer], which: Container[int] | None = None) -> list[Layer]:
    """The calls with the parts of those that :func:`fuse` made, or of ``which`` by index; numbered again."""
    single = [
        part
        for layer in layers
        for part in ((layer.parts if which is None or layer.index in which else ()) or (layer,))
    ]
    return [replace(layer, index=number) for number, layer in enumerate(single)]


def _saved(graph: Graph, found: Mapping[int, Layer]) -> int:
    """Instructions of an inference, about."""
    return sum(_SAVED_PER_OUTPUT * graph.tensors[layer.outputs[0]].elements for layer in found.values())


def _more_bytes(layers: Sequence[Layer], found: Mapping[int, Layer]) -> int:
    """Flash that the model takes more, less than 0 where other kernels are no longer needed."""
    gone = {place for index in found for place in (index, index + 1)}
    left = {layer.kernel for layer in layers if layer.index not in gone}
    saved = sum(size for kernel, size in _CODE_BYTES.items() if kernel != POOLED and kernel not in left)
    if left.isdisjoint(_TILES):
        saved += _TILES_BYTES
    return _CODE_BYTES[POOLED] - saved - _CALL_BYTES * len(found)


def _candidates(graph: Graph, layers: Sequence[Layer]) -> dict[int, Layer]:
    """Calls that may be one with the call behind them, by index: that call. Nobody else reads what lies between."""
    used = Counter(graph.root(index) for layer in layers for index in (*layer.inputs, *layer.outputs))
    used.update(graph.root(index) for index in graph.outputs)
    found = {}
    for conv, pool in itertools.pairwise(layers):
        between = graph.root(conv.outputs[0])
        if (conv.kernel, pool.kernel) != (_CONV, _POOL) or used[between] != 2:
            continue
        fused = _conv_1d_pool(conv, pool) if graph.root(pool.inputs[0]) == between else None
        if fused is not None:
            found[conv.index] = fused
    return found


def _conv_1d_pool(conv: Layer, pool: Layer) -> Layer | None:
    """Both as one call, where the pooling goes along the convolution's places and all of them are alike."""
    size, window = _numbers(conv), _numbers(pool)
    axis, other = ("h", "w") if window["in_w"] == 1 else ("w", "h")
    factor, length = window[f"kernel_{axis}"], window[f"in_{axis}"]
    if (
        conv.params["rare"] is not None
        or factor not in _POOLS
        or window[f"stride_{axis}"] != factor
        or window[f"pad_{axis}"]
        or window[f"in_{other}"] != 1
        or (window["batches"], length) != (size["batches"], size["out_len"])
    ):
        return None
    outputs = window[f"out_{axis}"]
    size |= {"places": min(length, outputs * factor), "pool": factor}
    if factor == max(_POOLS) and size["places"] != outputs * factor:
        return None
    least, most = (min(max(size[name], window["min"]), window["max"]) for name in ("min", "max"))
    geometry = Geometry(
        size["batches"], 1, size["in_len"], size["in_ch"], 1, outputs, size["out_ch"],
        kernel_h=1, kernel_w=(factor - 1) * size["stride"] + size["kernel"], stride_h=1,
        stride_w=factor * size["stride"], dilation_h=1, dilation_w=1, pad_h=0, pad_w=size["pad"],
    )  # fmt: skip
    return replace(
        conv,
        kernel=POOLED,
        outputs=pool.outputs,
        params={
            **{name: conv.params[name] for name in ("filter", "bias", "multiplier")},
            **{name: size[name] for name in _CONV_1D},
            "zero_point": size["zero_point"],
            "min": least,
            "max": most,
        },
        overlaps=whole_windows(geometry),
        parts=(conv, pool),
    )


def _numbers(layer: Layer) -> dict[str, int]:
    """The integers among its parameters."""
    return {name: value for name, value in layer.params.items() if isinstance(value, int)}
