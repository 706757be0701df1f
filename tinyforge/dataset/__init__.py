"""Recordings kept, brought in, cut into windows and split so that nothing of the test is seen in training."""

from __future__ import annotations

from tinyforge.dataset.entries import Entry
from tinyforge.dataset.exporters import EXPORTERS, export_recordings
from tinyforge.dataset.importers import (
    ImportOptions,
    ImportResult,
    LabelFrom,
    import_recordings,
    list_importers,
    read_recordings,
)
from tinyforge.dataset.series import SeriesCache
from tinyforge.dataset.splits import SplitSpec, check_split
from tinyforge.dataset.store import RecordingStore
from tinyforge.dataset.windows import cut_windows, describe_split, make_dataset, recording_windows

__all__ = [
    "EXPORTERS",
    "Entry",
    "ImportOptions",
    "ImportResult",
    "LabelFrom",
    "RecordingStore",
    "SeriesCache",
    "SplitSpec",
    "check_split",
    "cut_windows",
    "describe_split",
    "export_recordings",
    "import_recordings",
    "list_importers",
    "make_dataset",
    "read_recordings",
    "recording_windows",
]
