"""Logs of TensorFlow's magic wand example: a serial terminal's captures of ``x,y,z`` rows at 25 Hz.

A take begins with a line ``-,-,-``. Files are called ``output_<gesture>_<person>.txt``; a number in place of the person
says nobody. Around the rows stands what the terminal wrote (escape sequences, status lines), which is left out. The
unit is not written anywhere: files of the public set are in g or in milli-g, and gravity says which.
"""

from __future__ import annotations

import re

import numpy as np

from tinyforge.core.errors import DataError
from tinyforge.core.types import Float64Array, Recording
from tinyforge.dataset.importers.base import ImportOptions, ImportResult
from tinyforge.dataset.importers.common import as_float32, channels_of, given_units, settle_units
from tinyforge.dataset.importers.source import Member, Source
from tinyforge.dataset.units import ACCELERATION

name = "magic-wand"
description = "logs of TensorFlow's magic wand example: takes begin with -,-,-"

_RATE_HZ = 25.0  # as the example's documentation says
_START = re.compile(rb"^[ \t]*-,-,-[ \t]*$", re.MULTILINE)
_ROW = re.compile(rb"^[ \\]*(-?\d+(?:\.\d*)?),[ ]*(-?\d+(?:\.\d*)?),[ ]*(-?\d+(?:\.\d*)?)[ \t]*$")
_ALMOST = re.compile(rb"^[-+0-9., ]*\d[-+0-9., ]*,[-+0-9., ]*$|^[^,\x1b]*\b(?:nan|inf)\b[^,\x1b]*,", re.IGNORECASE)
_PARTS = re.compile(r"^output_(?P<label>[^_]+)_(?P<who>.+)$")


def _logs(source: Source) -> list[Member]:
    members = [m for m in source.members if m.path.suffix.lower() in {".txt", ".log"}]
    return [m for m in members if _START.search(m.head(65536).replace(b"\r", b""))]


def sniff(source: Source) -> float:
    """0.9 when a text has the line that begins a take."""
    return 0.9 if _logs(source) else 0.0


def read(source: Source, options: ImportOptions) -> ImportResult:
    """Read every take of every log.

    Raises:
        DataError: no log, or a row that is none; with file and line.
    """
    members = _logs(source)
    if not members:
        raise DataError(source.place, "holds no log with a line -,-,-", "give the folder or zip of the logs")
    recordings: list[Recording] = []
    notes = [] if options.rate_hz else [f"the logs do not say their rate: {_RATE_HZ:g} Hz, as the example documents"]
    for member in members:
        recordings += _log(member, options, notes)
    return ImportResult(recordings, name, notes)


def _log(member: Member, options: ImportOptions, notes: list[str]) -> list[Recording]:
    takes = _takes(member)
    empty = sum(not rows for rows in takes)
    if empty:
        notes.append(f"{member.name}: {empty} of {len(takes)} takes have no rows and are left out")
    arrays = [np.array(rows, dtype=np.float64) for rows in takes if rows]
    if not arrays:
        return []
    stated = given_units(ACCELERATION, ("", "", ""), options, member.place)
    units, note = settle_units(ACCELERATION, stated, np.concatenate(arrays), member.place)
    if note:
        notes.append(f"{member.name}: {note}")
    match = _PARTS.match(member.path.stem)
    label = options.label or (match["label"] if match else member.path.parent.name or member.path.stem)
    who = match["who"] if match else ""
    return [
        _recording(array, units, label, who if who.isalpha() else options.subject, member, options, k)
        for k, array in enumerate(arrays, 1)
    ]


def _recording(
    array: Float64Array, units: tuple[str, ...], label: str, who: str, member: Member, options: ImportOptions, take: int
) -> Recording:
    return Recording(
        samples=as_float32(array, member.place),
        channels=channels_of(ACCELERATION, units),
        rate_hz=options.rate_hz or _RATE_HZ,
        label=label,
        subject=who,
        session=options.session,
        board=options.board,
        note=f"{member.name} take {take}",
    )


def _takes(member: Member) -> list[list[tuple[float, ...]]]:
    takes: list[list[tuple[float, ...]]] = []
    data = member.read().replace(b"\r\n", b"\n").replace(b"\r", b"")
    for number, line in enumerate(data.split(b"\n"), 1):
        if _START.match(line):
            takes.append([])
        elif match := _ROW.match(line):
            if takes:
                takes[-1].append(tuple(float(text) for text in match.groups()))
        elif takes and _ALMOST.match(line):
            shown = line[:40].decode("utf-8", "replace")
            raise DataError(f"{member.place}:{number}", f"{shown!r} is no row of x,y,z", "repair or delete the line")
    return takes
