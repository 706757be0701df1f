from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tinyforge import tasks
from tinyforge.core.errors import ConfigError, DataError
from tinyforge.core.types import Decision
from tinyforge.tasks import gesture


def test_targets_follow_the_order_of_the_labels():
    assert gesture.targets(["stop", "go", "stop"], ("go", "slow", "stop")).tolist() == [2, 0, 2]
    assert gesture.targets([], ("go",)).dtype == np.int64


def test_an_unknown_name_suggests_the_near_one():
    with pytest.raises(DataError, match='"stopp" is no class of this network; did you mean "stop"'):
        gesture.targets(["stopp"], ("go", "stop"))


def test_a_label_given_twice_is_refused():
    with pytest.raises(DataError, match='"go" occurs more than once'):
        gesture.targets(["go"], ("go", "stop", "go"))


def test_the_largest_score_answers_and_the_first_of_equal_ones():
    scores = np.array([[1, 5, 5], [-128, -128, -127], [7, 7, 7]], np.int8)
    assert gesture.decode(scores).tolist() == [1, 2, 0]
    with pytest.raises(DataError, match=r"shape \(3,\)"):
        gesture.decode(np.zeros(3))


def test_confusion_counts_truth_by_row():
    counts = gesture.confusion_matrix(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0]), 3)
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    with pytest.raises(DataError, match="prediction 3 is no class of 3"):
        gesture.confusion_matrix(np.array([0]), np.array([3]), 3)
    with pytest.raises(DataError, match="target -1 is no class of 3"):
        gesture.confusion_matrix(np.array([-1]), np.array([0]), 3)
    with pytest.raises(DataError, match="1 predictions for 2 targets"):
        gesture.confusion_matrix(np.array([0, 1]), np.array([0]), 3)


def test_metrics_by_hand():
    # class 0: 3 of 4 right; class 1: 1 of 1; class 2 never occurs but is answered once
    figures = gesture.metric(np.array([0, 0, 0, 0, 1]), np.array([0, 0, 0, 2, 1]), 4)
    assert figures["accuracy"] == 0.8
    assert figures["balanced_accuracy"] == pytest.approx((0.75 + 1) / 2)
    assert figures["macro_f1"] == pytest.approx((6 / 7 + 1 + 0) / 3)
    with pytest.raises(DataError, match="no windows"):
        gesture.metric(np.array([], np.int64), np.array([], np.int64), 3)


def test_scores_are_added_up_and_an_answer_needs_enough():
    decider = gesture.Decider(Decision(least_score=128, smoothing=3))
    rows = [(127, -128), (-28, -100), (-128, 127), (-128, 127), (-128, 127)]
    # sums of q + 128: (255, 0) of 256; (355, 28) of 512; (355, 283) of 768; (100, 538) of 768; (0, 765) of 768
    assert [decider.add(np.array(row, np.int8)) for row in rows] == [0, 0, None, 1, 1]
    decider.reset()
    assert decider.add(np.array([-1, -1], np.int8)) is None  # 127 of 256
    assert gesture.Decider(Decision()).add(np.array([-128, -128], np.int8)) == 0


def test_each_recording_is_a_stream_of_its_own():
    scores = np.array([(127, -128), (127, -128), (-128, 127), (-128, 127)], np.int8)
    decision = Decision(least_score=200, smoothing=2)
    assert gesture.decide(scores, ["a", "a", "a", "a"], decision).tolist() == [0, 0, -1, 1]
    assert gesture.decide(scores, ["a", "a", "b", "b"], decision).tolist() == [0, 0, 1, 1]


@dataclass
class Point:
    name: str
    thing: Any
    value: str = "somewhere:thing"

    def load(self):
        if isinstance(self.thing, Exception):
            raise self.thing
        return self.thing


def test_tasks_of_other_packages_are_found_and_broken_ones_listed(monkeypatch):
    points = [
        Point("gesture", object()),  # cannot replace the built-in one
        Point("other", gesture),
        Point("broken", ImportError("no module named nowhere")),
        Point("wrong", object()),
    ]
    monkeypatch.setattr(tasks, "entry_points", lambda group: points if group == "tinyforge.tasks" else [])
    assert [task.name for task in tasks.list_tasks()] == ["gesture", "broken", "other", "wrong"]
    assert tasks.get_task("gesture") is gesture
    assert tasks.get_task("other") is gesture
    with pytest.raises(ConfigError, match='"broken" cannot be loaded: ImportError: no module named nowhere'):
        tasks.get_task("broken")
    with pytest.raises(ConfigError, match="somewhere:thing lacks targets, metric or decode"):
        tasks.get_task("wrong")
    with pytest.raises(ConfigError, match='"gestur": unknown task; did you mean "gesture"'):
        tasks.get_task("gestur")
