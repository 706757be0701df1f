"""No cliff at odd channel counts: a MAC costs at most 1.6 times what it does at the next multiple of four.

Whole grids, with the shapes that cost more, are ``tests/bench/test_bench_shapes.py`` and ``tests/bench/odd_grid.py``.
"""

from __future__ import annotations

import pytest

pytest.importorskip("unicorn", reason="the virtual board needs `pip install tinyforge[virtual]`")
from onelayer import CONV, DEPTHWISE, TRANSPOSED, Kind, odd_to_even

SHAPES = [  # kind, size, side, channels, channels of the other side
    ("conv_1d", 20, "in", 1, 16),
    ("conv_1d", 20, "out", 1, 16),
    ("conv_1d", 20, "both", 1, 1),
    ("conv_1d k3", 100, "both", 1, 1),
    ("conv_1d k3", 40, "in", 1, 16),
    (Kind(CONV, (1, 3), stride=2), (1, 40), "out", 1, 16),
    ("conv_2d", 8, "in", 1, 16),
    ("conv_2d", 8, "out", 1, 16),
    ("conv_2d 5x5", 9, "in", 1, 16),
    ("conv_2d 5x5", 12, "both", 1, 1),
    (Kind(CONV, (5, 5), stride=2), 28, "both", 1, 1),
    (Kind(CONV, (3, 3), stride=2), 20, "both", 1, 1),
    (Kind(CONV, (5, 5), stride=3), 20, "both", 1, 1),
    (Kind(CONV, (3, 3), 2, padded=False), 16, "both", 1, 1),
    (Kind(CONV, (2, 2), stride=3), 20, "in", 1, 16),
    (Kind(CONV, (5, 5), stride=3), 20, "in", 1, 16),
    (Kind(CONV, (3, 3), stride=2), 20, "in", 2, 16),
    (Kind(CONV, (5, 5)), 12, "both", 2, 2),
    (Kind(CONV, (3, 3)), (40, 1), "both", 3, 3),
    (Kind(CONV, (5, 5), padded=False), 8, "both", 5, 5),
    (Kind(TRANSPOSED, (2, 2), stride=2), 8, "in", 3, 8),
    (Kind(TRANSPOSED, (3, 3), stride=2), 8, "in", 3, 8),
    (Kind(TRANSPOSED, (1, 3), stride=2), (1, 40), "out", 3, 8),
    (Kind("MAX_POOL_2D"), (12, 12), "both", 7, 7),
    ("pointwise", 9, "in", 1, 16),
    ("pointwise", 12, "out", 1, 16),
    ("pointwise", 12, "both", 1, 1),
    ("conv_1d k3 dilated by 2", 40, "in", 1, 16),
    ("conv_1d k3 dilated by 2", 40, "in", 3, 3),
    ("conv_1d k3 dilated by 2", 40, "in", 5, 5),
    ("conv_1d k3 dilated by 8", 60, "out", 1, 16),
    ("conv_2d dilated by 2", 12, "in", 1, 32),
    ("conv_2d dilated by 2", 12, "in", 5, 3),
    ("conv_2d dilated by 2", 12, "both", 1, 1),
    ("conv_2d dilated by 2", 12, "out", 1, 16),
    ("depthwise dilated by 2", 20, "in", 3, 3),
    ("depthwise k5 dilated by 4", 60, "in", 1, 1),
    ("depthwise k5 dilated by 4", 60, "in", 7, 7),
    ("depthwise 5x5 twice", 12, "in", 1, 1),
    ("depthwise_conv_2d", 8, "in", 1, 1),
    ("depthwise 5x5", 9, "in", 1, 1),
    ("depthwise 5x5", 9, "in", 5, 5),
    ("depthwise dilated by 2", 12, "in", 1, 1),
    (Kind(DEPTHWISE, (5, 5), stride=2), 16, "in", 1, 1),
    (Kind(DEPTHWISE, (5, 5), stride=2), 16, "in", 5, 5),
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


@pytest.mark.emulator
def test_no_cliff_before_a_pooling(tmp_path):
    """For `speed`: `balanced` takes the call that does both, which is smaller by more than it gives for speed."""
    kind = Kind(CONV, (1, 3), pool=2)
    assert odd_to_even(kind, (1, 100), "both", 3, 3, tmp_path, "speed") <= 1.6
