"""How near an output may lie to the input it is computed from: from the order in which a kernel reads and writes.

A kernel writes its output from begin to end. Byte ``w`` of the output falls on byte ``r`` of the input when the input
begins ``w - r`` bytes behind the output's begin; that destroys what is needed when ``r`` is read after ``w`` was
written. So the least safe distance is the greatest ``w - r``, plus one, over all bytes written before a read: the
greatest ``written - read``, where ``written`` bytes may have been written when byte ``read`` is read.

Each function computes that maximum for one order of loops. A lowering (``compiler/ops``) says with the one it calls in
which order its kernels work, those of ``src/portable`` and of ``src/dsp`` alike; ``tests/emulator/test_overlaps.py``
runs both at exactly these distances, and nearer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.compiler.geometry import Geometry
from tinyforge.core.graph import Overlap

_MOST_PLACES = 1 << 20  # along one dimension; beyond, buffers lie apart
_Places = npt.NDArray[np.int64]
_NOWHERE = -1  # a place that reads nothing


def whole_windows(geo: Geometry) -> tuple[Overlap, ...]:
    """For each byte of an output place in turn, the place's whole window is read, or all before the first is written.

    Args:
        geo: int8 in and out.
    """
    return _windows(geo, geo.out_ch - 1)


def fours_of_windows(geo: Geometry) -> tuple[Overlap, ...]:
    """As :func:`whole_windows`, but the last four windows are read once more behind the outputs of some of them."""
    return _windows(geo, LANES * geo.out_ch - 1)


def grouped_windows(geo: Geometry, group_in_ch: int, group_out_ch: int) -> tuple[Overlap, ...]:
    """For each channel of a place in turn, its group's channels of the place's window are read."""
    channels = np.arange(geo.out_ch)
    return _windows(geo, int((channels - channels // group_out_ch * group_in_ch).max()))


def channel_windows(geo: Geometry) -> tuple[Overlap, ...]:
    """For each channel of a place in turn, that channel of its window is read; up to four channels at once."""
    return _windows(geo, 0)


def depthwise_windows(geo: Geometry) -> tuple[Overlap, ...]:
    """As :func:`channel_windows` for fewer than four channels; else four of all places, then the next four.

    Then the output's bytes must fall on the same channels of the input: the distance is a multiple of the channels. A
    last four that would reach beyond the channels lies among those before, whose input is gone: no overlap.
    """
    if geo.out_ch < LANES:
        return _windows(geo, 0)
    if geo.out_ch % LANES:
        return ()
    return _windows(geo, 0, multiple=geo.out_ch)


def few_channel_windows(geo: Geometry) -> tuple[Overlap, ...]:
    """All of a place's window is read, then four bytes are written: more than it has, for the next to write over."""
    return _windows(geo, LANES - geo.out_ch)


def plane_windows(geo: Geometry, apart: int = 1) -> tuple[Overlap, ...]:
    """As :func:`channel_windows`, one channel of all places and then the next, so that channels only meet their own.

    Of a channel come places that are ``apart`` first, then those beside them.
    """
    return _windows(geo, 0, multiple=geo.out_ch * apart)


LANES = 4  # channels that the fast depthwise kernel computes at once


def scattered_windows(geo: Geometry) -> tuple[Overlap, ...]:
    """As :func:`whole_windows` for a transposed convolution, whose output places gather what reaches them.

    Args:
        geo: ``in`` and ``out`` are the call's; stride and padding those of the convolution that leads back.
    """
    rows = _first_reaching(geo.out_h, geo.stride_h, geo.pad_h, geo.kernel_h, geo.in_h)
    columns = _first_reaching(geo.out_w, geo.stride_w, geo.pad_w, geo.kernel_w, geo.in_w)
    return images(
        geo.batches,
        (geo.in_h, geo.in_w, geo.in_ch),
        (geo.out_h, geo.out_w, geo.out_ch),
        rows,
        columns,
        geo.out_ch - 1,
    )


def phase_windows(geo: Geometry, columns: int) -> tuple[Overlap, ...]:
    """As :func:`scattered_windows` for outputs that are a stride apart at a time, so many of each phase of a row.

    A phase's inputs are read before its outputs are written; those of other phases may have been written to their end.
    """
    rows = _first_reaching(geo.out_h, geo.stride_h, geo.pad_h, geo.kernel_h, geo.in_h)
    first = _first_reaching(geo.out_w, geo.stride_w, geo.pad_w, geo.kernel_w, geo.in_w)
    begins = np.arange(0, len(first), columns * geo.stride_w)
    ends = begins if geo.stride_w == 1 else np.minimum(begins + columns * geo.stride_w, geo.out_w)
    more = int((ends * geo.out_ch - np.maximum(first[begins], 0) * geo.in_ch).max())
    shapes = (geo.in_h, geo.in_w, geo.in_ch), (geo.out_h, geo.out_w, geo.out_ch)
    return images(geo.batches, *shapes, rows, np.zeros(1, np.int64), more)


def _windows(geo: Geometry, more: int, *, multiple: int = 1) -> tuple[Overlap, ...]:
    rows = _first_inside(geo.out_h, geo.stride_h, geo.pad_h, geo.kernel_h, geo.dilation_h, geo.in_h)
    columns = _first_inside(geo.out_w, geo.stride_w, geo.pad_w, geo.kernel_w, geo.dilation_w, geo.in_w)
    return images(
        geo.batches, (geo.in_h, geo.in_w, geo.in_ch), (geo.out_h, geo.out_w, geo.out_ch), rows, columns, more, multiple
    )


def _first_inside(places: int, stride: int, pad: int, kernel: int, dilation: int, size: int) -> _Places:
    """The first input row (or column) that the window of each output row reads."""
    start = np.arange(min(places, _MOST_PLACES), dtype=np.int64) * stride - pad
    first = np.where(start < 0, start + -(start // dilation) * dilation, start)
    return np.where((first < size) & (first <= start + (kernel - 1) * dilation), first, _NOWHERE)


def _first_reaching(places: int, stride: int, pad: int, kernel: int, size: int) -> _Places:
    """The first input row (or column) that reaches each output row of a transposed convolution."""
    last = np.arange(min(places, _MOST_PLACES), dtype=np.int64) + pad
    first = np.maximum(-(-(last - kernel + 1) // stride), 0)
    return np.where((first < size) & (first * stride <= last), first, _NOWHERE)


def images(
    batches: int,
    in_shape: tuple[int, int, int],
    out_shape: tuple[int, int, int],
    rows: npt.NDArray[Any],
    columns: npt.NDArray[Any],
    more: int,
    multiple: int = 1,
) -> tuple[Overlap, ...]:
    """Output places of images in order, each of which reads from one input place on.

    Args:
        batches: images.
        in_shape, out_shape: height, width, bytes a place.
        rows, columns: first input row and column that each output row and column reads; -1 for none.
        more: bytes of a place that may be written when the place's own first byte is still read.
        multiple: of the distance.
    """
    (in_h, in_w, in_bytes), (out_h, out_w, out_bytes) = in_shape, out_shape
    if max(out_h, out_w) > _MOST_PLACES:
        return ()
    ahead = 0
    for first, written, read in (
        (rows, out_w * out_bytes, in_w * in_bytes),
        (columns, out_bytes, in_bytes),
    ):
        reading = np.flatnonzero(first != _NOWHERE)
        if not len(reading):
            return ()
        ahead += int((reading * written - first[reading].astype(np.int64) * read).max())
    ahead += (batches - 1) * max(0, out_h * out_w * out_bytes - in_h * in_w * in_bytes)
    return (Overlap(0, 0, ahead + more, multiple),)


def loops(counts: Sequence[int], strides: Sequence[int], *, out_bytes: int = 1, offset: int = 0) -> tuple[Overlap, ...]:
    """Nested loops that read from one place of the input and write the next bytes of the output.

    Args:
        counts: of the loops, outermost first.
        strides: input bytes of a step of each, negative ones included; what is read lies at or behind that place.
        out_bytes: bytes written at each place; more than one are copied in one go, from where they must not lie.
        offset: of the first place in the input.
    """
    ahead = (out_bytes if out_bytes > 1 else 0) - offset
    for count, stride in zip(reversed(counts), reversed(strides), strict=True):
        ahead += max(0, (count - 1) * (out_bytes - stride))
        out_bytes *= count
    return (Overlap(0, 0, ahead),)


def rows(count: int, in_bytes: int, out_bytes: int, *, more: int) -> tuple[Overlap, ...]:
    """Rows of the input one after the other, each read whole.

    Args:
        count: of rows.
        in_bytes, out_bytes: of a row.
        more: bytes of a row of the output that may be written when the row of the input is still read.
    """
    if count == 1 and more == 0:
        return read_before(in_bytes)
    return (Overlap(0, 0, (count - 1) * max(0, out_bytes - in_bytes) + more),)


def read_before(in_bytes: int) -> tuple[Overlap, ...]:
    """All of the input is read before anything is written: any place will do."""
    return (Overlap(0, 0, -in_bytes),)
