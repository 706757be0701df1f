"""Changes of a project's recordings, each one step that can be undone; and recordings for other programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tinyforge.core.project import Project
from tinyforge.dataset import RecordingStore, export_recordings
from tinyforge.dataset import edits as editing
from tinyforge.pipeline.datasets import store_of


def _edit(
    project: Project, patterns: Sequence[str], change: Callable[[RecordingStore, list[str]], list[str] | None]
) -> dict[str, Any]:
    """``what`` was done, ids of the recordings ``taken`` away and of those ``made``."""
    store = store_of(project)
    ids = editing.select(store.entries(), patterns)
    made = change(store, ids) or []
    return {"what": store.history()[-1].what if store.history() else "", "taken": ids, "made": made}


def delete(project: Project, patterns: Sequence[str]) -> dict[str, Any]:
    """Recordings that shall not count any more.

    Args:
        project: whose dataset.
        patterns: ids, unambiguous beginnings of ids, or patterns such as ``stop-*``.

    Raises:
        DataError: one names nothing, or fits several.
    """
    return _edit(project, patterns, editing.delete)


def relabel(project: Project, patterns: Sequence[str], changes: Mapping[str, str]) -> dict[str, Any]:
    """Say something else about recordings: ``label``, ``subject``, ``session``, ``placement`` or ``note``.

    Raises:
        UsageError: nothing to change.
        DataError: as :func:`delete`.
    """
    return _edit(project, patterns, lambda store, ids: editing.relabel(store, ids, changes))


def trim(project: Project, patterns: Sequence[str], start_s: float, end_s: float | None) -> dict[str, Any]:
    """Keep a part of each recording, from ``start_s`` to ``end_s`` (None: its end; below 0: from its end).

    Raises:
        DataError: as :func:`delete`, or nothing would be left.
    """
    return _edit(project, patterns, lambda store, ids: editing.trim(store, ids, start_s, end_s))


def split(project: Project, patterns: Sequence[str]) -> dict[str, Any]:
    """Cut long recordings into the movements in them.

    Raises:
        DataError: as :func:`delete`, or there is nothing to cut.
    """
    return _edit(project, patterns, editing.split_by_motion)


def undo(project: Project) -> str:
    """Take back the last change or import; what it was.

    Raises:
        DataError: there is none.
    """
    return store_of(project).undo().what


def export(project: Project, out: Path, format_name: str) -> dict[str, Any]:
    """Write all recordings for another program.

    Returns:
        ``recordings`` (how many) and ``files``.

    Raises:
        UsageError: no such format, or the path cannot be written.
    """
    store = store_of(project)
    entries = store.entries()
    recordings = [store.load(entry.id) for entry in entries]
    files = export_recordings(out, [entry.id for entry in entries], recordings, format_name)
    return {"recordings": len(entries), "files": [str(file) for file in files]}
