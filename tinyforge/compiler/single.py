"""``tfg_conv_2d_single_s8`` and ``_single_apart_s8``: from one channel to one; taps, and how much is taken at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyforge.compiler.geometry import Geometry
from tinyforge.compiler.layout import GROUP, filled
from tinyforge.core.graph import Array, Param

_TOGETHER = 256  # outputs of one row that it computes together
_MOST_BYTES = 1024  # of scratch, if one row of windows does not take more
_FILLED = 32  # bytes of scratch that are filled at once, and the least
_NEAR_BIAS = 1 << 22  # a bias that is nearer leaves room for products and shift
_MOST_TAPS = 128  # the same
_ONE_TAP = 2  # a form of kernels whose windows lie apart; the next ones are rows of up to three taps
_MOST_ROWS = 3  # of those
_FARTHEST = 1 << 15  # bytes to the next single tap


def single_fits(geo: Geometry) -> bool:
    """Whether the kernel takes it: its taps say in 16 bits how far the next one lies."""
    high, wide = (geo.kernel_h - 1) * geo.dilation_h, (geo.kernel_w - 1) * geo.dilation_w
    return geo.in_ch == geo.out_ch == 1 and high * _pitch(geo) + wide < _FARTHEST


def _columns(geo: Geometry) -> int:
    """Outputs of a row together."""
    return min(geo.out_w, _TOGETHER) if geo.out_h == 1 else geo.out_w


def _pitch(geo: Geometry) -> int:
    """Bytes of a row in the scratch: behind the last column and before the first one of the next row is one padding."""
    columns = _columns(geo)
    reach = (columns - 1) * geo.stride_w + (geo.kernel_w - 1) * geo.dilation_w + 1
    if columns < geo.out_w:
        return reach
    return geo.in_w + max(geo.pad_w, reach - geo.pad_w - geo.in_w, 0)


def _rows(geo: Geometry) -> int:
    """Rows of outputs together. Where no window reaches beyond a side, most rows are read where they lie."""
    high, pitch = (geo.kernel_h - 1) * geo.dilation_h, _pitch(geo)
    most = max((_MOST_BYTES // pitch - high - 1) // geo.stride_h + 1, 1)
    return min(most, geo.out_h, 2 if pitch == geo.in_w else most)


def _fours(geo: Geometry) -> int:
    """Fours of taps of a kernel's row: two taps that are three inputs apart or more are less work one by one."""
    beside = geo.dilation_w == 1 and (geo.kernel_w > 2 or geo.stride_w <= 2)
    return (geo.kernel_w + 2) // GROUP if beside else 0


def _form(geo: Geometry) -> int:
    """How ``tfg_conv_2d_single_apart_s8`` computes four outputs, as it numbers that."""
    fours = _fours(geo)
    if geo.stride_w == 2 and fours == 1 and geo.kernel_w <= 3 and geo.kernel_h <= _MOST_ROWS:
        return _ONE_TAP + geo.kernel_h
    if fours:
        return 0
    return _ONE_TAP if geo.kernel_h * geo.kernel_w == 1 else 1


def _read(geo: Geometry) -> int:
    """Bytes of a row that four outputs read at once, from the first one's first tap on."""
    fours = _fours(geo)
    side = 3 * geo.stride_w  # where the last one begins
    last = side + (geo.kernel_w - 1) * geo.dilation_w + 1
    if geo.stride_w == 1:
        return max(4 * fours + 4 if fours else 0, last)
    return 9 if _form(geo) > _ONE_TAP else max(side + 4 * fours, last)


def _below(geo: Geometry) -> int:
    """Rows that a row of windows reads where it lies, with what is read behind them."""
    behind = (filled(geo.out_w) - GROUP) * geo.stride_w + _read(geo)
    return (geo.kernel_h - 1) * geo.dilation_h + -(-behind // geo.in_w)


def single_bytes(geo: Geometry) -> int:
    """Scratch: the rows that some windows reach, and what is read behind them."""
    rows = (_rows(geo) - 1) * geo.stride_h + (geo.kernel_h - 1) * geo.dilation_h + 1
    read = filled(_columns(geo)) * geo.stride_w + (geo.kernel_w - 1) * geo.dilation_w + 8
    return -(-((rows - 1) * _pitch(geo) + max(read, geo.pad_w + geo.in_w)) // _FILLED) * _FILLED


def single_params(
    geo: Geometry, filter_: Array, bias: int, multiplier: int, shift: int, zero_point: int
) -> dict[str, Param]:
    """Taps and rescaling as the kernel takes them, and how much it does together.

    Args:
        geo: of the convolution.
        filter_: int8 [kernel_h, kernel_w].
        bias: the input's zero point folded in.
        multiplier, shift: of the rescaling, 0..21 the shift.
        zero_point: of the output.
    """
    near = abs(bias) < _NEAR_BIAS and filter_.size <= _MOST_TAPS
    merged = zero_point == -128 and 2 <= shift <= 8 and near
    factor = 1 << (10 - shift) if merged else 2
    scaled = filter_.astype(np.int64).reshape(geo.kernel_h, geo.kernel_w) * factor
    fours = _fours(geo)
    if fours:
        wide = np.zeros((geo.kernel_h, max(4 * fours, geo.kernel_w)), np.int64)
        wide[:, : geo.kernel_w] = scaled
        scaled = wide
    singles = scaled[:, 4 * fours :]
    down = geo.dilation_h * _pitch(geo)
    rows = np.arange(geo.kernel_h)[:, None] * down
    behind = (4 * fours + np.arange(singles.shape[1])) * geo.dilation_w
    places = np.concatenate([(rows + np.arange(fours) * 4).ravel(), (rows + behind).ravel()])
    deltas = np.append(np.diff(places), 0)
    blocks = scaled[:, : 4 * fours].reshape(-1, 4)
    twos = (_pair(blocks[:, place], blocks[:, place + 2]) for place in (0, 1))
    words = np.stack([deltas[: len(blocks)], *twos], axis=1)
    taps = np.concatenate([words.ravel(), _pair(singles.ravel(), deltas[len(blocks) :])])
    return {
        "taps": taps.astype(np.uint64).astype(np.uint32).view(np.int32),
        "fours": len(blocks),
        "singles": int(singles.size),
        **({} if geo.stride_w == 1 else {"form": _form(geo)}),
        "bias": bias * factor,
        "multiplier": multiplier if merged else multiplier - (1 << 31),
        "addend": 512 + (256 >> shift) - (128 << 10) if merged else (2 * zero_point + 1) << shift,
        "shift": shift,
        "pitch": _pitch(geo),
        "rows": _rows(geo),
        "columns": _columns(geo),
        "scratch": single_bytes(geo),
        "below": _below(geo),
    }


def _pair(low: npt.NDArray[np.int64], high: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Two numbers of 16 bits as one word."""
    return (low & 0xFFFF) | (high & 0xFFFF) << 16
