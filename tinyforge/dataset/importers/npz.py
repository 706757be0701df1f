"""The ``.npz`` that `tinyforge dataset export --format npz` writes: arrays of samples, and what is said about them."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from typing import Any

import numpy as np

from tinyforge.core.errors import DataError
from tinyforge.core.types import Recording
from tinyforge.dataset.importers.base import ImportOptions, ImportResult
from tinyforge.dataset.importers.source import Member, Source, trust
from tinyforge.dataset.said import filled, recording_from

name = "npz"
description = "npz file written by tinyforge: samples_0 ..., times_0 ..., about"


def sniff(source: Source) -> float:
    """0.95 when a file ends in .npz."""
    return 0.95 if any(member.path.suffix == ".npz" for member in source.members) else 0.0


def read(source: Source, options: ImportOptions) -> ImportResult:
    """Read every recording; the options fill in what the file leaves empty.

    Raises:
        DataError: the file is damaged, or another program's.
    """
    members = [member for member in source.members if member.path.suffix == ".npz"]
    if not members:
        raise DataError(source.place, "holds no .npz file", "leave --format out to find out what it is")
    recordings = [one for member in members for one in _file(member)]
    return ImportResult(
        [filled(one, options.label, options.subject, options.session, options.board) for one in recordings], name
    )


def _file(member: Member) -> list[Recording]:
    place = member.place
    data = member.read()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                trust(info, f"{place}:{info.filename}")
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            if "about" not in arrays:
                raise DataError(place, "has no array `about`: tinyforge did not write it", "convert it to CSV")
            about = json.loads(str(arrays["about"]))
            if not isinstance(about, list):
                raise DataError(place, "its array `about` is no list", "export it again")
            return [_one(arrays, k, said, place) for k, said in enumerate(about)]
    except (
        OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error, RecursionError, NotImplementedError,
    ) as error:  # fmt: skip
        reason = " ".join(str(error).split())[:120]
        raise DataError(place, f"is damaged: {reason}", "export it again") from error


def _one(arrays: Any, k: int, said: Any, place: str) -> Recording:
    times = arrays.get(f"times_{k}")
    return recording_from(said, arrays[f"samples_{k}"], times, f"{place}: about[{k}]")
