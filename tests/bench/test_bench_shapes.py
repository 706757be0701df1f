"""What a MAC costs at odd channel counts, beside the next multiple of four, and from 20 thousand to 10 million MAC.

    python -m pytest -m bench -s tests/bench/test_bench_shapes.py

Instructions of one layer on the virtual Cortex-M4. A layer is a model of its own; its output scale is that of random
products.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "ops"))

from tflite_writer import Writer

from tinyforge.pipeline import models

pytestmark = [pytest.mark.bench, pytest.mark.emulator]

ODD = (1, 3, 5, 7, 31, 33, 63)
MOST = {"fully_connected": 1.8}  # times the cost of the next multiple of four; else 1.6
MOST_OF_ONE = 4.6  # one channel carries alone what four share
SCALE = 0.05
GROWTH = {  # about 20 thousand, 100 thousand, 500 thousand, 2 and 10 million MAC: side (or length) and channels
    "conv_2d": ((6, 8), (14, 8), (15, 16), (16, 32), (18, 64)),
    "conv_1d": ((16, 16), (20, 32), (50, 45), (100, 64), (500, 64)),
    "depthwise_conv_2d": ((17, 8), (37, 8), (59, 16), (85, 32), (96, 60)),
    "fully_connected": ((1, 142), (1, 316), (1, 708), (2, 1000), (10, 1000)),
}


def layer(kind: str, size: int, in_ch: int, channels: int) -> bytes:
    """One layer: 3x3 (conv, depthwise), kernel 5 along time, or dense."""
    rng = np.random.default_rng(channels)
    model = Writer()
    taps = {"conv_2d": 9 * in_ch, "conv_1d": 5 * in_ch, "depthwise_conv_2d": 9, "fully_connected": in_ch}[kind]
    scale = float(np.float32(SCALE * 0.01 * np.sqrt(taps) * 75))
    places = {"conv_1d": (1, 1, size), "fully_connected": (size,)}.get(kind, (1, size, size))
    x = model.tensor("x", (*places, in_ch), scale=SCALE, zero_point=-128)
    filter_shape = {
        "conv_2d": (channels, 3, 3, in_ch),
        "conv_1d": (channels, 1, 5, in_ch),
        "depthwise_conv_2d": (1, 3, 3, channels),
        "fully_connected": (channels, in_ch),
    }[kind]
    axis = 3 if kind == "depthwise_conv_2d" else 0
    weights = rng.integers(-127, 128, filter_shape).astype(np.int8)
    filter_ = model.constant("filter", weights, "int8", scale=[0.01] * channels, axis=axis)
    bias = model.constant("bias", rng.integers(-500, 500, channels), "int32", scale=[SCALE * 0.01] * channels)
    y = model.tensor("y", (*places, channels), scale=scale, zero_point=-128)
    options = {"stride_w": 1, "stride_h": 1, "padding": 0, "dilation_w_factor": 1, "dilation_h_factor": 1}
    if kind == "fully_connected":
        model.op("FULLY_CONNECTED", [x, filter_, bias], [y], "FullyConnectedOptions")
    elif kind == "depthwise_conv_2d":
        model.op("DEPTHWISE_CONV_2D", [x, filter_, bias], [y], "DepthwiseConv2DOptions", depth_multiplier=1, **options)
    else:
        model.op("CONV_2D", [x, filter_, bias], [y], "Conv2DOptions", **options)
    return bytes(model.build([x], [y]))


def per_mac(kind: str, size: int, in_ch: int, channels: int, folder: Path) -> tuple[int, float]:
    """MAC, and instructions a MAC."""
    path = folder / f"{kind}_{size}_{in_ch}_{channels}.tflite"
    path.write_bytes(layer(kind, size, in_ch, channels))
    cost = models.profile(path)
    return cost["macs"], cost["instructions"] / cost["macs"]


@pytest.mark.parametrize("side", ["in", "out"])
@pytest.mark.parametrize("kind", sorted(GROWTH))
def test_odd_channels(kind, side, tmp_path, capsys):
    """One side odd, the other of 32; a depthwise layer has one side."""
    if kind == "depthwise_conv_2d" and side == "out":
        pytest.skip("its channels are the same on both sides")
    size = {"conv_1d": 40, "fully_connected": 8}.get(kind, 12)
    ratios = []
    for channels in ODD:
        costs = []
        for count in (channels, -(-channels // 4) * 4):
            in_ch = 32 if side == "out" else count
            out_ch = 32 if side == "in" and kind != "depthwise_conv_2d" else count
            costs.append(per_mac(kind, size, in_ch, out_ch, tmp_path)[1])
        ratios.append(costs[0] / costs[1])
    with capsys.disabled():
        print(f"\n| {kind}, {side} | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + " |")
    assert max(ratios[1:]) <= MOST.get(kind, 1.6)
    assert ratios[0] <= MOST_OF_ONE


@pytest.mark.parametrize("kind", sorted(GROWTH))
def test_growth(kind, tmp_path, capsys):
    points = [per_mac(kind, size, channels, channels, tmp_path) for size, channels in GROWTH[kind]]
    with capsys.disabled():
        print(f"\n| {kind} | " + " | ".join(f"{macs:,}: {cost:.2f}".replace(",", " ") for macs, cost in points) + " |")
    costs = [cost for _, cost in points]
    assert all(later <= 1.1 * earlier for earlier, later in itertools.pairwise(costs))
