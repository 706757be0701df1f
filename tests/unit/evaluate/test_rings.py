"""Windows that a ring buffer gave wrong: the same again, or begun in the middle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tinyforge.evaluate.felt import Felt, Known
from tinyforge.evaluate.rings import repeated, unrolled
from tinyforge.evaluate.senses import examine

LENGTH, HOP = 40, 10


def course(rng, samples, pace):
    """[time, 3]: a hand that swings while it drifts."""
    t = np.arange(samples) / 50
    swing = np.sin(6.28 * pace * t + rng.uniform(0, 6.28))
    return (np.stack([swing, np.cos(pace * t), 1 + 0.3 * swing], axis=1) + rng.normal(0, 0.02, (samples, 3))).astype(
        np.float32
    )


def cut(series, hop=HOP):
    return np.stack([series[s : s + LENGTH] for s in range(0, len(series) - LENGTH + 1, hop)])


@pytest.fixture(scope="module")
def known():
    rng = np.random.default_rng(1)
    windows = np.concatenate([cut(course(rng, 800, pace), LENGTH // 2) for pace in (0.6, 1.1)])
    targets = np.repeat([0, 1], len(windows) // 2)
    names = ("ax", "ay", "az")
    return Known(windows, targets, ("slow", "fast"), names, ("g",) * 3, 50.0, lambda x: np.zeros(len(x), np.int64), 1.0)


def session(hop=HOP, seed=2):
    rng = np.random.default_rng(seed)
    windows = np.concatenate([cut(course(rng, 600, pace), hop) for pace in (0.6, 1.1)])
    truths = np.repeat([0, 1], len(windows) // 2)
    return Felt(windows, truths, truths, overlap=max(1, LENGTH // hop))


def as_it_lies(felt, hop=HOP):
    """The same windows from a ring of their length that is written on and on."""
    half = len(felt.windows) // 2
    places = np.tile(np.arange(half) * hop % LENGTH, 2)
    return replace(
        felt, windows=np.stack([np.roll(one, k, axis=0) for one, k in zip(felt.windows, places, strict=True)])
    )


def codes(found):
    return [one.code for one in found]


def test_clean_windows_are_neither(known):
    for hop in (HOP, LENGTH // 2, LENGTH):
        assert examine(known, session(hop)) == ()


def test_windows_that_overlap_show_the_ring_exactly(known):
    felt = session()
    (found,), undone = unrolled(as_it_lies(felt))
    assert found.code == "rotated_window"
    assert "stay where they were in the one before, and the newest end in the middle (at 10, 20, 30)" in found.fact
    assert "from its oldest sample on" in found.way_out
    np.testing.assert_array_equal(undone.windows[1:], felt.windows[1:])
    assert codes(examine(known, as_it_lies(felt))) == ["rotated_window"]


def test_windows_that_do_not_overlap_show_the_seam(known):
    felt = session(LENGTH)
    rng = np.random.default_rng(3)
    rolled = np.stack([np.roll(one, rng.integers(10, 30), axis=0) for one in felt.windows])
    (found,) = examine(known, replace(felt, windows=rolled))
    assert found.code == "rotated_window"
    assert "their ends fit together better than their middle" in found.fact


def test_takes_one_behind_the_other_are_no_ring_where_windows_go_on_as_they_should(known):
    """The hand leaps from the end of a movement to the beginning of the next: the seam moves on with what came."""
    rng = np.random.default_rng(3)
    t = np.arange(LENGTH) / LENGTH

    def takes(count):
        lifts = [np.stack([lift * t, np.sin(3 * t), 1 + lift * t**2], axis=1) for lift in (1.0, 2.0)]
        return [
            (one * rng.uniform(0.9, 1.1, (count, 1, 1)) + rng.normal(0, 0.02, (count, LENGTH, 3))).astype(np.float32)
            for one in lifts
        ]

    trained = replace(known, windows=np.concatenate(takes(40)), targets=np.repeat([0, 1], 40))
    apart, truths = np.concatenate(takes(20)), np.repeat([0, 1], 20)
    rolled = np.roll(apart, LENGTH // 2, axis=1)
    assert codes(examine(trained, Felt(rolled, truths, truths))) == ["rotated_window"]
    windows = [cut(half.reshape(-1, 3)) for half in np.split(apart, 2)]
    truths = np.repeat([0, 1], len(windows[0]))
    felt = Felt(np.concatenate(windows), truths, truths, overlap=LENGTH // HOP)
    assert examine(trained, felt) == ()


def test_the_same_window_again(known):
    felt = session(LENGTH)
    index = np.arange(len(felt.windows))
    index[1::3] -= 1
    (found,) = repeated(known, replace(felt, windows=felt.windows[index]))
    assert found.code == "stale_window"
    assert found.fact == f"{len(index[1::3])} of {len(index)} windows are the one before, sample for sample"


def test_what_stands_still_is_a_dead_channel_not_a_stale_window(known):
    felt = session()
    found = examine(known, replace(felt, windows=felt.windows * 0))
    assert "stale_window" not in codes(found)
    assert "still_channels" in codes(found)


def test_noise_has_no_seam(known):
    felt = session(LENGTH)
    noise = np.random.default_rng(4).normal(0, 1, felt.windows.shape).astype(np.float32)
    assert "rotated_window" not in codes(examine(known, replace(felt, windows=noise)))


def test_a_twitch_of_a_resting_hand_in_coarse_samples_is_no_ring(known):
    """All rows are alike but for a twitch, which moves on: where it was and is, the rows changed, in one stretch."""
    series = np.tile(np.array([0.1, -0.3, 0.9], np.float32), (600, 1))
    for start in range(20, 600, 45):
        series[start : start + 8, 0] += np.sin(np.arange(8)).astype(np.float32)
    for hop in (HOP, 5):
        windows = cut(series, hop)
        felt = Felt(windows, np.zeros(len(windows), np.int64), np.zeros(len(windows), np.int64), overlap=4)
        assert unrolled(felt) == ([], felt)
