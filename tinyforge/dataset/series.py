"""Recordings of a store one after the other, in g and dps at one rate, on disk: what windows are cut from.

Recordings are text, which diffs; windows want float32, at one rate. `build_series` goes over the recordings once, one
in memory at a time, and writes what they become to a file that is then mapped. `SeriesCache` keeps such files: the key
is what decides their content (digests of the recordings, channels, rate, gap limit, code of this package), and the size
and time of each recording's file, so that one that was edited is read, and refused, again.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np

from tinyforge.core.errors import DataError
from tinyforge.core.files import os_error, sha256_json
from tinyforge.core.resources import code_digest
from tinyforge.core.types import Float32Array, IntArray, Recording, WindowSpec
from tinyforge.dataset.entries import Entry
from tinyforge.dataset.even import evenly
from tinyforge.dataset.units import to_canonical

SAMPLES, INDEX = "samples.f32", "index.json"
_KEPT = 4  # series of a cache, the latest
Runs = tuple[tuple[str, int], ...]


class Store(Protocol):
    """What is needed of a store."""

    def entries(self) -> list[Entry]:
        """What there is."""
        ...

    def load(self, recording_id: str) -> Recording:
        """One of them."""
        ...


@dataclass(frozen=True, slots=True)
class Piece:
    """Where a recording is in a series.

    Attributes:
        first, count: its samples there.
        runs: label and number of samples of each run of one label; None where one label holds throughout.
    """

    first: int
    count: int
    runs: Runs | None


@dataclass(frozen=True, eq=False)
class Series:
    """Recordings, one after the other.

    Attributes:
        samples: float32 [time, channel], mapped read-only.
        pieces: by id of a recording.
    """

    samples: Float32Array
    pieces: Mapping[str, Piece]


def even_recording(recording: Recording, spec: WindowSpec, place: str, gap_ms: float) -> tuple[Float32Array, IntArray]:
    """A recording's samples [n, channel] in g and dps at the spec's rate, and the nearest of its own for each [n].

    Raises:
        DataError: a channel is missing, its unit is unknown, or the times have a gap longer than ``gap_ms``.
    """
    names = [channel.name for channel in recording.channels]
    for name in spec.channels:
        if name not in names:
            raise DataError(
                place, f"has no channel {name!r}", f"it has {', '.join(names)}; set window.channels to what is there"
            )
    samples = to_canonical(recording, [names.index(name) for name in spec.channels], place)
    try:
        return evenly(recording, samples, spec.rate_hz, gap_ms)
    except DataError as error:
        raise DataError(place, error.fact, error.way_out) from error


def build_series(
    store: Store, entries: Sequence[Entry], spec: WindowSpec, gap_ms: float, stream: IO[bytes]
) -> dict[str, Piece]:
    """Write the samples of recordings to a file, one recording in memory at a time.

    Returns:
        Where each is, by id, in the order of ``entries``.

    Raises:
        DataError: as `even_recording`; a recording is damaged.
    """
    pieces: dict[str, Piece] = {}
    first = 0
    for entry in entries:
        recording = store.load(entry.id)
        samples, nearest = even_recording(recording, spec, f"recording {entry.id}", gap_ms)
        runs = None
        if recording.sample_labels is not None:
            labels = recording.sample_labels
            said = itertools.groupby(labels[k] for k in nearest)
            runs = tuple((label, len(list(run))) for label, run in said)
        stream.write(np.ascontiguousarray(samples, "<f4").data)
        pieces[entry.id] = Piece(first, len(samples), runs)
        first += len(samples)
    stream.flush()
    return pieces


def series_of(store: Store, entries: Sequence[Entry], spec: WindowSpec, gap_ms: float) -> Series:
    """A series in a file without a name, which is gone when nobody looks at it any more.

    Raises:
        DataError: as `build_series`.
        UsageError: the disk is full.
    """
    try:
        with tempfile.TemporaryFile() as stream:
            pieces = build_series(store, entries, spec, gap_ms, stream)
            return Series(_mapped(stream, pieces, len(spec.channels)), pieces)
    except OSError as error:
        raise os_error(Path(tempfile.gettempdir()), error, "write") from error


class SeriesCache:
    """A folder of series that were made before.

    Args:
        folder: made when the first one is kept.
        stamp: something that changes when the file of a recording does.
    """

    def __init__(self, folder: Path, stamp: Callable[[Entry], str]) -> None:
        self._folder = folder
        self._stamp = stamp

    def series_of(self, store: Store, entries: Sequence[Entry], spec: WindowSpec, gap_ms: float) -> Series:
        """The series of these recordings; made when it is not there.

        Raises:
            DataError: as `build_series`.
            UsageError: the folder cannot be written.
        """
        said = [[entry.id, entry.digest, self._stamp(entry)] for entry in entries]
        key = sha256_json([said, list(spec.channels), spec.rate_hz, gap_ms, code_digest("dataset")])
        place = self._folder / key[:32]
        found = _opened(place, len(spec.channels))
        if found is not None:
            with contextlib.suppress(OSError):
                os.utime(place)
            return found
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            workshop = Path(tempfile.mkdtemp(dir=self._folder, prefix=".new-"))
            try:
                with (workshop / SAMPLES).open("wb") as stream:
                    pieces = build_series(store, entries, spec, gap_ms, stream)
                    os.fsync(stream.fileno())
                index = {name: [piece.first, piece.count, piece.runs] for name, piece in pieces.items()}
                (workshop / INDEX).write_text(json.dumps(index), encoding="utf-8")
                with contextlib.suppress(OSError):  # somebody else made it meanwhile
                    workshop.rename(place)
                self._forget_old()
            finally:
                shutil.rmtree(workshop, ignore_errors=True)
        except OSError as error:
            raise os_error(self._folder, error, "write") from error
        made = _opened(place, len(spec.channels))
        if made is None:
            raise DataError(str(place), "was changed while it was written", "run it again")
        return made

    def _forget_old(self) -> None:
        """Leave the latest `_KEPT` series; one that is mapped stays readable."""
        made = [path for path in self._folder.iterdir() if not path.name.startswith(".")]
        for path in sorted(made, key=lambda one: one.stat().st_mtime_ns)[:-_KEPT]:
            shutil.rmtree(path, ignore_errors=True)


def _opened(place: Path, channels: int) -> Series | None:
    """The series kept there; None where none is, or half of one."""
    try:
        index: dict[str, Any] = json.loads((place / INDEX).read_text(encoding="utf-8"))
        pieces = {
            name: Piece(int(first), int(count), None if runs is None else tuple((str(a), int(b)) for a, b in runs))
            for name, (first, count, runs) in index.items()
        }
        with (place / SAMPLES).open("rb") as stream:
            return Series(_mapped(stream, pieces, channels), pieces)
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def _mapped(stream: IO[bytes], pieces: Mapping[str, Piece], channels: int) -> Float32Array:
    rows = sum(piece.count for piece in pieces.values())
    if not rows:
        return np.empty((0, channels), np.float32)
    if stream.seek(0, os.SEEK_END) != rows * channels * 4:
        raise ValueError("the file has another size")
    mapped: Float32Array = np.memmap(stream, np.dtype("<f4"), "r", 0, (rows, channels))
    return mapped
