"""Lines of numbers: what sketches that do not speak our protocol send.

One sample a line, its columns separated by commas or tabs (the form of Edge Impulse's data forwarder), ended by LF,
CR LF or CR. Before the samples, or anywhere between them, may come

- a header: names, with units in brackets where the sketch knows them (``ax [g],ay [g],az [g]``), and
- SensiML's announcement: ``{"version": 1, "sample_rate": 119, "column_location": {"AccelerometerX": 0, ...}}``,
  repeated until the host says ``connect``.

Text has no check and no counter unless a column is one, so this reader believes little: the first line after opening
is half of one and is left out; a line with another number of columns, with NaN, infinity, both separators or bytes
that are no text is a damaged sample and is counted as lost.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

MAX_LINE_BYTES = 1024
MAX_COLUMNS = 32
_MAX_FLOAT32 = 3.4028234663852886e38
_NUMBER = re.compile(r"[ ]*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?[ ]*", re.ASCII)
_WORD = re.compile(r"[ ]*([A-Za-z_][\w .^/°-]*?)[ ]*(?:[\[(]([^\])]*)[\])])?[ ]*")
_LIKE_NUMBERS = frozenset("0123456789.,\t+- eE")
_ACCEL_WORD, _GYRO_WORD = "a|acc|accel|accelerometer|acceleration", "g|gyr|gyro|gyroscope|w|omega|rot|rotation"
_AXIS = re.compile(
    rf"(?:({_ACCEL_WORD})|({_GYRO_WORD}))[ _.-]?([xyz])|([xyz])[ _.-]?(?:({_ACCEL_WORD})|({_GYRO_WORD}))"
)
_IMU_NAMES = frozenset(("ax", "ay", "az", "gx", "gy", "gz"))
_US_PER_UNIT = {"us": 1.0, "micros": 1.0, "ms": 1e3, "millis": 1e3, "s": 1e6, "seconds": 1e6}
_TIME = re.compile(r"(?:t|time|times?tamp)(?:[ _.-]?(us|ms|s))?|(us|micros|ms|millis|s|seconds)")
_COUNTER = re.compile(r"n|seq|sequence|counter|index|sample|sample_?(?:id|number|index)")


@dataclass(frozen=True, slots=True)
class Row:
    """A good line: one number a column."""

    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that may have been a sample.

    Attributes:
        fields: how many it seems to have; two lines that ran into each other have those of both.
        reason: what is wrong with it, for people.
    """

    fields: int
    reason: str


@dataclass(frozen=True, slots=True)
class Chatter:
    """A line that is none of these: what a sketch says to people."""

    text: str


@dataclass(frozen=True, slots=True)
class Header:
    """Names of the columns, as they were sent, and their units; empty where none is said."""

    names: tuple[str, ...]
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Announcement:
    """SensiML's: names by column, and the rate it says; 0 where it says none."""

    names: tuple[str, ...]
    rate_hz: float


Line = Row | BadLine | Chatter | Header | Announcement


def canonical_name(title: str) -> str:
    """``aX``, ``acc_x`` and ``AccelerometerX`` are ax; other names stay, without what a file's header cannot hold."""
    match = _AXIS.fullmatch(title.strip().lower())
    if match:
        return ("a" if match[1] or match[5] else "g") + (match[3] or match[4])
    return re.sub(r"[,\[\]#\n]", "_", title.strip())


def time_scale(title: str) -> float:
    """Microseconds of one unit of a column of time, 0 for other columns. A plain ``t`` or ``time`` is milliseconds."""
    match = _TIME.fullmatch(title.strip().lower())
    return 0.0 if match is None else _US_PER_UNIT[match[1] or match[2] or "ms"]


def is_counter(title: str) -> bool:
    """Whether a column with this title counts samples."""
    return _COUNTER.fullmatch(title.strip().lower()) is not None


class TextDecoder:
    """Takes bytes as they come and gives lines; never holds more than one line's bytes.

    Attributes:
        bytes: all that came.
        lines: whole lines, blank ones left out.
    """

    def __init__(self) -> None:
        self.bytes = 0
        self.lines = 0
        self._rest = b""
        self._skipping = False  # inside a line that is too long already
        self._first = True

    def feed(self, data: bytes) -> list[Line]:
        """The lines that ``data`` completes, in order."""
        self.bytes += len(data)
        *whole, rest = (self._rest + data.replace(b"\r", b"\n")).split(b"\n")
        out: list[Line] = []
        for raw in whole:
            if self._skipping:
                self._skipping = False
                continue
            if not raw.strip():
                continue
            self.lines += 1
            line = parse_line(raw)
            if self._first and not _whole_by_itself(line):
                self._first = False  # its beginning was sent before we listened
                continue
            self._first = False
            out.append(line)
        if len(rest) > MAX_LINE_BYTES:
            if not self._skipping:
                self.lines += 1
                out.append(BadLine(1, f"longer than {MAX_LINE_BYTES} bytes"))
            self._skipping = True
        self._rest = b"" if self._skipping else rest
        return out


def _whole_by_itself(line: Line) -> bool:
    """Half an announcement is no JSON, half a header has a name that is none of an IMU."""
    if isinstance(line, Header):
        return all(canonical_name(name) in _IMU_NAMES or time_scale(name) or is_counter(name) for name in line.names)
    return isinstance(line, Announcement)


def parse_line(raw: bytes) -> Line:
    """What one line without its end is. Never raises."""
    if len(raw) > MAX_LINE_BYTES:
        return BadLine(1, f"longer than {MAX_LINE_BYTES} bytes")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return BadLine(_separators(raw) + 1, "is not UTF-8")
    text = text.strip(" \ufeff")
    if text.startswith("{"):
        return _announcement(text)
    if not text.replace("\t", " ").isprintable():
        return BadLine(_separators(raw) + 1, "has bytes that are no text")
    comma, tab = "," in text, "\t" in text
    if comma and tab:
        return BadLine(len(re.split("[,\t]", text)), "has commas and tabs")
    fields = text.strip("\t").split("\t") if tab else text.removesuffix(",").split(",")
    if len(fields) > MAX_COLUMNS:
        return BadLine(len(fields), f"has more than {MAX_COLUMNS} columns")
    if all(_NUMBER.fullmatch(field) for field in fields):
        values = tuple(map(float, fields))
        if all(-_MAX_FLOAT32 <= value <= _MAX_FLOAT32 for value in values):
            return Row(values)
        return BadLine(len(fields), "has a number that no float32 holds")
    words = [_WORD.fullmatch(field) for field in fields]
    if len(fields) > 1 and all(words) and not any(_not_finite(field) for field in fields):
        return Header(
            tuple(word[1] for word in words if word), tuple((word[2] or "").strip() for word in words if word)
        )
    numeric = sum(char in _LIKE_NUMBERS for char in text) * 2 > len(text)
    if len(fields) > 1 or numeric or _not_finite(text):
        wrong = next((field.strip() for field in fields if not _NUMBER.fullmatch(field)), "")
        return BadLine(len(fields), f"{wrong[:20]!r} is no finite number")
    return Chatter(text[:80])


def _separators(raw: bytes) -> int:
    return raw.count(b",") + raw.count(b"\t")


def _not_finite(field: str) -> bool:
    return field.strip().lower().lstrip("+-") in ("nan", "inf", "infinity", "ovf")


def _announcement(text: str) -> Line:
    try:
        said: Any = json.loads(text)
    except (ValueError, RecursionError):
        return Chatter(text[:80])
    columns = said.get("column_location") if isinstance(said, dict) else None
    rate = said.get("sample_rate", 0) if isinstance(said, dict) else 0
    if not isinstance(columns, dict) or not 0 < len(columns) <= MAX_COLUMNS:
        return Chatter(text[:80])
    places = {place: str(name) for name, place in columns.items() if isinstance(place, int)}
    if sorted(places) != list(range(len(columns))):
        return Chatter(text[:80])
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < math.inf:
        rate = 0.0
    return Announcement(tuple(places[k] for k in range(len(places))), float(rate))
