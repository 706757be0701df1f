"""Accuracy, F1 and confusion on a case small enough to do by hand."""

import numpy as np
import pytest

from tinyforge.core.metrics import bootstrap, calibration, measure, measure_losses

TARGETS = np.array([0, 0, 0, 0, 1, 1])
SAID = np.array([0, 0, 0, 1, 1, 0])


def test_figures_done_by_hand():
    said = measure(TARGETS, SAID, ("a", "b", "never"))
    assert said["windows"] == 6
    assert said["correct"] == 4
    assert said["accuracy"] == 4 / 6
    assert said["confusion"] == [[3, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert said["per_class"]["a"] == {"precision": 0.75, "recall": 0.75, "f1": 0.75, "windows": 4}
    assert said["per_class"]["b"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "windows": 2}
    assert said["per_class"]["never"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "windows": 0}
    # a class that neither occurs nor is predicted does not pull the mean down
    assert said["macro_f1"] == 0.625


def test_no_windows_give_zeros():
    said = measure(np.array([], np.int64), np.array([], np.int64), ("a", "b"))
    assert (said["windows"], said["accuracy"], said["macro_f1"]) == (0, 0.0, 0.0)
    assert measure_losses(np.zeros((0, 2), np.float32), np.array([], np.int64)) == (0.0, 0.0)


def test_cross_entropy_is_in_nats():
    probabilities = np.array([[0.5, 0.5], [0.25, 0.75]], np.float32)
    loss, accuracy = measure_losses(probabilities, np.array([0, 0]))
    assert loss == pytest.approx((np.log(2) + np.log(4)) / 2)
    assert accuracy == 0.5


def test_a_probability_of_zero_costs_a_finite_loss():
    loss, _ = measure_losses(np.array([[0.0, 1.0]], np.float32), np.array([0]))
    assert loss == pytest.approx(-np.log(1e-7))


def test_intervals_hold_for_new_people():
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(12), 50)
    wrong = rng.random(600) < np.repeat(rng.uniform(0.0, 0.3, 12), 50)
    targets = rng.integers(0, 2, 600)
    said = bootstrap(targets, np.where(wrong, 1 - targets, targets), groups, ("a", "b", "never"))
    assert said["groups"] == 12
    share = 1 - wrong.mean()
    low, high = said["accuracy"]
    assert low < share < high
    # people differ: the interval is wider than that of 600 independent windows
    assert high - low > 2 * 1.96 * np.sqrt(share * (1 - share) / 600)
    by_person = 1 - wrong.reshape(12, 50).mean(axis=1)
    assert abs((high - low) / 2 - 1.96 * by_person.std() / np.sqrt(12)) < 0.01
    assert set(said["per_class"]) == {"a", "b"}
    assert said == bootstrap(targets, np.where(wrong, 1 - targets, targets), groups, ("a", "b", "never"))


def test_people_who_are_all_alike_leave_nothing_unsure_and_one_person_says_nothing():
    targets = np.array([0, 1, 0, 1])
    alike = bootstrap(targets, targets, ["p", "p", "q", "q"], ("a", "b"))
    assert alike["accuracy"] == alike["macro_f1"] == alike["per_class"]["a"] == [1.0, 1.0]
    assert bootstrap(targets, targets, ["p"] * 4, ("a", "b")) is None


def test_calibration_done_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.5, 0.5]], np.float32)
    said = calibration(probabilities, np.array([0, 1, 1, 0]))
    assert [(row["windows"], row["accuracy"]) for row in said["bins"]] == [(1, 1.0), (1, 1.0), (2, 0.5)]
    assert said["error"] == pytest.approx((0.5 + 0.4 + 2 * 0.4) / 4)
    assert said["brier"] == pytest.approx((2 * 0.01 + 2 * 0.81 + 2 * 0.16 + 2 * 0.25) / 4)
