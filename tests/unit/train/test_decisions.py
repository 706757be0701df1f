"""``[decision]``: chosen on the validation windows of a training, and what is said where none is wished."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from small_data import small_dataset

from tinyforge.core.errors import DataError
from tinyforge.core.project import DecisionConfig
from tinyforge.core.types import VALIDATION, Decision, ModelSpec
from tinyforge.pipeline import decisions
from tinyforge.pipeline.stages import dataset as dataset_stage
from tinyforge.pipeline.stages import train as train_stage

SPEC = ModelSpec("small", "cnn1d")


@pytest.fixture
def road(monkeypatch, tmp_path):
    """A training whose network is sure of three windows of four and, in the fourth, weakly of the wrong class."""
    dataset = dataclasses.replace(small_dataset(), recordings=small_dataset().groups)
    _, targets = dataset.part(VALIDATION)
    wrong = np.arange(len(targets)) % 4 == 3
    said = np.where(wrong, (targets + 1) % 3, targets)
    probabilities = np.full((len(targets), 3), 0.05, np.float32)
    probabilities[np.arange(len(targets)), said] = np.where(wrong, 0.6, 0.9)
    np.savez(tmp_path / "predictions.npz", validation_probabilities=probabilities, validation_targets=targets)
    monkeypatch.setattr(dataset_stage, "load", lambda road: dataset)
    monkeypatch.setattr(train_stage, "predictions", lambda road, spec: tmp_path / "predictions.npz")
    return SimpleNamespace(project=SimpleNamespace(decision=DecisionConfig()))


def test_without_a_wish_every_window_has_an_answer(road):
    assert decisions.chosen(road, SPEC) is None
    assert decisions.decision(road, SPEC) == Decision(0, 1, "")
    road.project.decision = DecisionConfig(smoothing=3, rest="rest")
    assert decisions.decision(road, SPEC) == Decision(0, 3, "rest")


def test_the_wished_rate_is_kept_on_validation_windows(road):
    road.project.decision = DecisionConfig(false_alarms=0.0)
    chosen = decisions.chosen(road, SPEC)
    assert chosen.decision == decisions.decision(road, SPEC) == Decision(155, 1, "")  # 0.6 is 154 of 256
    assert (chosen.false_alarms, chosen.detected, chosen.unknown) == (0.0, 0.75, 0.25)


def test_a_rest_that_is_no_label_is_named(road):
    road.project.decision = DecisionConfig(false_alarms=0.1, rest="rset")
    with pytest.raises(DataError, match='decision: rest: "rset" is no class of this network; did you mean "rest"'):
        decisions.chosen(road, SPEC)
