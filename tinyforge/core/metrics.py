"""What a classifier is measured by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.core.types import Float32Array, IntArray


def confusion(targets: IntArray, predicted: IntArray, classes: int) -> IntArray:
    """Counts [true class, predicted class]."""
    matrix = np.zeros((classes, classes), np.int64)
    np.add.at(matrix, (targets, predicted), 1)
    return matrix


def measure(targets: IntArray, predicted: IntArray, labels: Sequence[str]) -> dict[str, Any]:
    """Accuracy, macro-F1 and figures of each class.

    F1 = 2 TP / (2 TP + FP + FN); a class that neither occurs nor is predicted does not count for the macro mean.

    Args:
        targets, predicted: class indices [n].

    Returns:
        ``windows``, ``correct``, ``accuracy``, ``macro_f1`` (both 0..1, 0 for n = 0), ``per_class`` (label ->
        precision, recall, f1, windows) and ``confusion`` [true][predicted].
    """
    matrix = confusion(targets, predicted, len(labels))
    hits = np.diag(matrix)
    true, said = matrix.sum(axis=1), matrix.sum(axis=0)
    per_class = {}
    scores = []
    for index, label in enumerate(labels):
        tp, n, m = int(hits[index]), int(true[index]), int(said[index])
        f1 = 2 * tp / (n + m) if n + m else 0.0
        if n + m:
            scores.append(f1)
        per_class[label] = {
            "precision": tp / m if m else 0.0,
            "recall": tp / n if n else 0.0,
            "f1": f1,
            "windows": n,
        }
    windows = len(targets)
    return {
        "windows": windows,
        "correct": int(hits.sum()),
        "accuracy": float(hits.sum() / windows) if windows else 0.0,
        "macro_f1": float(np.mean(scores)) if scores else 0.0,
        "per_class": per_class,
        "confusion": matrix.tolist(),
    }


def measure_losses(probabilities: Float32Array, targets: IntArray) -> tuple[float, float]:
    """Mean cross-entropy in nats and accuracy of probabilities [n, classes]; both 0 for n = 0."""
    if not len(targets):
        return 0.0, 0.0
    return float(window_losses(probabilities, targets).mean()), float((probabilities.argmax(1) == targets).mean())


def window_losses(probabilities: Float32Array, targets: IntArray) -> npt.NDArray[np.float64]:
    """Cross-entropy in nats of each window, float64 [n], of probabilities [n, classes]."""
    picked = np.clip(probabilities[np.arange(len(targets)), targets].astype(np.float64), 1e-7, 1.0)
    losses: npt.NDArray[np.float64] = -np.log(picked)
    return losses


def bootstrap(
    targets: IntArray,
    predicted: IntArray,
    groups: npt.NDArray[Any] | Sequence[str],
    labels: Sequence[str],
    *,
    draws: int = 2000,
    seed: int = 1,
) -> dict[str, Any] | None:
    """95 % intervals of accuracy and F1 for new groups: percentiles over draws of whole groups with replacement.

    Windows of one person succeed and fail together, so persons are drawn, not windows (Efron and Tibshirani, "An
    introduction to the bootstrap", 1993, 8.5).

    Args:
        targets, predicted: class indices [n].
        groups: person, session or recording of each window [n].
        labels: class names.
        draws: how often; the same seed gives the same intervals.

    Returns:
        ``groups`` (how many), ``accuracy``, ``macro_f1`` and, by label, ``per_class``: each ``[low, high]``; None for
        fewer than two groups.
    """
    names, index = np.unique(np.asarray(groups), return_inverse=True)
    count, classes = len(names), len(labels)
    if count < 2:
        return None
    by_group = np.zeros((count, classes, classes), np.int64)
    np.add.at(by_group, (index, targets, predicted), 1)
    rng = np.random.default_rng(seed)
    often = np.stack([np.bincount(draw, minlength=count) for draw in rng.integers(0, count, (draws, count))])
    counts = np.tensordot(often, by_group, axes=1)  # [draw, true, predicted]
    hits = np.diagonal(counts, axis1=1, axis2=2)
    either = counts.sum(axis=1) + counts.sum(axis=2)
    f1 = np.where(either > 0, 2 * hits / np.maximum(either, 1), np.nan)

    def interval(values: npt.NDArray[np.float64]) -> list[float]:
        low, high = np.nanpercentile(values, [2.5, 97.5])
        return [float(low), float(high)]

    seen = either.sum(axis=0) > 0
    return {
        "groups": count,
        "accuracy": interval(hits.sum(axis=1) / counts.sum(axis=(1, 2))),
        "macro_f1": interval(np.nanmean(f1, axis=1)),
        "per_class": {label: interval(f1[:, k]) for k, label in enumerate(labels) if seen[k]},
    }


def calibration(probabilities: Float32Array, targets: IntArray, bins: int = 10) -> dict[str, Any]:
    """Whether a network is right as often as it says.

    Args:
        probabilities: [n, classes]; n >= 1.
        targets: class indices [n].
        bins: of equal width over the largest probability.

    Returns:
        ``error``: expected calibration error, the mean over windows of |share right - mean confidence| in the window's
        bin (Guo et al. 2017, "On calibration of modern neural networks"); ``brier``: mean squared distance to the
        target; ``bins``: ``confidence``, ``accuracy``, ``windows`` of each bin that has windows.
    """
    said = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == targets
    place = np.minimum((said * bins).astype(np.int64), bins - 1)
    rows = [
        {
            "confidence": float(said[place == one].mean()),
            "accuracy": float(right[place == one].mean()),
            "windows": int((place == one).sum()),
        }
        for one in np.unique(place)
    ]
    hot = np.eye(probabilities.shape[1])[targets]
    return {
        "error": sum(row["windows"] * abs(row["accuracy"] - row["confidence"]) for row in rows) / len(targets),
        "brier": float(((probabilities - hot) ** 2).sum(axis=1).mean()),
        "bins": rows,
    }
