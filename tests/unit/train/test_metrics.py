"""Accuracy, F1 and confusion on a case small enough to do by hand."""

import numpy as np
import pytest

from tinyforge.core.metrics import measure, measure_losses

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
