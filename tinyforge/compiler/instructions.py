"""Instructions of a kernel call on the Cortex-M4, from its parameters: what a choice between kernels goes by.

A kernel's loops are counted as ``src/dsp`` runs them (``_COUNTS``), and what a turn takes is a table
(``turn_table.py``), fitted to calls measured on the virtual Cortex-M4 by ``tests/bench/instruction_turns.py``, which
says how far it is off. Of other kernels there is no estimate here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields, replace

import numpy as np

from tinyforge.compiler.convolution import PLACES
from tinyforge.compiler.gate_turns import gate_turns
from tinyforge.compiler.geometry import Geometry
from tinyforge.compiler.packing import CODED
from tinyforge.compiler.turn_table import TURNS
from tinyforge.compiler.window_turns import (
    gathered_counts,
    many_counts,
    narrow_counts,
    one_counts,
    single_counts,
    square_counts,
)
from tinyforge.core.graph import Array, Graph, Layer

_UNROLLED = 8  # pairs of a narrow window that its kernel does not loop over
_UNKNOWN, _UNKNOWN_MAC, _UNKNOWN_ELEMENT = 50, 4, 20  # instructions, about
Counts = dict[str, float]


def instructions_of(layer: Layer) -> int | None:
    """Instructions of a call, about; None for a kernel that is not in the table."""
    counts, turns = counts_of(layer), TURNS.get(layer.kernel)
    if counts is None or turns is None:
        return None
    return round(sum(count * turns.get(name, 0.0) for name, count in counts.items()))


def counted(layer: Layer) -> Layer:
    """The call with its instructions, where this table knows its kernel."""
    found = instructions_of(layer)
    return layer if found is None else replace(layer, instructions=found)


def about(layer: Layer, graph: Graph) -> int:
    """Instructions of any call: of a kernel that nobody estimates, of what it multiplies and writes."""
    written = sum(graph.tensors[index].elements for index in layer.outputs)
    return layer.instructions or _UNKNOWN + _UNKNOWN_MAC * layer.macs + _UNKNOWN_ELEMENT * written


def counts_of(layer: Layer) -> Counts | None:
    """How often a call runs through each of its kernel's loops, by their names in ``TURNS``; None as above."""
    found = _COUNTS.get(layer.kernel)
    return None if found is None else found(layer)


def _number(layer: Layer, name: str) -> int:
    value = layer.params.get(name, 0)
    return int(value) if isinstance(value, int) else 0


def _array(layer: Layer, name: str) -> Array:
    return np.asarray(layer.params[name])


def _limited(layer: Layer, outputs: int) -> Counts:
    """The pass that clamps ``outputs`` values, where the clamp is not that of int8."""
    if _number(layer, "max") - _number(layer, "min") == 255:
        return {}
    return {"limit": 1, "limited words": outputs // 4, "limited bytes": outputs % 4}


# -- convolutions along time -------------------------------------------------------------------------------------------


class _Blocks:
    """The blocks of four places of a convolution along time, of one batch."""

    def __init__(self, layer: Layer, places: int) -> None:
        self.in_ch = _number(layer, "in_ch")
        self.taps = _number(layer, "kernel") * self.in_ch
        self.groups = -(-self.taps // 4)
        self.bytes = _number(layer, "in_len") * self.in_ch
        self.stride = _number(layer, "stride") * self.in_ch
        self.starts = np.arange(0, places, PLACES) * self.stride - _number(layer, "pad") * self.in_ch
        self.left = np.minimum(places - np.arange(0, places, PLACES), PLACES)

    def inside(self, taps: int, *, whole: bool = True) -> Array:
        """Which blocks lie inside of the input with all four windows of ``taps`` inputs; ``whole``: and are full."""
        last = self.stride * (3 if whole else self.left - 1)
        found: Array = (self.starts >= 0) & (self.starts + last + taps <= self.bytes)
        return found & (self.left == PLACES) if whole else found

    def edges(self, inside: Array, slots: Array) -> Counts:
        """What ``tfg_take_window`` does for the blocks that do not: windows, groups, and those partly outside."""
        number = np.arange(PLACES)[None, :]
        taken = (number < slots[:, None]) & ~inside[:, None]
        starts = self.starts[:, None] + np.minimum(number, self.left[:, None] - 1) * self.stride
        groups = starts[..., None] + 4 * np.arange(self.groups)
        outside = ((groups < 0) | (groups + 4 > self.bytes)) & taken[..., None]
        within = taken & (outside.sum(axis=-1) < self.groups)
        return {
            "edge windows": int(taken.sum()),
            "edge groups": int(taken.sum()) * self.groups,
            "edge runs": int(within.sum()),
            "edge groups outside": int(outside.sum()),
            "edge groups in front": int(((groups < 0) & outside).sum()),
            "edge bytes inside": int(
                np.clip(np.minimum(groups + 4, self.bytes) - np.maximum(groups, 0), 0, 4)[outside].sum()
            ),
        }


def _geometry(layer: Layer) -> Geometry:
    """Of a convolution over two dimensions, as far as its parameters say it."""
    return Geometry(
        **{one.name: int(layer.params.get(one.name) or (0 if "pad" in one.name else 1)) for one in fields(Geometry)}
    )


def _channel_pairs(layer: Layer, four: int, two: int, groups: int) -> Counts:
    """What blocks of four places and of at most two multiply, two channels at a time."""
    twos = -(-_number(layer, "out_ch") // 2)
    return {
        "fours": four * twos,
        "groups of fours": four * twos * groups,
        "turns of fours": four * twos * ((groups + 1) // 2),
        "twos": two * twos,
        "groups of twos": two * twos * groups,
        "signed": 0 if _number(layer, "zero_point") == -128 else (four + two) * twos,
        "odd": (four + two) * (_number(layer, "out_ch") % 2),
    }


def _rare(layer: Layer, blocks: int, slots: int, groups: int) -> Counts:
    """Channels that are rescaled one by one."""
    rare = 0 if layer.params.get("rare") is None else (_array(layer, "rare").size - 1) // 3
    return {"rare": rare * slots, "rare taps": rare * slots * 4 * groups, "rare blocks": blocks if rare else 0}


def _limited_blocks(layer: Layer, left: Array) -> Counts:
    """The pass that clamps after each block of ``left`` [blocks] places."""
    if _number(layer, "max") - _number(layer, "min") == 255:
        return {}
    outputs = left * _number(layer, "out_ch")
    return {"limit": len(left), "limited words": int((outputs // 4).sum()), "limited bytes": int((outputs % 4).sum())}


def _conv_2d(layer: Layer) -> Counts:
    geo, groups = _geometry(layer), _number(layer, "groups")
    counts = many_counts(geo)
    few = int(counts["few"])
    four, single = int(counts["blocks"]) - few, int(counts["single"])
    left = np.repeat([PLACES, 2, 1], [four, few - single, single])
    counts |= _channel_pairs(layer, four, few, groups)
    counts |= _rare(layer, four + few, PLACES * four + 2 * few, groups) | _limited_blocks(layer, left)
    return {"call": 1, **_scaled(counts, geo.batches)}


def _conv_2d_pool(layer: Layer) -> Counts:
    geo, groups = _geometry(layer), _number(layer, "groups")
    counts = square_counts(geo)
    counts |= _channel_pairs(layer, int(counts["blocks"]), 0, groups)
    outputs = geo.batches * geo.out_h * geo.out_w * geo.out_ch
    return {"call": 1, **_scaled(counts, geo.batches), **_limited(layer, outputs)}


def _narrow_channels(layer: Layer, blocks: float, pairs: int) -> Counts:
    """What ``tfg_narrow`` does for ``blocks`` of four windows of ``pairs`` of values."""
    channels = _array(layer, "channels")
    each = blocks * channels.shape[0]
    many = pairs > _UNROLLED
    return {
        "channels": each,
        "channels exact": blocks * int((channels[:, -2] < 0).sum()),
        "channels of many pairs": each if many else 0,
        "turns of four pairs": each * ((pairs - 1) // 4) if many else 0,
        "pairs": each * pairs,
    }


def _narrow(layer: Layer) -> Counts:
    geo, pairs = _geometry(layer), _number(layer, "pairs")
    counts = narrow_counts(geo, pairs, by_bytes=layer.kernel == "tfg_conv_2d_narrow_bytes_s8")
    offsets = {name: counts.pop(name) for name in ("offsets", "offset columns")}
    counts |= _narrow_channels(layer, counts["blocks"] + counts["edges"], pairs)
    counts |= _limited(layer, geo.out_h * geo.out_w * geo.out_ch)
    return {"call": 1, **offsets, **_scaled(counts, geo.batches)}


def _gather(layer: Layer) -> Counts:
    geo, words, twos = _geometry(layer), _number(layer, "words"), _number(layer, "twos")
    sizes = {name: _number(layer, name) for name in ("pitch", "rows", "band", "below")}
    counts = gathered_counts(geo, **sizes)
    counts |= {"words": counts["blocks"] * words, "twos": counts["blocks"] * twos}
    counts |= _narrow_channels(layer, counts["blocks"], 2 * words + twos)
    counts |= _limited(layer, geo.out_h * geo.out_w * geo.out_ch)
    return {"call": 1, **_scaled(counts, geo.batches)}


def _conv_2d_one(layer: Layer) -> Counts:
    geo = replace(_geometry(layer), out_ch=1)
    outputs = geo.batches * geo.out_h * geo.out_w
    return {"call": 1, **_scaled(one_counts(geo), geo.batches), **_limited(layer, outputs)}


def _single(layer: Layer) -> Counts:
    geo, fours, singles = _geometry(layer), _number(layer, "fours"), _number(layer, "singles")
    counts = single_counts(geo, *(_number(layer, name) for name in ("rows", "columns", "scratch", "below", "pitch")))
    form, blocks = _number(layer, "form"), counts["blocks"]
    counts |= {f"blocks of form {form}": blocks, "fours": blocks * fours, "singles": blocks * singles}
    return {"call": 1, **_scaled(counts, geo.batches), **_limited(layer, geo.batches * geo.out_h * geo.out_w)}


def _three_one(layer: Layer) -> Counts:
    batches, in_h, in_w, out_h, out_w = (_number(layer, name) for name in ("batches", "in_h", "in_w", "out_h", "out_w"))
    counts = {"lines": out_h, "outputs": out_h * out_w, "columns": in_h * in_w}
    return {"call": 1, **_scaled(counts, batches), **_limited(layer, batches * out_h * out_w)}


def _point(layer: Layer) -> Counts:
    places, channels = _number(layer, "places"), _number(layer, "out_ch")
    blocks = -(-places // PLACES)
    counts = {"blocks": blocks, "channels": blocks * channels, "few": places % PLACES}
    return {"call": 1, **counts, **_limited(layer, places * channels)}


def _scaled(counts: Mapping[str, float], factor: int) -> Counts:
    return {name: count * factor for name, count in counts.items()}


def _conv_1d(layer: Layer) -> Counts:
    blocks = _Blocks(layer, _number(layer, "out_len"))
    inside = blocks.inside(4 * blocks.groups)
    slots = np.where(blocks.left <= 2, 2, PLACES)
    count, two = len(blocks.left), int((blocks.left <= 2).sum())
    counts = {
        "blocks": count,
        "blocks inside": int(inside.sum()),
        "groups inside": int(inside.sum()) * blocks.groups,
        **blocks.edges(inside, slots),
        **_channel_pairs(layer, count - two, two, blocks.groups),
        **_rare(layer, count, int(slots.sum()), blocks.groups),
        **_limited_blocks(layer, blocks.left),
    }
    return {"call": 1, **_scaled(counts, _number(layer, "batches"))}


def _conv_1d_pool(layer: Layer) -> Counts:
    places, channels, pool = (_number(layer, name) for name in ("places", "out_ch", "pool"))
    blocks = _Blocks(layer, places)
    inside = blocks.inside(4 * blocks.groups)
    slots = np.where(blocks.left <= 2, 2, PLACES)
    few = int((blocks.left <= 2).sum()) if pool == 2 else 0
    full = len(blocks.left) - few
    counts = {
        "blocks": len(blocks.left),
        "blocks inside": int(inside.sum()),
        "groups inside": int(inside.sum()) * blocks.groups,
        **blocks.edges(inside, slots),
        **_channel_pairs(layer, full, few, blocks.groups),
        "pooled by four": full * -(-channels // 2) if pool == PLACES else 0,
    }
    batches = _number(layer, "batches")
    return {"call": 1, **_scaled(counts, batches), **_limited(layer, batches * channels * -(-places // pool))}


def _pooled(layer: Layer, blocks: int) -> Counts:
    """What a packed kernel's channels take beside products: each rescales what its pooling lets through."""
    pool, channels = _number(layer, "pool"), _number(layer, "out_ch")
    return {
        "channels": blocks * channels,
        "pooled by two": blocks * channels if pool == 2 else 0,
        "pooled by four": blocks * channels if pool == PLACES else 0,
    }


def _conv_1d_packed(layer: Layer) -> Counts:
    places, channels = _number(layer, "places"), _number(layer, "out_ch")
    blocks = _Blocks(layer, places)
    inside = int(blocks.inside(blocks.taps, whole=False).sum())
    count, taps = len(blocks.left), blocks.taps
    entries = _array(layer, "entries").astype(np.int64)
    coded = _number(layer, "form") == CODED
    rows, all_entries = int(np.count_nonzero(entries)), int(entries.sum())
    counts = {
        "blocks": count,
        "fours inside": inside * (taps // 4),
        "taps inside": inside * (taps % 4),
        "taps at edges": (count - inside) * taps,
        "blocks inside": inside,
        **_pooled(layer, count),
        "coded rows": count * rows if coded else 0,
        "coded entries": count * all_entries if coded else 0,
        "coded turns": count * int((entries // 2).sum()) if coded else 0,
        "coded odd": count * int((entries % 2).sum()) if coded else 0,
        "sparse rows": 0 if coded else count * rows,
        "sparse pairs": 0 if coded else count * all_entries,
    }
    batches = _number(layer, "batches")
    outputs = channels * -(-places // _number(layer, "pool"))
    return {"call": 1, **_scaled(counts, batches), **_limited(layer, batches * outputs)}


def _conv_1d_indexed(layer: Layer) -> Counts:
    places, channels = _number(layer, "places"), _number(layer, "out_ch")
    blocks = _Blocks(layer, places)
    inside = blocks.inside(4 * blocks.groups)
    count, one_by_one = len(blocks.left), layer.params.get("pairs") is None
    counts = {
        "blocks": count,
        "blocks inside": int(inside.sum()),
        "groups inside": int(inside.sum()) * blocks.groups,
        **blocks.edges(inside, np.full(count, PLACES)),
        "filled": count * (-blocks.taps % 4),
        **_pooled(layer, count),
        "groups": count * channels * blocks.groups if one_by_one else 0,
        "groups of pairs": 0 if one_by_one else count * channels * blocks.groups,
        "pairs": 0 if one_by_one else count * channels,
    }
    batches = _number(layer, "batches")
    outputs = channels * -(-places // _number(layer, "pool"))
    return {"call": 1, **_scaled(counts, batches), **_limited(layer, batches * outputs)}


# -- dense layers ------------------------------------------------------------------------------------------------------


def _dense(layer: Layer) -> Counts:
    inputs, outputs = _number(layer, "in_len"), _number(layer, "out_len")
    blocks, groups = -(-outputs // 4), inputs // 4
    counts = {
        "rows": 1,
        "blocks": blocks,
        "groups": blocks * groups,
        "turns": blocks * (groups // 2),
        "rest": blocks * (inputs % 4),
        "blocks with a rest": blocks if inputs % 4 else 0,
        **_last(outputs),
        **_limited(layer, outputs),
    }
    return {"call": 1, **_scaled(counts, _number(layer, "batches"))}


def _dense_indexed(layer: Layer) -> Counts:
    """Inputs in twos or in fours."""
    inputs, outputs = _number(layer, "in_len"), _number(layer, "out_len")
    blocks = -(-outputs // 4)
    together = inputs // (4 if "pairs" in layer.params else 2)
    counts = {"rows": 1, "blocks": blocks, "turns": blocks * together, **_last(outputs), **_limited(layer, outputs)}
    return {"call": 1, **_scaled(counts, _number(layer, "batches"))}


def _last(outputs: int) -> Counts:
    """The last block, which stores fewer than four outputs."""
    return {f"last of {name}": int(outputs % 4 == left) for left, name in enumerate(("one", "two", "three"), 1)}


def _dense_one(layer: Layer) -> Counts:
    groups, rest = _number(layer, "groups"), _number(layer, "rest")
    counts = {"rows": 1, "groups": groups, "turns": groups // 2, "rest": rest}
    return {"call": 1, **_scaled(counts, _number(layer, "batches"))}


def _dense_packed(layer: Layer) -> Counts:
    entries, rows = int(_array(layer, "entries").sum(dtype=np.int64)), _number(layer, "out_len")
    coded = _number(layer, "form") == CODED
    empty = rows - int(np.count_nonzero(_array(layer, "entries")))
    counts = {
        "batches": 1,
        "coded rows": rows if coded else 0,
        "coded entries": entries if coded else 0,
        "coded empty": empty if coded else 0,
        "sparse rows": 0 if coded else rows,
        "sparse pairs": 0 if coded else entries,
        "sparse empty": 0 if coded else empty,
        "per channel": rows * _number(layer, "per_channel"),
    }
    return {"call": 1, **_scaled(counts, _number(layer, "batches"))}


# -- recurrent layers --------------------------------------------------------------------------------------------------


def _recurrent(layer: Layer) -> Counts:
    """A GRU whose reset gate comes before the product goes twice through its units."""
    steps, features, units = (_number(layer, name) for name in ("steps", "features", "units"))
    table = layer.params.get("sigmoid_lines") is not None
    twice = layer.kernel.startswith("tfg_gru") and layer.params.get("candidate_bias") is None
    passes = steps * (2 if twice else 1)
    counts: Counts = {
        "call": 1,
        "steps": steps,
        "units": steps * units,
        "units computed": 0 if table else steps * units,
        "units twice": steps * units if twice else 0,
        "units twice computed": steps * units if twice and not table else 0,
        "written": steps if _number(layer, "every_step") else 1,
    }
    return counts | (_packed_gates if "input_rows" in layer.params else _plain_gates)(layer, passes, features, units)


def _plain_gates(layer: Layer, passes: int, features: int, units: int) -> Counts:
    wide = layer.params.get("wide_input_weights") is not None
    groups = [-(-length // 4) for length in (features, units)]
    all_groups = passes * units * sum(groups)
    return {
        "groups": 0 if wide else all_groups,
        "wide groups": all_groups if wide else 0,
        "turns": passes * units * sum(count // 2 for count in groups),
        "widened groups": passes * sum(groups),
    }


def _packed_gates(layer: Layer, passes: int, features: int, units: int) -> Counts:
    """By source, each in its form."""
    gates = 4 if layer.kernel.startswith("tfg_lstm") else 3
    counts: Counts = {}
    for name, length in (("input", features), ("recurrent", units)):
        form = _number(layer, f"{name}_form")
        rows = _array(layer, f"{name}_rows")
        for key, count in gate_turns(form, rows.tobytes(), gates * units, length).items():
            counts[key] = counts.get(key, 0) + passes * count
    return counts


def _max_pool(layer: Layer) -> Counts:
    """Windows side by side in one run of the inner loop; those behind which nothing may be read one by one."""
    geo = _geometry(layer)
    channels = _number(layer, "channels")
    behind, groups = ((-channels & 3) + channels - 1) // channels, -(-channels // 4)
    counts: Counts = dict.fromkeys(
        ("runs", "windows", "groups", "rows", "numbers", "stored", "last", "last channels"), 0.0
    )
    counts |= {"last rows": 0, "last numbers": 0}
    for out_y in range(geo.out_h):
        top = out_y * geo.stride_h - geo.pad_h
        end = min(geo.in_h, top + geo.kernel_h)
        rows = end - max(0, top)
        safe = geo.in_w - (0 if end < geo.in_h and behind <= geo.in_w else behind)
        left, places = -geo.pad_w, geo.out_w
        while places > 0:
            right = min(geo.in_w, left + geo.kernel_w)
            columns, count = right - max(0, left), 1
            if right > safe:
                counts["last"] += 1
                counts["last channels"] += channels
                counts["last rows"] += channels * rows
                counts["last numbers"] += channels * rows * columns
            else:
                if columns == geo.kernel_w:
                    count = min(places, (safe - right) // geo.stride_w + 1)
                counts["runs"] += 1
                counts["windows"] += count
                counts["groups"] += count * groups
                counts["rows"] += count * groups * rows
                counts["numbers"] += count * groups * rows * columns
                counts["stored"] += count * (channels % 4)
            places, left = places - count, left + count * geo.stride_w
    counts |= {"lines": geo.out_h, "odd windows": counts["windows"] if channels % 4 else 0}
    counts |= _limited(layer, geo.out_h * geo.out_w * channels)
    return {"call": 1, **_scaled(counts, geo.batches)}


def _product(layer: Layer, *names: str) -> int:
    return math.prod(_number(layer, name) for name in names)


def _mean(layer: Layer) -> Counts:
    means = _product(layer, "kept_0", "kept_1", "kept_2")
    return {
        "call": 1,
        "means": means,
        "rows": means * _product(layer, "count_0", "count_1"),
        "numbers": means * _product(layer, "count_0", "count_1", "count_2"),
    }


def _elements(layer: Layer) -> Counts:
    return {"call": 1, "elements": _number(layer, "elements")}


def _binary(layer: Layer) -> Counts:
    numbers = _product(layer, "size_0", "size_1", "size_2", "size_3")
    return {
        "call": 1,
        "rows": _product(layer, "size_0", "size_1", "size_2"),
        "numbers": numbers,
        **_limited(layer, numbers),
    }


def _copy(layer: Layer) -> Counts:
    """Word by word only where source and target are so aligned, which nobody knows here."""
    return {"call": 1, "words": _number(layer, "bytes") // 4, "bytes": _number(layer, "bytes") % 4}


def _joined(layer: Layer) -> Counts:
    """About, as ``_copy``; a chunk is copied on its own."""
    chunks, size = _number(layer, "count"), _number(layer, "chunk")
    return {"call": 1, "chunks": chunks, "words": chunks * (size // 4), "bytes": chunks * (size % 4)}


def _softmax(layer: Layer) -> Counts:
    """About: exponentials only of values not far below the greatest one, here of as many as of any values at random."""
    rows, depth = _number(layer, "rows"), _number(layer, "depth")
    near = min(-_number(layer, "diff_min") / 255, 1.0)
    return {"call": 1, "rows": rows, "numbers": rows * depth, "exponentials": rows * (1 + (depth - 1) * near)}


def _batch_matmul(layer: Layer) -> Counts:
    """By rows that lie side by side, by four columns that do, or number by number."""
    rows = _product(layer, "batch_0", "batch_1", "batch_2", "rows")
    columns, depth = _number(layer, "columns"), _number(layer, "depth")
    beside = _number(layer, "left_depth") == _number(layer, "right_depth") == 1
    fours = 0 if beside or _number(layer, "right_column") != 1 else columns // 4
    single = 0 if beside else columns - 4 * fours
    return {
        "call": 1,
        "rows": rows,
        "sums": rows * depth if beside else 0,
        "dots": rows * columns if beside else 0,
        "groups of dots": rows * columns * (depth // 4) if beside else 0,
        "rest of dots": rows * columns * (depth % 4) if beside else 0,
        "fours": rows * fours,
        "turns of fours": rows * fours * depth,
        "single": rows * single,
        "turns of single": rows * single * depth,
    }


def _windows(layer: Layer) -> Counts:
    """About: of depthwise convolutions and averages, outputs and what they read."""
    channels = _number(layer, "out_ch") or _number(layer, "channels") or _number(layer, "in_ch")
    outputs = _product(layer, "batches", "out_h", "out_w") * channels
    taps = (_number(layer, "kernel_h") or 3) * (_number(layer, "kernel_w") or 3)
    return {"call": 1, "outputs": outputs, "taps": outputs * taps, "channels": channels}


_COUNTS: Mapping[str, Callable[[Layer], Counts]] = {
    "tfg_conv_1d_s8": _conv_1d,
    "tfg_conv_1d_pool_s8": _conv_1d_pool,
    "tfg_conv_1d_packed_s8": _conv_1d_packed,
    "tfg_conv_1d_indexed_s8": _conv_1d_indexed,
    "tfg_conv_2d_s8": _conv_2d,
    "tfg_conv_2d_pool_s8": _conv_2d_pool,
    "tfg_conv_1d_point_s8": _point,
    "tfg_conv_2d_3x3_one_s8": _three_one,
    "tfg_conv_2d_one_s8": _conv_2d_one,
    "tfg_conv_2d_single_s8": _single,
    "tfg_conv_2d_single_apart_s8": _single,
    "tfg_conv_2d_narrow_s8": _narrow,
    "tfg_conv_2d_narrow_bytes_s8": _narrow,
    "tfg_conv_2d_gather_s8": _gather,
    "tfg_fully_connected_s8": _dense,
    "tfg_fully_connected_per_channel_s8": _dense,
    "tfg_fully_connected_pairs_s8": _dense_indexed,
    "tfg_fully_connected_indexed_s8": _dense_indexed,
    "tfg_fully_connected_one_s8": _dense_one,
    "tfg_fully_connected_packed_s8": _dense_packed,
    "tfg_lstm_s8": _recurrent,
    "tfg_lstm_packed_s8": _recurrent,
    "tfg_gru_s8": _recurrent,
    "tfg_gru_packed_s8": _recurrent,
    "tfg_max_pool_2d_s8": _max_pool,
    "tfg_average_pool_2d_s8": _windows,
    **{f"tfg_depthwise_conv_2d{form}_s8": _windows for form in ("", "_3x3", "_few", "_fours", "_planes")},
    "tfg_mean_s8": _mean,
    "tfg_mean_fours_s8": _mean,
    **dict.fromkeys(("tfg_reduce_max_s8", "tfg_sum_u8"), _mean),
    "tfg_copy": _copy,
    "tfg_concatenation": _joined,
    "tfg_softmax_s8": _softmax,
    "tfg_batch_matmul_s8": _batch_matmul,
    **dict.fromkeys(("tfg_lookup_s8", "tfg_limit_s8", "tfg_flip_s8", "tfg_quantize_f32"), _elements),
    **{f"tfg_{stem}_s8": _binary for stem in ("add", "sub", "mul")},
}

COUNTED = frozenset(_COUNTS)
"""Kernels of which :func:`instructions_of` knows the instructions."""
