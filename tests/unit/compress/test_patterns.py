"""Patterns of pruning: which weights stay."""

import numpy as np
import pytest

from tinyforge.compress.patterns import fits, kept, mask_in_tensorflow, parse_pattern


def masked(weights, text, sparsity, at):
    tf = pytest.importorskip("tensorflow", reason="needs tinyforge[train]")
    pattern = parse_pattern(text, sparsity)
    mask = tf.function(lambda w, s: mask_in_tensorflow(w, pattern, s))(
        tf.constant(weights), tf.constant(at, tf.float32)
    )
    return pattern, mask.numpy()


@pytest.fixture
def weights():
    return np.random.default_rng(5).normal(size=(5, 1, 6, 8)).astype(np.float32)  # 30 inputs: a short last group


@pytest.mark.train
@pytest.mark.parametrize(("text", "sparsity"), [("2:4", 0.5), ("1:4", 0.75), ("block4", 0.8), ("block2", 0.5)])
def test_the_whole_mask_is_the_patterns(weights, text, sparsity):
    pattern, mask = masked(weights, text, sparsity, sparsity)
    assert fits(weights * mask, pattern, sparsity)
    assert not fits(weights, pattern, sparsity)
    broken = mask.copy()
    broken.reshape(-1)[:6] = 1
    assert not fits(weights * broken, pattern, sparsity)


@pytest.mark.train
def test_two_of_four_keeps_the_two_greatest(weights):
    _, mask = masked(weights, "2:4", 0.5, 0.5)
    column, stays = np.abs(weights.reshape(30, 8)[:, 3]), mask.reshape(30, 8)[:, 3]
    for begin in range(0, 28, 4):
        four = slice(begin, begin + 4)
        assert set(np.argsort(column[four])[2:]) == set(np.flatnonzero(stays[four]))
    assert stays[28:].tolist() == [1, 1]


@pytest.mark.train
def test_on_the_way_only_weights_that_will_go_have_gone(weights):
    _, early = masked(weights, "2:4", 0.5, 0.2)
    _, late = masked(weights, "2:4", 0.5, 0.5)
    assert np.all(early[late == 1] == 1)
    assert early.mean() == pytest.approx(0.8, abs=0.01)


@pytest.mark.train
def test_blocks_stay_or_go_whole(weights):
    _, mask = masked(weights, "block4", 0.8, 0.8)
    columns = np.pad(mask.reshape(30, 8), ((0, 2), (0, 0)), mode="edge").reshape(8, 4, 8)
    assert np.all(columns.min(axis=1) == columns.max(axis=1))
    assert columns.min(axis=1).sum() == round(64 * 0.2)


@pytest.mark.train
def test_a_ramp_ends_and_begins_where_it_should(weights):
    _, mask = masked(weights, "block4", 0.8, 0.0)
    assert mask.all()


def test_kept_counts():
    assert kept((30, 8), parse_pattern("2:4", 0.5), 0.5) == (8 * (7 * 2 + 2), 8 * (7 * 2 + 2))
    low, high = kept((30, 8), parse_pattern("block4", 0.8), 0.8)
    assert (low, high) == (13 * 4 - 8 * 2, 13 * 4)
