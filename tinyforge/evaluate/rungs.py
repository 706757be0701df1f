"""The ladder: every form of a network on the same windows, each against the one before it.

    float -> compressed float -> int8 (LiteRT) -> C on the host -> C on the board -> ...

From the first int8 rung on, every rung must give the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import DataError
from tinyforge.core.types import IntArray
from tinyforge.evaluate.diagnosis import diagnose
from tinyforge.evaluate.intervals import CONFIDENCE, korn_graubard, mcnemar, wilson
from tinyforge.evaluate.ladder import EvaluationReport, FirstDifference, Rung, RungResult, Step, report_to_json
from tinyforge.tasks import gesture

__all__ = ["EvaluationReport", "Rung", "RungResult", "compare_rungs", "report_to_json"]


def _check(rungs: Sequence[Rung], targets: IntArray, labels: Sequence[str]) -> None:
    windows, classes = len(targets), len(labels)
    if windows == 0:
        raise DataError("evaluation", "no windows", "the test split is empty; record more or split otherwise")
    if not rungs:
        raise DataError("evaluation", "no rungs", "give at least one")
    names = [rung.name for rung in rungs]
    for rung in rungs:
        place = f"rung {rung.name}"
        if names.count(rung.name) > 1:
            raise DataError(place, "occurs more than once", "give each rung its own name")
        if rung.kind == "labels" and rung.labels is None:
            raise DataError(place, "has no labels", "give one a window")
        if rung.kind != "labels":
            if rung.scores is None or rung.scores.shape != (windows, classes):
                shape = None if rung.scores is None else rung.scores.shape
                raise DataError(
                    place,
                    f"scores of shape {shape} for {windows} windows and {classes} classes",
                    "scores must be [window, class]",
                )
            if (rung.scores.dtype == np.int8) != (rung.kind == "int8"):
                raise DataError(place, f"{rung.kind} scores are {rung.scores.dtype}", "give raw int8, or real scores")
        answers = rung.answers()
        if answers.shape != (windows,):
            raise DataError(place, f"{len(answers)} labels for {windows} windows", "give one a window")
        if answers.min() < 0 or answers.max() >= classes:
            raise DataError(
                place, f"labels run from {answers.min()} to {answers.max()}", f"classes are 0..{classes - 1}"
            )
        if rung.kind == "int8" and not rung.scale > 0:
            raise DataError(place, f"scale is {rung.scale}", "give the scale of the output tensor")
    if targets.min() < 0 or targets.max() >= classes:
        raise DataError("targets", f"run from {targets.min()} to {targets.max()}", f"classes are 0..{classes - 1}")


def _first(rows: npt.NDArray[np.bool_]) -> int | None:
    return int(np.argmax(rows)) if rows.any() else None


def _compare(above: Rung, here: Rung, targets: IntArray, confidence: float) -> Step:
    left, right = above.answers(), here.answers()
    same = left == right
    agreement = wilson(int(np.count_nonzero(same)), len(same), confidence)
    p_value = mcnemar(
        int(np.count_nonzero((left == targets) & (right != targets))),
        int(np.count_nonzero((left != targets) & (right == targets))),
    )
    left_real, right_real = above.real_scores(), here.real_scores()
    largest: float | None = None
    if left_real is not None and right_real is not None:
        apart = np.abs(left_real - right_real)
        largest = float(apart.max()) if np.isfinite(apart).all() else None
    if above.kind == "int8" and here.kind == "int8" and above.scores is not None and here.scores is not None:
        steps = np.abs(here.scores.astype(np.int64) - above.scores.astype(np.int64))
        wrong = (steps != 0).any(axis=1)
        window = _first(wrong)
        first = None
        if window is not None:
            element = int(np.argmax(steps[window] != 0))
            first = FirstDifference(
                window, element, float(above.scores[window, element]), float(here.scores[window, element])
            )
        return Step(
            above.name,
            agreement,
            int(np.count_nonzero(wrong)),
            int(np.count_nonzero(steps)),
            largest,
            int(steps.max()),
            first,
            p_value,
        )
    window = _first(~same)
    first = None if window is None else FirstDifference(window, None, float(left[window]), float(right[window]))
    return Step(above.name, agreement, int(np.count_nonzero(~same)), None, largest, None, first, p_value)


def compare_rungs(
    rungs: Sequence[Rung],
    targets: IntArray,
    labels: Sequence[str],
    *,
    groups: npt.NDArray[Any] | None = None,
    confidence: float = CONFIDENCE,
) -> EvaluationReport:
    """Measure every rung on the same windows, each against the one above it.

    Args:
        rungs: from the float network down; at least one.
        targets: int64 [n]: the right class of each window.
        labels: class names.
        groups: text [n]: the recording or person of each window. Windows of one group resemble each other, so the
            interval over groups is the honest one where it is given.
        confidence: of all intervals.

    Raises:
        DataError: shapes, types or class indices that do not fit, no windows, no rungs.
    """
    targets = np.asarray(targets, np.int64)
    _check(rungs, targets, labels)
    several = groups is not None and len(np.unique(np.asarray(groups))) > 1
    reference = next((rung for rung in rungs if rung.kind == "int8"), None)
    results = []
    for position, rung in enumerate(rungs):
        answers = rung.answers()
        right = answers == targets
        exact: bool | None = None
        if reference is not None and rung is not reference and rung.kind == "int8":
            exact = bool(np.array_equal(reference.scores, rung.scores))  # type: ignore[arg-type]
        results.append(
            RungResult(
                name=rung.name,
                kind=rung.kind,
                accuracy=wilson(int(np.count_nonzero(right)), len(right), confidence),
                accuracy_by_group=korn_graubard(right, groups, confidence) if several and groups is not None else None,
                metrics=dict(gesture.metric(targets, answers, len(labels))),
                confusion=tuple(
                    tuple(int(count) for count in row)
                    for row in gesture.confusion_matrix(targets, answers, len(labels))
                ),
                step=_compare(rungs[position - 1], rung, targets, confidence) if position else None,
                exact=exact,
                reference=reference.name if reference is not None else "",
                mismatched_inputs=None if rung.mismatched_inputs is None else len(rung.mismatched_inputs),
            )
        )
    report = EvaluationReport(
        tuple(labels),
        len(targets),
        0 if groups is None else len(np.unique(np.asarray(groups))),
        tuple(results),
        (),
    )
    return replace(report, findings=diagnose(rungs, targets, report))
