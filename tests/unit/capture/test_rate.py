"""The measured rate: near the truth, inside its interval, whatever a host does to arrivals; gaps that clocks show."""

import numpy as np
import pytest

from tinyforge.capture.rate import clock_gaps, fit_rate, longest_stretch, stall_gaps

CASES = [(100.0, 4), (119.0, 2), (1000.0, 4), (50.0, 10)]


def device_times(rng, rate_hz, seconds):
    """A clock of milliseconds and a loop that is half a millisecond early or late."""
    true = np.arange(int(rate_hz * seconds)) / rate_hz
    return np.arange(len(true), dtype=float), np.floor((true + rng.normal(0, 5e-4, len(true))) * 1e3) / 1e3


def arrivals(rng, rate_hz, seconds):
    """Samples in bunches over USB that is asked every 16 ms, by a host that stalls now and then."""
    bunch = int(rng.integers(1, 8))
    numbers = np.arange(bunch, int(rate_hz * seconds), bunch, dtype=float)
    times = np.ceil((numbers / rate_hz + rng.exponential(0.004, len(numbers))) / 0.016) * 0.016
    for k in np.flatnonzero(rng.random(len(times)) < 0.7 * seconds / len(times)):
        times[k:] = np.maximum(times[k:], times[k] + rng.uniform(0, 0.2))
    return numbers, np.maximum.accumulate(times)


@pytest.mark.parametrize(("rate_hz", "seconds"), CASES)
@pytest.mark.parametrize("make", [device_times, arrivals])
def test_the_truth_lies_in_the_interval_as_often_as_is_said(make, rate_hz, seconds):
    rng = np.random.default_rng(5)
    fits = [fit_rate(*make(rng, rate_hz, seconds), late_only=make is arrivals) for _ in range(60)]
    inside = sum(abs(fit.rate_hz - rate_hz) <= fit.error_hz for fit in fits)
    assert inside >= 54  # 95 % of 60 are 57
    assert np.median([abs(fit.rate_hz / rate_hz - 1) for fit in fits]) < 2e-3
    assert np.median([fit.error_hz / rate_hz for fit in fits]) < 0.01


def test_wrong_times_do_not_move_the_line():
    numbers, times = np.arange(200.0), np.arange(200.0) / 100.0
    times[::7] += 3.0
    fit = fit_rate(numbers, times)
    assert fit.rate_hz == pytest.approx(100.0, rel=1e-6)


def test_no_interval_is_narrower_than_a_clock_can_tell():
    fit = fit_rate(np.arange(200.0), np.arange(200.0) / 100.0)
    assert fit.error_hz >= 1e-6 / 1.99 * 100


@pytest.mark.parametrize(
    ("numbers", "times"),
    [
        (np.arange(7.0), np.arange(7.0)),
        (np.zeros(20), np.arange(20.0)),
        (np.arange(20.0), np.zeros(20)),
        (np.arange(20.0), -np.arange(20.0)),
    ],
)
def test_what_cannot_be_fitted_is_not(numbers, times):
    assert fit_rate(numbers, times) is None


def test_a_clock_shows_what_is_missing_and_jitter_is_not_missing():
    numbers = np.arange(300.0)
    times = numbers / 100.0
    times[200:] += 0.05
    times[100] += 0.009
    assert [(gap.before, gap.samples) for gap in clock_gaps(numbers, times, 100.0, counted=False)] == [(200, 5)]


def test_where_samples_are_counted_only_what_is_beyond_jitter_is_believed():
    numbers, times = np.arange(300.0), np.arange(300.0) / 100.0
    times[200:] += 0.03
    assert clock_gaps(numbers, times, 100.0, counted=True) == []
    times[250:] += 0.3
    assert [(gap.before, gap.samples) for gap in clock_gaps(numbers, times, 100.0, counted=True)] == [(250, 30)]


def test_a_host_that_was_busy_lost_nothing_and_a_silent_device_did():
    numbers = np.arange(1.0, 601.0)
    times = numbers / 100.0
    late = times.copy()
    late[200:260] = np.maximum(late[200:260], times[259])
    assert stall_gaps(numbers, late, 100.0) == []
    silent = times.copy()
    silent[200:] += 0.6
    assert [(gap.before, gap.samples) for gap in stall_gaps(numbers, silent, 100.0)] == [(200, 60)]
    assert longest_stretch(silent) == slice(200, 600)
