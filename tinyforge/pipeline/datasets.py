"""Recordings in, windows out: what a project does with its dataset."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinyforge.core.errors import DataError, UsageError, did_you_mean
from tinyforge.core.facts import facts_json
from tinyforge.core.project import Project
from tinyforge.core.types import Channel, Dataset
from tinyforge.dataset import (
    Entry,
    ImportOptions,
    LabelFrom,
    RecordingStore,
    SeriesCache,
    SplitSpec,
    make_dataset,
    read_recordings,
)

DATASET_FILE = "dataset.npz"


def store_of(project: Project) -> RecordingStore:
    """The project's recordings."""
    return RecordingStore(project.dataset_dir)


def entry_json(entry: Entry) -> dict[str, Any]:
    """What the store knows of a recording, as plain data."""
    return {
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
        "capture": None if entry.facts is None else facts_json(entry.facts),
    }


def label_source(text: str) -> LabelFrom:
    """``file`` or ``folder``, as a user writes it.

    Raises:
        UsageError: neither.
    """
    known: dict[str, LabelFrom] = {"file": "file", "folder": "folder"}
    if text not in known:
        raise UsageError("--label-from", f'"{text}": no source of labels', did_you_mean(text, known))
    return known[text]


def import_into(project: Project, path: Path, options: ImportOptions, format_name: str = "") -> dict[str, Any]:
    """Read a file, folder or zip and keep its recordings in the project.

    Returns:
        ``added`` and ``known`` (recordings), ``format``, ``labels`` (recordings by class), ``rate_hz`` (all rates),
        ``notes``. What was added is one step: :meth:`RecordingStore.undo` takes it out again.

    Raises:
        UsageError: unknown format or option.
        DataError: the files; with file, line, reason and way out. Nothing is kept then.
    """
    result = read_recordings(path, options, format_name or None)
    store = store_of(project)
    before = len(store.entries())
    store.add_all(result.recordings, f"import {path.resolve().name}")
    labels: dict[str, int] = {}
    for recording in result.recordings:
        labels[recording.label] = labels.get(recording.label, 0) + 1
    added = len(store.entries()) - before
    return {
        "added": added,
        "known": len(result.recordings) - added,
        "format": result.format,
        "labels": dict(sorted(labels.items())),
        "rate_hz": sorted({recording.rate_hz for recording in result.recordings}),
        "notes": list(result.notes),
    }


def summary(project: Project) -> dict[str, Any]:
    """Recordings by class and subject.

    Returns:
        ``folder``, ``recordings``, ``digest`` and ``groups``: ``label``, ``subject``, ``recordings``, ``samples``,
        ``dropped`` each.
    """
    store = store_of(project)
    entries = store.entries()
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in entries:
        empty = {"label": entry.label, "subject": entry.subject, "recordings": 0, "samples": 0, "dropped": 0}
        group = groups.setdefault((entry.label, entry.subject), empty)
        group["recordings"] += 1
        group["samples"] += entry.samples
        group["dropped"] += entry.dropped
    return {
        "folder": str(store.folder),
        "recordings": len(entries),
        "digest": store.digest(),
        "groups": [groups[key] for key in sorted(groups)],
    }


def windows_of(project: Project, sides: Mapping[str, int] | None = None) -> Dataset:
    """The project's recordings, cut and split.

    Args:
        sides: TRAIN, VALIDATION or TEST of each group; None for the frozen split, else what ``[dataset]`` describes.

    Raises:
        DataError: there are none, or they do not fit the window or the split.
    """
    from tinyforge.pipeline import frozen

    store = store_of(project)
    entries = store.entries()
    if not entries:
        way_out = "`tinyforge capture` records some, `tinyforge dataset import` brings some in"
        if project.capture is not None:
            way_out = "`tinyforge run` makes those that [capture] asks for"
        raise DataError(str(store.folder), "no recordings", way_out)
    config = project.dataset
    split = SplitSpec(config.split_by, config.test, config.validation, config.seed)  # type: ignore[arg-type]
    return make_dataset(
        store,
        project.window,
        split=split,
        labels=config.labels or None,
        allow_dropped=config.allow_dropped,
        placement=config.placement,
        transitions=config.transitions,
        training_hop=config.training_hop,
        sides=frozen.sides_of(project, entries) if sides is None else sides,
        gap_ms=config.gap_ms,
        cache=SeriesCache(project.state_dir / "series", store.stamp),
    )


def channels_of(project: Project) -> tuple[Channel, ...]:
    """Name and unit of each column of the windows, in the canonical units that windows have."""
    from tinyforge.dataset.units import canonical_unit

    units = {c.name: canonical_unit(c) for entry in store_of(project).entries() for c in entry.channels}
    return tuple(Channel(name, units.get(name, "")) for name in project.window.channels)
