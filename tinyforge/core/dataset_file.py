"""A dataset as one file: an ``.npz`` that is not compressed, whose samples are mapped into memory and not read.

Members: ``samples`` float32 [time, channel], ``starts`` int64 [window], ``targets``, ``split``, ``groups``,
``recordings`` and ``said``, JSON with the labels and the spec.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import DataError
from tinyforge.core.files import atomic_open
from tinyforge.core.types import Dataset, WindowSpec
from tinyforge.core.windows import Windows

_SAMPLES = "samples.npy"
_LOCAL_HEADER = 30  # bytes before the name; then its length and that of the extra field, at 26 and 28 (APPNOTE 4.3.7)


def write_dataset(dataset: Dataset, path: Path) -> None:
    """Write a dataset, by rename; equal datasets give equal bytes.

    Raises:
        UsageError: the file cannot be written.
    """
    windows = dataset.windows
    said = json.dumps({"labels": list(dataset.labels), "spec": asdict(dataset.spec)})
    arrays = {
        "starts": windows.starts,
        "targets": dataset.targets,
        "split": dataset.split,
        "groups": dataset.groups.astype(np.str_, copy=False),
        "recordings": dataset.recordings.astype(np.str_, copy=False),
        "said": np.array(said),
    }
    with atomic_open(path, "wb") as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        with archive.open(zipfile.ZipInfo(_SAMPLES), "w", force_zip64=True) as member:
            write_samples(member, windows.samples.shape, windows.pieces())
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


def write_samples(
    stream: IO[bytes], shape: tuple[int, ...], pieces: Iterable[npt.NDArray[np.float32]], dtype: str = "<f4"
) -> None:
    """An ``.npy`` of samples [time, channel], piece by piece."""
    header = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    for piece in pieces:
        stream.write(np.ascontiguousarray(piece, dtype).data)


def read_dataset(path: Path) -> Dataset:
    """Read what :func:`write_dataset` wrote; its samples stay on disk.

    Raises:
        DataError: no such file, or another one.
    """
    try:
        samples = _mapped(path)
        with np.load(path, allow_pickle=False) as archive:
            said = json.loads(str(archive["said"]))
            spec = WindowSpec(**said["spec"] | {"channels": tuple(said["spec"]["channels"])})
            return Dataset(
                Windows(samples, archive["starts"], spec.length),
                archive["targets"],
                tuple(said["labels"]),
                archive["groups"],
                archive["recordings"],
                archive["split"],
                spec,
            )
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split())
        raise DataError(str(path), f"is no dataset: {reason}", "remove it and run again") from error


def _mapped(path: Path) -> npt.NDArray[np.float32]:
    """The samples of the archive, mapped read-only."""
    with path.open("rb") as stream:
        with zipfile.ZipFile(stream) as archive:
            member = archive.getinfo(_SAMPLES)
        if member.compress_type != zipfile.ZIP_STORED:
            raise ValueError("its samples are compressed")
        stream.seek(member.header_offset)
        local = stream.read(_LOCAL_HEADER)
        stream.seek(int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little"), 1)
        return map_samples(stream)


def map_samples(stream: IO[bytes]) -> npt.NDArray[Any]:
    """The float32 [time, channel] of an ``.npy`` that begins where the stream stands, mapped read-only.

    Raises:
        ValueError: it is none.
    """
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("an array of another version")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    if fortran or dtype != np.dtype("<f4") or len(shape) != 2:
        raise ValueError("its samples are no float32 [time, channel]")
    if 0 in shape:
        return np.zeros(shape, np.float32)
    return np.memmap(stream, np.float32, "r", stream.tell(), shape)
