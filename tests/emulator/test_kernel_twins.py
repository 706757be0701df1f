"""Each kernel of src/dsp, and some others, beside its portable twin on random shapes, called without a model.

``TINYFORGE_SHAPES`` sets how many shapes each kernel gets (100 by default). Whole models through the compiler are in
``test_dsp_kernels.py``. The input ends where the board's memory ends, so that a byte read beyond it is a fault; the
output lies between bytes that must stay. The twin runs on the host and traps where C leaves a result undefined.
"""

from __future__ import annotations

import ctypes
import os
import re
from dataclasses import fields

import numpy as np
import pytest

pytest.importorskip("unicorn", reason="the virtual board needs `pip install tinyforge[virtual]`")

from tinyforge.compiler.convolution import patch_bytes
from tinyforge.compiler.few_channels import byte_pairs, narrow_channels, narrow_pairs
from tinyforge.compiler.gate_packing import gate_forms
from tinyforge.compiler.gather import gather_bytes, gather_pairs, gather_params, gather_plan
from tinyforge.compiler.geometry import Geometry, taps_inside
from tinyforge.compiler.groupwise import groupwise_bytes, together
from tinyforge.compiler.layout import blocked, filled, interleaved, one_row, paired, widened
from tinyforge.compiler.ops.transpose_conv import phases_bytes
from tinyforge.compiler.packing import dense_nibbles, nibbles, pack
from tinyforge.compiler.sigmoid import sigmoid_table
from tinyforge.compiler.single import single_fits, single_params
from tinyforge.core.resources import csrc_dir, firmware_dir
from tinyforge.firmware.linker_script import render_linker_script
from tinyforge.runtimes.aot.generate import DSP_SHARED
from tinyforge.toolchain import find_arm_toolchain, read_image
from tinyforge.toolchain.host import build_shared
from tinyforge.virtual.machine import Machine

COUNT = int(os.environ.get("TINYFORGE_SHAPES", "100"))
SEED = int(os.environ.get("TINYFORGE_SEED", "1"))
RAM, RAM_BYTES, FLASH_BYTES, BUFFERS = 0x2000_0000, 2 << 20, 1 << 20, 0x2004_0000
CANARY = bytes(range(0xA0, 0xB0))
TRAPS = ("-O1", "-fsanitize=undefined", "-fsanitize-undefined-trap-on-error")


def limits(rng):
    """Zero points of input and output, and the clamp: all of int8, a ReLU, or something between."""
    zero = int(rng.choice([-128, -128, 0, rng.integers(-128, 128)]))
    low, high = ((-128, 127), (zero, 127), tuple(sorted(rng.integers(-128, 128, 2).tolist())))[rng.integers(3)]
    return {"pad_value": int(rng.integers(-128, 128)), "zero_point": zero, "min": low, "max": high}


def rescaling(rng, channels, taps):
    """Bias and shift in one word, multiplier; some channels are rare."""
    spread = int(np.log2(taps * 4000 + 1))
    shift = np.clip(rng.integers(spread - 8, spread + 2, channels), 0, 21)
    bias = rng.integers(-(1 << 14), 1 << 14, channels)
    rare = []
    if rng.integers(4) == 0:
        for channel in np.flatnonzero(rng.integers(0, 3, channels) == 0).tolist():
            rare += [channel, int(rng.integers(-(1 << 25), 1 << 25)), int(rng.integers(0, 22))]
    words = np.append(bias * 256 + shift, np.zeros(channels % 2, np.int64)).astype(np.int32)
    multiplier = rng.integers(1 << 30, 1 << 31, channels + channels % 2).astype(np.int32)
    return {"bias": words, "multiplier": multiplier, "rare": np.array([*rare, -1], np.int32) if rare else None}


def weights(rng, *shape):
    """Full range, or many zeros and few values."""
    found = rng.integers(-128, 128, shape)
    if rng.integers(3) == 0:
        found = rng.choice([0, 0, 0, 5, -7, 127, -128], shape)
    return found.astype(np.int8)


def windows(rng, most_kernel=5, strides=(1, 3)):
    """Sizes of one dimension: input, output, kernel, stride, padding before."""
    kernel, stride = int(rng.integers(1, most_kernel + 1)), int(rng.integers(*strides, endpoint=True))
    pad = int(rng.integers(0, kernel))
    size = int(rng.integers(1, 13))
    most = (size + 2 * pad - kernel) // stride + 1
    return (
        (size, int(rng.integers(1, most + 1)), kernel, stride, pad) if most > 0 else windows(rng, most_kernel, strides)
    )


def channels(rng):
    return int(rng.choice([1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 17, 31, 33]))


def conv_1d(rng):
    size, out, kernel, stride, pad = windows(rng, 7)
    in_ch, out_ch, batches = channels(rng), channels(rng), int(rng.integers(1, 3))
    taps = kernel * in_ch
    found = {
        "filter": paired(weights(rng, out_ch, taps)), **rescaling(rng, out_ch, taps), "batches": batches,
        "in_len": size, "in_ch": in_ch, "out_len": out, "out_ch": out_ch, "kernel": kernel, "stride": stride,
        "pad": pad, "groups": filled(taps) // 4, **limits(rng),
    }  # fmt: skip
    return found, [batches * size * in_ch], batches * out * out_ch, 8 * filled(taps)


def conv_1d_pool(rng):
    """The last window of a pool of two may lack its second place; no channel is rare."""
    pool = int(rng.choice([2, 4]))
    while True:
        found, inputs, _, scratch = conv_1d(rng)
        if found["rare"] is None and found["out_len"] >= (1 if pool == 2 else pool):
            break
    places = found.pop("out_len")
    del found["rare"]
    found |= {"places": places - places % pool if pool == 4 else places, "pool": pool}
    return found, inputs, found["batches"] * -(-found["places"] // pool) * found["out_ch"], scratch


def conv_1d_packed(rng):
    """Pooled or not; no channel is rare."""
    while True:
        found, inputs, _, _ = conv_1d(rng)
        pool = int(rng.choice([1, 1, 2, 4]))
        if found["rare"] is None and found["out_len"] >= (pool if pool == 4 else 1):
            break
    taps, out_ch, places = found["kernel"] * found["in_ch"], found["out_ch"], found["out_len"]
    places -= places % pool if pool == 4 else 0
    rows = packed_rows(rng, out_ch, taps)
    shift = (found["bias"][:out_ch] & 255).astype(np.int8)
    found |= {**rows.params(), "bias": found["bias"][:out_ch] >> 8, "shift": shift, "places": places, "pool": pool}
    return found, inputs, found["batches"] * -(-places // pool) * out_ch, 8 * taps


def conv_1d_indexed(rng):
    found, inputs, output, _ = conv_1d_packed(rng)
    taps, out_ch = found["kernel"] * found["in_ch"], found["out_ch"]
    values = rng.integers(-128, 128, int(rng.integers(1, 17)))
    rows = nibbles(rng.choice(values, (out_ch, taps)).astype(np.int8), together=bool(rng.integers(2)))
    return found | rows | {"bias": found["bias"] * 256 + found["shift"]}, inputs, output, 8 * filled(taps)


def packed_rows(rng, outputs, inputs):
    """Of each form: few weights, few values and few zeros, neither."""
    share = float(rng.choice([0.02, 0.2, 0.5, 1]))
    values = rng.integers(-128, 128, int(rng.choice([3, 15, 16]))) if rng.integers(2) else np.arange(-128, 128)
    found = rng.choice(values, (outputs, inputs)) * (rng.random((outputs, inputs)) < share)
    return pack(found.astype(np.int8))


def two_dimensions(rng, most_kernel, strides):
    in_h, out_h, kernel_h, stride_h, pad_h = windows(rng, most_kernel, strides)
    in_w, out_w, kernel_w, stride_w, pad_w = windows(rng, most_kernel, strides)
    return {
        "batches": int(rng.integers(1, 3)), "in_h": in_h, "in_w": in_w, "out_h": out_h, "out_w": out_w,
        "kernel_h": kernel_h, "kernel_w": kernel_w, "stride_h": stride_h, "stride_w": stride_w, "pad_h": pad_h,
        "pad_w": pad_w,
    }  # fmt: skip


def areas(size, in_ch, out_ch):
    return (
        [size["batches"] * size["in_h"] * size["in_w"] * in_ch],
        size["batches"] * size["out_h"] * size["out_w"] * out_ch,
    )


def conv_2d(rng):
    size, in_ch, out_ch = two_dimensions(rng, 4, (1, 3)), channels(rng), channels(rng)
    size |= {"dilation_h": int(rng.integers(1, 3)), "dilation_w": int(rng.choice([1, 1, 2, 5]))}
    taps = size["kernel_h"] * size["kernel_w"] * in_ch
    found = {
        "filter": paired(weights(rng, out_ch, taps)), **rescaling(rng, out_ch, taps), **size, "in_ch": in_ch,
        "out_ch": out_ch, "groups": filled(taps) // 4, **limits(rng),
    }  # fmt: skip
    columns = 3 * size["stride_w"] + (size["kernel_w"] - 1) * size["dilation_w"] + 1
    whole = (in_ch if size["dilation_w"] > 1 else in_ch * size["kernel_w"]) % 4 == 0
    scratch = 8 * filled(taps) + filled(columns * in_ch) + 4 + (0 if whole else 4 * filled(taps) + 16)
    return found, *areas(size, in_ch, out_ch), scratch


def conv_2d_groupwise(rng):
    """Each group's numbers as a convolution of its own has them."""
    groups, each_in, each_out = (int(rng.choice(counts)) for counts in ([1, 2, 3, 5], [1, 2, 3, 4, 5, 8], [1, 2, 3, 8]))
    found, _, _, _ = conv_2d(rng)
    size = {field.name: found[field.name] for field in fields(Geometry)}
    size |= {"in_ch": groups * each_in, "out_ch": groups * each_out}
    taps = size["kernel_h"] * size["kernel_w"] * each_in
    parts = [{"filter": paired(weights(rng, each_out, taps)), **rescaling(rng, each_out, taps)} for _ in range(groups)]
    columns = 4 * int(rng.integers(1, 4))
    found = {
        **together(parts, ("filter", "bias", "multiplier")),
        **size, "group_in_ch": each_in, "group_out_ch": each_out, "groups": filled(taps) // 4, "columns": columns,
        **limits(rng),
    }  # fmt: skip
    scratch = groupwise_bytes(Geometry(**size), each_in, columns)
    return found, *areas(size, size["in_ch"], size["out_ch"]), scratch


def transpose_conv_phases(rng):
    """Output sizes of which a convolution would make the input's, or some more and less."""
    in_ch, out_ch = int(rng.choice([1, 2, 3, 4, 5, 8, 16])), int(rng.choice([1, 2, 3, 4, 5, 8, 16]))
    size = {"batches": int(rng.integers(1, 3)), "in_ch": in_ch, "out_ch": out_ch, "dilation_h": 1, "dilation_w": 1}
    for side, longest in (("h", 5), ("w", int(rng.choice([5, 20])))):
        stride, length = int(rng.integers(1, 5)), int(rng.integers(1, longest))
        kernel = stride + int(rng.integers(0, 4))
        pad = int(rng.integers(0, kernel))
        most = (length - 1) * stride + kernel
        size |= {f"stride_{side}": stride, f"in_{side}": length, f"kernel_{side}": kernel, f"pad_{side}": pad}
        size[f"out_{side}"] = int(rng.integers(max(most - 2 * pad - stride, 1), most + stride))
    filter_ = weights(rng, out_ch, size["kernel_h"], size["kernel_w"], in_ch)
    parts, multiplier = [], None
    for down in range(size["stride_h"]):
        for right in range(size["stride_w"]):
            taps = filter_[:, down :: size["stride_h"], right :: size["stride_w"]][:, ::-1, ::-1].reshape(out_ch, -1)
            numbers = rescaling(rng, out_ch, taps.shape[1])
            multiplier = numbers["multiplier"] if multiplier is None else multiplier
            parts.append({**numbers, "filter": paired(taps)})
    columns, geo = 4 * int(rng.integers(1, 4)), Geometry(**size)
    sizes = {name: value for name, value in size.items() if not name.startswith("dilation")}
    found = {
        **together(parts, ("filter", "bias")),
        "multiplier": multiplier,
        **sizes,
        "columns": columns,
        **limits(rng),
    }
    return found, *areas(size, in_ch, out_ch), phases_bytes(geo, columns)


def conv_2d_pool(rng):
    """Twice as many places as outputs are whole; no channel is rare."""
    while True:
        found, _, _, _ = conv_2d(rng)
        if found["rare"] is None and min(found["out_h"], found["out_w"]) > 1:
            break
    del found["rare"]
    found |= {"out_h": found["out_h"] // 2, "out_w": found["out_w"] // 2}
    scratch = patch_bytes(Geometry(**{field.name: found[field.name] for field in fields(Geometry)}), squares=True)
    return found, *areas(found, found["in_ch"], found["out_ch"]), scratch


def few_channels(rng):
    """Sizes and limits of the kernels for few channels, and by chance one dimension only."""
    size, in_ch = two_dimensions(rng, 4, (1, 3)), int(rng.choice([1, 1, 2, 3, 4, 5, 6, 7, 8, 13, 32, 33]))
    if rng.integers(3) == 0:
        size |= {"in_h": 1, "out_h": 1, "kernel_h": 1, "stride_h": 1, "pad_h": 0}
    return {**size, "in_ch": in_ch, "dilation_h": int(rng.choice([1, 1, 2])), **limits(rng)}


def spread_columns(rng, size):
    """Dilated columns by chance, whether they reach beyond the input or not."""
    return {**size, "dilation_w": int(rng.choice([1, 2, 3, 7]))}


def conv_2d_one(rng):
    size = spread_columns(rng, few_channels(rng))
    lines, width = size["kernel_h"], size["kernel_w"] * size["in_ch"]
    if size["dilation_w"] > 1:
        lines, width = lines * size["kernel_w"], size["in_ch"]
    filter_ = np.zeros((lines, filled(width)), np.int8)
    filter_[:, :width] = weights(rng, lines, width)
    bias, spread = int(rng.integers(-(1 << 20), 1 << 20)), int(np.log2(filter_.size * 4000))
    sums = filter_.reshape(size["kernel_h"], -1).sum(axis=1, dtype=np.int64)
    found = {
        "filter": filter_, "pads": (size["pad_value"] * sums).astype(np.int32), "bias": bias,
        "folded_bias": bias - size["pad_value"] * int(filter_.sum(dtype=np.int64)),
        "multiplier": int(rng.integers(1 << 30, 1 << 31)),
        "shift": int(np.clip(rng.integers(spread - 8, spread), 0, 21)), **size,
    }  # fmt: skip
    if rng.integers(8) == 0:
        found["shift"] = -64 - int(rng.integers(0, 20))
    return found, *areas(size, size["in_ch"], 1), 0


def conv_2d_narrow(rng, pairs_of=narrow_pairs):
    while True:
        size, out_ch = few_channels(rng), channels(rng)
        width = size["kernel_w"] * size["in_ch"]
        pairs = pairs_of(weights(rng, out_ch, size["kernel_h"], width))
        if pairs.shape[1] <= 40:
            break
    rescale = rescaling(rng, out_ch, size["kernel_h"] * width)
    bias, shift = rescale["bias"][:out_ch].astype(np.int64) >> 8, rescale["bias"][:out_ch].astype(np.int64) & 255
    bias[rng.integers(out_ch)] = rng.integers(-(1 << 28), 1 << 28)
    multiplier = rescale["multiplier"][:out_ch].astype(np.int64)
    found = {
        "channels": narrow_channels(pairs, bias, multiplier, shift, size["zero_point"]), **size, "out_ch": out_ch,
        "pairs": pairs.shape[1],
    }  # fmt: skip
    reach = filled((3 * size["stride_w"] + size["kernel_w"]) * size["in_ch"])
    return found, *areas(size, size["in_ch"], out_ch), 16 * (pairs.shape[1] + 1) + reach + 4


def conv_2d_narrow_bytes(rng):
    found, inputs, output, _ = conv_2d_narrow(rng, byte_pairs)
    found = spread_columns(rng, found)
    columns = 3 * found["stride_w"] + (found["kernel_w"] - 1) * found["dilation_w"] + 1
    pairs = found["pairs"]
    scratch = 16 * pairs + 8 * pairs // found["kernel_h"] + filled(columns * found["in_ch"]) + 4
    return found, inputs, output, scratch


def conv_2d_gather(rng):
    while True:
        size, out_ch = spread_columns(rng, few_channels(rng)), channels(rng)
        bounds = {name: size.pop(name) for name in ("pad_value", "zero_point", "min", "max")}
        geo = Geometry(**size, out_ch=out_ch)
        plan = gather_plan(geo)
        if len(plan.values) <= 40:
            break
    rescale = rescaling(rng, out_ch, 2 * len(plan.values))
    bias, shift = rescale["bias"][:out_ch].astype(np.int64) >> 8, rescale["bias"][:out_ch].astype(np.int64) & 255
    bias[rng.integers(out_ch)] = rng.integers(-(1 << 28), 1 << 28)
    multiplier = rescale["multiplier"][:out_ch].astype(np.int64)
    pairs = gather_pairs(plan, weights(rng, out_ch, geo.kernel_h * geo.kernel_w * geo.in_ch))
    found = {
        "channels": narrow_channels(pairs, bias, multiplier, shift, bounds["zero_point"]), **size, **bounds,
        **gather_params(geo, plan), "out_ch": out_ch,
    }  # fmt: skip
    return found, *areas(size, geo.in_ch, out_ch), gather_bytes(geo)


def conv_1d_point(rng):
    found, *_ = conv_2d_narrow(rng)
    out_ch, places = found["out_ch"], int(rng.integers(1, 40))
    numbers = found["channels"].reshape(out_ch, -1)[:, [0, 1, -2, -1]]
    kept = {name: found[name] for name in ("out_ch", "zero_point", "min", "max")}
    return {"channels": np.ascontiguousarray(numbers), "places": places, **kept}, [places], places * out_ch, 0


def conv_2d_3x3_one(rng):
    found, inputs, output, scratch = depthwise_3x3(rng, 1)
    bias = found.pop("bias")
    found |= {"bias": int(bias[0]) >> 8, "shift": int(bias[0]) & 255, "multiplier": int(found["multiplier"][0])}
    return found, inputs, output, scratch - 160


def conv_2d_single_apart(rng):
    return conv_2d_single(rng, (2, 4))


def conv_2d_single(rng, strides=(1, 1)):
    while True:
        size = spread_columns(rng, two_dimensions(rng, int(rng.choice([3, 5, 10])), (1, 4)))
        size |= {"stride_w": int(rng.integers(*strides, endpoint=True))}
        size |= {"dilation_h": int(rng.choice([1, 1, 2, 3]))}
        if rng.integers(3) == 0:  # one row, sometimes longer than is taken at once
            size |= {"in_h": 1, "out_h": 1, "kernel_h": 1, "stride_h": 1, "pad_h": 0, "in_w": int(rng.integers(3, 700))}
            most = (size["in_w"] + 2 * size["pad_w"] - size["kernel_w"]) // size["stride_w"] + 1
            size["out_w"] = int(rng.integers(1, max(most, 1) + 1))
        elif rng.integers(4) == 0:  # more rows than are taken at once, by chance without padding at the sides
            size |= {"in_h": int(rng.integers(4, 50)), "in_w": int(rng.integers(4, 50)), "pad_w": int(rng.integers(2))}
            for side in "hw":
                reach = (size[f"kernel_{side}"] - 1) * size[f"dilation_{side}"] + 1
                size[f"out_{side}"] = max((size[f"in_{side}"] - reach) // size[f"stride_{side}"] + 1, 1)
        geo = Geometry(**size, in_ch=1, out_ch=1)
        if single_fits(geo):
            break
    bounds, numbers = limits(rng), rescaling(rng, 1, size["kernel_h"] * size["kernel_w"])
    bias, shift = int(numbers["bias"][0]) >> 8, int(numbers["bias"][0]) & 255
    if rng.integers(6) == 0:
        bias = int(rng.integers(-(1 << 28), 1 << 28))
    filter_ = weights(rng, size["kernel_h"], size["kernel_w"])
    params = single_params(geo, filter_, bias, int(numbers["multiplier"][0]), shift, bounds["zero_point"])
    return {**params, **size, **bounds}, *areas(size, 1, 1), params["scratch"]


def depthwise_3x3(rng, count=None):
    stride, count = int(rng.integers(1, 3)), count or channels(rng)
    while True:
        size = two_dimensions(rng, 3, (stride, stride))
        if size["kernel_h"] == size["kernel_w"] == 3 and size["out_w"] > 1:
            break
    numbers = rescaling(rng, count, 9)
    if numbers["rare"] is not None:
        numbers["rare"][2::3] &= 15
    found = {"filter": weights(rng, 3, 3, count), **numbers, **size, "out_ch": count, "stride": stride, **limits(rng)}
    return found, *areas(size, count, count), 160 + 32 * ((size["out_w"] - 1) * stride + 3)


def depthwise_fours(rng, count=None):
    count = count or max(channels(rng), 4)
    while True:
        dilations = {f"dilation_{side}": int(rng.choice([1, 1, 2, 3, 5])) for side in "hw"}
        size = two_dimensions(rng, 5, (1, 3)) | dilations
        if taps_inside(Geometry(**size, in_ch=count, out_ch=count)):
            break
    taps = size["kernel_h"] * size["kernel_w"]
    numbers = rescaling(rng, count, taps)
    if numbers["rare"] is not None:
        numbers["rare"][2::3] &= 15
    found = {"filter": weights(rng, taps, count), **numbers, **size, "out_ch": count, **limits(rng)}
    return found, *areas(size, count, count), 64 + 8 * taps


def depthwise_few(rng):
    found, inputs, output, scratch = depthwise_fours(rng, int(rng.integers(2, 4)))
    for name in ("filter", "bias", "multiplier"):
        array = found[name][..., : found["out_ch"]]
        found[name] = np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, 4 - found["out_ch"])])
    return found, inputs, output, scratch + 4 * found["kernel_h"] * found["kernel_w"]


def depthwise_planes(rng):
    size, count, copies = two_dimensions(rng, int(rng.choice([5, 5, 10])), (1, 4)), channels(rng), 1
    if rng.integers(3) == 0:
        copies = int(rng.choice([each for each in (2, 3, 4, count) if count % each == 0] or [1]))
    if rng.integers(4) == 0:  # one row, sometimes longer than is taken at once
        size |= {"in_h": 1, "out_h": 1, "kernel_h": 1, "stride_h": 1, "pad_h": 0, "in_w": int(rng.integers(12, 400))}
        most = (size["in_w"] + 2 * size["pad_w"] - size["kernel_w"]) // size["stride_w"] + 1
        size["out_w"] = int(rng.integers(1, most + 1))
    for side in "hw":
        size[f"dilation_{side}"] = int(rng.choice([1, 2, 3, 8])) if size[f"stride_{side}"] == 1 else 1
    taps = size["kernel_h"] * size["kernel_w"]
    numbers = rescaling(rng, count, taps)
    if numbers["rare"] is not None:
        numbers["rare"][2::3] &= 15
    found = {
        "filter": weights(rng, taps, count), **numbers, **size, "out_ch": count, "depth_multiplier": copies,
        **limits(rng),
    }  # fmt: skip
    return found, *areas(size, count // copies, count), planes_bytes(size)


def planes_bytes(size):
    phases, taps = min(size["stride_w"], size["kernel_w"]), -(-size["kernel_w"] // size["stride_w"])
    groups, width = (taps + 2) // 4, -(-size["out_w"] // size["dilation_w"])
    width = width if size["out_h"] > size["dilation_h"] else min(width, 64)
    each = 8 * groups + 4 * (taps % 4 == 1)
    return (2 * size["kernel_h"] - 1) * phases * each + size["kernel_h"] * phases * (filled(width) + 4 * groups)


def dense(rng):
    in_len, out_len, batches = int(rng.integers(1, 100)), int(rng.integers(1, 20)), int(rng.integers(1, 3))
    bias = np.zeros(filled(out_len), np.int32)
    bias[:out_len] = rng.integers(-10000, 10000, out_len)
    bounds = limits(rng)
    found = {
        "filter": blocked(weights(rng, out_len, in_len)), "bias": bias, "batches": batches, "in_len": in_len,
        "out_len": out_len, "min": bounds["min"], "max": bounds["max"],
    }  # fmt: skip
    return found, [batches * in_len], batches * out_len, bounds["zero_point"]


def fully_connected(rng):
    found, inputs, output, zero = dense(rng)
    shift = int(rng.integers(4, 14))
    found |= {"multiplier": int(rng.integers(1 << 28, 1 << 31)), "shift": shift}
    return found | {"rounding": (1 << (shift - 1)) + zero * (1 << shift)}, inputs, output, 0


def fully_connected_per_channel(rng):
    found, inputs, output, zero = dense(rng)
    count = filled(found["out_len"])
    found |= {"multiplier": rng.integers(1 << 28, 1 << 31, count).astype(np.int32), "zero_point": zero}
    return found | {"shift": rng.integers(4, 14, count).astype(np.int8)}, inputs, output, 0


def fully_connected_one(rng):
    found, inputs, _, _ = fully_connected(rng)
    row = weights(rng, found["in_len"])
    kept = {name: found[name] for name in ("batches", "multiplier", "rounding", "shift", "min", "max")}
    sizes = {"groups": row.size // 4, "rest": row.size % 4, "bias": int(found["bias"][0])}
    return {"filter": one_row(row), **sizes, **kept}, inputs, found["batches"], 0


def fully_connected_pairs(rng, fours=True):
    found, _, output, _ = fully_connected(rng)
    in_len = int(rng.integers(1, 26)) * (4 if fours else 2)
    values = rng.integers(-128, 128, int(rng.integers(1, 17)))
    rows = dense_nibbles(rng.choice(values, (found["out_len"], in_len)).astype(np.int8), together=fours)
    del found["filter"]
    return found | rows | {"in_len": in_len}, [found["batches"] * in_len], output, 0


def fully_connected_indexed(rng):
    return fully_connected_pairs(rng, fours=False)


def fully_connected_packed(rng):
    found, inputs, output, zero = dense(rng)
    rows = packed_rows(rng, found["out_len"], found["in_len"])
    count = found["out_len"] if rng.integers(2) else 1
    del found["filter"]
    found |= {**rows.params(), "per_channel": int(count > 1), "zero_point": zero}
    found |= {"multiplier": rng.integers(1 << 28, 1 << 31, count).astype(np.int32)}
    return found | {"shift": rng.integers(4, 14, count).astype(np.int8)}, inputs, output, 0


def pool(rng):
    while True:  # a window has something inside
        size, count, bounds = two_dimensions(rng, 4, (1, 3)), channels(rng), limits(rng)
        if all((size[f"out_{s}"] - 1) * size[f"stride_{s}"] - size[f"pad_{s}"] < size[f"in_{s}"] for s in "hw"):
            break
    return {**size, "channels": count, "min": bounds["min"], "max": bounds["max"]}, *areas(size, count, count), 0


def elementwise(rng):
    """Sizes of two operands that broadcast over each other."""
    shape = [int(rng.choice([1, 2, 3, 5, 8])) for _ in range(3)] + [int(rng.choice([1, 2, 3, 4, 7, 16, 33]))]
    found, counts = {}, []
    for name in ("left", "right"):
        own = [1 if rng.integers(3) == 0 else size for size in shape]
        counts.append(int(np.prod(own)))
        steps = [int(np.prod(own[place + 1 :])) if own[place] > 1 else 0 for place in range(4)]
        found |= {f"{name}_stride_{place}": step for place, step in enumerate(steps)}
        found[f"offset_{name}"] = int(rng.integers(-127, 129))
    found |= {f"size_{place}": size for place, size in enumerate(shape)}
    bounds = limits(rng)
    return found | {name: bounds[name] for name in ("zero_point", "min", "max")}, counts, int(np.prod(shape)), 0


def add(rng):
    """The operand of the larger scale is halved, the other one takes less."""
    found, *sizes = elementwise(rng)
    for name in rng.permutation(["left", "right"]):
        half = f"multiplier_{name}" not in found and "multiplier_left" not in found and "multiplier_right" not in found
        found[f"multiplier_{name}"] = 1 << 30 if half else int(rng.integers(1 << 30, 1 << 31))
        found[f"exponent_{name}"] = 0 if half else -int(rng.integers(1, 12))
    found |= {"multiplier_out": int(rng.integers(1 << 30, 1 << 31)), "exponent_out": -int(rng.integers(14, 24))}
    return found, *sizes


def mul(rng):
    found, *sizes = elementwise(rng)
    exponent = int(rng.integers(-3, 6)) if rng.integers(4) == 0 else -int(rng.integers(1, 32))
    return found | {"multiplier": int(rng.integers(1 << 30, 1 << 31)), "exponent": exponent}, *sizes


def mean(rng):
    """Loops over an input of up to six dimensions, those that are kept and those that are not by turns."""
    shape = [int(rng.choice([1, 1, 2, 3, 5, 8])) for _ in range(4)] + [
        int(rng.choice([1, 3, 4, 7, 16])) for _ in range(2)
    ]
    if rng.integers(8) == 0:
        shape = [1, 1, 1, 1, *rng.permutation([int(rng.integers(200, 600)), int(rng.integers(1, 9))]).tolist()]
    steps = [int(np.prod(shape[place + 1 :])) for place in range(6)]
    kept, gone = (0, 2, 4), (1, 3, 5)
    if rng.integers(2):
        kept, gone = gone, kept
    found = {}
    for name, places in (("kept", kept), ("count", gone)):
        found |= {f"{name}_{number}": shape[place] for number, place in enumerate(places)}
        step = "kept_stride" if name == "kept" else "stride"
        found |= {f"{step}_{number}": steps[place] for number, place in enumerate(places)}
    count = int(np.prod([shape[place] for place in gone]))
    zero, bounds = int(rng.integers(-128, 128)), limits(rng)
    shift = count.bit_length() - 1
    found |= {"bias": -zero * count, "multiplier": (int(rng.integers(1 << 30, 1 << 31)) << shift) // count}
    found |= {"exponent": int(rng.integers(-2, 3)) - shift, "zero_point": bounds["zero_point"]}
    return found, [int(np.prod(shape))], int(np.prod([shape[place] for place in kept])), 0


def batch_matmul(rng):
    rows, columns = int(rng.integers(1, 7)), int(rng.choice([1, 2, 3, 4, 5, 8, 13]))
    depth, found, counts = int(rng.choice([1, 2, 3, 4, 5, 16, 33])), {}, {}
    batches = [int(rng.integers(1, 4)) for _ in range(3)]
    found |= {f"batch_{number}": size for number, size in enumerate(batches)}
    for name, across, along in (("left", "row", rows), ("right", "column", columns)):
        turned = bool(rng.integers(2))
        found |= {f"{name}_{across}": 1 if turned else depth, f"{name}_depth": along if turned else 1}
        own = [1 if rng.integers(4) == 0 else size for size in batches]
        for number, size in enumerate(own):
            found[f"{name}_batch_{number}"] = along * depth * int(np.prod(own[number + 1 :])) if size > 1 else 0
        counts[name] = along * depth * int(np.prod(own))
    found |= {"rows": rows, "columns": columns, "depth": depth, "zero_point": limits(rng)["zero_point"]}
    found |= {"left_offset": int(rng.choice([-127, 128, 0, 5])), "right_offset": int(rng.choice([-127, 128, 0, -9]))}
    found |= {"multiplier": int(rng.integers(1 << 30, 1 << 31)), "exponent": int(rng.integers(-14, 2))}
    return found, [counts["left"], counts["right"]], int(np.prod(batches)) * rows * columns, 0


def gate_factors(rng, count, name, units):
    """Biases and factors of the gates' sums of one source."""
    return {
        f"{name}_bias": rng.integers(-20000, 20000, (units, count)).astype(np.int32),
        f"{name}_multiplier": rng.integers(1 << 30, 1 << 31, count).astype(np.int32),
        f"{name}_exponent": -rng.integers(-1, 10, count).astype(np.int32),
    }


def gates(rng, count, name, units, inputs):
    """Weights, biases and factors of the gates' sums of one source."""
    return interleaved(weights(rng, units * count, inputs), count), gate_factors(rng, count, name, units)


def packed_gates(rng, count, name, units, inputs):
    """The same in one of the packed forms."""
    values = rng.choice([0, rng.integers(-128, 128)], (count, units, inputs))  # of one value or two
    if rng.integers(4):
        books = rng.integers(-128, 128, (count, int(rng.integers(1, 17)) if rng.integers(2) else 200))
        values = np.stack([rng.choice(book, (units, inputs)) for book in books])
    values = (values * (rng.random(values.shape) < rng.choice([0.0, 0.05, 0.2, 0.5, 1.0]))).astype(np.int8)
    forms = gate_forms(values)
    form = forms[rng.integers(len(forms))]
    rows = {f"{name}_rows": form.rows, f"{name}_book": form.book, f"{name}_form": form.form}
    return rows | gate_factors(rng, count, name, units)


def recurrent(rng, packed=False):
    """Steps, features, units; the table of the logistic or none; states that a sequence may have left."""
    size = {"steps": int(rng.integers(1, 6)), "features": int(rng.integers(1, 41)), "units": int(rng.integers(1, 35))}
    if packed and rng.integers(3) == 0:  # more bits than a word, and rows that cannot be listed
        size["features"] = int(rng.integers(30, 140))
    lines, residues = sigmoid_table() if rng.integers(2) else (None, None)
    states = [rng.integers(-128, 128, size["units"]).astype(np.int8)]
    states.append(rng.integers(-(1 << 15), 1 << 15, size["units"]).astype(np.int16))
    found = {**size, "every_step": int(rng.integers(2)), "sigmoid_lines": lines, "sigmoid_residues": residues}
    output = size["units"] * (size["steps"] if found["every_step"] else 1)
    return found, [size["steps"] * size["features"]], output, states


def lstm_scales(rng):
    power = int(rng.integers(-15, -8))
    return {
        "hidden_multiplier": int(rng.integers(1 << 30, 1 << 31)), "hidden_exponent": -int(rng.integers(18, 25)),
        "hidden_zero_point": int(rng.integers(-128, 128)), "cell_shift": 30 + power, "cell_integer_bits": 15 + power,
        "cell_clip": int(rng.choice([0, 0, rng.integers(1, 1 << 15)])),
    }  # fmt: skip


def lstm(rng):
    found, inputs, output, states = recurrent(rng)
    wide = rng.integers(2)
    for name, length in (("input", found["features"]), ("recurrent", found["units"])):
        rows, numbers = gates(rng, 4, name, found["units"], length)
        found |= {f"{name}_weights": None if wide else rows, f"wide_{name}_weights": widened(rows) if wide else None}
        found |= numbers
    found |= lstm_scales(rng)
    return found, inputs, output, 3 * filled(found["units"]) + 2 * filled(found["features"]), states


def gru(rng):
    found, inputs, output, states = recurrent(rng)
    for name, length in (("input", found["features"]), ("recurrent", found["units"])):
        rows, numbers = gates(rng, 3, name, found["units"], length)
        found |= {f"{name}_weights": rows, **numbers}
    after = bool(rng.integers(2))
    found["candidate_bias"] = rng.integers(-20000, 20000, found["units"]).astype(np.int32) if after else None
    scratch = 3 * filled(found["units"]) + 2 * filled(found["features"]) + (0 if after else 2 * found["units"])
    return found, inputs, output, scratch, states


def lstm_packed(rng):
    found, inputs, output, states = recurrent(rng, packed=True)
    for name, length in (("input", found["features"]), ("recurrent", found["units"])):
        found |= packed_gates(rng, 4, name, found["units"], length)
    return found | lstm_scales(rng), inputs, output, found["units"], states


def gru_packed(rng):
    found, inputs, output, states = recurrent(rng, packed=True)
    for name, length in (("input", found["features"]), ("recurrent", found["units"])):
        found |= packed_gates(rng, 3, name, found["units"], length)
    after = bool(rng.integers(2))
    found["candidate_bias"] = rng.integers(-20000, 20000, found["units"]).astype(np.int32) if after else None
    return found, inputs, output, found["units"] * (1 if after else 4), states


KERNELS = {
    "tfg_add_s8": add,
    "tfg_sub_s8": add,
    "tfg_mul_s8": mul,
    "tfg_mean_fours_s8": mean,
    "tfg_batch_matmul_s8": batch_matmul,
    "tfg_lstm_s8": lstm,
    "tfg_gru_s8": gru,
    "tfg_lstm_packed_s8": lstm_packed,
    "tfg_gru_packed_s8": gru_packed,
    "tfg_conv_1d_s8": conv_1d,
    "tfg_conv_1d_pool_s8": conv_1d_pool,
    "tfg_conv_1d_packed_s8": conv_1d_packed,
    "tfg_conv_1d_indexed_s8": conv_1d_indexed,
    "tfg_conv_2d_s8": conv_2d,
    "tfg_conv_2d_groupwise_s8": conv_2d_groupwise,
    "tfg_transpose_conv_phases_s8": transpose_conv_phases,
    "tfg_conv_2d_pool_s8": conv_2d_pool,
    "tfg_conv_2d_one_s8": conv_2d_one,
    "tfg_conv_2d_narrow_s8": conv_2d_narrow,
    "tfg_conv_2d_narrow_bytes_s8": conv_2d_narrow_bytes,
    "tfg_conv_2d_gather_s8": conv_2d_gather,
    "tfg_conv_1d_point_s8": conv_1d_point,
    "tfg_conv_2d_3x3_one_s8": conv_2d_3x3_one,
    "tfg_conv_2d_single_s8": conv_2d_single,
    "tfg_conv_2d_single_apart_s8": conv_2d_single_apart,
    "tfg_depthwise_conv_2d_3x3_s8": depthwise_3x3,
    "tfg_depthwise_conv_2d_fours_s8": depthwise_fours,
    "tfg_depthwise_conv_2d_few_s8": depthwise_few,
    "tfg_depthwise_conv_2d_planes_s8": depthwise_planes,
    "tfg_fully_connected_s8": fully_connected,
    "tfg_fully_connected_per_channel_s8": fully_connected_per_channel,
    "tfg_fully_connected_one_s8": fully_connected_one,
    "tfg_fully_connected_packed_s8": fully_connected_packed,
    "tfg_fully_connected_indexed_s8": fully_connected_indexed,
    "tfg_fully_connected_pairs_s8": fully_connected_pairs,
    "tfg_max_pool_2d_s8": pool,
    "tfg_average_pool_2d_s8": pool,
}


def members(kernel):
    """Names of the structure's members in order, and whether each is a pointer."""
    text = (csrc_dir() / "include" / "tfg" / f"{kernel}.h").read_text()
    body = text[text.index("typedef struct {") : text.index(f"}} {kernel}_t;")]
    return [(name, star == "*") for star, name in re.findall(r"^ +(?:const )?u?int\w+ (\*?)(\w+);", body, re.MULTILINE)]


def on_this_machine(folder):
    """The portable kernels."""
    portable = [csrc_dir() / "src/portable" / f"{kernel}.c" for kernel in KERNELS]
    return ctypes.CDLL(str(build_shared(portable, [csrc_dir() / "include"], folder / "twins.so", TRAPS)))


def machine_of(folder, kernels, *more):
    """A board with the kernels of src/dsp, compiled with some flags more."""
    library = csrc_dir()
    table = folder / "table.c"
    table.write_text(
        "".join(f"extern void {kernel}(void);\n" for kernel in kernels)
        + f"void (*volatile table[])(void) = {{ {', '.join(kernels)} }};\n"
        + "int main(void) { table[0] = table[1]; for (;;) { } }\n"
    )
    home = firmware_dir() / "virtual_m4"
    fast = [library / "src/dsp" / f"{kernel}.c" for kernel in kernels]
    sources = [path if path.is_file() else library / "src/portable" / path.name for path in fast]
    sources += [library / "src/dsp" / name for name in DSP_SHARED]
    sources += [table, home / "src/startup.c", home / "src/memory.c"]
    template = (home / "virtual_m4.ld").read_text("utf-8")
    script = folder / "twins.ld"
    script.write_text(
        render_linker_script(template, flash_bytes=FLASH_BYTES, ram_bytes=BUFFERS - RAM, stack_bytes=1 << 16)
    )
    toolchain = find_arm_toolchain()
    flags = (os.environ.get("TINYFORGE_OPTIMIZE", "-O2"), "-std=c99", *more)
    objects = toolchain.compile_objects(sources, folder / "o", flags, [library / "include", home / "src"])
    image = read_image(toolchain.link(objects, script, folder / "twins.elf"))
    machine = Machine(image, flash_bytes=FLASH_BYTES, ram_bytes=RAM_BYTES, traced=False)
    machine.reset()
    machine.run_to(image.symbol("main").address)
    return machine


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    """The portable kernels on the host, and those of src/dsp on the board."""
    folder = tmp_path_factory.mktemp("twins")
    return on_this_machine(folder), machine_of(folder, KERNELS)


def calls_its_own_naked_function(kernel):
    fast = csrc_dir() / "src/dsp" / f"{kernel}.c"
    return fast.is_file() and "static TFG_NAKED" in fast.read_text("utf-8")


@pytest.fixture(scope="module")
def old_twins(tmp_path_factory):
    """The same, of kernels that call naked functions of their own file, where ``naked`` does not imply ``noipa``.

    GCC 7 knows no ``noipa``; -fipa-ra then takes such a function, in which it sees no register written, to keep all.
    """
    if find_arm_toolchain().kind != "gcc":
        pytest.skip("clang takes no call for one that keeps registers")
    folder = tmp_path_factory.mktemp("old_twins")
    kernels = [kernel for kernel in KERNELS if calls_its_own_naked_function(kernel)]
    return on_this_machine(folder), machine_of(folder, kernels, "-Dnaked=noclone")


def on_host(host, kernel, layout, params, inputs, output_bytes, scratch_bytes, states):
    """The output of the portable twin, and what it left in the states."""
    words = []
    for name, pointer in layout:
        value = params[name]
        fits = ctypes.c_void_p if pointer else ctypes.c_int32
        words.append((name, fits, (None if value is None else value.ctypes.data) if pointer else int(value)))
    structure = type(kernel, (ctypes.Structure,), {"_fields_": [(name, fits) for name, fits, _ in words]})
    filled_in = structure(*(value for *_, value in words))
    output = np.zeros(output_bytes, np.int8)
    scratch = [np.zeros(scratch_bytes // 8 + 1, np.int64)] if scratch_bytes else []
    after = [state.copy() for state in states]
    buffers = [ctypes.c_void_p(array.ctypes.data) for array in (*inputs, output, *after, *scratch)]
    getattr(host, kernel)(ctypes.byref(filled_in), *buffers)
    return output.tobytes() + b"".join(state.tobytes() for state in after)


def on_board(machine, kernel, layout, params, inputs, output_bytes, scratch_bytes, states):
    """The same of the kernel of src/dsp, or of the portable one where there is none."""
    at, words = BUFFERS + 512, []
    for name, pointer in layout:
        value = params[name]
        if not pointer or value is None:
            words.append(0 if value is None else int(value))
            continue
        words.append(at)
        machine.write(at, value.tobytes())
        at += filled(value.nbytes)
    machine.write(BUFFERS, np.array(words, np.int64).astype(np.uint32).tobytes())
    held = []
    for state in states:
        held.append(at)
        machine.write(at, state.tobytes() + CANARY)
        at += filled(state.nbytes) + len(CANARY)
    scratch = at
    machine.write(scratch + filled(scratch_bytes), CANARY)
    output = scratch + filled(scratch_bytes) + len(CANARY) * 2 + 1
    machine.write(output - len(CANARY), CANARY + bytes(output_bytes) + CANARY)
    last = RAM + RAM_BYTES
    places = []
    for array in reversed(inputs):
        last -= array.nbytes
        machine.write(last, array.tobytes())
        places.insert(0, last)
    arguments = [BUFFERS, *places, output, *held] + ([scratch] if scratch_bytes else [])
    behind = np.array(arguments[4:], "<u4").tobytes()  # the fifth argument and the next ones lie on the stack
    stack = machine.image.symbol("__stack_top").address - (len(behind) + 7) // 8 * 8
    machine.write(stack, behind)
    machine.call(machine.image.symbol(kernel).address, *arguments[:4], stack=stack)
    around = machine.read(output - len(CANARY), output_bytes + 2 * len(CANARY))
    assert around[: len(CANARY)] == CANARY == around[-len(CANARY) :], "wrote around its output"
    assert machine.read(scratch + filled(scratch_bytes), len(CANARY)) == CANARY, "wrote behind its scratch"
    found = around[len(CANARY) : -len(CANARY)]
    for state, place in zip(states, held, strict=True):
        found += machine.read(place, state.nbytes)
        assert machine.read(place + state.nbytes, len(CANARY)) == CANARY, "wrote behind a state"
    return found


@pytest.mark.emulator
@pytest.mark.parametrize("kernel", KERNELS)
def test_twins(kernel, twins):
    compare(kernel, *twins)


@pytest.mark.emulator
@pytest.mark.parametrize("kernel", [kernel for kernel in KERNELS if calls_its_own_naked_function(kernel)])
def test_calls_of_naked_functions_by_an_old_compiler(kernel, old_twins):
    compare(kernel, *old_twins)


def compare(kernel, host, machine):
    layout = members(kernel)
    for number in range(COUNT):
        rng = np.random.default_rng([SEED, number])
        params, inputs, output_bytes, scratch_bytes, *more = KERNELS[kernel](rng)
        arrays = [rng.integers(-128, 128, count).astype(np.int8) for count in inputs]
        case = (layout, params, arrays, output_bytes, scratch_bytes, more[0] if more else [])
        expected, found = on_host(host, kernel, *case), on_board(machine, kernel, *case)
        assert found == expected, f"{kernel}: shape {number} of seed {SEED}: {params}"
