"""The ``.ts`` files of sktime and of the UEA and UCR archives: a line is a series, its dimensions apart by colons.

::

    @problemName BasicMotions
    @dimensions 6
    @classLabel true Standing Running Walking Badminton
    @data
    0.07,0.08,-0.90:0.39,0.39,-0.25: ... :Standing

The format has no rate and no units. Three dimensions are taken for ax ay az, six for ax ... gz, if gravity is in them
(which gives the unit, too); else they are called dim_0, dim_1 ..., unless ``--columns`` names them.
"""

from __future__ import annotations

import numpy as np

from tinyforge.core.errors import DataError
from tinyforge.core.recording_csv import parse_table
from tinyforge.core.types import IMU_CHANNELS, Float64Array, Recording
from tinyforge.dataset.importers.base import ImportOptions, ImportResult
from tinyforge.dataset.importers.common import (
    COLUMN_LIMIT,
    as_float32,
    canonical_name,
    channels_of,
    given_units,
    need_rate,
    settle_units,
    text_of,
)
from tinyforge.dataset.importers.source import Member, Source
from tinyforge.dataset.units import check_gravity

name = "ts"
description = ".ts files of sktime and the UEA/UCR archives"

_KEYS = (
    "problemname", "timestamps", "missing", "univariate", "dimension", "dimensions",
    "equallength", "serieslength", "classlabel", "targetlabel", "data",
)  # fmt: skip


def sniff(source: Source) -> float:
    """0.95 when a file ends in .ts and has a line of the format's header."""
    return 0.95 if any(_is_ts(member) for member in source.members) else 0.0


def _is_ts(member: Member) -> bool:
    return member.path.suffix.lower() == ".ts" and b"@" in member.head(16384)


def read(source: Source, options: ImportOptions) -> ImportResult:
    """Read every series.

    Raises:
        DataError: the header or a line is damaged, values are missing, or the rate is not known; with file and line.
    """
    members = [member for member in source.members if member.path.suffix.lower() == ".ts"]
    if not members:
        raise DataError(source.place, "holds no .ts file", "give the file or its folder")
    rate_hz = need_rate(source, options)
    recordings: list[Recording] = []
    notes: list[str] = []
    for member in members:
        recordings += _file(member, options, rate_hz, notes)
    return ImportResult(recordings, name, list(dict.fromkeys(notes)))


def _file(member: Member, options: ImportOptions, rate_hz: float, notes: list[str]) -> list[Recording]:
    lines = text_of(member).decode().split("\n")
    said, start = _header(lines, member.place)
    labelled = said.get("classlabel", "true").lower().startswith("true")
    if said.get("timestamps", "false").lower() == "true":
        raise DataError(member.place, "has time stamps inside its series", "convert it to CSV with a column of time")
    series: list[tuple[Float64Array, str]] = []
    for number, line in enumerate(lines[start:], start + 1):
        if line.strip() and not line.startswith("#"):
            series.append(_series(line, f"{member.place}:{number}", labelled=labelled))
    if not series:
        raise DataError(member.place, "has no series after @data", "fetch it again")
    columns = series[0][0].shape[1]
    for k, (values, _) in enumerate(series, 1):
        if values.shape[1] != columns:
            raise DataError(
                member.place, f"series {k} has {values.shape[1]} dimensions, the first {columns}", "fetch it again"
            )
    names, units, note = _channels([values for values, _ in series], options, member.place)
    if note:
        notes.append(f"{member.name}: {note}")
    return [
        Recording(
            samples=as_float32(values, member.place),
            channels=channels_of(names, units),
            rate_hz=rate_hz,
            label=options.label or label,
            subject=options.subject,
            session=options.session,
            board=options.board,
            note=f"{member.name} series {k}",
        )
        for k, (values, label) in enumerate(series, 1)
    ]


def _header(lines: list[str], place: str) -> tuple[dict[str, str], int]:
    """Its keys, lower case, and how many lines it has."""
    said: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith(("#", "%")):
            continue
        if not line.startswith("@"):
            raise DataError(f"{place}:{number}", f"{line[:40]!r} stands before @data", "fetch it again")
        key, _, value = line[1:].strip().partition(" ")
        if key.lower() not in _KEYS:
            raise DataError(f"{place}:{number}", f"unknown key @{key[:40]}", "fetch it again")
        if key.lower() == "data":
            return said, number
        said[key.lower()] = value.strip()
    raise DataError(place, "has no @data", "fetch it again")


def _series(line: str, place: str, *, labelled: bool) -> tuple[Float64Array, str]:
    parts = line.strip().split(":")
    label = parts.pop().strip() if labelled else ""
    if not parts:
        raise DataError(place, "has a label and no dimensions", "fetch it again")
    if len(parts) > COLUMN_LIMIT:
        raise DataError(place, f"has {len(parts)} dimensions, more than {COLUMN_LIMIT}", "no recording has so many")
    if any("?" in part for part in parts):
        raise DataError(place, "has missing values (?)", "leave the series out, or fill them in knowingly")
    lengths = [part.count(",") + 1 for part in parts]
    for k, length in enumerate(lengths):
        if length != lengths[0]:
            raise DataError(
                place, f"dimension {k} has {length} values, dimension 0 has {lengths[0]}", "leave the series out"
            )
    columns = []
    for part in parts:
        text = part.replace(",", "\n")
        if text.count("\n") + 1 != len([one for one in text.split("\n") if one.strip()]):
            raise DataError(place, "has an empty value", "leave the series out")
        try:
            columns.append(parse_table(text.encode(), 1, place)[:, 0])
        except DataError as error:
            raise DataError(place, error.fact, "leave the series out") from error
    return np.stack(columns, axis=1), label


def _channels(
    series: list[Float64Array], options: ImportOptions, place: str
) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    columns, values = series[0].shape[1], np.concatenate(series)
    if options.columns:
        if len(options.columns) != columns:
            raise DataError(place, f"has {columns} dimensions, {len(options.columns)} names were given", "name each")
        names = tuple(canonical_name(title) for title in options.columns)
        return names, *settle_units(names, given_units(names, ("",) * columns, options, place), values, place)
    if columns in {3, 6}:
        names = tuple(c.name for c in IMU_CHANNELS[:columns])
        stated = given_units(names, ("",) * columns, options, place)
        try:
            units, note = settle_units(names, stated, values, place)
            for one in series:  # the median of all may be that of gravity by chance
                check_gravity(one[:, :3], units[:3], place)
        except DataError:
            if options.units:
                raise
        else:
            return names, units, note
    names = tuple(f"dim_{k}" for k in range(columns))
    return (
        names,
        given_units(names, ("",) * columns, options, place),
        f"no gravity is in the {columns} dimensions, so their meaning is unknown: {names[0]} ... {names[-1]}, no units",
    )
