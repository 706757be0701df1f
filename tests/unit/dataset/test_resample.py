"""Resampling against signals that are known at every moment."""

import numpy as np
import pytest

from tinyforge.core.errors import DataError
from tinyforge.dataset.resample import HALF_WIDTH, PASS_BAND, STOP_BAND_DB, _predicted, resample


def level_db(error, signal):
    return 20 * np.log10(np.sqrt(np.mean(error**2)) / np.sqrt(np.mean(signal**2)))


def inner(values, rate_hz, new_rate_hz):
    """Without the ends, where the kernel reaches beyond the signal."""
    edge = int(np.ceil(HALF_WIDTH * max(1.0, new_rate_hz / rate_hz))) + 1
    return values[edge:-edge]


def two_tones_and_a_chirp(time_s, top_hz):
    tones = np.sin(2 * np.pi * 0.13 * top_hz * time_s + 0.3) + 0.5 * np.cos(2 * np.pi * 0.97 * top_hz * time_s)
    rise = 0.95 * top_hz / time_s[-1]
    return np.stack([tones, np.sin(np.pi * rise * time_s**2), 1.0 + 0.2 * tones], axis=1)


RATES = [(119.0, 100.0), (104.0, 50.0), (100.0, 119.0), (50.0, 100.0), (102.5, 100.0), (104.3, 62.7), (1000.0, 100.0)]


@pytest.mark.parametrize(("rate_hz", "new_rate_hz"), RATES)
def test_the_pass_band_is_60_db_exact_to_the_very_ends(rate_hz, new_rate_hz):
    top_hz = PASS_BAND * min(rate_hz, new_rate_hz) / 2
    time_s = np.arange(int(20 * rate_hz)) / rate_hz
    out = resample(two_tones_and_a_chirp(time_s, top_hz).astype(np.float32), rate_hz, new_rate_hz)
    assert out.dtype == np.float32
    assert len(out) == int((len(time_s) - 1) * new_rate_hz / rate_hz + 1e-6) + 1
    wanted = two_tones_and_a_chirp(np.append(np.arange(len(out)) / new_rate_hz, time_s[-1]), top_hz)[:-1]
    for column in range(3):
        assert level_db((out - wanted)[:, column], wanted[:, column]) < -60


@pytest.mark.parametrize(("rate_hz", "new_rate_hz"), [(119.0, 100.0), (104.0, 50.0), (1000.0, 100.0)])
def test_what_the_new_rate_cannot_hold_does_not_fold_back(rate_hz, new_rate_hz):
    time_s = np.arange(int(20 * rate_hz)) / rate_hz
    for share in (1.0, 1.07, 1.5):
        tone_hz = share * new_rate_hz / 2
        if tone_hz >= rate_hz / 2:
            continue
        tone = np.sin(2 * np.pi * tone_hz * time_s + 0.4).astype(np.float32)[:, None]
        out = inner(resample(tone, rate_hz, new_rate_hz), rate_hz, new_rate_hz)
        assert level_db(out, tone) < -(STOP_BAND_DB - 6)


@pytest.mark.parametrize(("rate_hz", "new_rate_hz"), RATES)
@pytest.mark.parametrize("count", [1, 2, 30, 119])
def test_gravity_stays_gravity_to_the_very_ends(rate_hz, new_rate_hz, count):
    still = np.tile(np.float32([[0.6, 0.0, -0.8]]), (count, 1))
    out = resample(still, rate_hz, new_rate_hz)
    assert np.allclose(out, [0.6, 0.0, -0.8], atol=1e-6)


def test_the_ends_of_a_short_gesture_follow_it():
    time_s = np.arange(119) / 119.0
    swing = np.sin(2 * np.pi * 2.3 * time_s + 1.0).astype(np.float32)[:, None]
    out = resample(swing, 119.0, 100.0)
    wanted = np.sin(2 * np.pi * 2.3 * np.arange(len(out)) / 100.0 + 1.0)[:, None]
    assert np.abs(out - wanted).max() < 0.001


def test_noise_dies_away_beyond_the_ends():
    noise = np.random.default_rng(2).normal(size=(300, 2))
    ahead = _predicted(noise, 2000)
    assert np.abs(ahead).max() < 2 * np.abs(noise).max()
    assert np.allclose(ahead[-1], noise.mean(axis=0), atol=0.1)


def test_the_same_rate_is_the_same_signal():
    samples = np.random.default_rng(1).normal(size=(40, 6)).astype(np.float32)
    assert resample(samples, 119.0, 119.0) is samples
    assert resample(samples[:0], 119.0, 100.0).shape == (0, 6)


def test_rates_too_far_apart():
    with pytest.raises(DataError, match="from 1 to 2000 Hz; choose rates at most 1000 times apart"):
        resample(np.zeros((4, 1), np.float32), 1.0, 2000.0)
