"""Gestures: a window of motion is one of a few classes.

Targets are class indices, the metric is accuracy with its balanced and macro forms, the decoder is the largest
score, for live streams :class:`Decider`.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import DataError, did_you_mean
from tinyforge.core.types import Decision, IntArray


def targets(names: Sequence[str], labels: Sequence[str]) -> IntArray:
    """Index into ``labels`` of each name.

    Args:
        names: class name of each window, [n].
        labels: class names in the order of the network's outputs, each once.

    Returns:
        int64 [n].

    Raises:
        DataError: a label occurs twice, or a name is none of them.
    """
    if len(set(labels)) != len(labels):
        twice = next(label for label, count in Counter(labels).items() if count > 1)
        raise DataError("labels", f'"{twice}" occurs more than once', "give each class one name")
    index = {label: position for position, label in enumerate(labels)}
    for name in names:
        if name not in index:
            raise DataError("labels", f'"{name}" is no class of this network', did_you_mean(name, labels))
    return np.array([index[name] for name in names], np.int64)


def decode(scores: npt.NDArray[Any]) -> IntArray:
    """Class with the largest score; of equal ones the first, as in the C code.

    Args:
        scores: [n, classes], float or int8; classes >= 1.

    Returns:
        int64 [n].

    Raises:
        DataError: ``scores`` is not [n, classes].
    """
    if scores.ndim != 2 or scores.shape[1] < 1:
        raise DataError("scores", f"have shape {scores.shape}", "scores must be [window, class]")
    return np.asarray(np.argmax(scores, axis=1), np.int64)


def confusion_matrix(targets: IntArray, predicted: IntArray, classes: int) -> IntArray:
    """Counts of windows: int64 [classes, classes], rows are the truth, columns the prediction.

    Raises:
        DataError: lengths differ, or an index is outside 0..classes - 1.
    """
    if targets.shape != predicted.shape or targets.ndim != 1:
        raise DataError("confusion matrix", f"{len(predicted)} predictions for {len(targets)} targets", "")
    for what, values in (("target", targets), ("prediction", predicted)):
        outside = values[(values < 0) | (values >= classes)]
        if len(outside):
            raise DataError("confusion matrix", f"{what} {int(outside[0])} is no class of {classes}", "")
    return np.bincount(targets * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def metric(targets: IntArray, predicted: IntArray, classes: int) -> Mapping[str, float]:
    """Figures of merit, each in [0, 1].

    ``accuracy``: share of windows that are right. ``balanced_accuracy``: mean recall over the classes that occur
    in ``targets``. ``macro_f1``: mean of 2TP / (2TP + FP + FN) over the classes that occur in either.

    Raises:
        DataError: no windows, or as :func:`confusion_matrix`.
    """
    if len(targets) == 0:
        raise DataError("metric", "no windows", "give at least one")
    counts = confusion_matrix(targets, predicted, classes)
    right = np.diag(counts).astype(np.float64)
    truth, said = counts.sum(axis=1), counts.sum(axis=0)
    seen, either = truth > 0, truth + said > 0
    return {
        "accuracy": float(right.sum() / counts.sum()),
        "balanced_accuracy": float((right[seen] / truth[seen]).mean()),
        "macro_f1": float((2 * right[either] / (truth + said)[either]).mean()),
    }


class Decider:
    """What the firmware makes of a stream of scores, bit for bit: see :class:`tinyforge.core.types.Decision`.

    Args:
        decision: how.
    """

    def __init__(self, decision: Decision) -> None:
        self._least = decision.least_score
        self._latest: deque[IntArray] = deque(maxlen=decision.smoothing)

    def add(self, scores: npt.NDArray[np.int8]) -> int | None:
        """Take the int8 scores [classes] of the next window; the class that is the answer now, None for unknown."""
        self._latest.append(np.asarray(scores, np.int64) + 128)
        sums = np.sum(self._latest, axis=0)
        winner = int(sums.argmax())
        return winner if int(sums[winner]) >= self._least * len(self._latest) else None

    def reset(self) -> None:
        """Forget all scores, for instance when samples were lost."""
        self._latest.clear()


def decide(scores: npt.NDArray[np.int8], streams: Sequence[str] | npt.NDArray[np.str_], decision: Decision) -> IntArray:
    """Answers of recorded windows, each recording a stream of its own.

    Args:
        scores: int8 [n, classes], the windows of a recording in their order.
        streams: recording of each window, [n]; another one than before starts anew.

    Returns:
        int64 [n]: class, or -1 for unknown.
    """
    decider, answers, before = Decider(decision), np.empty(len(scores), np.int64), None
    for index, (row, stream) in enumerate(zip(scores, streams, strict=True)):
        if stream != before:
            decider.reset()
            before = stream
        answer = decider.add(row)
        answers[index] = -1 if answer is None else answer
    return answers


@dataclass(frozen=True, slots=True)
class Chosen:
    """A decision and what it does on some windows.

    Attributes:
        decision: the least score that keeps to the wished rate.
        false_alarms: share of all windows that are answered with a gesture they do not hold.
        detected: share of the windows of a gesture that are answered with it.
        unknown: share of all windows that are answered "unknown".
    """

    decision: Decision
    false_alarms: float
    detected: float
    unknown: float


def to_scores(probabilities: npt.NDArray[np.float32]) -> npt.NDArray[np.int8]:
    """Probabilities [n, classes] as the int8 outputs of a softmax: 256ths, less 128."""
    return np.asarray(np.clip(np.rint(probabilities * np.float32(256)), 0, 255) - 128, np.int8)


def choose(
    scores: npt.NDArray[np.int8],
    targets: IntArray,
    streams: Sequence[str] | npt.NDArray[np.str_],
    labels: Sequence[str],
    *,
    false_alarms: float,
    smoothing: int = 1,
    rest: str = "",
) -> Chosen:
    """The least score that keeps false alarms at or below a rate, on windows that training has not seen.

    Args:
        scores: int8 [n, classes], the windows of a recording in their order; n >= 1.
        targets: class of each window [n]; -1 for motion that is none of the classes.
        streams: recording of each window [n].
        labels: class names.
        false_alarms: wished share of windows answered with a gesture they do not hold, 0..1.
        smoothing: windows added up, see :class:`tinyforge.core.types.Decision`.
        rest: label whose answers are never alarms; empty for none.

    Raises:
        DataError: no windows, or rest is no label.
    """
    if len(scores) == 0:
        raise DataError("decision", "no windows to choose it on", "keep some recordings for validation")
    if rest and rest not in labels:
        raise DataError("decision", f'rest: "{rest}" is no class of this network', did_you_mean(rest, labels))
    quiet = list(labels).index(rest) if rest else -1
    winners, margins = np.array(_strengths(scores, streams, smoothing), np.int64).T
    alarm = (winners != quiet) & (winners != targets)
    allowed = int(np.floor(false_alarms * len(scores) + 1e-9))
    strongest = np.sort(margins[alarm])[::-1]
    least = int(strongest[allowed]) + 1 if len(strongest) > allowed else 0
    return _counted(Decision(least, smoothing, rest), winners, margins, targets, quiet)


def judge(
    scores: npt.NDArray[np.int8],
    targets: IntArray,
    streams: Sequence[str] | npt.NDArray[np.str_],
    labels: Sequence[str],
    decision: Decision,
) -> Chosen | None:
    """What a decision does on windows that did not choose it; None for no windows.

    Args:
        scores: int8 [n, classes], the windows of a recording in their order.
        targets: class of each window [n]; -1 for motion that is none of the classes.
        streams: recording of each window [n].
        labels: class names.
        decision: chosen elsewhere; its rest is one of ``labels`` or empty.
    """
    if len(scores) == 0:
        return None
    quiet = list(labels).index(decision.rest) if decision.rest else -1
    winners, margins = np.array(_strengths(scores, streams, decision.smoothing), np.int64).T
    return _counted(decision, winners, margins, targets, quiet)


def _counted(decision: Decision, winners: IntArray, margins: IntArray, targets: IntArray, quiet: int) -> Chosen:
    alarm = (winners != quiet) & (winners != targets)
    answered = margins >= decision.least_score
    gestures = (targets >= 0) & (targets != quiet)
    return Chosen(
        decision,
        float((alarm & answered).mean()),
        float((answered & (winners == targets))[gestures].mean()) if gestures.any() else 0.0,
        float((~answered).mean()),
    )


def _strengths(
    scores: npt.NDArray[np.int8], streams: Sequence[str] | npt.NDArray[np.str_], smoothing: int
) -> list[tuple[int, int]]:
    """Winner of each window, and the largest ``least_score`` with which it still is the answer."""
    found, latest, before = [], deque[IntArray](maxlen=smoothing), None
    for row, stream in zip(scores, streams, strict=True):
        if stream != before:
            latest.clear()
            before = stream
        latest.append(np.asarray(row, np.int64) + 128)
        sums = np.sum(latest, axis=0)
        winner = int(sums.argmax())
        found.append((winner, int(sums[winner]) // len(latest)))
    return found
