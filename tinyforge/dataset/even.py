"""Samples at equal distances, and the labels of those: from recordings whose source gave each sample its own time."""

from __future__ import annotations

import numpy as np

from tinyforge.core.errors import DataError
from tinyforge.core.types import Float32Array, Float64Array, IntArray, Recording
from tinyforge.dataset.resample import resample
from tinyforge.dataset.timing import gap_limit_ms, is_even

GAP_LIMIT_MS = 500.0  # across a longer gap nothing is invented; phones of the public sets pause up to 188 ms


def evenly(
    recording: Recording, samples: Float32Array, rate_hz: float, gap_ms: float = GAP_LIMIT_MS
) -> tuple[Float32Array, IntArray]:
    """Samples at another rate, and which original sample each is nearest to in time.

    Times that jitter are first brought to the recording's mean rate, linearly between neighbours; samples that repeat a
    time are dropped.

    Args:
        recording: says the times.
        samples: float32 [time, channel], its samples in whatever units.
        rate_hz: wished.
        gap_ms: the longest gap that is bridged; never less than one and a half samples.

    Returns:
        float32 [new time, channel] and int64 [new time].

    Raises:
        DataError: the times have a gap longer than that, or go back by more than that.
    """
    if recording.times_ms is None or is_even(recording):
        even = samples
        nearest = np.arange(len(samples))
    else:
        times = recording.times_ms - recording.times_ms[0]
        latest = np.maximum.accumulate(times)
        _check_order(times, latest, recording.rate_hz, gap_ms)
        kept = np.flatnonzero(np.r_[True, times[1:] > latest[:-1]])
        times = times[kept]
        _check_gaps(times, kept, recording.rate_hz, gap_ms)
        grid = np.arange(0.0, times[-1] + 1e-6, 1e3 / recording.rate_hz)
        even = np.stack([np.interp(grid, times, column) for column in samples[kept].T], axis=1).astype(np.float32)
        after = np.clip(np.searchsorted(times, grid), 1, len(times) - 1)
        nearest = kept[np.where(grid - times[after - 1] <= times[after] - grid, after - 1, after)]
    out = resample(even, recording.rate_hz, rate_hz)
    places = np.rint(np.arange(len(out)) * (recording.rate_hz / rate_hz)).astype(np.int64)
    return out, nearest[np.minimum(places, len(nearest) - 1)]


def _check_order(times: Float64Array, latest: Float64Array, rate_hz: float, gap_ms: float) -> None:
    """Refuse two recordings in one: dropping the samples that come before their time would lose the second."""
    back = latest - times
    first = int(np.argmax(back > gap_limit_ms(rate_hz, gap_ms)))
    if first:
        raise DataError(
            "recording",
            f"goes back in time by {back[first]:.0f} ms after sample {first - 1}: a clock that was set or restarted",
            "cut it there with `tinyforge dataset trim`, or delete it and import its parts as files of their own",
        )


def _check_gaps(times: Float64Array, kept: IntArray, rate_hz: float, gap_ms: float) -> None:
    steps = np.diff(times)
    worst = int(np.argmax(steps)) if len(steps) else 0
    limit_ms = gap_limit_ms(rate_hz, gap_ms)
    if len(steps) and steps[worst] > limit_ms:
        raise DataError(
            "recording",
            f"has a gap of {steps[worst]:.0f} ms after sample {kept[worst]}, longer than {limit_ms:.0f} ms",
            "cut it there with `tinyforge dataset trim`, delete it, or raise dataset.gap_ms",
        )
