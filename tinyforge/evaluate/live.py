"""A LIVE session against what really happened: which windows count, how many are right, whether the host agrees."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyforge.core.errors import DataError, did_you_mean

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Span:
    """A label that holds from ``start_s`` to ``end_s``, in seconds since LIVE started."""

    start_s: float
    end_s: float
    label: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A prediction and what was true.

    Attributes:
        start_s, end_s: of its window.
        truth: label of the whole window; None where it holds a change, or nobody said.
        answer: of the board, ``unknown`` included.
        best: class with the highest score.
        latency_us: by the board's clock.
    """

    start_s: float
    end_s: float
    truth: str | None
    answer: str
    best: str
    latency_us: int


def read_script(path: Path, labels: Sequence[str]) -> list[Span]:
    """Ground truth from a CSV ``start_s,end_s,label``, in order, without overlaps.

    Raises:
        DataError: naming the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(str(path), f"cannot be read: {error}", "write lines of start_s,end_s,label") from error
    spans: list[Span] = []
    for number, row in enumerate(csv.reader(text.splitlines()), start=1):
        place = f"{path}:{number}"
        if not row or (number == 1 and row[0].strip().lower() == "start_s") or row[0].lstrip().startswith("#"):
            continue
        if len(row) != 3:
            raise DataError(place, f"{len(row)} columns", "write start_s,end_s,label: 0.0,5.0,stop")
        try:
            start_s, end_s = float(row[0]), float(row[1])
        except ValueError as error:
            raise DataError(place, f"{row[0]},{row[1]} are no times", "write seconds: 0.0,5.0,stop") from error
        label = row[2].strip()
        if not (math.isfinite(start_s) and math.isfinite(end_s) and 0 <= start_s < end_s):
            raise DataError(place, f"{start_s:g} to {end_s:g} is no stretch of time", "the end comes after the start")
        if spans and start_s < spans[-1].end_s:
            raise DataError(place, f"begins at {start_s:g} s, before the one above has ended", "put them in order")
        if label not in labels:
            raise DataError(place, f'"{label}" is no label of the model', did_you_mean(label, labels))
        spans.append(Span(start_s, end_s, label))
    if not spans:
        raise DataError(str(path), "holds no labels", "write lines of start_s,end_s,label")
    return spans


def truth_of(spans: Iterable[Span], start_s: float, end_s: float, settle_s: float) -> str | None:
    """The label that holds all through a window, ``settle_s`` after it began at the earliest; None for none."""
    for span in spans:
        if span.start_s + settle_s <= start_s and end_s <= span.end_s:
            return span.label
    return None


@dataclass(frozen=True, slots=True)
class Tally:
    """What a session says.

    Attributes:
        windows: predictions that came.
        judged: of these, with a truth.
        right: of these, answered with it.
        unknown: of these, without an answer.
        confusion: by truth, by answer, how often.
    """

    windows: int
    judged: int
    right: int
    unknown: int
    confusion: dict[str, dict[str, int]]


def tally(judged: Sequence[Judged]) -> Tally:
    """Count."""
    confusion: dict[str, dict[str, int]] = {}
    for one in judged:
        if one.truth is not None:
            row = confusion.setdefault(one.truth, {})
            row[one.answer] = row.get(one.answer, 0) + 1
    return Tally(
        len(judged),
        sum(sum(row.values()) for row in confusion.values()),
        sum(row.get(truth, 0) for truth, row in confusion.items()),
        sum(row.get(UNKNOWN, 0) for row in confusion.values()),
        confusion,
    )
