"""What an epoch is trained on: weights of classes, smoothed and mixed targets, learning rates. No TensorFlow."""

import numpy as np
import pytest

from tinyforge.architectures.loop import EPOCH_MOST, Examples, rate_share
from tinyforge.core.types import Preprocessing

PLAIN = Preprocessing((0.0, 0.0), (1.0, 1.0))
TARGETS = np.repeat([0, 1, 2], [600, 300, 100])


def examples(count=1000, **said):
    windows = np.broadcast_to(np.arange(count, dtype=np.float32)[:, None, None], (count, 4, 2))
    targets = TARGETS if count == 1000 else np.arange(count) % 3
    return Examples(windows, targets, 3, PLAIN, ("ax", "ay"), None, 1, **said)


@pytest.mark.parametrize(("power", "ratio"), [(0.0, 1.0), (0.5, 6**0.5), (1.0, 6.0)])
def test_rare_classes_weigh_more_as_far_as_wished(power, ratio):
    weights = examples(class_weights=power).weights()
    assert weights[2] / weights[0] == pytest.approx(ratio)
    assert weights[TARGETS].mean() == pytest.approx(1.0)


def test_smoothed_targets_are_probabilities():
    _, hot, _ = examples(smoothing=0.3).epoch(0)
    assert hot.sum(axis=1) == pytest.approx(1.0)
    assert sorted(set(np.round(hot.ravel(), 6))) == [0.1, 0.8]


def test_mixup_mixes_windows_targets_and_weights_alike():
    windows, hot, weights = examples(smoothing=0.0, mixup=0.4, class_weights=0.0).epoch(0)
    assert hot.sum(axis=1) == pytest.approx(1.0)
    assert weights == pytest.approx(1.0)
    mixed = (hot.max(axis=1) < 0.999).mean()
    assert 0.2 < mixed < 0.7  # pairs of one class stay what they are
    assert not np.isin(windows[:, 0, 0], np.arange(1000)).all()
    again, _, _ = examples(smoothing=0.0, mixup=0.4, class_weights=0.0).epoch(0)
    other, _, _ = examples(smoothing=0.0, mixup=0.4, class_weights=0.0).epoch(1)
    assert np.array_equal(windows, again)
    assert not np.array_equal(windows, other)


def test_a_teacher_has_its_share_in_the_targets_of_the_very_windows():
    def teacher(windows):
        first = windows[:, 0, 0] >= 600
        return np.stack([~first, first, np.zeros(len(windows))], axis=1).astype(np.float32)

    windows, taught, _ = examples(smoothing=0.0, teacher=teacher, taught=0.25).epoch(0)
    _, hot, _ = examples(smoothing=0.0).epoch(0)
    assert taught == pytest.approx(0.75 * hot + 0.25 * teacher(windows))
    assert taught.dtype == np.float32
    assert not np.array_equal(taught, hot)


def test_an_epoch_goes_over_a_small_set_several_times_and_takes_a_part_of_a_large_one():
    small, large = examples(500), examples(EPOCH_MOST + 500)
    assert len(small.epoch(0)[0]) == small.per_epoch == 2000
    windows = large.epoch(0)[0]
    assert len(windows) == large.per_epoch == EPOCH_MOST
    assert len(np.unique(windows[:, 0, 0])) == EPOCH_MOST
    assert not np.array_equal(windows, large.epoch(1)[0])


def test_schedules():
    assert [rate_share("constant", n, 4) for n in range(4)] == [1.0] * 4
    assert [rate_share("step", n, 4) for n in range(4)] == [1.0, 1.0, 1.0, 0.1]
    cosine = [rate_share("cosine", n, 4) for n in range(5)]
    assert cosine[0] == 1.0
    assert cosine[2] == pytest.approx(0.51)
    assert cosine[4] == pytest.approx(0.02)
    assert cosine == sorted(cosine, reverse=True)
