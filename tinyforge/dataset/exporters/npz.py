"""One file of NumPy arrays: ``samples_k`` float32 [time, channel], ``times_k``, and ``about``, a JSON list."""

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


def write(path: Path, names: Sequence[str], recordings: Sequence[Recording]) -> list[Path]:
    """Write ``path``; ``about[k]["name"]`` is the name of recording k.

    Raises:
        DataError: a sample is not finite.
        UsageError: the file cannot be written.
    """
    file = path if path.suffix == ".npz" else path.with_name(path.name + ".npz")
    arrays: dict[str, Any] = {}
    about = []
    for k, (name, given) in enumerate(zip(names, recordings, strict=True)):
        recording = canonical(given)
        arrays[f"samples_{k}"] = recording.samples
        if recording.times_ms is not None:
            arrays[f"times_{k}"] = recording.times_ms
        about.append({"name": name, **said_of(recording)})
    with atomic_open(file, "wb") as stream:
        np.savez_compressed(stream, about=np.array(json.dumps(about)), **arrays)
    return [file]
