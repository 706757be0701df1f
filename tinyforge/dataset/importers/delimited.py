"""Plain tables of numbers: comma, semicolon, tab or space separated, with or without a header.

How a file is read
    *Separator*: a semicolon if the first line of numbers has one (a comma is then the decimal point), else a tab,
    else a comma, else white space.
    *Header*: the first line is one when a field of it is no number. Names such as ``aX``, ``acc_x``, ``gyro.z [rad/s]``
    become ax ... gz; others stay as they are. Without a header six columns are ax ay az gx gy gz and three ax ay az.
    *Units*: in brackets after the name, or given; else g and degrees a second are assumed, which the median of |a| must
    bear out: gravity is always in it.
    *Rate*: given, or in a comment line ``# rate_hz: 119`` above the header. It is never guessed.
    *Columns of time* (time, timestamp, t, ms ...) are left out.

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
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyforge.core.errors import DataError
from tinyforge.core.recording_csv import MAGIC, parse_table
from tinyforge.core.types import IMU_CHANNELS, Channel, Float64Array, Recording
from tinyforge.dataset.importers.base import ImportOptions, ImportResult
from tinyforge.dataset.importers.source import Member, Source
from tinyforge.dataset.units import ACCELERATION, ANGULAR_RATE, check_gravity, normal_unit

name = "csv"
description = "CSV or TSV, with or without header; takes separated by blank lines or of fixed length"

_ENDINGS = (".csv", ".tsv", ".txt")
_NOT_DATA = re.compile(r"^(readme|licen[cs]e|copying|notice|changelog)", re.IGNORECASE)
_NUMBER = re.compile(rb"\s*[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?\s*|\s*[+-]?(nan|inf|infinity)\s*", re.IGNORECASE)
_ACCEL_WORD, _GYRO_WORD = "a|acc|accel|accelerometer|acceleration", "g|gyr|gyro|gyroscope|w|omega|rot|rotation"
_AXIS = re.compile(
    rf"^(?:({_ACCEL_WORD})|({_GYRO_WORD}))[ _.-]?([xyz])$|^([xyz])[ _.-]?(?:({_ACCEL_WORD})|({_GYRO_WORD}))$"
)
_UNIT = re.compile(r"^(.*?)\s*[\[(]([^\])]*)[\])]$")
_TIME = re.compile(r"^(t|time|times?tamp|seconds?|ms|us|millis|micros|index|sample|counter)([ _.-]?(s|ms|us|ns))?$")
_RATE = re.compile(rb"^#\s*(?:sample_?|sampling_?)?rate(?:_hz)?\s*[:=]\s*([0-9.]+)\s*(?:Hz)?\s*$", re.IGNORECASE)
_RATE_IN_TEXT = re.compile(r"\b(\d{1,4}(?:\.\d+)?)\s?Hz\b")
_BLANK = re.compile(rb"\n(?:[ \t]*\n)+")


@dataclass(frozen=True, slots=True)
class _Table:
    """One file, read.

    Attributes:
        values: float64 [row, column], columns of time left out.
        blocks: rows of each run of lines between blank lines.
        units: as the header says; empty where it does not.
        rate_hz: as a comment says; 0 where none does.
    """

    member: Member
    values: Float64Array
    blocks: tuple[int, ...]
    names: tuple[str, ...]
    units: tuple[str, ...]
    rate_hz: float


def _tables(source: Source) -> list[Member]:
    members = [m for m in source.members if m.path.suffix.lower() in _ENDINGS and not _NOT_DATA.match(m.path.name)]
    return [m for m in members if not m.head(len(MAGIC)).startswith(MAGIC)]


def sniff(source: Source) -> float:
    """0.5 when the first table has a line of numbers, 0.2 when there are only files with such an ending."""
    members = _tables(source)
    if not members:
        return 0.0
    lines = members[0].head(8192).split(b"\n")[:-1] or [members[0].head(8192)]
    return 0.5 if any(_is_numbers(line) for line in lines) else 0.2


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
    total = sum(member.length_bytes for member in members)
    done = 0
    tables = []
    for member in members:
        tables.append(_read_table(member, options))
        done += member.length_bytes
        if options.on_progress:
            options.on_progress(done, total)
    notes: list[str] = []
    _check_units(source, tables, options, notes)
    length = options.take_samples or _common_take(tables, notes)
    recordings = [one for table in tables for one in _takes(table, length, source, options)]
    _say_takes(tables, length, options, notes)
    return ImportResult(recordings, name, notes)


# -- one file ---------------------------------------------------------------------------------------------------------


def _read_table(member: Member, options: ImportOptions) -> _Table:
    data = _decoded(member)
    lines_before = 0
    rate_hz = 0.0
    while data.startswith(b"#") or (data and not data.split(b"\n", 1)[0].strip()):
        line, _, data = data.partition(b"\n")
        lines_before += 1
        if match := _RATE.match(line):
            rate_hz = _positive(match[1], f"{member.place}:{lines_before}")
    if not data.strip():
        raise DataError(member.place, "is empty", "delete the file or leave it out")
    first, _, rest = data.partition(b"\n")
    has_header = not _is_numbers(first)
    if has_header:
        lines_before += 1
        body = rest
        if not body.strip():
            raise DataError(member.place, "has a header and no samples", "delete the file or leave it out")
        shape = body.lstrip(b"\n \t").split(b"\n", 1)[0]
    else:
        body = data
        shape = first
    separator, decimal = _separator(shape)
    titles = _fields(first, separator) if has_header else None
    columns = len(_fields(shape, separator))
    if titles is not None and len(titles) != columns:
        raise DataError(
            f"{member.place}:{lines_before}",
            f"{len(titles)} titles over {columns} columns",
            "repair the header or delete it",
        )
    values = parse_table(body, columns, member.place, lines_before + 1, delimiter=separator, decimal=decimal)
    names, units, used = _channels(titles, columns, options, member.place)
    if len(used) != columns:
        values = values[:, used]
    return _Table(member, values, _blocks(body), names, units, rate_hz)


def _decoded(member: Member) -> bytes:
    """The content as ASCII-compatible bytes with bare line feeds, without a byte order mark."""
    data = member.read()
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise DataError(member.place, "is UTF-16", "save it as UTF-8")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise DataError(
                f"{member.place}:{line}", f"byte 0x{data[error.start]:02x} is not UTF-8", "save the file as UTF-8"
            ) from error
    zero = data.find(b"\x00")
    if zero >= 0:
        line = data.count(b"\n", 0, zero) + 1
        raise DataError(f"{member.place}:{line}", "has a zero byte: this is no text", "leave the file out")
    return data


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


def _channels(
    titles: Sequence[str] | None, columns: int, options: ImportOptions, place: str
) -> tuple[tuple[str, ...], tuple[str, ...], list[int]]:
    """Names and units of the channels, and which columns they are."""
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
                "write a header line such as ax,ay,az,gx,gy,gz above it",
            )
        return tuple(c.name for c in IMU_CHANNELS[:columns]), ("",) * columns, list(range(columns))
    names: list[str] = []
    units: list[str] = []
    used: list[int] = []
    for column, title in enumerate(titles):
        match = _UNIT.match(title)
        bare, unit = (match[1], match[2]) if match else (title, "")
        if _TIME.match(bare.lower()):
            continue
        canonical_name = _canonical_name(bare)
        if not canonical_name:
            raise DataError(place, f"column {column + 1} has no title", "give it one")
        if canonical_name in names:
            raise DataError(place, f"two columns are called {canonical_name}", "give each its own title")
        names.append(canonical_name)
        units.append(normal_unit(unit))
        used.append(column)
    if not names:
        raise DataError(place, "has no columns but time", "leave the file out")
    return tuple(names), tuple(units), used


def _canonical_name(title: str) -> str:
    match = _AXIS.match(title.lower())
    if match is None:
        return re.sub(r"[,\[\]\n]", "_", title)
    accel = match[1] or match[5]
    return ("a" if accel else "g") + (match[3] or match[4])


def _blocks(body: bytes) -> tuple[int, ...]:
    runs = _BLANK.split(body.strip(b"\n \t"))
    return tuple(run.count(b"\n") + 1 for run in runs)


# -- the set ----------------------------------------------------------------------------------------------------------


def _check_units(source: Source, tables: list[_Table], options: ImportOptions, notes: list[str]) -> None:
    """Say which units were assumed, and refuse units that gravity contradicts."""
    assumed = [table for table in tables if not options.units and not all(_units(table, options))]
    if assumed:
        notes.append("no units are stated: accelerations are taken as g, angular rates as degrees a second")
    seen: dict[tuple[str, ...], list[Float64Array]] = {}
    for table in tables:
        named = dict(zip(table.names, range(len(table.names)), strict=True))
        if all(axis in named for axis in ("ax", "ay", "az")):
            units = _channel_units(table, options)
            columns = [named[axis] for axis in ("ax", "ay", "az")]
            seen.setdefault(tuple(units[k] for k in columns), []).append(table.values[:, columns])
    for units, parts in seen.items():
        check_gravity(np.concatenate(parts), units, source.place, stated=not assumed)


def _units(table: _Table, options: ImportOptions) -> tuple[str, ...]:
    if not options.units:
        return table.units
    given = tuple(normal_unit(unit) for unit in options.units)
    if len(given) == len(table.names):
        return given
    if len(given) == 2:
        return tuple(given[0] if n in ACCELERATION else given[1] if n in ANGULAR_RATE else "" for n in table.names)
    raise DataError(
        table.member.place,
        f"{len(given)} units for {len(table.names)} columns",
        "give one a column, or two: of accelerations and of angular rates",
    )


def _channel_units(table: _Table, options: ImportOptions) -> tuple[str, ...]:
    default = {**dict.fromkeys(ACCELERATION, "g"), **dict.fromkeys(ANGULAR_RATE, "dps")}
    units = _units(table, options)
    return tuple(unit or default.get(channel, "") for channel, unit in zip(table.names, units, strict=True))


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
    rate_hz = options.rate_hz or table.rate_hz
    if not rate_hz:
        raise _no_rate(source)
    units = _channel_units(table, options)
    channels = tuple(Channel(name, unit) for name, unit in zip(table.names, units, strict=True))
    label = options.label
    if not label:
        path = table.member.path
        label = path.stem if options.label_from == "file" else path.parent.name
        if not label:
            raise DataError(table.member.place, "is in no folder to take its label from", "give --label")
    samples = table.values.astype(np.float32)
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
        recordings.extend(
            Recording(
                samples=samples[first : first + step],
                channels=channels,
                rate_hz=float(rate_hz),
                label=label,
                subject=options.subject,
                session=options.session,
                board=options.board,
                note=f"{table.member.name} rows {first + 1} to {first + step}",
            )
            for first in range(start, start + rows, step)
        )
        start += rows
    return recordings


def _no_rate(source: Source) -> DataError:
    rates: list[str] = []
    for member in source.members:
        if re.match("readme", member.path.name, re.IGNORECASE):
            text = member.head(65536).decode("utf-8", "replace")
            rates += [rate for rate in _RATE_IN_TEXT.findall(text) if rate not in rates]
    hint = f" (the README mentions {', '.join(rates[:3])} Hz)" if rates else ""
    return DataError(source.place, "does not say how many samples a second it has", f"give --rate{hint}")


def _say_takes(tables: list[_Table], length: int, options: ImportOptions, notes: list[str]) -> None:
    if options.take_samples:
        return
    whole = [table.member.path.name for table in tables if len(table.blocks) == 1 and not length]
    if whole:
        shown = ", ".join(whole[:5]) + (" ..." if len(whole) > 5 else "")
        notes.append(f"nothing separates takes in {shown}: each file is one recording; --take-samples cuts it")
