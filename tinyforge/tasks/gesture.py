"""Gestures: a window of motion is one of a few classes.

Targets are class indices, the metric is accuracy with its balanced and macro forms, the decoder is the largest
score, for live streams smoothed by :class:`Vote`.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import DataError, did_you_mean
from tinyforge.core.types import IntArray


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


class Vote:
    """Decoder of a live stream: an answer once enough of the latest windows agree.

    Args:
        length: how many of the latest predictions are looked at, >= 1.
        needed: how many of them must agree, 1..length and more than half of it, so that there is one answer.
    """

    def __init__(self, length: int = 3, needed: int = 2) -> None:
        if not (1 <= needed <= length and 2 * needed > length):
            raise DataError(
                "vote", f"{needed} of {length}", "more than half of the windows must agree, and no more than all"
            )
        self._needed = needed
        self._latest: deque[int] = deque(maxlen=length)

    def add(self, label: int) -> int | None:
        """Take a prediction; the class that has the vote now, or None while nothing has."""
        self._latest.append(label)
        winner, count = Counter(self._latest).most_common(1)[0]
        return winner if count >= self._needed else None

    def reset(self) -> None:
        """Forget all predictions, for instance when samples were lost."""
        self._latest.clear()
