from __future__ import annotations

import numpy as np
import pytest

from tinyforge.evaluate.rungs import Rung, compare_rungs

LABELS = ("accelerate", "slow", "stop")
WINDOWS = 120
TARGETS = np.arange(WINDOWS) % 3
NONE = np.array([], np.int64)


def one_hot(answers, *, high=100, low=-100):
    scores = np.full((len(answers), 3), low, np.int8)
    scores[np.arange(len(answers)), answers] = high
    return scores


def as_float(answers):
    return one_hot(answers).astype(np.float32)


def nearly_right(wrong=4):
    answers = TARGETS.copy()
    answers[:wrong] = (answers[:wrong] + 1) % 3
    return answers


def int8(name, answers, **more):
    return Rung(name, "int8", one_hot(answers), **more)


def findings(*rungs, targets=TARGETS):
    return {(f.code, f.rung): f for f in compare_rungs(rungs, targets, LABELS).findings}


GOOD = nearly_right()
STUCK = np.where(np.arange(WINDOWS) < 110, 0, TARGETS)  # "accelerate" nearly always


def test_a_good_ladder_has_no_findings():
    assert findings(Rung("float", "float", as_float(GOOD)), int8("int8", GOOD), int8("board", GOOD)) == {}


def test_one_class_on_the_board_with_other_inputs_is_the_preprocessing():
    found = findings(
        Rung("float", "float", as_float(GOOD)),
        int8("int8", GOOD),
        int8("board", STUCK, mismatched_inputs=np.arange(WINDOWS)),
    )
    stuck = found["one_class", "board"]
    assert stuck.severity == "error"
    assert stuck.fact.startswith('answers "accelerate" for 94.2 % of the windows, where 33.3 % are (expected 32.5 %,')
    assert "p < 1e-12" in stuck.fact
    assert "units, channel order, mean and standard deviation" in stuck.way_out
    assert stuck.evidence["label"] == "accelerate"
    differ = found["inputs_differ", "board"]
    assert differ.evidence == {"windows": 120, "first_window": 0}
    assert ("outputs_differ", "board") not in found  # every difference has a wrong input before it


def test_one_class_with_equal_inputs_is_a_kernel():
    found = findings(
        Rung("float", "float", as_float(GOOD)), int8("int8", GOOD), int8("board", STUCK, mismatched_inputs=NONE)
    )
    assert "a kernel or the compiler is at fault" in found["one_class", "board"].way_out
    differ = found["outputs_differ", "board"]
    assert "with equal inputs" in differ.fact
    assert differ.evidence["max_abs_diff"] == 200
    assert differ.evidence["windows"] == int(np.count_nonzero(STUCK != GOOD))


def test_one_class_from_quantization_is_named_where_it_begins():
    found = findings(
        Rung("float", "float", as_float(GOOD)), int8("int8", STUCK), int8("board", STUCK, mismatched_inputs=NONE)
    )
    assert "calibrate" in found["one_class", "int8"].way_out
    assert ("one_class", "board") not in found  # it only repeats the rung above
    assert ("outputs_differ", "board") not in found


def test_one_class_from_training_is_the_networks_own():
    found = findings(Rung("float", "float", as_float(STUCK)), int8("int8", STUCK))
    assert "the network itself does it" in found["one_class", "float"].way_out
    assert [code for code, _ in found].count("one_class") == 1


def test_many_windows_of_one_class_are_no_fault():
    targets = np.where(np.arange(WINDOWS) < 100, 0, TARGETS)
    assert findings(int8("int8", targets), int8("board", targets), targets=targets) == {}


def test_a_few_windows_prove_nothing():
    targets = np.array([0, 1, 2])
    found = findings(int8("int8", targets), int8("board", np.array([0, 0, 0])), targets=targets)
    assert ("one_class", "board") not in found
    assert ("outputs_differ", "board") in found


def test_differences_without_knowledge_of_the_inputs_leave_the_cause_open():
    wrong = GOOD.copy()
    wrong[7] = (wrong[7] + 1) % 3
    differ = findings(int8("int8", GOOD), int8("host_c", wrong))["outputs_differ", "host_c"]
    assert differ.way_out.startswith("a kernel, the compiler or the preprocessing differs")
    assert differ.evidence["first_window"] == 7


def test_windows_with_wrong_inputs_do_not_hide_a_wrong_kernel():
    wrong = GOOD.copy()
    wrong[[5, 9]] = (wrong[[5, 9]] + 1) % 3
    found = findings(int8("int8", GOOD), int8("board", wrong, mismatched_inputs=np.array([5])))
    assert found["outputs_differ", "board"].evidence == {"windows": 1, "first_window": 9, "max_abs_diff": 200}
    assert found["inputs_differ", "board"].evidence == {"windows": 1, "first_window": 5}


def test_an_answer_against_the_scores_is_decoding():
    labels = GOOD.copy()
    labels[3] = (labels[3] + 1) % 3
    found = findings(int8("int8", GOOD), Rung("board", "int8", one_hot(GOOD), labels=labels))
    assert found["label_disagrees", "board"].evidence == {"windows": 1, "first_window": 3}


def test_lost_accuracy_is_named_once_it_is_no_chance():
    worse = nearly_right(24)
    found = findings(Rung("float", "float", as_float(GOOD)), int8("int8", worse))
    lost = found["accuracy_lost", "int8"]
    assert lost.severity == "warning"
    assert lost.evidence["points"] == pytest.approx(100 * 20 / 120)
    assert "80.0 %" in lost.fact
    assert "96.7 %" in lost.fact
    assert ("accuracy_lost", "int8") not in findings(
        Rung("float", "float", as_float(GOOD)), int8("int8", nearly_right(7))
    )


def test_between_int8_rungs_the_bits_are_judged_and_not_the_accuracy():
    found = findings(int8("int8", GOOD), int8("board", nearly_right(40)))
    assert ("outputs_differ", "board") in found
    assert ("accuracy_lost", "board") not in found
    labels = findings(int8("int8", GOOD), Rung("sketch", "labels", labels=nearly_right(40)))
    assert "compare what int8 and sketch are given" in labels["accuracy_lost", "sketch"].way_out


def test_guessing_is_named():
    found = findings(Rung("float", "float", as_float((TARGETS + np.arange(WINDOWS) // 40) % 3)))
    assert "seen the test people" in found["no_better_than_guessing", "float"].way_out


def test_nan_is_named():
    scores = as_float(GOOD)
    scores[[11, 60], 1] = np.nan, np.inf
    found = findings(Rung("float", "float", scores), int8("int8", GOOD))
    assert found["non_finite", "float"].evidence == {"windows": 2, "first_window": 11}


def test_errors_come_before_warnings():
    report = compare_rungs(
        [
            Rung("float", "float", as_float(GOOD)),
            int8("int8", nearly_right(30)),
            int8("board", STUCK, mismatched_inputs=NONE),
        ],
        TARGETS,
        LABELS,
    )
    severities = [finding.severity for finding in report.findings]
    assert severities == sorted(severities)
    assert set(severities) == {"error", "warning"}
