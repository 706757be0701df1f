"""A split that stays: which group stands where, kept in a file beside the recordings.

Without it, a recording that is added may move others from one side to another, and a test of today cannot be compared
with that of yesterday. With it, groups that it names stay where they are, new ones are trained on, and a recording that
it was made with and that is gone or changed is refused.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tinyforge.core.errors import DataError
from tinyforge.core.files import os_error, sha256_file, write_json
from tinyforge.core.project import SPLITS, Project
from tinyforge.core.types import SPLIT_NAMES, TRAIN
from tinyforge.dataset import Entry, SplitSpec
from tinyforge.dataset.windows import group_of
from tinyforge.pipeline import datasets

FILE = "split.json"
_WAY_OUT = "bring it back (`tinyforge dataset undo`), or `tinyforge dataset freeze` again for another test"


def file_of(project: Project) -> Path:
    """Where the project's frozen split is, if it has one."""
    return project.dataset_dir / FILE


def freeze(project: Project) -> dict[str, Any]:
    """Keep the split that the project has now, also where one was kept before.

    Returns:
        ``file``, ``sha256`` and ``groups``: by side, the groups on it.

    Raises:
        DataError: there are no recordings, or they cannot be split.
    """
    path = file_of(project)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise os_error(path, error, "write") from error
    dataset = datasets.windows_of(project)
    sides = {str(group): SPLIT_NAMES[side] for group, side in zip(dataset.groups, dataset.split, strict=True)}
    used = set(map(str, dataset.recordings))
    recordings = {entry.id: entry.digest for entry in datasets.store_of(project).entries() if entry.id in used}
    write_json(path, {"by": project.dataset.split_by, "sides": sides, "recordings": dict(sorted(recordings.items()))})
    groups = {name: sorted(group for group, side in sides.items() if side == name) for name in SPLIT_NAMES}
    return {"file": str(path), "sha256": sha256_file(path), "groups": groups}


def kept_by(project: Project) -> str:
    """What the kept split keeps together; empty where none is kept, or its file is damaged, which cutting says."""
    try:
        by = json.loads(file_of(project).read_text(encoding="utf-8"))["by"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return by if by in SPLITS else ""


def sides_of(project: Project, entries: Sequence[Entry]) -> dict[str, int] | None:
    """TRAIN, VALIDATION or TEST of each group of recordings; None where no split is kept.

    Raises:
        DataError: the file is damaged or of another way to split; a recording it was made with is gone or changed.
    """
    path = file_of(project)
    if not path.is_file():
        return None
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        by = str(said["by"])
        sides = {str(group): SPLIT_NAMES.index(side) for group, side in said["sides"].items()}
        recordings = {str(name): str(digest) for name, digest in said["recordings"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(str(path), f"is no frozen split: {error}", "restore the file, or delete it") from error
    if by != project.dataset.split_by:
        fact = f'was frozen by {by}, dataset.split_by is "{project.dataset.split_by}"'
        raise DataError(str(path), fact, "change it back, or freeze again")
    there = {entry.id: entry.digest for entry in entries}
    for name, digest in recordings.items():
        if there.get(name) != digest:
            raise DataError(str(path), f"was frozen with recording {name}, which is gone or changed", _WAY_OUT)
    split = SplitSpec(by)  # type: ignore[arg-type]
    for entry in entries:
        with contextlib.suppress(DataError):  # said by who cuts it, if it is used
            sides.setdefault(group_of(entry, split), TRAIN)
    return sides
