"""The Parquet table that `tinyforge dataset export --format parquet` writes: a row a sample, `recording` says of which.

What is said of each recording (units among it) is JSON in the schema's metadata under ``tinyforge``.
"""

from __future__ import annotations

import json

import numpy as np

from tinyforge.core.errors import DataError
from tinyforge.core.types import Recording
from tinyforge.dataset.importers.base import ImportOptions, ImportResult
from tinyforge.dataset.importers.source import Member, Source
from tinyforge.dataset.said import filled, recording_from

name = "parquet"
description = "Parquet file written by tinyforge"
METADATA = b"tinyforge"
_MAGIC = b"PAR1"


def sniff(source: Source) -> float:
    """0.95 when a file is Parquet."""
    return 0.95 if any(member.head(4) == _MAGIC for member in source.members) else 0.0


def read(source: Source, options: ImportOptions) -> ImportResult:
    """Read every recording; the options fill in what the file leaves empty.

    Raises:
        DataError: the file is damaged, or another program's.
    """
    members = [member for member in source.members if member.head(4) == _MAGIC]
    if not members:
        raise DataError(source.place, "holds no Parquet file", "leave --format out to find out what it is")
    recordings = [one for member in members for one in _file(member)]
    return ImportResult(
        [filled(one, options.label, options.subject, options.session, options.board) for one in recordings], name
    )


def _file(member: Member) -> list[Recording]:
    import pyarrow as pa
    import pyarrow.parquet

    place = member.place
    try:
        table = pyarrow.parquet.read_table(pa.BufferReader(member.read()), use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:120]
        raise DataError(place, f"is damaged: {reason}", "export it again") from error
    metadata = table.schema.metadata or {}
    if METADATA not in metadata:
        raise DataError(place, "does not say what its recordings are: tinyforge did not write it", "convert it to CSV")
    try:
        about = json.loads(metadata[METADATA])
        rows = [int(said["samples"]) for said in about]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(place, "its metadata is damaged", "export it again") from error
    if sum(rows) != table.num_rows or any(count < 0 for count in rows):
        raise DataError(place, f"has {table.num_rows} rows, its metadata say {sum(rows)}", "export it again")
    recordings: list[Recording] = []
    start = 0
    for k, (said, count) in enumerate(zip(about, rows, strict=True)):
        part = table.slice(start, count)
        start += count
        try:
            columns = [part.column(f"{title} [{unit}]").to_numpy() for title, unit in said["channels"]]
            times = part.column("t [ms]").to_numpy() if said.get("times") else None
            samples = np.stack(columns, axis=1) if columns else np.empty((count, 0), np.float32)
        except (KeyError, ValueError, TypeError) as error:
            raise DataError(f"{place}: recording {k}", f"a column is missing: {error}", "export it again") from error
        recordings.append(recording_from(said, samples, times, f"{place}: recording {k}"))
    return recordings
