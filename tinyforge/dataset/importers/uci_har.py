"""The folder layout of the UCI HAR data set ("Human Activity Recognition Using Smartphones", UCI repository 240).

::

    UCI HAR Dataset/activity_labels.txt
    UCI HAR Dataset/{train,test}/{y,subject}_{train,test}.txt
    UCI HAR Dataset/{train,test}/Inertial Signals/{body_acc,body_gyro,total_acc}_{x,y,z}_{train,test}.txt

A line of a signal is a window of 128 samples at 50 Hz, accelerations in g (total_acc: with gravity), angular rates in
rad/s. Windows overlap by half: each becomes a recording, and windows that carry on one another's samples share an
``origin``, so that no split puts two of them on different sides.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import numpy as np

from tinyforge.core.errors import DataError
from tinyforge.core.recording_csv import parse_table
from tinyforge.core.types import Channel, Float64Array, Recording
from tinyforge.dataset.importers.base import ImportOptions, ImportResult
from tinyforge.dataset.importers.common import as_float32, settle_units, text_of
from tinyforge.dataset.importers.source import Member, Source

name = "uci-har"
description = "UCI HAR layout: windows of 128 samples at 50 Hz in Inertial Signals/"

_RATE_HZ = 50.0
_SIGNALS = {"total_acc": ("a", "g"), "body_gyro": ("g", "rad/s"), "body_acc": ("body_a", "g")}
_FOLDER = "Inertial Signals"


def sniff(source: Source) -> float:
    """1 when there is a folder ``Inertial Signals``."""
    return 1.0 if any(member.path.parent.name == _FOLDER for member in source.members) else 0.0


def read(source: Source, options: ImportOptions) -> ImportResult:
    """Read every window.

    Raises:
        DataError: a file is missing, damaged, or of another length than the rest; with file and line.
    """
    files = {member.name: member for member in source.members}
    folders = sorted({member.path.parent for member in source.members if member.path.parent.name == _FOLDER})
    if not folders:
        raise DataError(source.place, f"has no folder {_FOLDER}", "give the folder or zip of the whole set")
    recordings: list[Recording] = []
    notes: list[str] = []
    for folder in folders:
        side = folder.parent.name
        windows = _side(files, folder, side, source, options)
        recordings += windows
        runs = len({one.origin for one in windows})
        notes.append(
            f"{side}: {len(windows)} windows; those that overlap share an origin, {runs} in all, and are never split"
        )
    return ImportResult(recordings, name, notes)


def _side(
    files: dict[str, Member], folder: PurePosixPath, side: str, source: Source, options: ImportOptions
) -> list[Recording]:
    signals, channels = _signals(files, folder, side)
    if not channels:
        raise DataError(f"{source.place}:{folder}", "holds no signal of the layout", f"such as total_acc_x_{side}.txt")
    count = len(signals[0])
    labels = _names(files, folder, _column(files, folder, "y", side, count, source))
    subjects = _column(files, folder, "subject", side, count, source)
    samples = np.stack(signals, axis=2)  # [window, time, channel]
    columns = [c.name for c in channels]
    settle_units(columns, [c.unit for c in channels], samples.reshape(-1, len(columns)), f"{source.place}:{folder}")
    origins = _origins(samples, subjects, side)
    return [
        Recording(
            samples=as_float32(samples[k], f"{source.place}:{folder}"),
            channels=channels,
            rate_hz=options.rate_hz or _RATE_HZ,
            label=options.label or labels[k],
            subject=subjects[k],
            session=options.session,
            board=options.board,
            origin=origins[k],
            note=f"{side} window {k + 1}",
        )
        for k in range(count)
    ]


def _signals(
    files: dict[str, Member], folder: PurePosixPath, side: str
) -> tuple[list[Float64Array], tuple[Channel, ...]]:
    signals: list[Float64Array] = []
    channels: list[Channel] = []
    for stem, (prefix, unit) in _SIGNALS.items():
        for axis in "xyz":
            member = files.get((folder / f"{stem}_{axis}_{side}.txt").as_posix())
            if member is None:
                continue
            body = text_of(member)
            width = len(body.split(b"\n", 1)[0].split())
            if not 1 < width <= 1 << 16:
                raise DataError(member.place, f"has {width} columns", "a line is a window")
            table = parse_table(body, width, member.place, delimiter=b" ")
            if signals and table.shape != signals[0].shape:
                raise DataError(
                    member.place,
                    f"has {table.shape[0]} windows of {table.shape[1]}, the others {signals[0].shape[0]} of "
                    f"{signals[0].shape[1]}",
                    "fetch the set again",
                )
            signals.append(table)
            channels.append(Channel(prefix + axis, unit))
    return signals, tuple(channels)


def _column(
    files: dict[str, Member], folder: PurePosixPath, stem: str, side: str, count: int, source: Source
) -> list[str]:
    """The number on each line of ``stem_side.txt``, as text."""
    path = (folder.parent / f"{stem}_{side}.txt").as_posix()
    member = files.get(path)
    if member is None:
        raise DataError(f"{source.place}:{path}", "is missing", "fetch the set again")
    lines = text_of(member).decode().split()
    for k, line in enumerate(lines, 1):
        if not line.isdigit():
            raise DataError(f"{member.place}:{k}", f"{line[:40]!r} is no whole number", "fetch the set again")
    if len(lines) != count:
        raise DataError(member.place, f"has {len(lines)} lines for {count} windows", "fetch the set again")
    return lines


def _names(files: dict[str, Member], folder: PurePosixPath, numbers: list[str]) -> list[str]:
    path = (folder.parent.parent / "activity_labels.txt").as_posix()
    member = files.get(path)
    if member is None:
        return numbers
    found = dict(re.findall(r"^\s*(\d+)\s+(\S+)\s*$", text_of(member).decode(), re.MULTILINE))
    for number in sorted(set(numbers)):
        if number not in found:
            raise DataError(member.place, f"has no name for activity {number}", "fetch the set again")
    return [found[number] for number in numbers]


def _origins(samples: Float64Array, subjects: list[str], side: str) -> list[str]:
    """A name for each run of windows in which one begins with the second half of the one before."""
    half = samples.shape[1] // 2
    origins: list[str] = []
    run = 0
    for k in range(len(samples)):
        if k == 0 or subjects[k] != subjects[k - 1] or not np.array_equal(samples[k, :half], samples[k - 1, -half:]):
            run += 1
        origins.append(f"{side} run {run}")
    return origins
