"""Times of samples: what their source says, and how even they are."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from tinyforge.core.types import Float64Array, Recording

_UNIT_MS = {"s": 1e3, "ms": 1.0, "us": 1e-3, "ns": 1e-6}
_TITLE = re.compile(r"[\[( _.-](s|sec|seconds?|ms|millis(?:econds?)?|us|micros(?:econds?)?|ns)[\])]?$")
_WORDS = {"seconds": "s", "second": "s", "sec": "s", "ms": "ms", "millis": "ms", "us": "us", "micros": "us"}
_EPOCH_S = (3e8, 1e10)  # 1979 to 2286
_EVEN = 1e-3  # of a step: rounding, no jitter


@dataclass(frozen=True, slots=True)
class Clock:
    """Times of a table's rows.

    Attributes:
        times_ms: float64 [row], from the first row.
        rate_hz: samples a second from the first to the last row.
    """

    times_ms: Float64Array
    rate_hz: float


@dataclass(frozen=True, slots=True)
class Timing:
    """How even the times of a recording are.

    Attributes:
        rate_hz: samples a second from first to last.
        step_ms: median step between samples.
        jitter_ms: median distance of a step from that.
        repeated: samples whose time is not after that of the one before.
        gaps: steps longer than the limit.
        longest_ms: the longest step.
    """

    rate_hz: float
    step_ms: float
    jitter_ms: float
    repeated: int
    gaps: int
    longest_ms: float


def read_clock(column: Float64Array, title: str) -> Clock | None:
    """Times from a column of a table.

    Args:
        column: as in the file.
        title: of the column, lower case: ``timestamp``, ``t [ms]``, ``time_us``, ``millis``.

    Returns:
        None when the column does not advance, so that it is no time.
    """
    if len(column) < 2 or column[-1] <= column[0]:
        return None
    times_ms = (column - column[0]) * _UNIT_MS[_unit(column, title)]
    span_ms = float(times_ms[-1])
    return Clock(times_ms, round((len(column) - 1) * 1e3 / span_ms, 3) or (len(column) - 1) * 1e3 / span_ms)


def _unit(column: Float64Array, title: str) -> str:
    """Unit of a column of time: from its title; from the date that epoch numbers give; from its steps."""
    match = _TITLE.search(title)
    word = match[1] if match else title
    for text, unit in _WORDS.items():
        if word.startswith(text):
            return unit
    if word in _UNIT_MS:
        return word
    for unit, factor in _UNIT_MS.items():
        if _EPOCH_S[0] <= column[0] * factor / 1e3 <= _EPOCH_S[1]:
            return unit
    step = (column[-1] - column[0]) / (len(column) - 1)
    # at 10 to 1000 Hz a step is 0.001 to 0.1 s, 1 to 100 ms, 1000 to 100 000 us
    return "s" if step < 0.5 else "ms" if step < 500 else "us" if step < 5e5 else "ns"


def measure(times_ms: Float64Array, gap_ms: float) -> Timing:
    """How even times are; ``gap_ms`` is the longest step that is no gap.

    Args:
        times_ms: float64 [time], two or more.
    """
    steps = np.diff(times_ms)
    span_ms = float(times_ms[-1] - times_ms[0])
    step_ms = float(np.median(steps))
    return Timing(
        rate_hz=len(steps) * 1e3 / span_ms if span_ms > 0 else 0.0,
        step_ms=step_ms,
        jitter_ms=float(np.median(np.abs(steps - step_ms))),
        repeated=int(np.count_nonzero(steps <= 0)),
        gaps=int(np.count_nonzero(steps > gap_ms)),
        longest_ms=float(steps.max()),
    )


def gap_limit_ms(rate_hz: float, limit_ms: float) -> float:
    """The longest step that is bridged: the limit, but never less than one and a half samples."""
    return max(limit_ms, 1.5e3 / rate_hz)


def is_even(recording: Recording) -> bool:
    """Whether the samples stand at equal distances, as far as anybody knows."""
    if recording.times_ms is None or len(recording.times_ms) < 3:
        return True
    steps = np.diff(recording.times_ms)
    step_ms = 1e3 / recording.rate_hz
    return bool(np.abs(steps - step_ms).max() <= _EVEN * step_ms)
