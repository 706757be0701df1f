"""The recording store: a folder of plain files that diff, and a list of them that survives a kill at any moment.

::

    dataset/
      manifest.jsonl                 one line a recording, appended: who, what, when, units, digest
      recordings/stop/stop-s07-6d0c1f2a3b4c.csv
      .undone/stop-s07-6d0c1f2a3b4c.csv       taken out again; `RecordingStore.restore` brings it back

A recording's file says everything about itself (`tinyforge.core.recording_csv`) and appears by rename; only then its
line is appended to the manifest. A process killed between the two leaves a whole file that is not listed: readers count
it all the same, and the next writer lists it. A process killed while it appends leaves half a line without a line end:
readers leave it out, and the next writer cuts it off. Writers take turns through a lock on the manifest.

Taking a recording out appends a line ``{"removed": id}`` and then moves its file; a process killed between the two has
not taken it out. Where a recording has several lines, the last one holds.

A recording is known by its digest. Adding it again changes nothing, so a capture or an import that was interrupted is
simply run again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from tinyforge.core.errors import DataError, did_you_mean
from tinyforge.core.facts import CaptureFacts, facts_from_json, facts_json
from tinyforge.core.files import os_error, write_bytes
from tinyforge.core.recording_csv import canonical, read_header, read_recording, recording_bytes
from tinyforge.core.types import Channel, Recording

MANIFEST = "manifest.jsonl"
RECORDINGS = "recordings"
UNDONE = ".undone"

_ROW_KEYS = (
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
_OPTIONAL_KEYS = ("capture",)
_UNSAFE = re.compile(r"[^A-Za-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """What the store knows of a recording without opening it.

    Attributes:
        id: unique in the store and made from the content: the same recording has the same id everywhere.
        file: path relative to the store's folder, with ``/``.
        label, subject, session, board, rate_hz, dropped, channels, note, digest: as in `Recording`.
        samples: how many, a channel.
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
    listed: bool = True
    facts: CaptureFacts | None = None

    @property
    def duration_s(self) -> float:
        """Length in seconds: samples / rate."""
        return self.samples / self.rate_hz


class RecordingStore:
    """Recordings in a folder. Cheap to make; nothing is read or written before a method is called.

    Args:
        folder: need not exist; the first recording added makes it.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self._listed: dict[str, Entry] = {}  # by id
        self._read_to = 0  # bytes of the manifest that `_listed` holds
        self._lines = 0
        self._inode = -1

    @property
    def manifest(self) -> Path:
        """Path of the list."""
        return self.folder / MANIFEST

    # -- reading -------------------------------------------------------------------------------------------------------

    def entries(self) -> list[Entry]:
        """Every whole recording, in the order they were added; those not listed yet come last, by path.

        Raises:
            DataError: the manifest is damaged, lists a file that is gone, or a file among the recordings is none.
        """
        self._refresh()
        files = self._files()
        for entry in self._listed.values():
            if entry.file not in files:
                raise DataError(
                    str(self.manifest),
                    f"lists {entry.id}, but {self.folder / entry.file} is gone",
                    "bring the file back, or delete its line from the manifest",
                )
        return [*self._listed.values(), *self._found(files)]

    def load(self, recording_id: str) -> Recording:
        """The recording of that id; its content is checked against its digest.

        Raises:
            DataError: there is none of that id, its file is damaged, or is not the one that was added.
        """
        entry = self._listed.get(recording_id)
        if entry is None:
            found = {one.id: one for one in self.entries()}
            if recording_id not in found:
                raise self._unknown(recording_id, found)
            entry = found[recording_id]
        path = self.folder / entry.file
        recording = read_recording(path)
        if recording.digest != entry.digest:
            raise DataError(
                str(path),
                f"is not the recording that was added as {entry.id}: it was edited or replaced",
                "restore the file; or delete it and its line in the manifest, and add the changed one",
            )
        return recording

    def digest(self) -> str:
        """SHA-256 of the set of recordings: equal for the same recordings in any order, wherever they are.

        Raises:
            DataError: as `entries`.
        """
        return hashlib.sha256("\n".join(sorted(entry.digest for entry in self.entries())).encode()).hexdigest()

    def unlisted(self) -> list[Entry]:
        """Whole recordings that the manifest does not list yet, because their writer was killed just then."""
        return [entry for entry in self.entries() if not entry.listed]

    # -- writing -------------------------------------------------------------------------------------------------------

    def add(self, recording: Recording) -> str:
        """Keep a recording.

        Returns:
            Its id; that of the one already there when it is known.

        Raises:
            DataError: a sample is not finite, or a channel's name cannot be written.
            UsageError: the folder cannot be written.
        """
        return self.add_all([recording])[0]

    def add_all(self, recordings: Iterable[Recording]) -> list[str]:
        """Keep several recordings: as `add`, with one write of the manifest.

        Returns:
            Their ids, in order.
        """
        ids: list[str] = []
        with self._writing() as stream:
            lines: list[bytes] = []
            try:
                ids.extend(self._keep(canonical(recording), lines) for recording in recordings)
            finally:  # what was written whole is listed even when a later one fails
                self._append(stream, lines)
        return ids

    def _keep(self, recording: Recording, lines: list[bytes]) -> str:
        digest = recording.digest
        recording_id = _id_of(recording.label, recording.subject, digest)
        known = self._listed.get(recording_id)
        file = self._file_of(recording_id, recording.label)
        if known is not None:
            if not (self.folder / known.file).is_file():
                write_bytes(self.folder / known.file, recording_bytes(recording))
            return recording_id
        write_bytes(self.folder / file, recording_bytes(recording))
        entry = _entry(recording_id, file, recording)
        self._listed[recording_id] = entry
        lines.append(_row(entry))
        return recording_id

    def remove(self, recording_id: str) -> Entry:
        """Take a recording out; its file is kept aside until `restore` brings it back.

        Returns:
            What it was.

        Raises:
            DataError: there is none of that id.
            UsageError: the folder cannot be written.
        """
        with self._writing() as stream:
            entry = self._listed.get(recording_id)
            if entry is None:
                raise self._unknown(recording_id, self._listed)
            self._append(stream, [json.dumps({"removed": recording_id}).encode() + b"\n"])
            del self._listed[recording_id]
            self._move(self.folder / entry.file, self.folder / UNDONE / f"{recording_id}.csv")
            return entry

    def restore(self, recording_id: str) -> Entry:
        """Bring back a recording that `remove` took out.

        Raises:
            DataError: none of that id was taken out.
            UsageError: the folder cannot be written.
        """
        with self._writing() as stream:
            aside = self.folder / UNDONE / f"{recording_id}.csv"
            known = [path.stem for path in (self.folder / UNDONE).glob("*.csv")]
            if recording_id not in known:
                raise self._unknown(recording_id, known)
            recording = read_recording(aside)
            entry = _entry(recording_id, self._file_of(recording_id, recording.label), recording)
            self._move(aside, self.folder / entry.file)
            self._listed[recording_id] = entry
            self._append(stream, [_row(entry)])
            return entry

    def annotate(self, recording_id: str, note: str) -> Entry:
        """Replace the note of a recording; its id and digest stay.

        Raises:
            DataError: there is none of that id, or its file is damaged.
            UsageError: the folder cannot be written.
        """
        with self._writing() as stream:
            entry = self._listed.get(recording_id)
            if entry is None:
                raise self._unknown(recording_id, self._listed)
            recording = dataclasses.replace(self.load(recording_id), note=note)
            write_bytes(self.folder / entry.file, recording_bytes(recording))
            self._listed[recording_id] = changed = dataclasses.replace(entry, note=note)
            self._append(stream, [_row(changed)])
            return changed

    def _unknown(self, recording_id: str, known: Iterable[str]) -> DataError:
        return DataError(
            str(self.folder), f"has no recording {recording_id!r}", did_you_mean(recording_id, list(known)[:500])
        )

    def _file_of(self, recording_id: str, label: str) -> str:
        return f"{RECORDINGS}/{_slug(label) or '_'}/{recording_id}.csv"

    def _move(self, source: Path, target: Path) -> None:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)
        except OSError as error:
            self._inode = -1  # read it again
            raise os_error(target, error, "write") from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[BinaryIO]:
        """The manifest open for appending, locked, whole, and listing every file that is there."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            stream = self.manifest.open("a+b")
        except OSError as error:
            raise os_error(self.manifest, error, "write") from error
        with stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            self._refresh()
            if stream.seek(0, os.SEEK_END) > self._read_to:
                stream.truncate(self._read_to)  # half a line of a writer that was killed
            found = [dataclasses.replace(entry, listed=True) for entry in self._found(self._files())]
            self._listed.update((entry.id, entry) for entry in found)
            self._append(stream, [_row(entry) for entry in found])
            yield stream

    def _append(self, stream: BinaryIO, lines: list[bytes]) -> None:
        if not lines:
            return
        data = b"".join(lines)
        try:
            stream.seek(0, os.SEEK_END)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        except OSError as error:
            self._inode = -1  # read it again
            raise os_error(self.manifest, error, "write") from error
        self._read_to += len(data)
        self._lines += len(lines)

    # -- the manifest --------------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Read what was appended to the manifest since the last time; all of it when the file was replaced."""
        try:
            stream = self.manifest.open("rb")
        except FileNotFoundError:
            self._forget()
            return
        except OSError as error:
            raise _reading(self.manifest, error) from error
        with stream:
            status = os.fstat(stream.fileno())
            if status.st_ino != self._inode or status.st_size < self._read_to:
                self._forget()
                self._inode = status.st_ino
            stream.seek(self._read_to)
            data = stream.read()
        whole = data[: data.rfind(b"\n") + 1]
        for line in whole.splitlines():
            self._lines += 1
            if line.strip():
                said = _parse_row(line, f"{self.manifest}:{self._lines}")
                if isinstance(said, Entry):
                    self._listed[said.id] = said
                else:
                    self._listed.pop(said, None)
        self._read_to += len(whole)

    def _forget(self) -> None:
        self._listed = {}
        self._read_to = self._lines = 0
        self._inode = -1

    def _files(self) -> set[str]:
        """Relative paths of the files among the recordings; those still being written have a dot in front."""
        found: set[str] = set()
        root = self.folder / RECORDINGS
        try:
            with os.scandir(root) as folders:
                names = [folder.name for folder in folders if folder.is_dir() and not folder.name.startswith(".")]
            for name in names:
                with os.scandir(root / name) as files:
                    found.update(
                        f"{RECORDINGS}/{name}/{file.name}"
                        for file in files
                        if file.name.endswith(".csv") and not file.name.startswith(".")
                    )
        except FileNotFoundError:
            return found
        except OSError as error:
            raise _reading(root, error) from error
        return found

    def _found(self, files: set[str]) -> list[Entry]:
        """What is there and not listed; copies of what is listed are left out."""
        known = {entry.file for entry in self._listed.values()}
        digests = {entry.digest for entry in self._listed.values()}
        found: list[Entry] = []
        for file in sorted(files - known):
            entry = self._from_header(file)
            if entry.digest not in digests and entry.id not in self._listed:
                digests.add(entry.digest)
                found.append(entry)
        return found

    def _from_header(self, file: str) -> Entry:
        said, channels = read_header(self.folder / file)
        for key in ("digest", "samples"):
            if key not in said:
                raise DataError(
                    str(self.folder / file),
                    f"has no {key} in its header, so it cannot be listed",
                    "move it elsewhere and bring it in with `tinyforge dataset import`",
                )
        return Entry(
            id=PurePosixPath(file).stem,
            file=file,
            label=said.get("label", ""),
            subject=said.get("subject", ""),
            session=said.get("session", ""),
            board=said.get("board", ""),
            rate_hz=said["rate_hz"],
            samples=said["samples"],
            dropped=said.get("dropped", 0),
            channels=channels,
            note=said.get("note", ""),
            digest=said["digest"],
            listed=False,
            facts=said.get("capture"),
        )


def _entry(recording_id: str, file: str, recording: Recording) -> Entry:
    return Entry(
        id=recording_id,
        file=file,
        label=recording.label,
        subject=recording.subject,
        session=recording.session,
        board=recording.board,
        rate_hz=recording.rate_hz,
        samples=len(recording.samples),
        dropped=recording.dropped,
        channels=recording.channels,
        note=recording.note,
        digest=recording.digest,
        facts=recording.facts,
    )


def _slug(text: str) -> str:
    return _UNSAFE.sub("_", text)[:40]


def _id_of(label: str, subject: str, digest: str) -> str:
    return "-".join([*filter(None, (_slug(label), _slug(subject))), digest[:12]])


def _reading(path: Path, error: OSError) -> DataError:
    said = os_error(path, error, "read")
    return DataError(said.place, said.fact, said.way_out)


def _row(entry: Entry) -> bytes:
    row: Mapping[str, Any] = {
        "id": entry.id,
        "file": entry.file,
        "label": entry.label,
        "subject": entry.subject,
        "session": entry.session,
        "board": entry.board,
        "rate_hz": entry.rate_hz,
        "samples": entry.samples,
        "dropped": entry.dropped,
        "channels": [[c.name, c.unit] for c in entry.channels],
        "note": entry.note,
        "digest": entry.digest,
    }
    if entry.facts is not None:
        row = {**row, "capture": facts_json(entry.facts)}
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"


def _parse_row(line: bytes, place: str) -> Entry | str:
    """What a line says: a recording, or the id of one that was taken out."""
    way_out = "restore the manifest, or delete it: it is made again from the files when the next recording is added"
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(place, "is not a line of JSON", way_out) from error
    if not isinstance(row, dict):
        raise DataError(place, "is not a JSON object", way_out)
    if row.keys() == {"removed"} and isinstance(row["removed"], str):
        return row["removed"]
    for key in row:
        if key not in _ROW_KEYS and key not in _OPTIONAL_KEYS:
            raise DataError(place, f"unknown key {key!r}", did_you_mean(key, (*_ROW_KEYS, *_OPTIONAL_KEYS)))
    for key in _ROW_KEYS:
        if key not in row:
            raise DataError(place, f"has no {key}", way_out)
    texts = all(
        isinstance(row[k], str) for k in ("id", "file", "label", "subject", "session", "board", "note", "digest")
    )
    rate_hz = row["rate_hz"]
    numbers = (
        all(isinstance(row[k], int) and row[k] >= 0 for k in ("samples", "dropped"))
        and isinstance(rate_hz, int | float)
        and 0 < rate_hz < float("inf")
    )
    channels = row["channels"]
    pairs = isinstance(channels, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair) for pair in channels
    )
    if not (texts and numbers and pairs):
        raise DataError(place, "a value has the wrong type", way_out)
    path = PurePosixPath(row["file"])
    if len(path.parts) != 3 or path.parts[0] != RECORDINGS or ".." in path.parts or path.suffix != ".csv":
        raise DataError(place, f"the file {row['file']!r} is not inside {RECORDINGS}/<label>/", way_out)
    try:
        facts = facts_from_json(row["capture"]) if "capture" in row else None
    except ValueError as error:
        raise DataError(place, f"capture {error}", way_out) from error
    return Entry(
        id=row["id"],
        file=row["file"],
        label=row["label"],
        subject=row["subject"],
        session=row["session"],
        board=row["board"],
        rate_hz=float(rate_hz),
        samples=row["samples"],
        dropped=row["dropped"],
        channels=tuple(Channel(name, unit) for name, unit in channels),
        note=row["note"],
        digest=row["digest"],
        facts=facts,
    )
