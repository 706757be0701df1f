"""A folder of recording files: their header says everything, and below it is plain CSV (pandas: ``comment="#"``)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tinyforge.core.recording_csv import write_recording
from tinyforge.core.types import Recording

_UNSAFE = re.compile(r"[^A-Za-z0-9_]+")


def write(path: Path, names: Sequence[str], recordings: Sequence[Recording]) -> list[Path]:
    """Write ``<path>/<label>/<name>.csv`` for each recording.

    Raises:
        DataError: a sample is not finite.
        UsageError: the folder cannot be written.
    """
    made = []
    for name, recording in zip(names, recordings, strict=True):
        file = path / (_UNSAFE.sub("_", recording.label) or "_") / f"{name}.csv"
        write_recording(file, recording)
        made.append(file)
    return made
