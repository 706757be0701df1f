from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tinyforge import tasks
from tinyforge.core import plugins
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
    monkeypatch.setattr(plugins.metadata, "entry_points", lambda group: points if group == "tinyforge.tasks" else [])
    assert [task.name for task in tasks.list_tasks()] == ["gesture", "broken", "other", "wrong"]
    assert tasks.get_task("gesture") is gesture
    assert tasks.get_task("other") is gesture
    with pytest.raises(ConfigError, match='"broken" cannot be loaded: ImportError: no module named nowhere'):
        tasks.get_task("broken")
    with pytest.raises(ConfigError, match="somewhere:thing lacks targets, metric or decode"):
        tasks.get_task("wrong")
    with pytest.raises(ConfigError, match='"gestur": unknown task; did you mean "gesture"'):
        tasks.get_task("gestur")


def scores_of(*winning):
    """Scores of two classes: a positive number is the first one's in 256ths, a negative one the second one's."""
    return np.array([(w - 128, 127 - w) if w > 0 else (127 + w, -w - 128) for w in winning], np.int8)


def test_the_least_score_keeps_the_wished_rate_of_false_alarms():
    scores = scores_of(250, 220, 200, -240, -210, 180, -190, 150, 140, -160)
    targets = np.array([0, 0, 1, 1, 0, 0, 1, 1, 0, 1])  # alarms at 200, 210, 150
    streams = [str(k) for k in range(10)]
    labels = ("a", "b")
    none = gesture.choose(scores, targets, streams, labels, false_alarms=0.0)
    assert none.decision == Decision(211, 1, "")
    assert (none.false_alarms, none.detected, none.unknown) == (0.0, 0.3, 0.7)
    some = gesture.choose(scores, targets, streams, labels, false_alarms=0.1)
    assert some.decision.least_score == 201
    assert some.false_alarms == 0.1
    assert gesture.choose(scores, targets, streams, labels, false_alarms=0.3).decision.least_score == 0
    # what is answered "b" is no alarm when b is rest
    rest = gesture.choose(scores, targets, streams, labels, false_alarms=0.0, rest="b")
    assert rest.decision == Decision(201, 1, "b")


def test_the_chosen_decision_does_what_it_says():
    rng = np.random.default_rng(3)
    scores, targets = rng.integers(-128, 128, (400, 3)).astype(np.int8), rng.integers(0, 3, 400)
    streams = np.repeat([str(k) for k in range(20)], 20)
    chosen = gesture.choose(scores, targets, streams, ("a", "b", "c"), false_alarms=0.02, smoothing=4)
    answers = gesture.decide(scores, streams, chosen.decision)
    alarms = (answers >= 0) & (answers != targets)
    assert alarms.mean() == chosen.false_alarms <= 0.02
    assert (answers == targets).mean() == chosen.detected
    assert (answers < 0).mean() == chosen.unknown
    looser = dataclasses.replace(chosen.decision, least_score=chosen.decision.least_score - 1)
    answers = gesture.decide(scores, streams, looser)
    assert ((answers >= 0) & (answers != targets)).mean() > 0.02


def test_a_decision_is_judged_on_windows_that_did_not_choose_it():
    rng = np.random.default_rng(5)
    scores, targets = rng.integers(-128, 128, (400, 3)).astype(np.int8), rng.integers(-1, 3, 400)
    streams = np.repeat(["r1", "r2", "r3", "r4"], 100)
    labels = ("a", "b", "c")
    first, rest = slice(0, 200), slice(200, 400)
    chosen = gesture.choose(
        scores[first], targets[first], streams[first], labels, false_alarms=0.1, smoothing=2, rest="c"
    )
    assert gesture.judge(scores[first], targets[first], streams[first], labels, chosen.decision) == chosen
    others = gesture.judge(scores[rest], targets[rest], streams[rest], labels, chosen.decision)
    answers, truth = gesture.decide(scores[rest], streams[rest], chosen.decision), targets[rest]
    assert others.false_alarms == pytest.approx(((answers != -1) & (answers != 2) & (answers != truth)).mean())
    assert others.unknown == pytest.approx((answers == -1).mean())
    assert others.detected == pytest.approx((answers == truth)[(truth == 0) | (truth == 1)].mean())
    assert gesture.judge(scores[:0], targets[:0], streams[:0], labels, chosen.decision) is None


def test_a_decision_needs_windows_and_a_rest_that_exists():
    scores = scores_of(250)
    with pytest.raises(DataError, match="decision: no windows to choose it on"):
        gesture.choose(scores[:0], np.array([], np.int64), [], ("a", "b"), false_alarms=0.1)
    with pytest.raises(DataError, match='decision: rest: "c" is no class of this network'):
        gesture.choose(scores, np.array([0]), ["r"], ("a", "b"), false_alarms=0.1, rest="c")
