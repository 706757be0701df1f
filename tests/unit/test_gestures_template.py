"""The template ``gestures`` takes what a recorder leaves: one person's takes of one second, as they are."""

from __future__ import annotations

import numpy as np
import pytest

from tinyforge.core.types import IMU_CHANNELS, TEST, TRAIN, VALIDATION, Recording
from tinyforge.dataset import RecordingStore
from tinyforge.dataset.folds import make_folds
from tinyforge.pipeline import projects
from tinyforge.pipeline.datasets import windows_of

LABELS = ("circle", "flex", "punch")


@pytest.fixture
def dataset(tmp_path):
    """Ten takes of each of three gestures, 119 samples at 119 Hz, as the public Nano 33 sets have them."""
    projects.init(tmp_path, "gestures")
    rng = np.random.default_rng(1)
    store = RecordingStore(tmp_path / "dataset")
    store.add_all(
        Recording(rng.normal(0, 30, (119, 6)).astype(np.float32), IMU_CHANNELS, 119.0, label, "me")
        for label in LABELS
        for _ in range(10)
    )
    return windows_of(projects.load(tmp_path))


def test_a_take_is_a_window(dataset):
    assert dataset.windows.shape == (30, 100, 6)
    assert len(set(dataset.recordings)) == 30


def test_takes_of_one_person_are_divided(dataset):
    for side in (TRAIN, VALIDATION, TEST):
        assert set(dataset.targets[dataset.split == side]) <= {0, 1, 2}
        assert (dataset.split == side).any()
    assert (dataset.split == TRAIN).sum() >= 20
    for label in range(3):  # each class is trained and tested
        assert {TRAIN, TEST} <= set(dataset.split[dataset.targets == label])


def test_five_folds_train_on_nearly_all_other_takes(dataset):
    folds = list(make_folds(dataset, 5, validation=0.07, seed=1))
    assert sorted(sum((fold.tested for fold in folds), ())) == sorted(set(dataset.groups))
    assert all((fold.split == TRAIN).sum() >= 22 for fold in folds)
