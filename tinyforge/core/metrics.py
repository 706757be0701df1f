"""What a classifier is measured by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

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
    picked = np.clip(probabilities[np.arange(len(targets)), targets].astype(np.float64), 1e-7, 1.0)
    return float(-np.log(picked).mean()), float((probabilities.argmax(1) == targets).mean())
