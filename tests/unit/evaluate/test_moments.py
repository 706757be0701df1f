"""Numbers of changed windows, by arithmetic, are those of the windows that were changed; and gravity turns."""

from __future__ import annotations

import numpy as np
import pytest

from tinyforge.evaluate.moments import Change, Moments, unchanged

TRIPLES = ([0, 1, 2], [3, 4, 5])
USUAL = np.array([0.4, 0.5, 0.6, 60.0, 70.0, 80.0])


def waved(rng, count=9, length=64):
    """Windows of a board that turns, in g and dps."""
    t = np.arange(length)[:, None] / 50.0
    parts = rng.uniform(-1, 1, (count, 4, 1, 6)) * np.sin(rng.uniform(2, 14, (count, 4, 1, 6)) * t[None, None] + 1)
    return (parts.sum(axis=1) * USUAL + rng.normal(0, 0.3, (count, 1, 6)) * USUAL).astype(np.float32)


CHANGES = {
    "as it is": unchanged(6),
    "both turned": Change(np.array([1, 2, 0, 4, 5, 3]), np.array([1.0, -1, 1, 1, -1, 1])),
    "gyroscope turned": Change(np.array([0, 1, 2, 5, 4, 3]), np.array([1.0, 1, 1, -1, 1, 1])),
    "exchanged": Change(np.array([3, 4, 5, 0, 1, 2]), np.ones(6)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_moments_is_a_change_of_windows(change):
    windows = waved(np.random.default_rng(3))
    by_arithmetic = Moments(windows, TRIPLES, USUAL).numbers(change)
    there = Moments(change.of(windows), TRIPLES, USUAL).numbers(unchanged(6))
    same = slice(-5) if change is CHANGES["exchanged"] else slice(None)  # no turn of gravity is looked for then
    np.testing.assert_allclose(by_arithmetic[:, same], there[:, same], 2e-4, 2e-4)


def test_a_factor_of_moments_is_a_factor_of_windows():
    windows = waved(np.random.default_rng(4))
    change = Change(np.arange(6), np.array([9.80665] * 3 + [0.25] * 3))
    there = Moments(change.of(windows), TRIPLES, USUAL).numbers(unchanged(6))
    np.testing.assert_allclose(Moments(windows, TRIPLES, USUAL).numbers(change), there, 2e-4, 2e-4)


def turned_by_hand(rng, length=100, rate_hz=100.0):
    """A board that turns about all axes and feels gravity: [time, 6], integrated here step by step."""
    t = np.arange(length) / rate_hz
    rates = np.stack(
        [rng.uniform(60, 200) * np.sin(rng.uniform(3, 9) * t + rng.uniform(0, 6)) for _ in range(3)], axis=1
    )
    gravity, felt = np.array([0.2, -0.4, 0.89]), []
    for rate in np.radians(rates):
        felt.append(gravity)
        gravity = gravity - np.cross(rate, gravity) / rate_hz
        gravity = gravity / np.linalg.norm(gravity)
    return np.concatenate([felt, rates], axis=1).astype(np.float32)


def test_the_turn_of_gravity_says_whether_both_sensors_have_the_same_axes():
    rng = np.random.default_rng(5)
    windows = np.stack([turned_by_hand(rng) for _ in range(6)])
    moments = Moments(windows, TRIPLES, windows.std(axis=(0, 1)).astype(np.float64))
    assert (moments.numbers(unchanged(6))[:, -2] < -0.95).all()  # da/dt = -w x a
    whole = Change(np.array([1, 2, 0, 4, 5, 3]), np.ones(6))  # the board held otherwise
    assert (moments.numbers(whole)[:, -2] < -0.95).all()
    mirrored = Change(np.array([1, 0, 2, 4, 3, 5]), np.ones(6))  # no way to hold a board
    assert (moments.numbers(mirrored)[:, -2] > 0.95).all()
    one = Change(np.arange(6), np.array([1.0, 1, 1, 1, -1, 1]))
    assert (moments.numbers(one)[:, -2] > -0.9).all()


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_other_channels_and_short_windows_have_numbers_too(channels):
    triples = [[0, 1, 2]] if channels >= 3 else []
    for length in (1, 2, 5, 30):
        windows = np.random.default_rng(1).normal(size=(4, length, channels)).astype(np.float32)
        assert np.isfinite(Moments(windows, triples, np.ones(channels)).numbers(unchanged(channels))).all()
    still = np.zeros((4, 30, channels), np.float32)
    assert np.isfinite(Moments(still, triples, np.zeros(channels)).numbers(unchanged(channels))).all()
