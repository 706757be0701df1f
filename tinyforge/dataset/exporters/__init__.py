"""Recordings for other programs: csv, parquet, edge-impulse, npz. `importers` read back the identical recordings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tinyforge.core.errors import UsageError, did_you_mean
from tinyforge.core.types import Recording
from tinyforge.dataset.exporters import csv, edge_impulse, npz, parquet

Names = Sequence[str]
Export = Callable[[Path, Names, Sequence[Recording]], list[Path]]

EXPORTERS: Mapping[str, tuple[str, Export]] = {
    "csv": ("a folder, one self-describing CSV a recording", csv.write),
    "parquet": ("one file, a row a sample", parquet.write),
    "edge-impulse": ("a folder: training/*.json and info.labels, for edge-impulse-uploader", edge_impulse.write),
    "npz": ("one file of NumPy arrays", npz.write),
}


def export_recordings(path: Path, names: Names, recordings: Sequence[Recording], format: str) -> list[Path]:  # noqa: A002 - as --format
    """Write recordings.

    Args:
        path: folder or file, as the format has it.
        names: of the recordings, each once; files are called after them.
        recordings: to write.
        format: one of `EXPORTERS`.

    Returns:
        The files.

    Raises:
        UsageError: no such format, or the path cannot be written.
        DataError: a recording has a sample that is not finite.
    """
    if format not in EXPORTERS:
        raise UsageError("--format", f'"{format}": unknown format', did_you_mean(format, EXPORTERS))
    return EXPORTERS[format][1](path, names, recordings)
