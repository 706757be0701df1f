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

An edit (`tinyforge.dataset.edits`) is one more line of the manifest: which recordings it takes away and which it puts
in their place. Files of those taken away stay where they are, so `undo` is a line, too, and nothing is ever lost to an
edit. An import is the lines of its recordings and one more that names them, which is what `undo` takes back: their
files stay, and the same import brings them in again. The digest is that of the recordings that count now.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from tinyforge.core.errors import DataError, did_you_mean
from tinyforge.core.files import os_error, write_bytes
from tinyforge.core.locks import lock
from tinyforge.core.recording_csv import canonical, read_header, read_recording, recording_bytes
from tinyforge.core.types import Recording
from tinyforge.dataset.entries import (
    RECORDINGS,
    Edit,
    Entry,
    Event,
    Import,
    Removal,
    Undo,
    labels_of,
    line_of,
    parse_line,
)

MANIFEST = "manifest.jsonl"
UNDONE = ".undone"

_UNSAFE = re.compile(r"[^A-Za-z0-9_]+")


class RecordingStore:
    """Recordings in a folder. Cheap to make; nothing is read or written before a method is called.

    Args:
        folder: need not exist; the first recording added makes it.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self._listed: dict[str, Entry] = {}  # by id
        self._away: dict[str, Entry] = {}  # taken away by an edit, by id
        self._edits: list[Edit] = []  # those that were not undone, oldest first; imports, too
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
                raise self._unknown(recording_id, self._listed)
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

    def stamp(self, entry: Entry) -> str:
        """Size and time of a recording's file: other ones when it was written again.

        Raises:
            DataError: the file is gone.
        """
        path = self.folder / entry.file
        try:
            status = path.stat()
        except OSError as error:
            raise _reading(path, error) from error
        return f"{status.st_size}-{status.st_mtime_ns}"

    def digest(self) -> str:
        """SHA-256 of the set of recordings: equal for the same recordings in any order, wherever they are.

        Raises:
            DataError: as `entries`.
        """
        return hashlib.sha256("\n".join(sorted(entry.digest for entry in self.entries())).encode()).hexdigest()

    def unlisted(self) -> list[Entry]:
        """Whole recordings that the manifest does not list yet, because their writer was killed just then."""
        return [entry for entry in self.entries() if not entry.listed]

    def history(self) -> list[Edit]:
        """The edits and imports that hold, oldest first.

        Raises:
            DataError: as `entries`.
        """
        self._refresh()
        return list(self._edits)

    # -- writing -------------------------------------------------------------------------------------------------------

    def edit(self, what: str, take_away: Sequence[str], put_in: Iterable[Recording] = ()) -> list[str]:
        """Replace recordings by others, as one step that `undo` takes back.

        Args:
            what: the step, for people.
            take_away: ids that shall not count any more.
            put_in: recordings in their place.

        Returns:
            Ids of ``put_in``.

        Raises:
            DataError: an id is unknown; otherwise as `add`.
        """
        recordings = [canonical(recording) for recording in put_in]
        with self._writing() as stream:
            for recording_id in take_away:
                if recording_id not in self._listed:
                    raise self._unknown(recording_id, self._listed)
            before = self.digest()
            made = [self._write(recording) for recording in recordings]
            kept = {entry.id for entry in made}
            gone = tuple(key for key in dict.fromkeys(take_away) if key not in kept)
            new = tuple(entry for entry in made if entry.id not in self._listed)
            edit = Edit(what, gone, tuple({entry.id: entry for entry in new}.values()), before)
            self._append(stream, [line_of(edit)])
            self._apply(edit)
        return [entry.id for entry in made]

    def undo(self) -> Edit:
        """Take back the last edit or import that holds.

        Returns:
            That step.

        Raises:
            DataError: there is none, or a file it needs is gone.
        """
        with self._writing() as stream:
            if not self._edits:
                way_out = "`tinyforge capture --undo` takes back what was recorded"
                raise DataError(str(self.manifest), "has no edit or import to undo", way_out)
            edit = self._edits[-1]
            away = [self._away[key] for key in edit.removed if key in self._away]  # what was added again is not
            for entry in away:
                if not (self.folder / entry.file).is_file():
                    raise DataError(
                        str(self.folder / entry.file), "is gone, so it cannot come back", "restore the file"
                    )
            undo = Undo(edit.what)
            self._append(stream, [line_of(undo)])
            self._apply(undo)
        return edit

    def add(self, recording: Recording) -> str:
        """Keep a recording.

        Returns:
            Its id; that of the one already there when it is known.

        Raises:
            DataError: a sample is not finite, or a channel's name cannot be written.
            UsageError: the folder cannot be written.
        """
        return self.add_all([recording])[0]

    def add_all(self, recordings: Iterable[Recording], what: str = "") -> list[str]:
        """Keep several recordings: as `add`, with one write of the manifest.

        Args:
            recordings: those that are known already change nothing.
            what: the step, for people: `undo` takes out again what was new. Empty: no step, nothing to undo.

        Returns:
            Their ids, in order.
        """
        ids: list[str] = []
        with self._writing() as stream:
            before = self.digest() if what else ""
            new: list[Entry] = []
            try:
                ids.extend(self._keep(canonical(recording), new) for recording in recordings)
            finally:  # what was written whole is listed even when a later one fails
                events: list[Event] = [*new]
                if what and new:
                    step = Import(what, tuple(entry.id for entry in new), before)
                    self._apply(step)
                    events.append(step)
                self._append(stream, [line_of(event) for event in events])
        return ids

    def _keep(self, recording: Recording, new: list[Entry]) -> str:
        entry = self._write(recording)
        if entry.id not in self._listed:
            self._apply(entry)
            new.append(entry)
        return entry.id

    def _write(self, recording: Recording) -> Entry:
        """The recording's file, written where it is not there yet, and its entry."""
        recording_id = _id_of(recording.label, recording.subject, recording.digest)
        entry = self._listed.get(recording_id) or self._away.get(recording_id)
        if entry is None:
            entry = _entry(recording_id, self._file_of(recording_id, recording.label), recording)
        elif (self.folder / entry.file).is_file():
            return entry
        write_bytes(self.folder / entry.file, recording_bytes(recording))
        return entry

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
            self._append(stream, [line_of(Removal(recording_id))])
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
            if recording_id not in self.removed():
                raise self._unknown(recording_id, self.removed())
            recording = read_recording(aside)
            entry = _entry(recording_id, self._file_of(recording_id, recording.label), recording)
            self._move(aside, self.folder / entry.file)
            self._listed[recording_id] = entry
            self._append(stream, [line_of(entry)])
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
            self._append(stream, [line_of(changed)])
            return changed

    def removed(self) -> list[str]:
        """Ids of what `remove` took out and `restore` can bring back, the latest last."""
        try:
            aside = [(path.stat().st_ctime_ns, path.stem) for path in (self.folder / UNDONE).glob("*.csv")]
        except OSError as error:
            raise _reading(self.folder / UNDONE, error) from error
        return [recording_id for _, recording_id in sorted(aside)]

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
            stream = self.manifest.open("a+b", buffering=0)
        except OSError as error:
            raise os_error(self.manifest, error, "write") from error
        with stream:
            lock(stream)
            self._refresh()
            if stream.seek(0, os.SEEK_END) > self._read_to:
                stream.truncate(self._read_to)  # half a line of a writer that was killed
            found = [dataclasses.replace(entry, listed=True) for entry in self._found(self._files())]
            self._listed.update((entry.id, entry) for entry in found)
            self._append(stream, [line_of(entry) for entry in found])
            yield stream

    def _append(self, stream: BinaryIO, lines: list[bytes]) -> None:
        if not lines:
            return
        data = b"".join(lines)
        start = stream.seek(0, os.SEEK_END)
        try:
            written = stream.write(data)
            while written < len(data):  # the disk filled up in the middle: the next byte says so
                written += stream.write(data[written:])
            os.fsync(stream.fileno())
        except OSError as error:
            self._inode = -1  # read it again
            with contextlib.suppress(OSError):
                stream.truncate(start)
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
                place = f"{self.manifest}:{self._lines}"
                try:
                    self._apply(parse_line(line, place))
                except LookupError as error:
                    raise DataError(place, f"{error.args[0]}", "restore the manifest") from error
        self._read_to += len(whole)

    def _apply(self, event: Event) -> None:
        """What a line of the manifest does.

        Raises:
            LookupError: an edit of recordings that are not there, or an undo of nothing.
        """
        if isinstance(event, Entry):
            self._away.pop(event.id, None)
            self._listed[event.id] = event
            return
        if isinstance(event, Removal):
            self._listed.pop(event.id, None)
            return
        if isinstance(event, Import):  # a line before it may have been deleted
            added = tuple(self._listed[key] for key in event.added if key in self._listed)
            self._edits.append(Edit(event.what, (), added, event.before))
            return
        if isinstance(event, Edit):
            lacking = [key for key in event.removed if key not in self._listed]
            if lacking:
                raise LookupError(f"edits {lacking[0]}, which is not there")
            self._edits.append(event)
            out, back = event.removed, event.added
        else:
            if not self._edits:
                raise LookupError("undoes an edit, and there is none")
            edit = self._edits.pop()
            out = tuple(entry.id for entry in edit.added)
            back = tuple(self._away[key] for key in edit.removed if key in self._away)
        for key in out:
            entry = self._listed.pop(key, None)
            if entry is not None:
                self._away[key] = entry
        for entry in back:
            self._away.pop(entry.id, None)
            self._listed[entry.id] = entry

    def _forget(self) -> None:
        self._listed, self._away, self._edits = {}, {}, []
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
        """What is there and was never listed; copies of what is known are left out."""
        everything = {**self._away, **self._listed}
        known = {entry.file for entry in everything.values()}
        digests = {entry.digest for entry in everything.values()}
        found: list[Entry] = []
        for file in sorted(files - known):
            entry = self._from_header(file)
            if entry.digest not in digests and entry.id not in everything:
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
            placement=said.get("placement", ""),
            origin=said.get("origin", ""),
            sample_labels=labels_of(said.get("sample_labels", ())),
            listed=False,
            facts=said.get("capture"),
        )


def _entry(recording_id: str, file: str, recording: Recording) -> Entry:
    labels = recording.sample_labels
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
        placement=recording.placement,
        origin=recording.origin,
        sample_labels=() if labels is None else tuple(sorted(set(labels))),
        facts=recording.facts,
    )


def _slug(text: str) -> str:
    return _UNSAFE.sub("_", text)[:40]


def _id_of(label: str, subject: str, digest: str) -> str:
    return "-".join([*filter(None, (_slug(label), _slug(subject))), digest[:12]])


def _reading(path: Path, error: OSError) -> DataError:
    said = os_error(path, error, "read")
    return DataError(said.place, said.fact, said.way_out)
