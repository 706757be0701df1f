"""Runs: folders that hold everything needed to explain a result a year later.

``runs/<UTC time>_<name>/manifest.json`` says which steps are done, from which inputs (``key``), and
which files each wrote. A step works in ``.partial/<step>`` and its folder appears by rename, then the
manifest is rewritten by rename: a kill at any moment leaves finished steps whole and the rest undone.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tinyforge
from tinyforge.core.errors import DataError, UsageError
from tinyforge.core.files import os_error, sha256_file, sha256_json, write_json
from tinyforge.core.locks import try_lock
from tinyforge.core.project import Project
from tinyforge.core.types import Artifact
from tinyforge.pipeline.observer import Observer

MANIFEST = "manifest.json"
MANIFEST_VERSION = 1


@dataclass(frozen=True, slots=True)
class Step:
    """One unit of work.

    Attributes:
        name: ``stage`` or ``stage/model``; also the folder below the run.
        version: of the stage's code; raised when its output changes for the same inputs.
        inputs: everything that decides the output, as plain data; files by their SHA-256.
        make: writes the output into the folder it is given; returns facts for the manifest.
        resumable: ``make`` goes on from what an interrupted one of the same key left in the folder.
    """

    name: str
    version: int
    inputs: Mapping[str, Any]
    make: Callable[[Path], Mapping[str, Any]]
    resumable: bool = False

    @property
    def key(self) -> str:
        """SHA-256 of name, versions and inputs: equal keys mean equal outputs."""
        return sha256_json(
            {
                "step": self.name,
                "version": self.version,
                "tinyforge": tinyforge.__version__,
                "inputs": dict(self.inputs),
            }
        )


class Run:
    """A run's folder and its manifest."""

    def __init__(self, folder: Path, manifest: dict[str, Any]) -> None:
        self.folder = folder
        self._manifest = manifest
        self._lock = threading.Lock()

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The manifest as read or last written."""
        return self._manifest

    def done(self, step: str) -> Mapping[str, Any] | None:
        """The manifest's entry of a finished step, or None."""
        entry: Mapping[str, Any] | None = self._manifest["stages"].get(step)
        return entry

    def path(self, step: str, file: str = "") -> Path:
        """Folder of a step, or a file in it."""
        return self.folder / step / file if file else self.folder / step

    def need(self, step: str, file: str, command: str) -> Path:
        """A file of a finished step.

        Raises:
            DataError: the step has not been done in this run.
        """
        path = self.path(step, file)
        if self.done(step) is None or not path.is_file():
            raise DataError(str(path), "not made yet", f"run `{command}` first")
        return path

    def artifacts(self, step: str) -> tuple[Artifact, ...]:
        """Files a finished step wrote."""
        entry = self.done(step)
        if entry is None:
            return ()
        return tuple(Artifact(Path(a["path"]), a["sha256"], a["bytes"]) for a in entry["artifacts"])

    def intact(self, step: str) -> bool:
        """Whether every file of a finished step is there with the content it had."""
        return self.done(step) is not None and all(
            (self.folder / a.path).is_file()
            and (self.folder / a.path).stat().st_size == a.bytes
            and sha256_file(self.folder / a.path) == a.sha256
            for a in self.artifacts(step)
        )

    def record(self, step: str, entry: Mapping[str, Any]) -> None:
        """Note a finished step in the manifest, on disk."""
        with self._lock:
            self._manifest["stages"][step] = dict(entry)
            write_json(self.folder / MANIFEST, self._manifest)

    def forget(self, step: str) -> None:
        """Take a step out of the manifest, on disk."""
        with self._lock:
            if self._manifest["stages"].pop(step, None) is not None:
                write_json(self.folder / MANIFEST, self._manifest)


def utc_now() -> str:
    """The time now, UTC, ISO 8601 with seconds."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def all_runs(project: Project) -> list[Run]:
    """Readable runs of a project, newest first."""
    runs = []
    if project.runs_dir.is_dir():
        for folder in sorted(project.runs_dir.iterdir(), reverse=True):
            with contextlib.suppress(DataError, FileNotFoundError):
                runs.append(load_run(folder))
    return runs


def load_run(folder: Path) -> Run:
    """Read a run's manifest.

    Raises:
        FileNotFoundError: there is no manifest.
        DataError: it cannot be understood.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        version = manifest["version"]
        if version != MANIFEST_VERSION or not isinstance(manifest["stages"], dict):
            raise DataError(str(path), f"manifest version {version}", f"this tinyforge reads {MANIFEST_VERSION}")
    except (ValueError, KeyError, TypeError, NotADirectoryError) as error:
        if isinstance(error, NotADirectoryError):
            raise FileNotFoundError(path) from error
        raise DataError(str(path), f"not a run's manifest: {error}", "remove the folder and run again") from error
    return Run(folder, manifest)


def open_run(project: Project, dataset_digest: str, name: str = "") -> Run:
    """The run that continues: the newest one of this configuration and these recordings, else a new one.

    Args:
        project: its configuration decides.
        dataset_digest: digest of the recordings.
        name: a run's folder name, to work in that one and no other.

    Raises:
        UsageError: the named run does not exist or belongs to another configuration or dataset.
    """
    basis = sha256_json({"project": project.digest, "dataset": dataset_digest})
    if name:
        run = named_run(project, name)
        if run.manifest["basis"] != basis:
            raise UsageError(
                str(run.folder), "was made from another configuration or other recordings", "leave --run out"
            )
        return run
    for run in all_runs(project):
        if run.manifest["basis"] == basis:
            return run
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = project.runs_dir / f"{stamp}_{project.name}"
    count = 1
    while folder.exists():
        count += 1
        folder = project.runs_dir / f"{stamp}_{project.name}_{count}"
    manifest = {
        "version": MANIFEST_VERSION,
        "name": project.name,
        "created_utc": utc_now(),
        "tinyforge": tinyforge.__version__,
        "basis": basis,
        "project": project.as_json(),
        "dataset_digest": dataset_digest,
        "stages": {},
    }
    write_json(folder / MANIFEST, manifest)
    return Run(folder, json.loads(json.dumps(manifest)))


def named_run(project: Project, name: str) -> Run:
    """The run of that folder name (or ``latest``).

    Raises:
        UsageError: there is none.
    """
    runs = all_runs(project)
    if name == "latest" and runs:
        return runs[0]
    for run in runs:
        if run.folder.name == name:
            return run
    known = ", ".join(run.folder.name for run in runs[:5]) or "none yet"
    raise UsageError(str(project.runs_dir / name), "no such run", f"there are: {known}")


@contextlib.contextmanager
def project_lock(project: Project) -> Iterator[None]:
    """Hold the project for one tinyforge at a time; released when the process ends, however it ends.

    Raises:
        UsageError: another tinyforge works in this project.
    """
    path = project.state_dir / "lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("a+")
    except OSError as error:
        raise os_error(path, error, "write") from error
    with stream:
        if not try_lock(stream):
            stream.seek(0)
            holder = stream.read().strip() or "another process"
            raise UsageError(
                str(project.root), f"{holder} works in this project", "wait for it, or stop it, then run again"
            )
        try:
            stream.truncate(0)
            os.write(stream.fileno(), f"process {os.getpid()}".encode())  # not buffered: closing must not fail anew
        except OSError as error:
            raise os_error(path, error, "write") from error
        yield


def execute(run: Run, step: Step, observer: Observer, others: Callable[[], list[Run]] = list) -> Path:
    """Bring a step's output into the run: from this run, from another with the same key, or by doing it.

    Args:
        run: where the output goes.
        step: what to do.
        observer: is told.
        others: gives the project's runs, searched for a step with the same key.

    Returns:
        The step's folder.
    """
    begin = time.monotonic()
    final = run.path(step.name)
    key = step.key
    entry = run.done(step.name)
    if entry is not None and entry["key"] == key and run.intact(step.name):
        observer.finished(step.name, time.monotonic() - begin, cached=True)
        return final
    run.forget(step.name)
    partial = run.folder / ".partial" / step.name
    note = partial.with_name(f"{partial.name}.key")
    if not (step.resumable and note.is_file() and note.read_text(encoding="ascii") == key):
        shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, exist_ok=True)
    note.write_text(key, encoding="ascii")
    for other in others():
        entry = other.done(step.name)
        if other.folder != run.folder and entry is not None and entry["key"] == key and other.intact(step.name):
            shutil.copytree(other.path(step.name), partial, dirs_exist_ok=True)
            _publish(run, step, partial, key, entry["facts"], entry["seconds"], copied_from=other.folder.name)
            observer.finished(step.name, time.monotonic() - begin, cached=True)
            return final
    observer.started(step.name)
    facts = step.make(partial)
    seconds = time.monotonic() - begin
    _publish(run, step, partial, key, facts, seconds)
    observer.finished(step.name, seconds, cached=False)
    return final


def _publish(
    run: Run,
    step: Step,
    partial: Path,
    key: str,
    facts: Mapping[str, Any],
    seconds: float,
    copied_from: str = "",
) -> None:
    artifacts = [
        {
            "path": str(Path(step.name) / file.relative_to(partial)),
            "sha256": sha256_file(file),
            "bytes": file.stat().st_size,
        }
        for file in sorted(partial.rglob("*"))
        if file.is_file()
    ]
    final = run.path(step.name)
    shutil.rmtree(final, ignore_errors=True)
    final.parent.mkdir(parents=True, exist_ok=True)
    partial.rename(final)
    partial.with_name(f"{partial.name}.key").unlink(missing_ok=True)
    for empty in (partial.parent, run.folder / ".partial"):
        with contextlib.suppress(OSError):
            empty.rmdir()
    run.record(
        step.name,
        {
            "key": key,
            "version": step.version,
            "inputs": dict(step.inputs),
            "artifacts": artifacts,
            "facts": dict(facts),
            "seconds": round(seconds, 3),
            "finished_utc": utc_now(),
        }
        | ({"copied_from": copied_from} if copied_from else {}),
    )
