"""Recordings as text: a file that diffs, says its own units and rate, and gives every float32 back exactly.

A recording file is UTF-8 with line ends of one byte (LF)::

    # tinyforge-recording: 1
    # label: "stop"
    # subject: "s07"
    # session: "2026-11-21"
    # board: "virtual"
    # rate_hz: 100.0
    # dropped: 0
    # note: ""
    # samples: 600
    # digest: "6d0c..."
    ax [g],ay [g],az [g],gx [dps],gy [dps],gz [dps]
    0.0123,-0.98,0.11,1.5,-2.25,0

The values after the colons are JSON. ``digest`` is `Recording.digest`; a file whose content does not match it was
edited or damaged, and reading it says so. Optional: ``# sample_labels: [["walk", 120], ["sit", 40]]`` holds labels that
change inside a recording, as runs; ``# placement: "wrist"``; ``# origin: "..."``; a first column ``t [ms]`` holds the
time of each sample where they are not evenly spaced. What was recorded by tinyforge has a line ``# capture: {...}``:
when, in which range, how fast by which clock, and where samples are missing (`tinyforge.core.facts`).

`parse_table` is the number reader behind it and behind the CSV importer.
"""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import DataError, did_you_mean
from tinyforge.core.facts import facts_from_json, facts_json
from tinyforge.core.files import os_error, write_bytes
from tinyforge.core.types import Channel, Float64Array, Recording

FORMAT_VERSION = 1
MAGIC = b"# tinyforge-recording:"
TIME = Channel("t", "ms")  # the column of times

_TEXT_KEYS = ("label", "subject", "session", "board", "note", "placement", "origin", "digest")
_COUNT_KEYS = ("dropped", "samples")
_KEYS = ("tinyforge-recording", "rate_hz", "sample_labels", "capture", *_COUNT_KEYS, *_TEXT_KEYS)
_COLUMN = re.compile(r"^([^,\[\]\n]+?) \[([^,\[\]\n]*)\]$")
_NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def canonical(recording: Recording) -> Recording:
    """The same recording as it will be read back: float32 samples, plain Python numbers and text.

    Raises:
        DataError: a sample is not finite, or a channel's name or unit cannot stand in a header.
    """
    samples = np.ascontiguousarray(recording.samples, dtype=np.float32)
    finite = np.isfinite(samples)
    if not finite.all():
        row, column = (int(k) for k in np.argwhere(~finite)[0])
        name = recording.channels[column].name
        raise DataError("recording", f"sample {row} of {name} is {samples[row, column]}", "numbers must be finite")
    for channel in recording.channels:
        if not _COLUMN.match(f"{channel.name} [{channel.unit}]"):
            raise DataError(
                "recording",
                f"channel name {channel.name!r} with unit {channel.unit!r} cannot stand in a header",
                "use names without comma, bracket or line end",
            )
        if channel == TIME:
            raise DataError("recording", "a channel is called t [ms], which is the column of times", "rename it")
    labels = recording.sample_labels
    times_ms = recording.times_ms
    if times_ms is not None:
        times_ms = np.ascontiguousarray(times_ms, dtype=np.float64)
        if not np.isfinite(times_ms).all():
            row = int(np.flatnonzero(~np.isfinite(times_ms))[0])
            raise DataError("recording", f"the time of sample {row} is {times_ms[row]}", "numbers must be finite")
    return Recording(
        samples=samples,
        channels=tuple(Channel(str(c.name), str(c.unit)) for c in recording.channels),
        rate_hz=float(recording.rate_hz),
        label=str(recording.label),
        subject=str(recording.subject),
        session=str(recording.session),
        board=str(recording.board),
        dropped=int(recording.dropped),
        note=str(recording.note),
        sample_labels=None if labels is None else tuple(str(one) for one in labels),
        facts=recording.facts,
        placement=str(recording.placement),
        origin=str(recording.origin),
        times_ms=times_ms,
    )


def table_bytes(columns: Sequence[npt.NDArray[Any]], separator: str = ",") -> bytes:
    """Lines of numbers, each as the shortest decimal text that reads back as the same float32 (or float64).

    Args:
        columns: [n] each, of equal length; float32 or float64, finite.
        separator: one character.

    Returns:
        A line a row, ended by LF.
    """
    import pyarrow as pa
    import pyarrow.csv

    arrays = [pa.array(np.ascontiguousarray(column)) for column in columns]
    stream = io.BytesIO()
    pyarrow.csv.write_csv(
        pa.Table.from_arrays(arrays, names=[str(k) for k in range(len(arrays))]),
        stream,
        pyarrow.csv.WriteOptions(include_header=False, delimiter=separator),
    )
    return stream.getvalue()


def recording_bytes(recording: Recording) -> bytes:
    """The content of a recording file.

    Raises:
        DataError: a sample is not finite, or a channel's name or unit cannot stand in a header.
    """
    recording = canonical(recording)
    said: dict[str, Any] = {
        "tinyforge-recording": FORMAT_VERSION,
        "label": recording.label,
        "subject": recording.subject,
        "session": recording.session,
        "board": recording.board,
        "rate_hz": recording.rate_hz,
        "dropped": recording.dropped,
        "note": recording.note,
        "samples": len(recording.samples),
    }
    if recording.sample_labels is not None:
        said["sample_labels"] = [[key, len(list(run))] for key, run in itertools.groupby(recording.sample_labels)]
    if recording.facts is not None:
        said["capture"] = facts_json(recording.facts)
    said |= {key: value for key in ("placement", "origin") if (value := getattr(recording, key))}
    said["digest"] = recording.digest
    head = "".join(f"# {key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in said.items())
    titles, columns = list(recording.channels), list(recording.samples.T)
    if recording.times_ms is not None:
        titles, columns = [TIME, *titles], [recording.times_ms, *columns]
    head += ",".join(f"{c.name} [{c.unit}]" for c in titles) + "\n"
    return head.encode() + table_bytes(columns)


def write_recording(path: Path, recording: Recording) -> None:
    """Write a recording file by rename.

    Raises:
        DataError: as `recording_bytes`.
        UsageError: the file cannot be written.
    """
    write_bytes(path, recording_bytes(recording))


def read_header(path: Path) -> tuple[dict[str, Any], tuple[Channel, ...]]:
    """What a recording file says of itself, without reading its samples.

    Returns:
        The keys of the header (see the module) and the channels, that of time left out.

    Raises:
        DataError: the file cannot be read or is no recording.
    """
    try:
        with path.open("rb") as stream:
            head = bytearray()
            for line in stream:
                head += line
                if not line.startswith(b"#"):
                    break
    except OSError as error:
        raise _unreadable(path, error) from error
    said, channels, _, _ = _split_header(bytes(head), str(path))
    return said, channels[1:] if channels[0] == TIME else channels


def read_recording(path: Path) -> Recording:
    """Read a recording file.

    Returns:
        The recording; samples float32 [time, channel].

    Raises:
        DataError: the file cannot be read, is no recording, is damaged, or does not match its digest.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error
    return parse_recording(data, str(path))


def parse_recording(data: bytes, place: str) -> Recording:
    """As `read_recording`, its DataError included, from the bytes of a file; ``place`` is what errors name."""
    said, channels, start, line = _split_header(data, place)
    table = parse_table(data[start:], len(channels), place, line)
    times_ms: Float64Array | None = None
    if channels[0] == TIME:
        times_ms, table, channels = np.ascontiguousarray(table[:, 0]), table[:, 1:], channels[1:]
    with np.errstate(over="ignore"):
        samples = table.astype(np.float32)
    if not np.isfinite(samples).all():
        row, column = (int(k) for k in np.argwhere(~np.isfinite(samples))[0])
        fact = f"{channels[column].name} is {table[row, column]:g}, which no sensor says"
        raise DataError(f"{place}:{line + row}", fact, "restore the file or delete it")
    if said.get("samples", len(samples)) != len(samples):
        raise DataError(
            place, f"holds {len(samples)} samples, its header says {said['samples']}", "restore the file or delete it"
        )
    labels: tuple[str, ...] | None = None
    if "sample_labels" in said:
        labels = tuple(itertools.chain.from_iterable([name] * count for name, count in said["sample_labels"]))
        if len(labels) != len(samples):
            raise DataError(place, f"{len(labels)} sample labels for {len(samples)} samples", "restore the file")
    recording = Recording(
        samples=samples,
        channels=channels,
        rate_hz=said["rate_hz"],
        label=said.get("label", ""),
        subject=said.get("subject", ""),
        session=said.get("session", ""),
        board=said.get("board", ""),
        dropped=said.get("dropped", 0),
        note=said.get("note", ""),
        sample_labels=labels,
        facts=said.get("capture"),
        placement=said.get("placement", ""),
        origin=said.get("origin", ""),
        times_ms=times_ms,
    )
    digest = said.get("digest")
    if digest and digest != recording.digest:
        raise DataError(
            place,
            "the content does not match the digest in its header: it was edited or damaged",
            "restore the file, or remove its digest line to accept it as it is",
        )
    return recording


def _unreadable(path: Path, error: OSError) -> DataError:
    said = os_error(path, error, "read")
    return DataError(said.place, said.fact, said.way_out)


def _split_header(data: bytes, place: str) -> tuple[dict[str, Any], tuple[Channel, ...], int, int]:
    """Keys, channels, offset of the first sample and its line number (from 1)."""
    if not data.startswith(MAGIC):
        raise DataError(place, "is not a tinyforge recording", "bring other files in with `tinyforge dataset import`")
    said: dict[str, Any] = {}
    start, line = 0, 0
    while True:
        end = data.find(b"\n", start)
        if end < 0:
            raise DataError(place, "ends inside its header", "restore the file or delete it")
        line += 1
        raw = data[start:end]
        start = end + 1
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DataError(f"{place}:{line}", "is not UTF-8", "restore the file or delete it") from error
        if not text.startswith("#"):
            break
        key, _, value = text[1:].partition(":")
        said[key.strip()] = _value(key.strip(), value.strip(), f"{place}:{line}")
    if said["tinyforge-recording"] != FORMAT_VERSION:
        raise DataError(
            place,
            f"recording format {said['tinyforge-recording']!r}, this tinyforge reads {FORMAT_VERSION}",
            "install a newer tinyforge",
        )
    if "rate_hz" not in said:
        raise DataError(place, "the header has no rate_hz", "restore the file or add the line `# rate_hz: <number>`")
    channels = []
    for column in text.split(","):
        match = _COLUMN.match(column)
        if match is None:
            raise DataError(f"{place}:{line}", f"{column[:40]!r} is no column title", "it must be `name [unit]`")
        channels.append(Channel(match[1], match[2]))
    return said, tuple(channels), start, line + 1


def _value(key: str, text: str, place: str) -> Any:
    if key not in _KEYS:
        raise DataError(place, f"unknown key {key[:40]!r}", did_you_mean(key[:40], _KEYS))
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(place, f"{key} is not JSON: {text[:60]!r}", "restore the file") from error
    if key == "capture":
        try:
            return facts_from_json(value)
        except ValueError as error:
            raise DataError(place, f"capture {error}", "restore the file") from error
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if key in _TEXT_KEYS:
        good = isinstance(value, str)
    elif key == "rate_hz":
        good = number and 0 < value < float("inf")
        value = float(value) if good else value
    elif key in _COUNT_KEYS:
        good = isinstance(value, int) and number and value >= 0
    elif key == "sample_labels":
        good = isinstance(value, list) and all(
            isinstance(run, list)
            and len(run) == 2
            and isinstance(run[0], str)
            and isinstance(run[1], int)
            and 0 < run[1] < 1 << 40
            for run in value
        )
        good = good and sum(run[1] for run in value) < 1 << 32
    else:
        good = number
    if not good:
        raise DataError(place, f"{key} cannot be {text[:60]}", "restore the file")
    return value


def parse_table(
    body: bytes,
    columns: int,
    place: str,
    first_line: int = 1,
    *,
    delimiter: bytes = b",",
    decimal: bytes = b".",
) -> Float64Array:
    """Numbers from delimited text, every one checked.

    Args:
        body: lines of ``columns`` decimal numbers; ends LF, CR LF or CR; lines of white space only are skipped.
        columns: numbers a line, >= 1.
        place: the file, for errors.
        first_line: number of the first line of ``body`` inside that file, for errors.
        delimiter: one byte: comma, tab, semicolon or space (a run of spaces and tabs counts as one).
        decimal: ``.`` or ``,``.

    Returns:
        float64 [lines, columns].

    Raises:
        DataError: another number of columns, text where a number belongs, NaN or infinity; with file and line.
    """
    if b"\r" in body:
        body = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if decimal != b".":
        body = body.replace(decimal, b".")
    if not body or body.isspace():
        return np.empty((0, columns), dtype=np.float64)
    table = _parse_fast(body, columns, delimiter)
    return table if table is not None else _parse_slow(body, columns, place, first_line, delimiter)


def _parse_fast(body: bytes, columns: int, delimiter: bytes) -> Float64Array | None:
    """The table, or None when anything at all is out of the ordinary."""
    table = _parse_spaced(body, columns) if delimiter == b" " else _parse_arrow(body, columns, delimiter)
    if table is None or table.shape[1] != columns or not np.isfinite(table).all():
        return None
    return table


def _parse_spaced(body: bytes, columns: int) -> Float64Array | None:
    """Columns apart by runs of spaces and tabs, also before and after."""
    body = re.sub(rb"[ \t]+", b" ", body)
    return _parse_arrow(re.sub(rb"(?m)^ | $", b"", body), columns, b" ")


def _parse_arrow(body: bytes, columns: int, delimiter: bytes) -> Float64Array | None:
    import pyarrow as pa
    import pyarrow.csv

    names = [str(k) for k in range(columns)]
    try:
        table = pyarrow.csv.read_csv(
            pa.py_buffer(body),
            read_options=pyarrow.csv.ReadOptions(use_threads=False, column_names=names),
            parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter.decode(), quote_char=False),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.float64()), null_values=[], check_utf8=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    out = np.empty((table.num_rows, columns), dtype=np.float64)
    for k in range(columns):
        out[:, k] = table.column(k).to_numpy()
    return out


def _parse_slow(body: bytes, columns: int, place: str, first_line: int, delimiter: bytes) -> Float64Array:
    """The table by plain Python, or the error that names the line."""
    separator = None if delimiter == b" " else delimiter
    rows: list[list[float]] = []
    for number, line in enumerate(body.split(b"\n"), first_line):
        if not line.strip():
            continue
        where = f"{place}:{number}"
        fields = line.split(separator)
        if len(fields) != columns:
            raise DataError(
                where, f"{_count(len(fields), 'column')} where {columns} belong", "repair or delete the line"
            )
        rows.append([_number(field, where, k) for k, field in enumerate(fields, 1)])
    return np.array(rows, dtype=np.float64).reshape(-1, columns)


def _number(field: bytes, where: str, column: int) -> float:
    text = field.strip()
    if _NUMBER.fullmatch(text):
        value = float(text)
        if np.isfinite(value):
            return value
    shown = text.decode("utf-8", "replace")[:40]
    if not shown:
        raise DataError(where, f"column {column} is empty", "repair or delete the line")
    if shown.lower().lstrip("+-") in {"nan", "inf", "infinity"} or _NUMBER.fullmatch(text):
        raise DataError(where, f"column {column} is {shown}, not a finite number", "repair or delete the line")
    raise DataError(where, f"column {column} is {shown!r}, not a number", "repair or delete the line")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
