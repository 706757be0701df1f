"""Groups stand on one side, whatever the dataset looks like."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinyforge.core.errors import ConfigError, DataError
from tinyforge.core.types import TEST, TRAIN, VALIDATION
from tinyforge.dataset import SplitSpec, check_split
from tinyforge.dataset.splits import split_groups


def shares(counts, side):
    return np.array([counts[side == s].sum() for s in (TRAIN, VALIDATION, TEST)]) / counts.sum()


def test_people_with_all_signals_are_dealt_out_by_the_fractions():
    counts = np.full((20, 4), 23, dtype=np.int64)
    side = split_groups(counts, SplitSpec("subject", test=0.25, validation=0.15))
    assert shares(counts, side).tolist() == [0.6, 0.15, 0.25]


def test_recordings_are_stratified_by_class():
    counts = np.zeros((183, 5), dtype=np.int64)
    counts[np.arange(183), np.repeat(np.arange(5), [33, 18, 68, 11, 53])] = 1
    side = split_groups(counts, SplitSpec("recording", test=0.25, validation=0.15))
    for k in range(5):
        assert np.allclose(shares(counts[:, k], side), [0.6, 0.15, 0.25], atol=0.06)


def test_uneven_people_are_dealt_out_by_windows_not_by_heads():
    counts = np.array([[100], [10], [10], [10], [10], [10], [10], [10], [10], [20]], dtype=np.int64)
    side = split_groups(counts, SplitSpec("subject", test=0.3, validation=0.2))
    assert side[0] == TRAIN
    assert np.allclose(shares(counts, side), [0.5, 0.2, 0.3], atol=0.06)


@settings(max_examples=200, deadline=None)
@given(
    hnp.arrays(np.int64, st.tuples(st.integers(3, 25), st.integers(1, 5)), elements=st.integers(0, 40)),
    st.sampled_from([(0.25, 0.15), (0.5, 0.1), (0.05, 0.05), (0.2, 0.0), (0.0, 0.0)]),
    st.integers(0, 5),
)
def test_every_wanted_side_gets_a_group_and_the_same_one_each_time(counts, fractions, seed):
    assume(counts.any(axis=1).all())
    spec = SplitSpec("subject", *fractions, seed=seed)
    side = split_groups(counts, spec)
    assert np.array_equal(side, split_groups(counts.copy(), spec))
    present = set(side.tolist())
    assert present == {TRAIN} | ({TEST} if spec.test else set()) | ({VALIDATION} if spec.validation else set())


def test_the_seed_chooses_who():
    counts = np.full((20, 4), 23, dtype=np.int64)
    sides = {tuple(split_groups(counts, SplitSpec("subject", seed=seed)).tolist()) for seed in range(10)}
    assert len(sides) == 10


@pytest.mark.parametrize(
    ("groups", "by", "message"),
    [
        (
            2,
            "subject",
            (
                'split: split_by = "subject" needs at least 3 subjects, the dataset has 2 subjects; record more '
                'people, or set split_by = "recording" (then the test says nothing about new people)'
            ),
        ),
        (1, "session", 'split: split_by = "session" needs at least 3 sessions, the dataset has 1 session;'),
        (2, "recording", "split: 2 recordings cannot fill 3 sides; record more"),
    ],
)
def test_too_few_groups(groups, by, message):
    with pytest.raises(DataError) as caught:
        split_groups(np.ones((groups, 2), dtype=np.int64), SplitSpec(by))
    assert str(caught.value).startswith(message)


def test_a_group_on_two_sides_is_named():
    groups = np.array(["anna", "ben", "anna", "ben"])
    check_split(groups, np.int8([TRAIN, TEST, TRAIN, TEST]), "subject")
    with pytest.raises(DataError) as caught:
        check_split(groups, np.int8([TRAIN, TEST, TRAIN, VALIDATION]), "subject")
    assert str(caught.value) == 'split: subject "ben" stands in validation and test; split by group, never by window'


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"by": "subjects"}, 'by: "subjects": unknown; did you mean "subject"?'),
        ({"test": 1.0}, "test is 1.0; it must be a fraction"),
        ({"validation": -0.1}, "validation is -0.1; it must be a fraction"),
        ({"test": 0.6, "validation": 0.5}, "leave nothing to train on"),
        ({"seed": -1}, "seed is -1; it must be 0 or more"),
    ],
)
def test_wrong_specs(arguments, message):
    with pytest.raises(ConfigError) as caught:
        SplitSpec(**arguments)
    assert message in str(caught.value)
