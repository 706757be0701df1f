"""One Parquet table, a row a sample.

Columns: ``recording``, ``label``, ``subject``, ``session`` (dictionaries), ``t [ms]``, then the channels with their
units, ``ax [g]`` for instance; a recording that lacks a channel has nulls there. All that is said of each recording is
JSON in the schema's metadata under ``tinyforge``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinyforge.core.files import atomic_open
from tinyforge.core.recording_csv import canonical
from tinyforge.core.types import Recording
from tinyforge.dataset.said import said_of

_TEXTS = ("recording", "label", "subject", "session")


def write(path: Path, names: Sequence[str], recordings: Sequence[Recording]) -> list[Path]:
    """Write ``path``, a row group for some recordings at a time.

    Raises:
        DataError: a sample is not finite.
        UsageError: the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet

    file = path if path.suffix == ".parquet" else path.with_name(path.name + ".parquet")
    whole = [canonical(recording) for recording in recordings]
    titles = list(dict.fromkeys(f"{c.name} [{c.unit}]" for one in whole for c in one.channels))
    about = [{"name": name, **said_of(one)} for name, one in zip(names, whole, strict=True)]
    fields = [pa.field(key, pa.dictionary(pa.int32(), pa.string())) for key in _TEXTS]
    fields.append(pa.field("t [ms]", pa.float64()))
    fields += [pa.field(title, pa.float32()) for title in titles]
    schema = pa.schema(fields, metadata={"tinyforge": json.dumps(about)})
    tables = [_table(name, one, titles, schema) for name, one in zip(names, whole, strict=True)]
    table = pa.concat_tables(tables).unify_dictionaries() if tables else schema.empty_table()
    with atomic_open(file, "wb") as stream:
        pyarrow.parquet.write_table(table.replace_schema_metadata(schema.metadata), stream)
    return [file]


def _table(name: str, recording: Recording, titles: Sequence[str], schema: Any) -> Any:
    import pyarrow as pa

    count = len(recording.samples)
    labels = recording.sample_labels or (recording.label,) * count
    columns: list[Any] = [
        pa.array(values, pa.string()).dictionary_encode()
        for values in ([name] * count, labels, [recording.subject] * count, [recording.session] * count)
    ]
    times = recording.times_ms
    columns.append(pa.array(times if times is not None else np.arange(count) * (1e3 / recording.rate_hz)))
    own = {f"{c.name} [{c.unit}]": k for k, c in enumerate(recording.channels)}
    for title in titles:
        column = own.get(title)
        empty = pa.nulls(count, pa.float32())
        columns.append(empty if column is None else pa.array(np.ascontiguousarray(recording.samples[:, column])))
    return pa.Table.from_arrays(columns, schema=schema)
