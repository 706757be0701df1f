"""Cross-validation by group."""

import numpy as np
import pytest

from tinyforge.core.errors import DataError, UsageError
from tinyforge.core.types import TEST, TRAIN, VALIDATION, Dataset, WindowSpec
from tinyforge.dataset.folds import make_folds, parse_scheme


def a_dataset(sizes, labels=("a", "b"), lacks=()):
    """Windows of people p0, p1, ...; those in ``lacks`` have no window of the last class."""
    groups = np.repeat([f"p{k}" for k in range(len(sizes))], sizes)
    targets = np.concatenate([np.arange(n) % (len(labels) - (k in lacks)) for k, n in enumerate(sizes)])
    count = len(groups)
    return Dataset(
        np.zeros((count, 4, 1), np.float32),
        targets.astype(np.int64),
        labels,
        groups,
        groups,
        np.zeros(count, np.int8),
        WindowSpec(4, 2, ("ax",), 50.0),
    )


@pytest.mark.parametrize(("count", "validation"), [(0, 0.1), (3, 0.3), (2, 0.01)])
def test_each_group_is_tested_once_and_stands_on_one_side(count, validation):
    dataset = a_dataset([10, 30, 20, 10, 40, 30, 10])
    folds = list(make_folds(dataset, count, validation=validation, seed=1))
    assert len(folds) == (count or 7)
    assert sorted(name for fold in folds for name in fold.tested) == [f"p{k}" for k in range(7)]
    for fold in folds:
        for name in set(dataset.groups):
            assert len(set(fold.split[dataset.groups == name])) == 1
        assert set(dataset.groups[fold.split == TEST]) == set(fold.tested)
        rest = 7 - len(fold.tested)
        watching = len(set(dataset.groups[fold.split == VALIDATION]))
        assert watching == max(1, int(validation * rest + 0.5))
    again = make_folds(dataset, count, validation=validation, seed=1)
    assert all((one.split == two.split).all() for one, two in zip(folds, again, strict=True))


def test_folds_are_of_like_size():
    dataset = a_dataset([100, 100, 10, 10, 10, 10])
    sizes = [int((fold.split == TEST).sum()) for fold in make_folds(dataset, 2, validation=0.2, seed=3)]
    assert sizes == [120, 120]


def test_those_who_watch_leave_every_class_to_training():
    dataset = a_dataset([10] * 5, lacks=(0, 1, 2))
    for fold in make_folds(dataset, 0, validation=0.5, seed=2):
        train = dataset.targets[fold.split == TRAIN]
        assert set(train) == {0, 1}


def test_what_cannot_be_divided_is_told_so():
    with pytest.raises(DataError, match="--cv: 2 groups; testing, watching and training need one each"):
        list(make_folds(a_dataset([10, 10]), 0, validation=0.2, seed=1))
    with pytest.raises(DataError, match="--cv: 5 folds of 4 groups; take at most 4 folds"):
        list(make_folds(a_dataset([10] * 4), 5, validation=0.2, seed=1))
    with pytest.raises(DataError, match='--cv: fold 4 leaves nobody with "b" to train on; record it with more people'):
        list(make_folds(a_dataset([10] * 4, lacks=(0, 1, 2)), 0, validation=0.2, seed=1))


def test_schemes():
    assert parse_scheme("loso", "subject") == 0
    assert parse_scheme("5", "recording") == 5
    with pytest.raises(UsageError, match=r'--cv: loso leaves one subject out, but dataset\.split_by is "recording"'):
        parse_scheme("loso", "recording")
    for text in ("1", "lso", "-3", "2.5"):
        with pytest.raises(UsageError, match="is neither loso nor a number of folds; for instance --cv loso or --cv 5"):
            parse_scheme(text, "subject")
