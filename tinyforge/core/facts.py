"""What whoever recorded a take knows of how it came: when, in which range, what was lost, how fast it really was."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Gap:
    """Samples that are missing in one place.

    Attributes:
        before: index in the recording of the sample that follows the gap; the number of samples for a gap at the end.
        samples: how many are missing, >= 1.
    """

    before: int
    samples: int


@dataclass(frozen=True, slots=True)
class CaptureFacts:
    """How a recording came to be. A recording that was imported has none.

    Attributes:
        started: when its first sample came, UTC, ISO 8601 with milliseconds (``2026-11-25T16:20:00.250Z``).
        firmware: what sent it: version and digest of ours, or the kind of another (``text``, ``SensiML``).
        ranges: for each channel the largest magnitude the sensor can say, in the channel's unit; 0 where unknown.
        clipped: samples in which at least one channel is at the end of its range.
        gaps: where samples are missing, in order; their sum is `Recording.dropped`.
        damaged: frames or lines that came but could not be read, while the recording was made.
        rate_measured_hz: samples a second, fitted to `rate_clock`; 0 when there were too few to fit.
        rate_error_hz: half width of its 95 % interval.
        rate_clock: ``device`` or ``host``: whose clock it was measured by.
        cut: why the recording is shorter than it was to be; empty for a whole one.
    """

    started: str = ""
    firmware: str = ""
    ranges: tuple[float, ...] = ()
    clipped: int = 0
    gaps: tuple[Gap, ...] = ()
    damaged: int = 0
    rate_measured_hz: float = 0.0
    rate_error_hz: float = 0.0
    rate_clock: str = ""
    cut: str = ""


def facts_json(facts: CaptureFacts) -> dict[str, Any]:
    """The facts as plain data; gaps are pairs."""
    plain = {field.name: getattr(facts, field.name) for field in dataclasses.fields(facts)}
    return plain | {"ranges": list(facts.ranges), "gaps": [[gap.before, gap.samples] for gap in facts.gaps]}


def facts_from_json(value: Any) -> CaptureFacts:
    """The facts that `facts_json` gave; keys that are missing have their default.

    Raises:
        ValueError: it is no such object; the message says which key is wrong.
    """
    if not isinstance(value, dict):
        raise ValueError("is no JSON object")  # noqa: TRY004  the caller says it as an error of the file
    known = {field.name: field.default for field in dataclasses.fields(CaptureFacts)}
    for key, given in value.items():
        if key not in known:
            raise ValueError(f"has an unknown key {key!r}")
        if not _fits(key, known[key], given):
            raise ValueError(f"{key} cannot be {str(given)[:60]}")
    plain = dict(value)
    if "ranges" in plain:
        plain["ranges"] = tuple(float(one) for one in plain["ranges"])
    if "gaps" in plain:
        plain["gaps"] = tuple(Gap(before, samples) for before, samples in plain["gaps"])
    for key in ("rate_measured_hz", "rate_error_hz"):
        if key in plain:
            plain[key] = float(plain[key])
    return CaptureFacts(**plain)


def _fits(key: str, default: object, given: object) -> bool:
    if isinstance(default, str):
        return isinstance(given, str)
    if key == "gaps":
        return isinstance(given, list) and all(
            isinstance(pair, list) and len(pair) == 2 and _count(pair[0]) and _count(pair[1]) and pair[1] > 0
            for pair in given
        )
    if key == "ranges":
        return isinstance(given, list) and all(_magnitude(one) for one in given)
    return _magnitude(given) if isinstance(default, float) else _count(given)


def _count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _magnitude(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
