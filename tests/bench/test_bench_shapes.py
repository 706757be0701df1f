"""What a MAC costs at odd channel counts, beside the next multiple of four, and from 20 thousand to 10 million MAC.

    python -m pytest -m bench -s tests/bench/test_bench_shapes.py

Instructions of one layer on the virtual Cortex-M4. A layer is a model of its own; its output scale is that of random
products. ``tests/emulator/test_odd_channels.py`` takes a few of these shapes in every run.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "ops"))

from onelayer import DEPTHWISE, GRU, KINDS, LSTM, along_time, odd_to_even, per_mac

pytestmark = [pytest.mark.bench, pytest.mark.emulator]

ODD = (1, 3, 5, 7, 31, 33, 63)
MOST = 1.6  # times the cost of a MAC at the next multiple of four
MOST_OF_ONE = {("fully_connected", "in"): 3.6}  # an output is one MAC, and mostly rescaling: see docs/benchmarks.md
GROWTH = {  # about 20 thousand, 100 thousand, 500 thousand, 2 and 10 million MAC: side (or length) and channels
    "conv_2d": ((6, 8), (14, 8), (15, 16), (16, 32), (18, 64)),
    "conv_1d": ((16, 16), (20, 32), (50, 45), (100, 64), (500, 64)),
    "depthwise_conv_2d": ((17, 8), (37, 8), (59, 16), (85, 32), (96, 60)),
    "fully_connected": ((1, 142), (1, 316), (1, 708), (2, 1000), (10, 1000)),
}


@pytest.mark.parametrize("side", ["in", "out"])
@pytest.mark.parametrize("kind", KINDS)
def test_odd_channels(kind, side, tmp_path, capsys):
    """One side odd, the other of 32; a depthwise layer has one side, a recurrent one features and units."""
    if KINDS[kind].operator == DEPTHWISE and side == "out":
        pytest.skip("its channels are the same on both sides")
    size = 8 if kind == "fully_connected" else 40 if along_time(kind) else 12
    if KINDS[kind].dilation > 1:  # windows reach farther
        size *= 2
    if KINDS[kind].operator in {LSTM, GRU}:
        size = 20
    ratios = [odd_to_even(kind, size, side, channels, 32, tmp_path) for channels in ODD]
    with capsys.disabled():
        print(f"\n| {kind}, {side} | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + " |")
    assert round(max(ratios[1:]), 2) <= MOST  # five channels are eight for some kernels: 8 / 5, or a rounding more
    assert ratios[0] <= MOST_OF_ONE.get((kind, side), MOST)


@pytest.mark.parametrize("kind", sorted(GROWTH))
def test_growth(kind, tmp_path, capsys):
    points = [per_mac(kind, size, channels, channels, tmp_path) for size, channels in GROWTH[kind]]
    with capsys.disabled():
        print(f"\n| {kind} | " + " | ".join(f"{macs:,}: {cost:.2f}".replace(",", " ") for macs, cost in points) + " |")
    costs = [cost for _, cost in points]
    assert all(later <= 1.1 * earlier for earlier, later in itertools.pairwise(costs))
