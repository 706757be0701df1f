"""``tfg_depthwise_conv_2d_planes_s8``: depthwise convolutions one channel after the other; what it takes."""

from __future__ import annotations

from tinyforge.compiler.geometry import Geometry
from tinyforge.compiler.layout import GROUP, filled
from tinyforge.compiler.overlap import plane_windows
from tinyforge.core.graph import Overlap

_TOGETHER = 64  # outputs of one row that it computes together


def _parts(geo: Geometry) -> tuple[int, int, int]:
    """Planes of an input row, groups of four taps that a plane meets, and whether one tap stands behind them."""
    taps = -(-geo.kernel_w // geo.stride_w)
    return min(geo.stride_w, geo.kernel_w), (taps + 2) // GROUP, int(taps % GROUP == 1)


def planes_fit(geo: Geometry) -> bool:
    """Whether the kernel takes them: strides, or dilations, but not both along one dimension."""
    return (geo.stride_h == 1 or geo.dilation_h == 1) and (geo.stride_w == 1 or geo.dilation_w == 1)


def planes_overlaps(geo: Geometry) -> tuple[Overlap, ...]:
    """Channels only meet their own; so do the places of a row that are a dilation apart, where padding is a multiple.

    Other dilations, or several channels for one, leave no order: outputs lie apart from the input.
    """
    along = geo.in_h == geo.out_h == geo.kernel_h == 1 and geo.pad_w % geo.dilation_w == 0
    if geo.in_ch != geo.out_ch or ((geo.dilation_h, geo.dilation_w) != (1, 1) and not along):
        return ()
    return plane_windows(geo, geo.dilation_w)


def planes_bytes(geo: Geometry) -> int:
    """Scratch: a channel's weights, twice, and its input as the kernel's rows reach it."""
    phases, groups, single = _parts(geo)
    width = -(-geo.out_w // geo.dilation_w)
    if geo.out_h <= geo.dilation_h:
        width = min(width, _TOGETHER)
    weights = (2 * geo.kernel_h - 1) * (8 * groups + 4 * single)
    return phases * (weights + geo.kernel_h * (filled(width) + 4 * groups))


def planes_instructions(geo: Geometry) -> int:
    """Instructions of an inference on the virtual Cortex-M4, about."""
    phases, groups, single = _parts(geo)
    row = 19 + 5 * single if groups == 1 else 14 + 19 * groups + 6 * single
    parts = geo.dilation_h * geo.dilation_w  # each a convolution of its own
    high, wide = -(-geo.out_h // geo.dilation_h), -(-geo.out_w // geo.dilation_w)
    fours = high * -(-wide // GROUP) * (50 + geo.kernel_h * phases * row)
    rows = geo.kernel_h + (high - 1) * min(geo.stride_h, geo.kernel_h)
    taken = rows * (45 + phases * (45 + (wide + geo.kernel_w // geo.stride_w) * 7 // 2))
    weights = 200 + 13 * geo.kernel_h * phases * (4 * groups + 2 * single)
    return geo.batches * geo.out_ch * (parts * (fours + taken + 60 * high) + weights)
