"""No cliff at odd channel counts: a MAC costs at most 1.6 times what it does at the next multiple of four.

The whole grid, with the few shapes that cost more, is ``tests/bench/test_bench_shapes.py``.
"""

from __future__ import annotations

import pytest

pytest.importorskip("unicorn", reason="the virtual board needs `pip install tinyforge[virtual]`")
from onelayer import odd_to_even

SHAPES = [  # kind, size, side, channels, channels of the other side
    ("conv_1d", 20, "in", 1, 16),
    ("conv_1d", 20, "out", 1, 16),
    ("conv_2d", 8, "in", 1, 16),
    ("conv_2d", 8, "out", 1, 16),
    ("conv_2d 5x5", 9, "in", 1, 16),
    ("pointwise", 9, "in", 1, 16),
    ("conv_1d k3 dilated by 2", 40, "in", 1, 16),
    ("conv_1d k3 dilated by 2", 40, "in", 3, 3),
    ("conv_1d k3 dilated by 2", 40, "in", 5, 5),
    ("conv_1d k3 dilated by 8", 60, "out", 1, 16),
    ("conv_2d dilated by 2", 12, "in", 1, 32),
    ("conv_2d dilated by 2", 12, "in", 5, 3),
    ("depthwise dilated by 2", 20, "in", 3, 3),
    ("depthwise k5 dilated by 4", 60, "in", 1, 1),
    ("depthwise k5 dilated by 4", 60, "in", 7, 7),
    ("depthwise 5x5 twice", 12, "in", 1, 1),
    ("depthwise_conv_2d", 8, "in", 1, 1),
    ("depthwise 5x5", 9, "in", 1, 1),
    ("depthwise 5x5", 9, "in", 5, 5),
    ("depthwise k5", 30, "in", 3, 3),
    ("fully_connected", 1, "in", 5, 16),
    ("fully_connected", 1, "out", 1, 64),
    ("lstm", 6, "in", 1, 32),
    ("lstm", 6, "out", 5, 4),
    ("gru", 6, "in", 1, 32),
    ("gru", 6, "out", 5, 4),
]


@pytest.mark.emulator
@pytest.mark.parametrize(("kind", "size", "side", "channels", "other"), SHAPES)
def test_no_cliff(kind, size, side, channels, other, tmp_path):
    assert odd_to_even(kind, size, side, channels, other, tmp_path) <= 1.6
