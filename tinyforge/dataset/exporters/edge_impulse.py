"""A folder for Edge Impulse: data acquisition JSON and ``info.labels`` (``edge-impulse-uploader --info-file``).

The files are not signed (``"alg": "none"``). What the format has no place for stands in the ``metadata`` of
``info.labels``, which Edge Impulse keeps and shows.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tinyforge.core.files import write_bytes, write_json
from tinyforge.core.recording_csv import canonical, table_bytes
from tinyforge.core.types import Recording

_UNITS = {"m/s^2": "m/s2", "": "N/A"}
_METADATA = ("subject", "session", "board", "placement", "origin", "note")
FOLDER = "training"
_MINUS_ZERO = re.compile(rb"(?<![^,\n])-0(?![^,\n])")  # JSON readers take -0 for the whole number 0


def write(path: Path, names: Sequence[str], recordings: Sequence[Recording]) -> list[Path]:
    """Write ``<path>/training/<name>.json`` for each recording, and ``<path>/info.labels``.

    Raises:
        DataError: a sample is not finite.
        UsageError: the folder cannot be written.
    """
    made: list[Path] = []
    entries = []
    for name, given in zip(names, recordings, strict=True):
        recording = canonical(given)
        file = path / FOLDER / f"{name}.json"
        write_bytes(file, _document(recording))
        made.append(file)
        entries.append(_entry(name, recording))
    info = path / "info.labels"
    write_json(info, {"version": 1, "files": entries})
    return [*made, info]


def _document(recording: Recording) -> bytes:
    payload: dict[str, Any] = {
        "device_type": recording.board or "UNKNOWN",
        "interval_ms": 1000.0 / recording.rate_hz,
        "sensors": [{"name": c.name, "units": _UNITS.get(c.unit, c.unit)} for c in recording.channels],
    }
    if recording.times_ms is not None:
        payload["times_ms"] = recording.times_ms.tolist()
    head = json.dumps({"protected": {"ver": "v1", "alg": "none"}, "signature": "0" * 64, "payload": payload})
    rows = table_bytes(list(recording.samples.T)).rstrip(b"\n")
    rows = _MINUS_ZERO.sub(b"-0.0", rows).replace(b"\n", b"],[")
    values = b"[[" + rows + b"]]" if rows else b"[]"
    return head.removesuffix("}}").encode() + b', "values": ' + values + b"}}\n"


def _entry(name: str, recording: Recording) -> dict[str, Any]:
    metadata = {key: getattr(recording, key) for key in _METADATA}
    metadata |= {"rate_hz": repr(float(recording.rate_hz)), "dropped": str(int(recording.dropped))}
    label: dict[str, Any] = {"type": "label", "label": recording.label}
    if recording.sample_labels is not None:
        runs, start = [], 0
        for key, run in itertools.groupby(recording.sample_labels):
            end = start + len(list(run))
            runs.append({"label": key, "startIndex": start, "endIndex": end - 1})
            start = end
        label = {"type": "multi-label", "labels": runs}
        metadata["label"] = recording.label
    return {
        "path": f"{FOLDER}/{name}.json",
        "name": name,
        "category": FOLDER,
        "label": label,
        "metadata": metadata,
    }
