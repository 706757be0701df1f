"""Windows of a long series, cut when somebody asks for them.

Overlapping windows hold every sample several times; a hundred million samples of six channels, cut at half a window's
hop, are 4.8 GB as an array and 2.4 GB as the samples they come from. `Windows` keeps the samples, on disk where they
are many, and the numbers at which windows start.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import DataError

Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

CHUNK_BYTES = 16 << 20  # of windows, cut at a time
_HELD_BYTES = 128 << 20  # of a mapped file, in memory at most, about
_FAULT_BYTES = 64 << 10  # Linux maps so much around a page that is read


class Windows:
    """float32 [window, time, channel], cut on demand: behaves as an array that is only read.

    ``len()``, ``.shape``, ``.dtype`` and ``np.asarray()`` work as they do for an array. What an index asks for is cut
    and copied; `take` chooses windows without cutting any, `chunks` goes over all of them in bounded memory.

    Args:
        samples: float32 [time, channel], C order; may be memory-mapped (``np.memmap``): its pages are given back.
        starts: int64 [window], where each window begins; ``0 <= start <= time - length``.
        length: samples a window, >= 1.

    Raises:
        DataError: a window would not be inside the samples.
    """

    ndim = 3
    dtype = np.dtype(np.float32)

    def __init__(self, samples: Float32Array, starts: IntArray, length: int) -> None:
        if len(starts) and not (int(starts.min()) >= 0 and int(starts.max()) + length <= len(samples)):
            raise DataError(
                "windows",
                f"{len(samples)} samples do not hold windows of {length} from {starts.min()} to {starts.max()}",
                "cut them again",
            )
        self.samples = samples
        self.starts = starts
        self.length = length
        self._touched = 0

    @classmethod
    def of(cls, windows: npt.NDArray[Any]) -> Windows:
        """Windows that are an array already, [window, time, channel]; without a copy where they are float32."""
        count, length, channels = windows.shape
        flat = np.ascontiguousarray(windows, np.float32).reshape(count * length, channels)
        return cls(flat, np.arange(count, dtype=np.int64) * length, length)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(window, time, channel)."""
        return len(self.starts), self.length, self.samples.shape[1]

    def __len__(self) -> int:
        """Number of windows."""
        return len(self.starts)

    def __getitem__(self, index: Any) -> Float32Array:
        """As of an array; what is asked for is cut and copied."""
        first, *rest = index if isinstance(index, tuple) else (index,)
        chosen = self.starts[first]
        cut = self._cut(np.atleast_1d(chosen))
        found: Float32Array = cut[0][tuple(rest)] if np.ndim(chosen) == 0 else cut[(slice(None), *rest)]
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """All of them, cut."""
        if copy is False:
            raise ValueError("windows are cut on demand: an array of them is a copy")
        return self._cut(self.starts).astype(dtype or np.float32, copy=False)

    def take(self, index: npt.NDArray[Any]) -> Windows:
        """Some of the windows (an index or a mask), of the same samples; none is cut."""
        return Windows(self.samples, self.starts[index], self.length)

    def chunks(self, count: int = 0) -> Iterator[Float32Array]:
        """All windows in order, float32 [at most ``count``, time, channel]; 0 for `CHUNK_BYTES` a time."""
        count = count or max(1, CHUNK_BYTES // max(1, self.length * self.samples.shape[1] * 4))
        for first in range(0, len(self.starts), count):
            yield self._cut(self.starts[first : first + count])

    def pieces(self) -> Iterator[Float32Array]:
        """The samples themselves, [time, channel], in order: at most `CHUNK_BYTES` a time."""
        rows = max(1, CHUNK_BYTES // max(1, self.samples.shape[1] * 4))
        for first in range(0, len(self.samples), rows):
            piece = self.samples[first : first + rows]
            yield piece
            self._give_back(piece.nbytes)

    def _cut(self, starts: IntArray) -> Float32Array:
        count, channels = len(starts), self.samples.shape[1]
        if not count or not channels:
            return np.empty((count, self.length, channels), np.float32)
        # a window is one stretch of memory: rows that overlap, one for each sample that can start one
        row, step = self.length * channels, channels * self.samples.itemsize
        rows = np.lib.stride_tricks.as_strided(
            self.samples, (len(self.samples) - self.length + 1, row), (step, self.samples.itemsize), writeable=False
        )
        out = np.empty((count, row), np.float32)
        batch = max(1, _HELD_BYTES // (4 * (row * 4 + _FAULT_BYTES)))
        for first in range(0, count, batch):
            some = starts[first : first + batch]
            out[first : first + batch] = rows[some]  # not np.take: it copies an array whose rows overlap
            self._give_back(len(some) * (row * 4 + _FAULT_BYTES))
        return out.reshape(count, self.length, channels)

    def _give_back(self, touched: int) -> None:
        """Let go of the mapped file's pages once enough of them may have been read; they stay in the disk's cache."""
        mapped = _mapping(self.samples)
        if mapped is None or not hasattr(mmap, "MADV_DONTNEED"):
            return
        self._touched += touched
        if self._touched > _HELD_BYTES:
            mapped.madvise(mmap.MADV_DONTNEED)
            self._touched = 0


def _mapping(samples: npt.NDArray[Any]) -> mmap.mmap | None:
    """The mapped file below an array, read-only ones alone: others would lose what was written."""
    base: Any = samples
    while isinstance(base, np.ndarray):
        if base.flags.writeable:
            return None
        base = base.base
    return base if isinstance(base, mmap.mmap) else None
