"""Plain tables of numbers: comma, semicolon, tab or space separated, with or without a header.

How a file is read
    *Separator*: a semicolon if the first line of numbers has one (a comma is then the decimal point), else a tab,
    else a comma, else white space.
    *Header*: the first line is one when a field of it is no number. Names such as ``aX``, ``acc_x``, ``gyro.z [rad/s]``
    become ax ... gz; others stay as they are. Without a header six columns are ax ay az gx gy gz and three ax ay az.
    *Units*: in brackets after the name, or given; those that nobody states are found by gravity, which is always in
    accelerations, file by file. A stated unit that gravity contradicts is refused.
    *Rate*: given, or in a comment line ``# rate_hz: 119`` above the header, or measured on a column of time. It is
    never guessed.
    *A column of time* (time, timestamp, Zeit, t, ms ...) gives each sample its time; its unit is in its title, or epoch
    numbers and typical steps say it.
    *A column of labels* (label, class, activity ...) gives each sample its label.
    *Who*: a folder such as ``s01`` is the subject; ``s01_02_sw.csv`` is also session 02, worn as sw (sp: pocket, sw:
    wrist), and shares an origin with ``s01_02_sp.csv``, which was recorded at the same time.

Where a take ends
    1. Blank lines separate takes.
    2. ``take_samples`` cuts what is not separated into takes of that length.
    3. Otherwise, when some files of the set are separated by blank lines into takes that all have N rows, and every
       other file has a multiple of N rows, N is the length of a take in those too. (A recorder that wrote some of its
       files with blank lines and some without: the public Nano 33 gesture sets.)
    4. Otherwise a file is one recording.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from tinyforge.core.errors import DataError
from tinyforge.core.recording_csv import MAGIC, parse_table
from tinyforge.core.types import IMU_CHANNELS, Float64Array, Recording
from tinyforge.dataset.importers.base import ImportOptions, ImportResult
from tinyforge.dataset.importers.common import (
    COLUMN_LIMIT,
    as_float32,
    canonical_name,
    channels_of,
    given_units,
    need_rate,
    person_of,
    settle_units,
    text_of,
)
from tinyforge.dataset.importers.source import Member, Source
from tinyforge.dataset.timing import Clock, read_clock
from tinyforge.dataset.units import normal_unit

name = "csv"
description = "CSV or TSV, with or without header; takes separated by blank lines or of fixed length; labels by sample"

_ENDINGS = (".csv", ".tsv", ".txt")
_NOT_DATA = re.compile(r"^(readme|licen[cs]e|copying|notice|changelog)", re.IGNORECASE)
_NUMBER = re.compile(rb"\s*[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?\s*|\s*[+-]?(nan|inf|infinity)\s*", re.IGNORECASE)
_UNIT = re.compile(r"^(.*?)\s*[\[(]([^\])]*)[\])]$")
_TIME = re.compile(
    r"^(t|time|times?tamp|zeit|zeitstempel|seconds?|ms|us|millis|micros|index|sample|counter)([ _.-]?(s|ms|us|ns))?$"
)
_COUNTER = re.compile(r"^(index|sample|counter)$")
_LABEL = re.compile(r"^(label|class|activity|gesture|target)([ _.-]?(name|id))?$")
_RATE = re.compile(rb"^#\s*(?:sample_?|sampling_?)?rate(?:_hz)?\s*[:=]\s*([0-9.]+)\s*(?:Hz)?\s*$", re.IGNORECASE)
_BLANK = re.compile(rb"\n(?:[ \t]*\n)+")
_NAMED = re.compile(r"^(?P<subject>[A-Za-z]+\d+)_(?P<session>\d+)_(?P<placement>[A-Za-z]+)$")
_NUMBERED = re.compile(r"^(?P<label>.*[^\W\d_])[ _.-]\d+$")
_PLACEMENTS = {"sp": "pocket", "sw": "wrist"}
_MOST_LABELS = 4096


@dataclass(frozen=True, slots=True)
class _Table:
    """One file, read.

    Attributes:
        values: float64 [row, column], columns of time and label left out.
        blocks: rows of each run of lines between blank lines.
        units: found or stated.
        rate_hz: as a comment or the column of time says; 0 where none does.
        labels: of each row, or None.
        clock: times of the rows, or None.
    """

    member: Member
    values: Float64Array
    blocks: tuple[int, ...]
    names: tuple[str, ...]
    units: tuple[str, ...]
    rate_hz: float
    labels: tuple[str, ...] | None
    clock: Clock | None


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the columns of a file are.

    Attributes:
        names, units: of the channels; a unit is empty where the title does not say it.
        used: columns of the channels.
        time, time_title: the column of time and its title, or -1.
        label: the column of labels, or -1.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    used: tuple[int, ...]
    time: int = -1
    time_title: str = ""
    label: int = -1


IMU_NAMES = frozenset(channel.name for channel in IMU_CHANNELS)


def _tables(source: Source) -> list[Member]:
    members = [m for m in source.members if m.path.suffix.lower() in _ENDINGS and not _NOT_DATA.match(m.path.name)]
    return [m for m in members if not m.head(len(MAGIC)).startswith(MAGIC)]


def sniff(source: Source) -> float:
    """0.5 when the first table has a line of numbers, 0.2 when there are only files with such an ending."""
    members = _tables(source)
    if not members:
        return 0.0
    lines = members[0].head(8192).split(b"\n")[:-1] or [members[0].head(8192)]
    return 0.5 if any(_is_numbers(line) for line in lines) or _has_axes(members[0]) else 0.2


def _has_axes(member: Member) -> bool:
    """Whether the first line names accelerations or angular rates."""
    line = member.head(8192).removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].strip()
    titles = _fields(line, _separator(line)[0])
    return any(canonical_name(_UNIT.sub(r"\1", title)) in IMU_NAMES for title in titles)


def _is_numbers(line: bytes) -> bool:
    separator, _ = _separator(line)
    fields = line.split() if separator == b" " else line.split(separator)
    return bool(fields) and all(_NUMBER.fullmatch(field) for field in fields)


def read(source: Source, options: ImportOptions) -> ImportResult:
    """Read every table of the source.

    Raises:
        DataError: see the package; also when the rate is not known, or the units contradict the data.
    """
    members = _tables(source)
    if not members:
        raise DataError(source.place, f"holds no file ending in {', '.join(_ENDINGS)}", "give the folder of the tables")
    notes: list[str] = []
    members = _without_lists(members, notes)
    total = sum(member.length_bytes for member in members)
    done = 0
    tables = []
    for member in members:
        tables.append(_read_table(member, options, notes))
        done += member.length_bytes
        if options.on_progress:
            options.on_progress(done, total)
    length = options.take_samples or _common_take(tables, notes)
    recordings = [one for table in tables for one in _takes(table, length, source, options)]
    _say_takes(tables, length, options, notes)
    _say_classes(tables, options, notes)
    return ImportResult(recordings, name, list(dict.fromkeys(notes)))


def _without_lists(members: list[Member], notes: list[str]) -> list[Member]:
    """Leave out tables about people or sessions that lie beside those of samples."""
    samples = [member for member in members if _has_axes(member)]
    if not samples:
        return members
    kept = [m for m in members if m in samples or _is_numbers(m.head(8192).split(b"\n", 1)[0])]
    left = [member.name for member in members if member not in kept]
    if left:
        notes.append(f"left out, because its titles name no axis of a sensor: {', '.join(left)}")
    return kept


# -- one file ---------------------------------------------------------------------------------------------------------


def _read_table(member: Member, options: ImportOptions, notes: list[str]) -> _Table:
    data = text_of(member)
    lines_before = 0
    rate_hz = 0.0
    while data.startswith(b"#") or (data and not data.split(b"\n", 1)[0].strip()):
        line, _, data = data.partition(b"\n")
        lines_before += 1
        if match := _RATE.match(line):
            rate_hz = _positive(match[1], f"{member.place}:{lines_before}")
    if not data or data.isspace():
        raise DataError(member.place, "is empty", "delete the file or leave it out")
    first, _, rest = data.partition(b"\n")
    has_header = not _is_numbers(first)
    if has_header:
        lines_before += 1
        body = rest
        if not body or body.isspace():
            raise DataError(member.place, "has a header and no samples", "delete the file or leave it out")
        shape = body.lstrip(b"\n \t").split(b"\n", 1)[0]
    else:
        body = data
        shape = first
    separator, decimal = _separator(shape)
    titles = _fields(first, separator) if has_header else None
    columns = len(shape.split()) if separator == b" " else shape.count(separator) + 1
    if columns > COLUMN_LIMIT:
        raise DataError(
            f"{member.place}:{lines_before + 1}",
            f"has {columns} columns, more than {COLUMN_LIMIT}",
            "no recording has so many; a line must be a sample",
        )
    if titles is not None and len(titles) != columns:
        raise DataError(
            f"{member.place}:{lines_before}",
            f"{len(titles)} titles over {columns} columns",
            "repair the header or delete it",
        )
    layout = _layout(titles, columns, options, member.place)
    labels: tuple[str, ...] | None = None
    if layout.label >= 0 and not options.label:
        body, labels = _take_labels(body, layout.label, columns, separator, member.place, lines_before + 1)
    elif layout.label >= 0:
        body, _ = _take_labels(body, layout.label, columns, separator, member.place, lines_before + 1)
    kept = [k for k in range(columns) if k != layout.label]
    values = parse_table(body, len(kept), member.place, lines_before + 1, delimiter=separator, decimal=decimal)
    clock = None
    if layout.time >= 0:
        clock = read_clock(values[:, kept.index(layout.time)], layout.time_title)
        rate_hz = rate_hz or (clock.rate_hz if clock else 0.0)
    used = [kept.index(k) for k in layout.used]
    if used != list(range(values.shape[1])):
        values = values[:, used]
    stated = given_units(layout.names, layout.units, options, member.place)
    units, note = settle_units(layout.names, stated, values, member.place)
    if note:
        notes.append(_shared(note))
    return _Table(member, values, _blocks(body, len(values)), layout.names, units, rate_hz, labels, clock)


def _shared(note: str) -> str:
    """The note without the number that differs from file to file, so that it is said once."""
    return re.sub(r"the median of \|a\| is [^,]+, so ", "by gravity, ", note)


def _take_labels(
    body: bytes, column: int, columns: int, separator: bytes, place: str, first_line: int
) -> tuple[bytes, tuple[str, ...]]:
    """The body without its column of labels, line for line, and the labels of the lines that are not blank."""
    fast = _take_last(body, separator) if column == columns - 1 else None
    if fast is not None:
        return fast
    lines: list[bytes] = []
    labels: list[str] = []
    split = None if separator == b" " else separator
    for number, line in enumerate(body.split(b"\n"), first_line):
        if not line.strip():
            lines.append(b"")
            continue
        fields = line.split(split)
        if len(fields) != columns:
            raise DataError(f"{place}:{number}", f"{len(fields)} columns where {columns} belong", "repair the line")
        labels.append(_label_text(fields.pop(column)))
        lines.append(separator.join(fields))
    return b"\n".join(lines), tuple(labels)


def _take_last(body: bytes, separator: bytes) -> tuple[bytes, tuple[str, ...]] | None:
    """As `_take_labels`, quickly, for labels at the end of every line; None when a line has none."""
    if separator == b" ":
        return None
    pieces = re.split(re.escape(separator) + rb"([^" + re.escape(separator) + rb"\n]*)(?=\n|\Z)", body)
    labels = pieces[1::2]
    distinct = {label: _label_text(label) for label in set(labels)}
    return b"".join(pieces[::2]), tuple(distinct[label] for label in labels)


def _label_text(field: bytes) -> str:
    return field.decode("utf-8", "replace").strip().strip('"').strip()


def _positive(text: bytes, place: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise DataError(place, f"the rate is {text.decode()}", "it must be samples a second")
    return value


def _separator(line: bytes) -> tuple[bytes, bytes]:
    """Separator and decimal point of a line of numbers."""
    if b";" in line:
        return b";", b"," if b"," in line else b"."
    for separator in (b"\t", b","):
        if separator in line:
            return separator, b"."
    return b" ", b"."


def _fields(line: bytes, separator: bytes) -> list[str]:
    parts = line.split() if separator == b" " else line.split(separator)
    return [part.decode("utf-8", "replace").strip().strip('"').strip() for part in parts]


def _layout(titles: Sequence[str] | None, columns: int, options: ImportOptions, place: str) -> _Layout:
    """What each column is."""
    if options.columns:
        if len(options.columns) != columns:
            raise DataError(
                place, f"has {columns} columns, {len(options.columns)} names were given", "name every column"
            )
        titles = options.columns
    if titles is None:
        if columns not in {3, 6}:
            raise DataError(
                place,
                f"has no header and {columns} columns, so their meaning is unknown",
                "write a header line such as ax,ay,az,gx,gy,gz above it, or name them with --columns",
            )
        return _Layout(tuple(c.name for c in IMU_CHANNELS[:columns]), ("",) * columns, tuple(range(columns)))
    names: list[str] = []
    units: list[str] = []
    used: list[int] = []
    time, label, time_title = -1, -1, ""
    for column, title in enumerate(titles):
        match = _UNIT.match(title)
        bare, unit = (match[1], match[2]) if match else (title, "")
        if _TIME.match(bare.lower()):
            if time < 0 and not _COUNTER.match(bare.lower()):
                time, time_title = column, title.lower()
            continue
        if _LABEL.match(bare.lower()) and label < 0:
            label = column
            continue
        channel = canonical_name(bare)
        if not channel:
            raise DataError(place, f"column {column + 1} has no title", "give it one")
        if channel in names:
            raise DataError(place, f"two columns are called {channel}", "give each its own title")
        names.append(channel)
        units.append(normal_unit(unit))
        used.append(column)
    if not names:
        raise DataError(place, "has no columns but time", "leave the file out")
    return _Layout(tuple(names), tuple(units), tuple(used), time, time_title, label)


def _blocks(body: bytes, rows: int) -> tuple[int, ...]:
    """Rows of each run of lines between blank lines; ``rows`` of them hold numbers."""
    if body.count(b"\n") + (not body.endswith(b"\n")) == rows:  # no blank line: the whole need not be searched
        return (rows,)
    text = body.strip(b"\n \t")
    if b"\n\n" not in text and b"\n " not in text and b"\n\t" not in text:
        return (text.count(b"\n") + 1,)
    return tuple(run.count(b"\n") + 1 for run in _BLANK.split(text))


# -- the set ----------------------------------------------------------------------------------------------------------


def _common_take(tables: list[_Table], notes: list[str]) -> int:
    """Rule 3 of the module: N, or 0."""
    lengths = {length for table in tables if len(table.blocks) > 1 for length in table.blocks}
    single = [table for table in tables if len(table.blocks) == 1]
    if len(lengths) != 1 or not single:
        return 0
    (length,) = lengths
    if any(table.blocks[0] % length for table in single):
        return 0
    cut = [table.member.path.name for table in single if table.blocks[0] > length]
    if cut:
        notes.append(
            f"takes of {length} rows: files with blank lines have them, so {', '.join(cut)}, whose row counts are "
            f"multiples of {length}, are cut there too"
        )
    return length


def _takes(table: _Table, length: int, source: Source, options: ImportOptions) -> list[Recording]:
    rate_hz = need_rate(source, options, table.rate_hz)
    channels = channels_of(table.names, table.units)
    path = table.member.path
    label = options.label
    if not label and table.labels is None:
        label = path.stem if options.label_from == "file" else path.parent.name
        if not label:
            raise DataError(table.member.place, "is in no folder to take its label from", "give --label")
    if table.labels is not None and len(set(table.labels)) > _MOST_LABELS:
        raise DataError(
            table.member.place, f"has {len(set(table.labels))} different labels", "a column called label holds classes"
        )
    named = _NAMED.match(path.stem)
    placement = _PLACEMENTS.get(named["placement"].lower(), named["placement"]) if named else ""
    who = named["subject"] if named else person_of(path)
    samples = as_float32(table.values, table.member.place)
    recordings: list[Recording] = []
    start = 0
    for rows in table.blocks:
        step = length or rows
        if rows % step:
            raise DataError(
                table.member.place,
                f"{rows} rows between blank lines are no multiple of {step}",
                "give another --take-samples, or separate the takes by blank lines",
            )
        for first in range(start, start + rows, step):
            last = first + step
            labels = None if table.labels is None else table.labels[first:last]
            same = labels is not None and len(set(labels)) == 1
            recordings.append(
                Recording(
                    samples=samples[first:last],
                    channels=channels,
                    rate_hz=rate_hz,
                    label=labels[0] if labels is not None and same else label,
                    subject=who or options.subject,
                    session=named["session"] if named else options.session,
                    board=options.board,
                    note=f"{table.member.name} rows {first + 1} to {last}",
                    sample_labels=None if same else labels,
                    placement=placement,
                    origin=f"{named['subject']}_{named['session']}" if named else "",
                    times_ms=table.clock.times_ms[first:last] if table.clock else None,
                )
            )
        start += rows
    return recordings


def _say_takes(tables: list[_Table], length: int, options: ImportOptions, notes: list[str]) -> None:
    if options.take_samples:
        return
    whole = [t.member.path.name for t in tables if len(t.blocks) == 1 and not length and t.labels is None]
    if whole:
        shown = ", ".join(whole[:5]) + (" ..." if len(whole) > 5 else "")
        notes.append(f"nothing separates takes in {shown}: each file is one recording; --take-samples cuts it")


def _say_numbered(paths: Sequence[PurePosixPath], options: ImportOptions, notes: list[str]) -> None:
    """Where files are called ``stop_1``, ``stop_2``, say that each number became a class."""
    if options.label or options.label_from == "folder":
        return
    matches = [_NUMBERED.match(path.stem) for path in paths if not person_of(path)]
    stems = sorted({(match["label"], match[0]) for match in matches if match is not None})
    labels = [label for label, _ in stems]
    commonest = max(sorted(set(labels)), key=labels.count, default="")
    numbered = [name for label, name in stems if label == commonest]
    if len(numbered) > 2:
        shown, ids = ", ".join(numbered[:3]), re.sub(r"[^A-Za-z0-9_-]", "?", commonest) + "?[0-9]*"
        notes.append(
            f"each of {shown} ... is a class of its own; if they are takes of one class: "
            f"`tinyforge dataset relabel '{ids}' --label {shlex.quote(commonest)}`"
        )


def _say_classes(tables: list[_Table], options: ImportOptions, notes: list[str]) -> None:
    """Where folders look like classes and files like takes, say how to have it so."""
    paths = [table.member.path for table in tables if table.labels is None]
    _say_numbered(paths, options, notes)
    folders = sorted({path.parent.name for path in paths if path.parent.name and not person_of(path)})
    if options.label or options.label_from == "folder" or not 1 < len(folders) < len(paths):
        return
    if all(len([path for path in paths if path.parent.name == folder]) > 1 for folder in folders):
        shown = ", ".join(folders[:5]) + (" ..." if len(folders) > 5 else "")
        notes.append(f"classes are the names of files; --label-from folder takes those of their folders: {shown}")
