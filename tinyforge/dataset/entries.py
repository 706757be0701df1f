"""The lines of a store's manifest: a recording, an edit, or the undoing of one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from tinyforge.core.errors import DataError, did_you_mean
from tinyforge.core.facts import CaptureFacts, facts_from_json, facts_json
from tinyforge.core.types import Channel

RECORDINGS = "recordings"

_WAY_OUT = "restore the manifest, or delete it: it is made again from the files when the next recording is added"
_TEXTS = ("id", "file", "label", "subject", "session", "board", "note", "digest")
_KEYS = (
    "id",
    "file",
    "label",
    "subject",
    "session",
    "board",
    "rate_hz",
    "samples",
    "dropped",
    "channels",
    "note",
    "digest",
)
_EXTRA = ("placement", "origin", "sample_labels", "capture")  # written where they say something


@dataclass(frozen=True, slots=True)
class Entry:
    """What the store knows of a recording without opening it.

    Attributes:
        id: unique in the store and made from the content: the same recording has the same id everywhere.
        file: path relative to the store's folder, with ``/``.
        label, subject, session, board, rate_hz, dropped, channels, note, digest, placement, origin: as in `Recording`.
        samples: how many, a channel.
        sample_labels: the labels inside a recording labelled sample by sample, each once, sorted; else empty.
        facts: as in `Recording`: when and how it was recorded, where samples are missing; None for an imported one.
        listed: whether the manifest has it; a file whose writer was killed is not listed until the next one is added.
    """

    id: str
    file: str
    label: str
    subject: str
    session: str
    board: str
    rate_hz: float
    samples: int
    dropped: int
    channels: tuple[Channel, ...]
    note: str
    digest: str
    placement: str = ""
    origin: str = ""
    sample_labels: tuple[str, ...] = ()
    listed: bool = True
    facts: CaptureFacts | None = None

    @property
    def duration_s(self) -> float:
        """Length in seconds: samples / rate."""
        return self.samples / self.rate_hz

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label there is in it: that of the recording, or those of its samples."""
        return self.sample_labels or (self.label,)


@dataclass(frozen=True, slots=True)
class Edit:
    """A step that took recordings away and put others in their place.

    Attributes:
        what: for people: ``relabel stop-s01-6d0c1f2a3b4c: stop -> go``.
        removed: ids.
        added: entries.
        before: the store's digest before it.
    """

    what: str
    removed: tuple[str, ...]
    added: tuple[Entry, ...]
    before: str


@dataclass(frozen=True, slots=True)
class Removal:
    """A recording that `RecordingStore.remove` put aside.

    Attributes:
        id: its.
    """

    id: str


@dataclass(frozen=True, slots=True)
class Import:
    """A step that put in the recordings whose lines stand before it.

    Attributes:
        what: for people: ``import gestures.zip``.
        added: ids.
        before: the store's digest before it.
    """

    what: str
    added: tuple[str, ...]
    before: str


@dataclass(frozen=True, slots=True)
class Undo:
    """The last step that held does not hold any more.

    Attributes:
        what: that edit's.
    """

    what: str


Event = Entry | Edit | Import | Undo | Removal
"""What a line of the manifest says."""


def labels_of(runs: Iterable[Sequence[Any]]) -> tuple[str, ...]:
    """Each label of a header's runs once, sorted."""
    return tuple(sorted({str(run[0]) for run in runs}))


def line_of(event: Event) -> bytes:
    """The manifest's line of something that happened."""
    if isinstance(event, Entry):
        value: dict[str, Any] = _row(event)
    elif isinstance(event, Edit):
        value = {
            "edit": event.what,
            "removed": list(event.removed),
            "added": [_row(entry) for entry in event.added],
            "before": event.before,
        }
    elif isinstance(event, Import):
        value = {"import": event.what, "added": list(event.added), "before": event.before}
    elif isinstance(event, Removal):
        value = {"removed": event.id}
    else:
        value = {"undo": event.what}
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def _row(entry: Entry) -> dict[str, Any]:
    row: dict[str, Any] = {key: getattr(entry, key) for key in _KEYS}
    row["channels"] = [[c.name, c.unit] for c in entry.channels]
    for key in ("placement", "origin"):
        if getattr(entry, key):
            row[key] = getattr(entry, key)
    if entry.sample_labels:
        row["sample_labels"] = list(entry.sample_labels)
    if entry.facts is not None:
        row["capture"] = facts_json(entry.facts)
    return row


def parse_line(line: bytes, place: str) -> Event:
    """What a line of the manifest says.

    Raises:
        DataError: it is damaged; names ``place``.
    """
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(place, "is not a line of JSON", _WAY_OUT) from error
    if not isinstance(row, dict):
        raise DataError(place, "is not a JSON object", _WAY_OUT)
    if "edit" in row:
        return _parse_edit(row, place)
    if "import" in row:
        return _parse_import(row, place)
    if row.keys() == {"removed"} and isinstance(row["removed"], str):
        return Removal(row["removed"])
    if "undo" in row:
        if row.keys() != {"undo"} or not isinstance(row["undo"], str):
            raise DataError(place, "is no line of an undo", _WAY_OUT)
        return Undo(row["undo"])
    return _parse_row(row, place)


def _parse_edit(row: dict[str, Any], place: str) -> Edit:
    good = (
        row.keys() == {"edit", "removed", "added", "before"}
        and isinstance(row["edit"], str)
        and isinstance(row["before"], str)
        and isinstance(row["removed"], list)
        and all(isinstance(key, str) for key in row["removed"])
        and isinstance(row["added"], list)
        and all(isinstance(one, dict) for one in row["added"])
    )
    if not good:
        raise DataError(place, "is no line of an edit", _WAY_OUT)
    added = tuple(_parse_row(one, place) for one in row["added"])
    return Edit(row["edit"], tuple(row["removed"]), added, row["before"])


def _parse_import(row: dict[str, Any], place: str) -> Import:
    good = (
        row.keys() == {"import", "added", "before"}
        and isinstance(row["import"], str)
        and isinstance(row["before"], str)
        and isinstance(row["added"], list)
        and all(isinstance(key, str) for key in row["added"])
    )
    if not good:
        raise DataError(place, "is no line of an import", _WAY_OUT)
    return Import(row["import"], tuple(row["added"]), row["before"])


def _parse_row(row: dict[str, Any], place: str) -> Entry:
    for key in row:
        if key not in (*_KEYS, *_EXTRA):
            raise DataError(place, f"unknown key {key!r}", did_you_mean(key, (*_KEYS, *_EXTRA)))
    for key in _KEYS:
        if key not in row:
            raise DataError(place, f"has no {key}", _WAY_OUT)
    if not _well_typed(row):
        raise DataError(place, "a value has the wrong type", _WAY_OUT)
    path = PurePosixPath(row["file"])
    if len(path.parts) != 3 or path.parts[0] != RECORDINGS or ".." in path.parts or path.suffix != ".csv":
        raise DataError(place, f"the file {row['file']!r} is not inside {RECORDINGS}/<label>/", _WAY_OUT)
    try:
        facts = facts_from_json(row["capture"]) if "capture" in row else None
    except ValueError as error:
        raise DataError(place, f"capture {error}", _WAY_OUT) from error
    said = {key: value for key, value in row.items() if key != "capture"}
    said["channels"] = tuple(Channel(name, unit) for name, unit in row["channels"])
    said["sample_labels"] = tuple(row.get("sample_labels", ()))
    return Entry(**said | {"rate_hz": float(row["rate_hz"]), "facts": facts})


def _well_typed(row: dict[str, Any]) -> bool:
    texts = all(isinstance(row[key], str) for key in _TEXTS)
    extras = all(isinstance(row.get(key, ""), str) for key in ("placement", "origin"))
    labels = row.get("sample_labels", [])
    extras = extras and isinstance(labels, list) and all(isinstance(label, str) for label in labels)
    rate_hz, channels = row["rate_hz"], row["channels"]
    numbers = (
        all(isinstance(row[key], int) and row[key] >= 0 for key in ("samples", "dropped"))
        and isinstance(rate_hz, int | float)
        and 0 < rate_hz < float("inf")
    )
    pairs = isinstance(channels, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair) for pair in channels
    )
    return texts and extras and numbers and pairs
