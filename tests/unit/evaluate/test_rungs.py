from __future__ import annotations

import json

import numpy as np
import pytest

from tinyforge.core.errors import DataError
from tinyforge.evaluate.rungs import EvaluationReport, Rung, compare_rungs, report_to_json

LABELS = ("go", "slow", "stop")
SCALE, ZERO = 1 / 256, -128


def soft(rows):
    return np.array(rows, np.float32)


def quantized(scores):
    return np.clip(np.round(scores / SCALE) + ZERO, -128, 127).astype(np.int8)


def ladder(float_scores, int8_scores, *more):
    return [
        Rung("float", "float", float_scores),
        Rung("int8", "int8", int8_scores, scale=SCALE, zero_point=ZERO),
        *more,
    ]


FLOAT = soft([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8], [0.41, 0.4, 0.19]])
TARGETS = np.array([0, 1, 2, 1])


def test_every_figure_of_a_small_ladder():
    int8 = quantized(FLOAT)
    int8[3, 1] += 4  # the close call flips
    board = int8.copy()
    board[2, 0] -= 3
    rungs = ladder(FLOAT, int8, Rung("board", "int8", board, scale=SCALE, zero_point=ZERO))
    report = compare_rungs(rungs, TARGETS, LABELS)
    first, second, third = report.rungs

    assert report.windows == 4
    assert report.labels == LABELS
    assert (first.accuracy.hits, first.accuracy.total, first.accuracy.method) == (3, 4, "wilson")
    assert first.confusion == ((1, 0, 0), (1, 1, 0), (0, 0, 1))
    assert first.step is None
    assert first.exact is None
    assert first.metrics["macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)

    assert second.accuracy.hits == 4
    assert second.exact is None  # it is the reference itself
    assert second.step is not None
    assert second.step.above == "float"
    assert (second.step.agreement.hits, second.step.differing_windows) == (3, 1)
    assert second.step.differing_elements is None
    assert second.step.largest_difference == pytest.approx(4 * SCALE, abs=SCALE)
    assert second.step.largest_difference_lsb is None
    assert second.step.first is not None
    assert (second.step.first.window, second.step.first.above, second.step.first.here) == (3, 0, 1)

    assert third.step is not None
    assert third.step.agreement.value == 1.0  # the same answers ...
    assert third.exact is False  # ... and yet not the same bits
    assert (third.step.differing_windows, third.step.differing_elements) == (1, 1)
    assert third.step.largest_difference_lsb == 3
    assert third.step.largest_difference == pytest.approx(3 * SCALE)
    assert third.step.first is not None
    assert (third.step.first.window, third.step.first.element) == (2, 0)
    assert (third.step.first.above, third.step.first.here) == (int8[2, 0], board[2, 0])
    assert report.exact is False
    assert report.rung("board") is third
    with pytest.raises(KeyError):
        report.rung("moon")


def test_differences_beyond_127_do_not_wrap():
    low, high = np.full((1, 3), -128, np.int8), np.full((1, 3), 127, np.int8)
    report = compare_rungs([Rung("int8", "int8", low), Rung("host_c", "int8", high)], np.array([0]), LABELS)
    assert report.rungs[1].step is not None
    assert report.rungs[1].step.largest_difference_lsb == 255


def test_exact_is_measured_from_the_first_int8_rung():
    int8 = quantized(FLOAT)
    wrong, right = int8.copy(), int8.copy()
    wrong[0, 0] -= 1
    rungs = ladder(
        FLOAT,
        int8,
        Rung("host_c", "int8", wrong, scale=SCALE, zero_point=ZERO),
        Rung("board", "int8", right, scale=SCALE, zero_point=ZERO),
    )
    report = compare_rungs(rungs, TARGETS, LABELS)
    assert [rung.exact for rung in report.rungs] == [None, None, False, True]
    assert report.rung("board").reference == "int8"
    assert report.rung("board").step.differing_windows == 1  # but it differs from the rung above


def test_a_ladder_without_a_second_int8_rung_claims_nothing():
    assert compare_rungs(ladder(FLOAT, quantized(FLOAT)), TARGETS, LABELS).exact is None


def test_labels_alone_can_be_a_rung():
    report = compare_rungs(
        [Rung("float", "float", FLOAT), Rung("sketch", "labels", labels=np.array([0, 1, 1, 0]))], TARGETS, LABELS
    )
    step = report.rungs[1].step
    assert step is not None
    assert (step.differing_windows, step.largest_difference) == (1, None)
    assert report.rungs[1].accuracy.hits == 2
    assert report.rungs[1].exact is None


def test_ties_go_to_the_first_class():
    report = compare_rungs([Rung("int8", "int8", np.zeros((1, 3), np.int8))], np.array([0]), LABELS)
    assert report.rungs[0].accuracy.hits == 1


def test_groups_give_a_second_interval():
    targets = np.zeros(40, np.int64)
    answers = np.repeat([0, 0, 0, 1], 10)
    groups = np.repeat(["ana", "bo", "cy", "di"], 10)
    report = compare_rungs([Rung("sketch", "labels", labels=answers)], targets, LABELS, groups=groups)
    rung = report.rungs[0]
    assert report.groups == 4
    assert rung.accuracy_by_group is not None
    assert rung.accuracy_by_group.value == rung.accuracy.value == 0.75
    assert rung.accuracy_by_group.low < rung.accuracy.low
    single = compare_rungs([Rung("sketch", "labels", labels=answers)], targets, LABELS, groups=np.repeat("ana", 40))
    assert single.rungs[0].accuracy_by_group is None


def test_mcnemar_stands_in_the_step():
    targets = np.zeros(30, np.int64)
    better, worse = np.zeros(30, np.int64), np.repeat([1, 0], [10, 20])
    report = compare_rungs([Rung("a", "labels", labels=better), Rung("b", "labels", labels=worse)], targets, LABELS)
    assert report.rungs[1].step.p_value == pytest.approx(2 / 2**10)


@pytest.mark.parametrize(
    ("rung", "fact"),
    [
        (Rung("r", "float", FLOAT[:3]), r"scores of shape \(3, 3\) for 4 windows and 3 classes"),
        (Rung("r", "int8", FLOAT), "int8 scores are float32"),
        (Rung("r", "float", quantized(FLOAT)), "float scores are int8"),
        (Rung("r", "int8"), "scores of shape None"),
        (Rung("r", "labels"), "has no labels"),
        (Rung("r", "labels", labels=np.array([0, 1, 2, 3])), "labels run from 0 to 3"),
        (Rung("r", "labels", labels=np.array([0, 1])), "2 labels for 4 windows"),
        (Rung("r", "int8", quantized(FLOAT), scale=0.0), r"scale is 0\.0"),
    ],
)
def test_rungs_that_do_not_fit_are_refused(rung, fact):
    with pytest.raises(DataError, match=fact) as caught:
        compare_rungs([rung], TARGETS, LABELS)
    assert caught.value.place == "rung r"


def test_evaluations_that_cannot_be_are_refused():
    with pytest.raises(DataError, match="no windows"):
        compare_rungs([Rung("r", "float", FLOAT[:0])], TARGETS[:0], LABELS)
    with pytest.raises(DataError, match="no rungs"):
        compare_rungs([], TARGETS, LABELS)
    with pytest.raises(DataError, match="occurs more than once"):
        compare_rungs([Rung("r", "float", FLOAT)] * 2, TARGETS, LABELS)
    with pytest.raises(DataError, match="run from 0 to 3"):
        compare_rungs([Rung("r", "float", FLOAT)], np.array([0, 1, 2, 3]), LABELS)


def test_json_says_everything_and_is_json():
    int8 = quantized(FLOAT)
    board = int8.copy()
    board[1, 2] += 1
    rungs = ladder(
        FLOAT,
        int8,
        Rung("board", "int8", board, scale=SCALE, zero_point=ZERO, mismatched_inputs=np.array([1])),
    )
    report = compare_rungs(rungs, TARGETS, LABELS, groups=np.array(["a", "a", "b", "b"]))
    document = json.loads(json.dumps(report_to_json(report), allow_nan=False))
    assert document["version"] == 1
    assert document["exact"] is False
    assert [rung["name"] for rung in document["rungs"]] == ["float", "int8", "board"]
    last = document["rungs"][-1]
    assert last["step"]["first"] == {
        "window": 1,
        "element": 2,
        "above": float(int8[1, 2]),
        "here": float(board[1, 2]),
    }
    assert last["mismatched_inputs"] == 1
    assert last["accuracy"]["value"] == report.rungs[-1].accuracy.value
    assert last["confusion"] == [list(row) for row in report.rungs[-1].confusion]
    assert document["findings"][0]["code"] == "inputs_differ"
    assert isinstance(report, EvaluationReport)
