"""Flash that kernels' code takes in the linked image: what a choice between two of them adds or removes.

GCC 12, ``-O2``, the forms of ``csrc/src/dsp``. Own code is listed of kernels of which a layer may take one instead of
another; of others only what they share with those counts, because it stays whatever form such a layer takes.
``tests/emulator/test_code_bytes.py`` holds the table against linked images.
"""

from __future__ import annotations

from collections.abc import Collection

OWN = {
    "tfg_conv_1d_s8": 296,
    "tfg_conv_1d_pool_s8": 320,
    "tfg_conv_1d_packed_s8": 988,
    "tfg_conv_1d_indexed_s8": 852,
    "tfg_conv_1d_point_s8": 468,
    "tfg_conv_2d_grouped_s8": 548,
    "tfg_conv_2d_groupwise_s8": 808,
    "tfg_conv_2d_pool_s8": 908,
    "tfg_conv_2d_one_s8": 1856,
    "tfg_conv_2d_single_s8": 1952,
    "tfg_conv_2d_single_apart_s8": 1276,
    "tfg_conv_2d_gather_s8": 764,
    "tfg_conv_2d_narrow_s8": 1100,
    "tfg_conv_2d_narrow_bytes_s8": 1308,
    "tfg_conv_2d_3x3_one_s8": 716,
    "tfg_transpose_conv_s8": 612,
    "tfg_transpose_conv_phases_s8": 600,
    "tfg_depthwise_conv_2d_s8": 552,
    "tfg_depthwise_conv_2d_3x3_s8": 980,
    "tfg_depthwise_conv_2d_few_s8": 1192,
    "tfg_depthwise_conv_2d_fours_s8": 716,
    "tfg_depthwise_conv_2d_planes_s8": 1956,
    "tfg_depthwise_conv_2d_rare_s8": 608,
    "tfg_max_pool_2d_s8": 568,
    "tfg_mean_s8": 324,
    "tfg_mean_fours_s8": 684,
    "tfg_fully_connected_s8": 532,
    "tfg_fully_connected_per_channel_s8": 584,
    "tfg_fully_connected_packed_s8": 272,
    "tfg_fully_connected_pairs_s8": 356,
    "tfg_fully_connected_indexed_s8": 352,
    "tfg_fully_connected_one_s8": 204,
    "tfg_fully_connected_wide_s8": 460,
    "tfg_lstm_s8": 2284,
    "tfg_lstm_packed_s8": 1772,
    "tfg_gru_s8": 1556,
    "tfg_gru_packed_s8": 1540,
}
"""Bytes of a kernel and of what it alone calls."""

_CONV_1D, _CONV_1D_POOL, _PACKED = "tfg_conv_1d_s8", "tfg_conv_1d_pool_s8", "tfg_conv_1d_packed_s8"
_INDEXED = "tfg_conv_1d_indexed_s8"
_CONV_2D, _CONV_2D_POOL, _POOL = "tfg_conv_2d_s8", "tfg_conv_2d_pool_s8", "tfg_max_pool_2d_s8"
_NARROW, _BYTES = "tfg_conv_2d_narrow_s8", "tfg_conv_2d_narrow_bytes_s8"
_ONE, _POINT, _GATHER = "tfg_conv_2d_one_s8", "tfg_conv_1d_point_s8", "tfg_conv_2d_gather_s8"
_SINGLE, _APART = "tfg_conv_2d_single_s8", "tfg_conv_2d_single_apart_s8"
_DENSE = (
    "tfg_fully_connected_s8",
    "tfg_fully_connected_per_channel_s8",
    "tfg_fully_connected_pairs_s8",
    "tfg_fully_connected_indexed_s8",
)
_LSTM, _LSTM_PACKED, _GRU, _GRU_PACKED = "tfg_lstm_s8", "tfg_lstm_packed_s8", "tfg_gru_s8", "tfg_gru_packed_s8"
_THREE_ONE, _THREE = "tfg_conv_2d_3x3_one_s8", "tfg_depthwise_conv_2d_3x3_s8"
_FEW, _FOURS = "tfg_depthwise_conv_2d_few_s8", "tfg_depthwise_conv_2d_fours_s8"
_PLANES, _RARE = "tfg_depthwise_conv_2d_planes_s8", "tfg_depthwise_conv_2d_rare_s8"
_GROUPWISE, _PHASES = "tfg_conv_2d_groupwise_s8", "tfg_transpose_conv_phases_s8"
_COPYING = (
    *("tfg_svdf_s8", "tfg_copy", "tfg_strided_copy", "tfg_concatenation", "tfg_gather", "tfg_pad", "tfg_mirror_pad"),
    "tfg_resize_nearest_neighbor",
)

SHARED = (
    (824, (_CONV_2D, _GROUPWISE, _PHASES)),  # tfg_conv_2d_s8 itself
    (1264, (_CONV_1D, _CONV_2D, _GROUPWISE, _PHASES)),  # tfg_channels, tfg_tiles
    (636, (_CONV_1D_POOL, _CONV_2D_POOL)),  # tfg_pool_tiles
    (80, (_CONV_1D, _CONV_1D_POOL, _CONV_2D, _CONV_2D_POOL, _INDEXED, _NARROW, _GROUPWISE, _PHASES)),  # tfg_expand_four
    (28, (_CONV_1D, _CONV_1D_POOL, _CONV_2D, _INDEXED, _NARROW, _GROUPWISE, _PHASES)),  # tfg_expand
    (124, (_CONV_1D, _CONV_1D_POOL, _INDEXED)),  # tfg_take_window
    (84, (_CONV_2D, _CONV_2D_POOL, _NARROW, _BYTES, _GROUPWISE, _PHASES)),  # tfg_pad_row
    (48, (_CONV_2D, _CONV_2D_POOL, _NARROW, _BYTES, _PLANES, _GROUPWISE, _PHASES)),  # tfg_copy_bytes
    (80, (_ONE, "tfg_batch_matmul_s8")),  # tfg_dot
    (544, (_THREE_ONE, _THREE)),
    (352, (_FEW, _FOURS)),
    (520, (_NARROW, _BYTES, _GATHER)),  # tfg_narrow
    (76, (_SINGLE, _APART, _GATHER)),  # tfg_copy_rows
    (100, (_LSTM, _GRU)),  # tfg_widen
    (252, (_LSTM_PACKED, _GRU_PACKED)),  # tfg_gates_unpacked
    (112, (_GROUPWISE, _PHASES, "tfg_pad")),  # memset
    (212, (_LSTM, _GRU, _LSTM_PACKED, _GRU_PACKED, _RARE, *_COPYING)),  # memcpy
    (
        84,  # tfg_limit
        (
            *(_CONV_1D, _CONV_1D_POOL, _PACKED, _INDEXED, _CONV_2D, _CONV_2D_POOL),
            *(_NARROW, _BYTES, _GATHER, _ONE, _POINT, _SINGLE, _APART, _POOL, *_DENSE),
            *("tfg_add_s8", "tfg_sub_s8", "tfg_mul_s8"),
            *(_THREE_ONE, _THREE, _FEW, _FOURS, _PLANES, _GROUPWISE, _PHASES),
        ),
    ),
)
"""Bytes of what several call, and who does."""


def code_bytes(kernels: Collection[str]) -> int:
    """Flash of the code of ``kernels`` together, as far as it is listed."""
    found = set(kernels)
    own = sum(size for kernel, size in OWN.items() if kernel in found)
    return own + sum(size for size, users in SHARED if not found.isdisjoint(users))
