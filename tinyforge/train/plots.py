"""Learning curves, confusion matrices and reliability, readable on white and on black paper.

Pictures are transparent; text and axes are a grey that stands out from both, and the same data gives the same bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinyforge.core.files import write_bytes

_INK = "#787f88"  # 4:1 against white and against #101418
_FAINT = "#787f8840"
_TRAIN = "#3b82c4"
_VALIDATION = "#d97b29"
_CELL = (0.23, 0.51, 0.77)  # _TRAIN
_STYLE = {
    "svg.hashsalt": "tinyforge",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.titlecolor": _INK,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "xtick.color": _INK,
    "ytick.color": _INK,
    "text.color": _INK,
    "grid.color": _FAINT,
    "legend.frameon": False,
    "legend.labelcolor": _INK,
}


def curves(rows: Sequence[Any], best_epoch: int, path: Path) -> None:
    """Loss and accuracy by epoch, training and validation, as ``path``.png and ``path``.svg.

    Args:
        rows: :class:`tinyforge.architectures.loop.Epoch`, in order.
        best_epoch: index of the row whose weights are kept; marked.
    """
    plt = _pyplot()
    with plt.rc_context(_STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(8.0, 3.0), layout="constrained")
        epochs = [row.epoch + 1 for row in rows]
        marker = "o" if len(rows) == 1 else None
        for axes, what, title in ((left, "loss", "loss, nats"), (right, "accuracy", "accuracy, %")):
            factor = 100.0 if what == "accuracy" else 1.0
            for name, colour, prefix in (("training", _TRAIN, ""), ("validation", _VALIDATION, "val_")):
                values = [factor * getattr(row, prefix + what) for row in rows]
                axes.plot(epochs, values, color=colour, linewidth=1.6, label=name, marker=marker)
            axes.axvline(best_epoch + 1, color=_INK, linewidth=0.8, linestyle=(0, (4, 3)))
            axes.set_title(title)
            axes.set_xlabel("epoch")
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.grid(axis="y", linewidth=0.6)
            axes.margins(x=0.02)
        left.set_ylim(bottom=0.0)
        kept = rows[best_epoch].val_accuracy * 100.0
        right.annotate(
            f"kept: epoch {best_epoch + 1}, {kept:.1f} %",
            xy=(best_epoch + 1, kept),
            xytext=(-6 if best_epoch > len(rows) / 2 else 6, -14),
            textcoords="offset points",
            ha="right" if best_epoch > len(rows) / 2 else "left",
            va="top",
        )
        left.legend(loc="upper right")
        _write(figure, path)


def confusion_matrix(matrix: Sequence[Sequence[int]], labels: Sequence[str], title: str, path: Path) -> None:
    """A confusion matrix with counts and each row's shares, as ``path``.png and ``path``.svg.

    Args:
        matrix: counts [true class][predicted class].
    """
    plt = _pyplot()
    counts = np.asarray(matrix, np.int64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 1.7 + 0.72 * len(labels)
    with plt.rc_context(_STYLE | {"axes.spines.left": False, "axes.spines.bottom": False}):
        figure, axes = plt.subplots(figsize=(side + 0.5, side), layout="constrained")
        cells = np.zeros((*counts.shape, 4))
        cells[..., :3] = _CELL
        cells[..., 3] = 0.08 + 0.92 * shares
        axes.imshow(cells, interpolation="nearest", aspect="equal")
        for (row, column), share in np.ndenumerate(shares):
            if counts[row, column]:
                axes.text(
                    column,
                    row,
                    f"{counts[row, column]}\n{100 * share:.1f} %",
                    ha="center",
                    va="center",
                    fontsize=8.0,
                    color="white" if share > 0.55 else _INK,
                )
        names = [label if len(label) <= 16 else label[:15] + "…" for label in labels]
        axes.set_xticks(range(len(names)), names, rotation=30 if max(map(len, names)) > 6 else 0, ha="center")
        axes.set_yticks(range(len(names)), names)
        axes.set_xticks(np.arange(len(names) - 1) + 0.5, minor=True)
        axes.set_yticks(np.arange(len(names) - 1) + 0.5, minor=True)
        axes.tick_params(length=0, which="both")
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        axes.set_title(title)
        _write(figure, path)


def reliability(said: Mapping[str, Any], title: str, path: Path) -> None:
    """How often answers are right by how sure they are, as ``path``.png and ``path``.svg.

    Args:
        said: of :func:`tinyforge.core.metrics.calibration`.
    """
    plt = _pyplot()
    rows = said["bins"]
    most = max(row["windows"] for row in rows)
    with plt.rc_context(_STYLE):
        figure, axes = plt.subplots(figsize=(3.6, 3.3), layout="constrained")
        axes.plot([0, 100], [0, 100], color=_INK, linewidth=0.8, linestyle=(0, (4, 3)))
        at = [100 * row["confidence"] for row in rows]
        axes.plot(at, [100 * row["accuracy"] for row in rows], color=_TRAIN, linewidth=1.2)
        areas = [12 + 120 * row["windows"] / most for row in rows]  # points^2
        axes.scatter(at, [100 * row["accuracy"] for row in rows], s=areas, color=_TRAIN)
        axes.set_xlim(0, 103)
        axes.set_ylim(0, 103)
        axes.set_xlabel("largest score, %")
        axes.set_ylabel("right, %")
        axes.set_title(f"{title}\nmean gap {100 * said['error']:.1f} points")
        axes.grid(linewidth=0.6)
        _write(figure, path)


def pareto(points: Sequence[tuple[int, float, bool]], measure: str, path: Path) -> None:
    """Candidates by the flash they take and how good they are, as ``path``.png and ``path``.svg.

    Args:
        points: flash in bytes, figure of merit, and whether nobody beats it; at least one.
        measure: what the figure of merit is.
    """
    plt = _pyplot()
    with plt.rc_context(_STYLE):
        figure, axes = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
        others = [(flash / 1024, merit) for flash, merit, front in points if not front]
        front = sorted((flash / 1024, merit) for flash, merit, front in points if front)
        if others:
            axes.scatter(*zip(*others, strict=True), s=16, color=_FAINT, label="beaten")
        axes.plot(*zip(*front, strict=True), color=_TRAIN, linewidth=0.8)
        axes.scatter(*zip(*front, strict=True), s=26, color=_TRAIN, label="beaten by none")
        axes.set_xlabel("flash, KiB")
        axes.set_ylabel(measure)
        axes.grid(linewidth=0.6)
        axes.legend(loc="lower right")
        _write(figure, path)


def _pyplot() -> Any:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    return plt


def _write(figure: Any, path: Path) -> None:
    png, svg = io.BytesIO(), io.BytesIO()
    figure.savefig(png, format="png", dpi=144, transparent=True, metadata={"Software": None})
    figure.savefig(svg, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    _pyplot().close(figure)
    write_bytes(path.with_suffix(".png"), png.getvalue())
    text = re.sub(r"<!--.*?-->\s*", "", svg.getvalue().decode("utf-8"), flags=re.DOTALL)
    write_bytes(path.with_suffix(".svg"), text.encode("utf-8"))
