"""Edge Impulse's exports: files of the data acquisition format, JSON or CBOR, with ``info.labels`` beside them.

A file is ``{"protected": ..., "signature": ..., "payload": {"device_name", "device_type", "interval_ms", "sensors":
[{"name", "units"}], "values": [[...], ...]}}``; the signature cannot be checked without its key. The label is not in
it: ``info.labels`` says it (also labels that change inside a recording), else the file's name up to the first dot.
See https://docs.edgeimpulse.com/reference/data-acquisition-format and .../info-labels.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import cbor2
import numpy as np

from tinyforge.core.errors import DataError
from tinyforge.core.types import Float64Array, Recording
from tinyforge.dataset.importers.base import ImportOptions, ImportResult
from tinyforge.dataset.importers.common import as_float32, canonical_name, channels_of, given_units, settle_units
from tinyforge.dataset.importers.source import Member, Source
from tinyforge.dataset.units import normal_unit

name = "edge-impulse"
description = "Edge Impulse export: data acquisition files in JSON or CBOR, with info.labels"

INFO = "info.labels"
_NO_UNIT = ("n/a", "na", "")


def _is_sample(member: Member) -> bool:
    if member.path.suffix.lower() not in {".json", ".cbor"}:
        return False
    head = member.head(4096)
    return b"interval_ms" in head and b"payload" in head


def sniff(source: Source) -> float:
    """0.95 when a file looks like the data acquisition format."""
    return 0.95 if any(_is_sample(member) for member in source.members) else 0.0


def read(source: Source, options: ImportOptions) -> ImportResult:
    """Read every acquisition file.

    Raises:
        DataError: a file is damaged, or its declared unit contradicts gravity; with file and reason.
    """
    members = [member for member in source.members if _is_sample(member)]
    if not members:
        raise DataError(source.place, "holds no file of Edge Impulse's data acquisition format", "give the export")
    labels = _info(source)
    notes: list[str] = []
    if not labels and not options.label:
        notes.append(f"there is no {INFO}: labels are the files' names up to the first dot")
    total, done = sum(member.length_bytes for member in members), 0
    recordings = []
    for member in members:
        recordings.append(_recording(member, labels, options, notes))
        done += member.length_bytes
        if options.on_progress:
            options.on_progress(done, total)
    return ImportResult(recordings, name, list(dict.fromkeys(notes)))


def _info(source: Source) -> dict[str, Mapping[str, Any]]:
    """The entries of ``info.labels`` by path."""
    entries: dict[str, Mapping[str, Any]] = {}
    for member in source.members:
        if member.path.name != INFO:
            continue
        document = _parsed(member)
        files = document.get("files") if isinstance(document, dict) else None
        if not isinstance(files, list):
            raise DataError(member.place, "has no list of files", "export the project again")
        for k, entry in enumerate(files):
            if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
                raise DataError(f"{member.place}: files[{k}]", "has no path", "export the project again")
            entries[(member.path.parent / entry["path"]).as_posix()] = entry
    return entries


def _parsed(member: Member) -> Any:
    data = member.read()
    try:
        if member.path.suffix.lower() == ".cbor":
            return cbor2.loads(data)
        return json.loads(data)
    except UnicodeDecodeError as error:
        raise DataError(member.place, f"is not UTF-8: byte {error.start}", "export it again") from error
    except json.JSONDecodeError as error:
        raise DataError(f"{member.place}:{error.lineno}", f"is no JSON: {error.msg}", "export it again") from error
    except (cbor2.CBORDecodeError, RecursionError, ValueError, OverflowError, MemoryError, TypeError) as error:
        raise DataError(member.place, f"is damaged: {type(error).__name__}", "export it again") from error


def _recording(
    member: Member, labels: Mapping[str, Mapping[str, Any]], options: ImportOptions, notes: list[str]
) -> Recording:
    place = member.place
    document = _parsed(member)
    payload = document.get("payload") if isinstance(document, dict) else None
    if not isinstance(payload, dict):
        raise DataError(place, "has no payload", "export it again")
    names, stated = _sensors(payload, place)
    if options.columns:
        if len(options.columns) != len(names):
            raise DataError(place, f"has {len(names)} sensors, {len(options.columns)} names were given", "name each")
        names = tuple(canonical_name(title) for title in options.columns)
    values = _values(payload, len(names), place)
    units, note = settle_units(names, given_units(names, stated, options, place), values, place)
    if note:
        notes.append(note)
    entry = labels.get(member.name, {})
    metadata = entry.get("metadata")
    said = {key: str(value) for key, value in metadata.items()} if isinstance(metadata, dict) else {}
    label, sample_labels = _label(member, entry, len(values), options)
    return Recording(
        samples=as_float32(values, place),
        channels=channels_of(names, units),
        rate_hz=_rate(payload, said, options, place),
        label=label,
        subject=said.get("subject", options.subject),
        session=said.get("session", options.session),
        board=said.get("board", options.board or (str(payload.get("device_type", "")) if not metadata else "")),
        placement=said.get("placement", ""),
        origin=said.get("origin", ""),
        note=said.get("note", member.name),
        dropped=int(said["dropped"]) if said.get("dropped", "").isdigit() else 0,
        sample_labels=sample_labels,
        times_ms=_times(payload, len(values), place),
    )


def _sensors(payload: Mapping[str, Any], place: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    sensors = payload.get("sensors")
    if not isinstance(sensors, list) or not sensors:
        raise DataError(place, "payload.sensors is no list of sensors", "export it again")
    names: list[str] = []
    units: list[str] = []
    for k, sensor in enumerate(sensors):
        title = sensor.get("name") if isinstance(sensor, dict) else None
        if not isinstance(title, str) or not title:
            raise DataError(f"{place}: payload.sensors[{k}]", "has no name", "export it again")
        unit = str(sensor.get("units", ""))
        channel = canonical_name(title)
        if channel in names:
            raise DataError(f"{place}: payload.sensors[{k}]", f"a second sensor is called {channel}", "rename it")
        names.append(channel)
        units.append("" if unit.lower() in _NO_UNIT else normal_unit(unit))
    return tuple(names), tuple(units)


def _values(payload: Mapping[str, Any], columns: int, place: str) -> Float64Array:
    rows = payload.get("values")
    if not isinstance(rows, list) or not rows:
        raise DataError(place, "payload.values holds no samples", "export it again")
    if columns == 1 and not isinstance(rows[0], list):
        rows = [[value] for value in rows]
    table = _regular(rows, columns)
    if table is not None:
        return table
    for k, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != columns:
            count = len(row) if isinstance(row, list) else 1
            raise DataError(
                f"{place}: payload.values[{k}]", f"{count} numbers where {columns} belong", "export it again"
            )
        for value in row:
            if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
                raise DataError(f"{place}: payload.values[{k}]", f"{str(value)[:40]} is no finite number", "repair it")
    return np.array(rows, dtype=np.float64)


def _regular(rows: list[Any], columns: int) -> Float64Array | None:
    """The rows, quickly; None when anything at all is out of the ordinary."""
    if {type(row) for row in rows} != {list}:
        return None
    kinds = {type(value) for row in rows for value in row}
    if not kinds <= {int, float} or any(len(row) != columns for row in rows):
        return None
    try:
        table = np.array(rows, dtype=np.float64)
    except OverflowError:
        return None
    return table if np.isfinite(table).all() else None


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond every float
        return False


def _rate(payload: Mapping[str, Any], said: Mapping[str, str], options: ImportOptions, place: str) -> float:
    interval = payload.get("interval_ms")
    if isinstance(interval, bool) or not isinstance(interval, int | float) or not 0 < interval < 1e9:
        raise DataError(place, f"payload.interval_ms is {str(interval)[:40]}", "it must be above 0")
    rate_hz = 1000.0 / interval
    if options.rate_hz:
        if abs(options.rate_hz / rate_hz - 1) > 0.01:
            raise DataError(place, f"was recorded at {rate_hz:g} Hz, not {options.rate_hz:g}", "leave --rate out")
        return float(options.rate_hz)
    try:
        exact = float(said.get("rate_hz", ""))
    except ValueError:
        exact = round(rate_hz, 3)
    return exact if abs(exact / rate_hz - 1) < 1e-6 else rate_hz


def _times(payload: Mapping[str, Any], count: int, place: str) -> Float64Array | None:
    """Times of uneven samples, which our own exports carry beside the values."""
    times = payload.get("times_ms")
    if times is None:
        return None
    good = isinstance(times, list) and all(
        isinstance(t, int | float) and not isinstance(t, bool) and _finite(t) for t in times
    )
    if not good or len(times) != count:
        raise DataError(place, f"payload.times_ms is no list of {count} numbers", "export it again")
    return np.array(times, dtype=np.float64)


def _label(
    member: Member, entry: Mapping[str, Any], count: int, options: ImportOptions
) -> tuple[str, tuple[str, ...] | None]:
    if options.label:
        return options.label, None
    label = entry.get("label")
    if isinstance(label, dict):
        if label.get("type") == "multi-label":
            metadata = entry.get("metadata")
            whole = metadata.get("label", "") if isinstance(metadata, dict) else ""
            return str(whole), _multi_label(label.get("labels"), count, member.place)
        if label.get("type") == "label" and isinstance(label.get("label"), str):
            return label["label"], None
        if label.get("type") == "unlabeled":
            return "", None
    if options.label_from == "folder":
        return member.path.parent.name, None
    return member.path.name.split(".")[0], None


def _multi_label(runs: Any, count: int, place: str) -> tuple[str, ...]:
    """Labels of samples from runs; the end of a run counts to it."""
    labels = [""] * count
    if not isinstance(runs, Sequence):
        raise DataError(place, f"{INFO} has no list of labels for it", "export it again")
    for run in runs:
        if (
            not isinstance(run, dict)
            or not isinstance(run.get("label"), str)
            or not all(isinstance(run.get(key), int) for key in ("startIndex", "endIndex"))
            or not 0 <= run["startIndex"] <= run["endIndex"] < count
        ):
            raise DataError(place, f"{INFO} gives it the run {str(run)[:60]}", f"it has {count} samples")
        first, last = run["startIndex"], run["endIndex"] + 1
        labels[first:last] = [run["label"]] * (last - first)
    return tuple(labels)
