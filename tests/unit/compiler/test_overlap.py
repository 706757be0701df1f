"""How near buffers may lie, against the same loops gone through one by one."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from tinyforge.compiler import overlap
from tinyforge.compiler.geometry import Geometry
from tinyforge.core.graph import Overlap


def geometry(chance, *, channels=None):
    """A random convolution whose windows mostly lie inside, with a few that reach out."""
    kernel_h, kernel_w = chance.integers(1, 4, 2)
    stride_h, stride_w = chance.integers(1, 4, 2)
    dilation_h, dilation_w = chance.integers(1, 3, 2)
    in_h, in_w = chance.integers(1, 9, 2)
    pad_h, pad_w = chance.integers(0, 3, 2)
    out_h = max(1, (in_h + 2 * pad_h - (kernel_h - 1) * dilation_h - 1) // stride_h + 1)
    out_w = max(1, (in_w + 2 * pad_w - (kernel_w - 1) * dilation_w - 1) // stride_w + 1)
    in_ch, out_ch = (channels, channels) if channels else chance.integers(1, 6, 2)
    values = {
        "batches": chance.integers(1, 4),
        "in_h": in_h,
        "in_w": in_w,
        "in_ch": in_ch,
        "out_h": out_h,
        "out_w": out_w,
        "out_ch": out_ch,
        "kernel_h": kernel_h,
        "kernel_w": kernel_w,
        "stride_h": stride_h,
        "stride_w": stride_w,
        "pad_h": pad_h,
        "pad_w": pad_w,
        "dilation_h": dilation_h,
        "dilation_w": dilation_w,
    }
    return Geometry(**{name: int(value) for name, value in values.items()})


def window(place, stride, pad, kernel, dilation, size):
    """The input rows that an output row of a convolution reads."""
    return [at for k in range(kernel) if 0 <= (at := place * stride - pad + k * dilation) < size]


def reaching(place, stride, pad, kernel, size):
    """The input rows that reach an output row of a transposed convolution."""
    return [at for at in range(size) if 0 <= place + pad - at * stride < kernel]


def farthest(geo, rows, columns, more):
    """The greatest ``written - read`` over all places in order; None where nothing is read."""
    found = None
    places = itertools.product(range(geo.batches), range(geo.out_h), range(geo.out_w))
    for place, (batch, row, column) in enumerate(places):
        if rows[row] and columns[column]:
            read = ((batch * geo.in_h + min(rows[row])) * geo.in_w + min(columns[column])) * geo.in_ch
            ahead = place * geo.out_ch + more - read
            found = ahead if found is None else max(found, ahead)
    return found


@pytest.mark.parametrize("seed", range(60))
def test_windows(seed):
    geo = geometry(np.random.default_rng(seed))
    rows = [window(k, geo.stride_h, geo.pad_h, geo.kernel_h, geo.dilation_h, geo.in_h) for k in range(geo.out_h)]
    columns = [window(k, geo.stride_w, geo.pad_w, geo.kernel_w, geo.dilation_w, geo.in_w) for k in range(geo.out_w)]
    for function, more in ((overlap.whole_windows, geo.out_ch - 1), (overlap.channel_windows, 0)):
        ahead = farthest(geo, rows, columns, more)
        assert function(geo) == (() if ahead is None else (Overlap(0, 0, ahead, 1),))


@pytest.mark.parametrize("seed", range(60))
def test_transposed_windows(seed):
    geo = geometry(np.random.default_rng(seed))
    rows = [reaching(k, geo.stride_h, geo.pad_h, geo.kernel_h, geo.in_h) for k in range(geo.out_h)]
    columns = [reaching(k, geo.stride_w, geo.pad_w, geo.kernel_w, geo.in_w) for k in range(geo.out_w)]
    ahead = farthest(geo, rows, columns, geo.out_ch - 1)
    assert overlap.scattered_windows(geo) == (() if ahead is None else (Overlap(0, 0, ahead, 1),))


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("columns", [4, 8])
def test_transposed_windows_by_phases(seed, columns):
    """Reads of a phase's windows, and what was written before: other phases of the same columns to their end."""
    geo = replace(geometry(np.random.default_rng(seed)), batches=1)
    rows = [reaching(k, geo.stride_h, geo.pad_h, geo.kernel_h, geo.in_h) for k in range(geo.out_h)]
    needed, columns_of = [], [reaching(k, geo.stride_w, geo.pad_w, geo.kernel_w, geo.in_w) for k in range(geo.out_w)]
    for row, begin in itertools.product(range(geo.out_h), range(0, geo.out_w, columns * geo.stride_w)):
        written: list[int] = list(range(begin))
        for right in range(geo.stride_w):
            now = range(begin, min(begin + columns * geo.stride_w, geo.out_w))
            outputs = [column for column in now if (column + geo.pad_w) % geo.stride_w == right]
            reads = [column for output in outputs for column in columns_of[output]]
            if reads and rows[row]:
                end = (row * geo.out_w + max(written, default=-1) + 1) * geo.out_ch
                needed.append(end - (min(rows[row]) * geo.in_w + min(reads)) * geo.in_ch)
            written += outputs
    found = overlap.phase_windows(geo, columns)
    assert found or not needed
    for one in found:
        assert one.distance_bytes >= max(needed, default=-1 << 30)


@pytest.mark.parametrize(("channels", "lies"), [(1, 1), (3, 1), (4, 4), (5, None), (6, None), (8, 8)])
def test_depthwise_windows_by_their_channels(channels, lies):
    geo = geometry(np.random.default_rng(5), channels=channels)
    (plain,) = overlap.channel_windows(geo)
    wanted = () if lies is None else (Overlap(0, 0, plain.distance_bytes, lies),)
    assert overlap.depthwise_windows(geo) == wanted


@pytest.mark.parametrize(("group_in", "group_out", "more"), [(1, 1, 0), (1, 2, 3), (2, 1, 0), (2, 3, 3), (1, 3, 4)])
def test_grouped_windows_wait_for_the_channels_of_their_group(group_in, group_out, more):
    geo = replace(geometry(np.random.default_rng(7)), in_ch=6, out_ch=6)
    assert more == max(channel - channel // group_out * group_in for channel in range(6))
    (whole,) = overlap.channel_windows(geo)
    assert overlap.grouped_windows(geo, group_in, group_out) == (Overlap(0, 0, whole.distance_bytes + more),)


@pytest.mark.parametrize("seed", range(60))
def test_loops(seed):
    chance = np.random.default_rng(seed)
    counts = [int(count) for count in chance.integers(1, 5, chance.integers(1, 4))]
    strides = [int(stride) for stride in chance.integers(-3, 9, len(counts))]
    out_bytes, offset = int(chance.integers(1, 4)), int(chance.integers(0, 20))
    ahead = []
    for place, steps in enumerate(itertools.product(*map(range, counts))):
        read = offset + sum(step * stride for step, stride in zip(steps, strides, strict=True))
        written = (place + 1) * out_bytes if out_bytes > 1 else place  # bytes copied in one go lie apart
        ahead.append(written - read)
    (found,) = overlap.loops(counts, strides, out_bytes=out_bytes, offset=offset)
    assert found.distance_bytes >= max(ahead)
    nests = all(
        out_bytes * int(np.prod(counts[k + 1 :])) >= stride for k, stride in enumerate(strides)
    )  # each loop alone is farthest at its end
    if nests:
        assert found.distance_bytes == max(ahead)
    assert overlap.loops(counts, strides) == overlap.loops(counts, strides, out_bytes=1, offset=0)


@pytest.mark.parametrize(
    ("arguments", "more", "distance"),
    [((1, 9, 9), 0, -9), ((1, 9, 9), 2, 2), ((4, 5, 5), 0, 0), ((4, 5, 7), 0, 6), ((4, 5, 7), 3, 9), ((4, 7, 5), 1, 1)],
)
def test_rows(arguments, more, distance):
    assert overlap.rows(*arguments, more=more) == (Overlap(0, 0, distance, 1),)


def test_what_is_too_long_lies_apart():
    one = (1, 1, 1)
    places = np.zeros(1, np.int64)
    assert overlap.images(1, one, (1 << 20, 1, 1), places, places, 0) != ()
    assert overlap.images(1, one, ((1 << 20) + 1, 1, 1), places, places, 0) == ()
    assert overlap.images(1, one, (1, (1 << 20) + 1, 1), places, places, 0) == ()
    assert overlap.images(1, one, one, places - 1, places, 0) == ()
    assert overlap.read_before(17) == (Overlap(0, 0, -17, 1),)
