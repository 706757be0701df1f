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
from dataclasses import fields, replace

from tinyforge.compiler.code_bytes import code_bytes
from tinyforge.compiler.convolution import patch_bytes
from tinyforge.compiler.geometry import Geometry
from tinyforge.compiler.goal import Goal
from tinyforge.compiler.instructions import counted
from tinyforge.compiler.overlap import whole_windows
from tinyforge.core.graph import Graph, Layer, Param

CONV_1D_POOL, CONV_2D_POOL = "tfg_conv_1d_pool_s8", "tfg_conv_2d_pool_s8"
POOLING = ("tfg_conv_1d_packed_s8", "tfg_conv_1d_indexed_s8")
"""Kernels of packed weights, which pool as their parameters say; 1: not."""
_CONV_1D, _CONV_2D, _POOL = "tfg_conv_1d_s8", "tfg_conv_2d_s8", "tfg_max_pool_2d_s8"
_CALL_BYTES = 60  # parameters of a pooling
_POOLS = (2, 4)  # of the four places that the kernel computes together
_SIZES_1D = ("batches", "in_len", "in_ch", "places", "pool", "out_ch", "kernel", "stride", "pad", "groups", "pad_value")


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
    pairs = _candidates(graph, layers)
    best: dict[int, Layer] = {}
    there = sorted({layer.kernel for layer in pairs.values()})
    for kernels in (some for count in range(1, len(there) + 1) for some in itertools.combinations(there, count)):
        found = {index: layer for index, layer in pairs.items() if layer.kernel in kernels}
        more = _bytes(layers, found) - _bytes(layers, best)
        if goal.takes(more_bytes=max(more, 0), fewer_instructions=_saved(found) - _saved(best)):
            best = found
    lines = [f"{one.parts[0].name} and {one.parts[1].name} are one call" for one in best.values()]
    return _together(layers, best), lines


def apart(layers: Sequence[Layer], which: Container[int] | None = None) -> list[Layer]:
    """The calls with the parts of those that :func:`fuse` made, or of ``which`` by index; numbered again."""
    single = [
        part
        for layer in layers
        for part in ((layer.parts if which is None or layer.index in which else ()) or (layer,))
    ]
    return [replace(layer, index=number) for number, layer in enumerate(single)]


def _together(layers: Sequence[Layer], found: Mapping[int, Layer]) -> list[Layer]:
    """The calls with those of ``found`` instead of the call of that index and the next one; numbered again."""
    kept = [found.get(layer.index, layer) for layer in layers if layer.index - 1 not in found]
    return [replace(layer, index=number) for number, layer in enumerate(kept)]


def _saved(found: Mapping[int, Layer]) -> int:
    """Instructions of an inference, about."""
    return sum(sum(part.instructions for part in layer.parts) - layer.instructions for layer in found.values())


def _bytes(layers: Sequence[Layer], found: Mapping[int, Layer]) -> int:
    """Flash of what changes: code of the kernels that the model has, and parameters."""
    return code_bytes({layer.kernel for layer in _together(layers, found)}) - _CALL_BYTES * len(found)


def _candidates(graph: Graph, layers: Sequence[Layer]) -> dict[int, Layer]:
    """Calls that may be one with the call behind them, by index: that call. Nobody else reads what lies between."""
    used = Counter(graph.root(index) for layer in layers for index in (*layer.inputs, *layer.outputs))
    used.update(graph.root(index) for index in graph.outputs)
    found = {}
    for conv, pool in itertools.pairwise(layers):
        between = graph.root(conv.outputs[0])
        if pool.kernel != _POOL or conv.params.get("rare") is not None:
            continue
        fusing = _FUSING.get(conv.kernel)
        if fusing and used[between] == 2 and graph.root(pool.inputs[0]) == between:
            fused = fusing(conv, pool)
            if fused is not None:
                found[conv.index] = fused
    return found


def _conv_1d_pool(conv: Layer, pool: Layer) -> Layer | None:
    """Both as one call, where the pooling goes along the convolution's places and all of them are alike.

    A kernel of packed weights takes the pooling into its parameters, one of plain weights becomes another kernel.
    """
    size, window = _numbers(conv), _numbers(pool)
    places = size["out_len"] if conv.kernel == _CONV_1D else size["places"]
    axis, other = ("h", "w") if window["in_w"] == 1 else ("w", "h")
    factor, length = window[f"kernel_{axis}"], window[f"in_{axis}"]
    if (
        factor not in _POOLS
        or window[f"stride_{axis}"] != factor
        or window[f"pad_{axis}"]
        or window[f"in_{other}"] != 1
        or (window["batches"], length) != (size["batches"], places)
    ):
        return None
    outputs = window[f"out_{axis}"]
    size |= {"places": min(length, outputs * factor), "pool": factor}
    if factor == max(_POOLS) and size["places"] != outputs * factor:
        return None
    geometry = Geometry(
        size["batches"], 1, size["in_len"], size["in_ch"], 1, outputs, size["out_ch"],
        kernel_h=1, kernel_w=(factor - 1) * size["stride"] + size["kernel"], stride_h=1,
        stride_w=factor * size["stride"], dilation_h=1, dilation_w=1, pad_h=0, pad_w=size["pad"],
    )  # fmt: skip
    if conv.kernel in POOLING:
        return _fused(conv, pool, conv.kernel, {**conv.params, "places": size["places"], "pool": factor}, geometry)
    return _fused(conv, pool, CONV_1D_POOL, {name: size[name] for name in _SIZES_1D}, geometry)


def _conv_2d_pool(conv: Layer, pool: Layer) -> Layer | None:
    """Both as one call, where the pooling is of two by two whole places of the same image: none was reshaped."""
    size, window = _numbers(conv), _numbers(pool)
    if (window["batches"], window["in_h"], window["in_w"]) != (size["batches"], size["out_h"], size["out_w"]):
        return None
    twos = all(window[f"{name}_{axis}"] == 2 for name in ("kernel", "stride") for axis in "hw")
    if not twos or any(window[f"pad_{axis}"] or 2 * window[f"out_{axis}"] > window[f"in_{axis}"] for axis in "hw"):
        return None
    size |= {"out_h": window["out_h"], "out_w": window["out_w"]}
    one = Geometry(**{field.name: size[field.name] for field in fields(Geometry)})
    square = replace(
        one,
        kernel_h=one.stride_h + (one.kernel_h - 1) * one.dilation_h + 1,
        kernel_w=one.stride_w + (one.kernel_w - 1) * one.dilation_w + 1,
        stride_h=2 * one.stride_h,
        stride_w=2 * one.stride_w,
        dilation_h=1,
        dilation_w=1,
    )
    kept = {name: value for name, value in size.items() if name not in {"zero_point", "min", "max"}}
    fused = _fused(conv, pool, CONV_2D_POOL, kept, square)
    return replace(fused, scratch_bytes=patch_bytes(one, squares=True))


def _fused(conv: Layer, pool: Layer, kernel: str, sizes: Mapping[str, Param], geometry: Geometry) -> Layer:
    """The call that does both.

    Args:
        conv: its weights, zero point and clamp are the call's.
        pool: clamps again.
        kernel: the call's.
        sizes: members of its structure beside those.
        geometry: of what an output reads.
    """
    ends = (min(max(_numbers(conv)[name], _numbers(pool)["min"]), _numbers(pool)["max"]) for name in ("min", "max"))
    fused = replace(
        conv,
        kernel=kernel,
        outputs=pool.outputs,
        params={
            **{name: conv.params[name] for name in ("filter", "bias", "multiplier") if name in conv.params},
            **sizes,
            "zero_point": conv.params["zero_point"],
            **dict(zip(("min", "max"), ends, strict=True)),
        },
        overlaps=whole_windows(geometry),
        parts=(conv, pool),
    )
    return counted(fused)


_FUSING = {_CONV_1D: _conv_1d_pool, **dict.fromkeys(POOLING, _conv_1d_pool), _CONV_2D: _conv_2d_pool}


def _numbers(layer: Layer) -> dict[str, int]:
    """The integers among its parameters."""
    return {name: value for name, value in layer.params.items() if isinstance(value, int)}
