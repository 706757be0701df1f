"""Predictions of a board behind a link, window by window, and where it was when it was interrupted."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import DataError, DeviceError
from tinyforge.core.files import atomic_open
from tinyforge.core.types import Float32Array, Int8Array, IntArray

CHUNK_WINDOWS = 32

Progress = Callable[[int, int], None]


class Answer(Protocol):
    """What a link gives back for a window (``tinyforge.link.Inference`` does)."""

    @property
    def scores(self) -> Int8Array:
        """Raw int8 scores [classes]."""
        ...

    @property
    def label(self) -> int:
        """The class the board answers."""
        ...

    @property
    def cycles(self) -> int:
        """Cycles of the network by the board's own counter; 0 when it has none."""
        ...

    @property
    def preprocess_cycles(self) -> int:
        """Cycles from the raw window to the quantized input."""
        ...

    @property
    def duration_us(self) -> int:
        """Preprocessing and network together, by the board's clock."""
        ...

    @property
    def input_crc(self) -> int:
        """CRC-32 of the quantized input the board made."""
        ...


class InferenceLink(Protocol):
    """A link that can be asked (``tinyforge.link.Link`` is one)."""

    def infer(self, window: Float32Array, /) -> Answer:
        """Send a window float32 [time, channel]; raises DeviceError."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class BoardPredictions:
    """What a board said, of the first ``len(labels)`` windows.

    Attributes:
        scores: int8 [n, classes].
        labels: int64 [n], as the board answered.
        cycles: int64 [n] of the network, by the board's counter.
        preprocess_cycles: int64 [n] from the raw window to the quantized input.
        duration_us: int64 [n]: both together, by the board's clock.
        round_trip_us: float64 [n]: from sending a window to having its answer, on the host's clock.
        input_crc32: int64 [n]: CRC-32 of the quantized inputs.
        mismatched_inputs: int64 [k]: windows whose CRC is not that of the expected input.
    """

    scores: Int8Array
    labels: IntArray
    cycles: IntArray
    preprocess_cycles: IntArray
    duration_us: IntArray
    round_trip_us: npt.NDArray[np.float64]
    input_crc32: IntArray
    mismatched_inputs: IntArray

    def save(self, path: Path) -> None:
        """Write an ``.npz`` by rename; :meth:`load` reads it."""
        with atomic_open(path, "wb") as stream:
            np.savez(stream, **{name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def load(cls, path: Path) -> BoardPredictions:
        """Read what :meth:`save` wrote.

        Raises:
            DataError: no such file, or another one.
        """
        try:
            with np.load(path, allow_pickle=False) as archive:
                return cls(**{name: archive[name] for name in cls.__slots__})
        except (OSError, ValueError, KeyError, EOFError, TypeError) as error:
            raise DataError(
                str(path), f"holds no predictions: {' '.join(str(error).split())}", "remove it and evaluate again"
            ) from error


_PER_WINDOW = tuple(name for name in BoardPredictions.__slots__ if name != "mismatched_inputs")


def _empty(windows: int, classes: int) -> BoardPredictions:
    counts = [np.zeros(windows, np.int64) for _ in range(5)]
    return BoardPredictions(
        scores=np.zeros((windows, classes), np.int8),
        labels=counts[0],
        cycles=counts[1],
        preprocess_cycles=counts[2],
        duration_us=counts[3],
        round_trip_us=np.zeros(windows),
        input_crc32=counts[4],
        mismatched_inputs=np.zeros(0, np.int64),
    )


def predict_over_link(
    link: InferenceLink,
    windows: Float32Array,
    expected_inputs: Int8Array,
    on_progress: Progress | None = None,
    *,
    classes: int,
    resume: BoardPredictions | None = None,
    on_chunk: Callable[[BoardPredictions], None] | None = None,
    chunk_windows: int = CHUNK_WINDOWS,
    place: str = "board",
) -> BoardPredictions:
    """Send every window to a board and collect its answers.

    Args:
        link: an open link.
        windows: float32 [n, time, channel], in physical units: the board quantizes them itself.
        expected_inputs: int8 [n, ...]: the same windows quantized by the reference; only their CRC-32 is compared.
        on_progress: called as ``on_progress(done, n)`` after each window.
        classes: how many scores the model has; an answer with another number is an error.
        resume: predictions of the first windows, from an interrupted run; they are not asked again.
        on_chunk: given all predictions so far, at least every ``chunk_windows`` windows, at the end, and when a
            window fails or the user interrupts: save them there and hand them to ``resume`` the next time.
        chunk_windows: >= 1.
        place: what to call the board in an error.

    Raises:
        DataError: shapes that do not fit each other, or ``resume`` of another run.
        DeviceError: of the link, or an answer that cannot be of this model.
    """
    if windows.ndim != 3 or len(windows) != len(expected_inputs) or chunk_windows < 1:
        raise DataError(
            "windows",
            f"have shape {windows.shape} with {len(expected_inputs)} quantized inputs, in chunks of {chunk_windows}",
            "give float32 [n, time, channel] and as many inputs",
        )
    total = len(windows)
    expected_crc32 = [zlib.crc32(np.ascontiguousarray(row).tobytes()) for row in expected_inputs]
    said = _empty(total, classes)
    done = 0
    if resume is not None:
        done = len(resume.labels)
        if done > total or resume.scores.shape != (done, classes):
            raise DataError(
                "earlier predictions",
                f"have scores of shape {resume.scores.shape} for {total} windows of {classes} classes",
                "they are of another model or split: start without them",
            )
        for name in _PER_WINDOW:
            getattr(said, name)[:done] = getattr(resume, name)

    def so_far() -> BoardPredictions:
        wrong = [window for window in range(done) if int(said.input_crc32[window]) != expected_crc32[window]]
        part = {name: getattr(said, name)[:done].copy() for name in _PER_WINDOW}
        return BoardPredictions(**part, mismatched_inputs=np.array(wrong, np.int64))

    told = done
    try:
        while done < total:
            started = time.perf_counter()
            answer = link.infer(np.ascontiguousarray(windows[done], np.float32))
            said.round_trip_us[done] = (time.perf_counter() - started) * 1e6
            _check_answer(answer, classes, f"{place}: window {done}")
            said.scores[done], said.labels[done] = answer.scores, answer.label
            said.cycles[done], said.preprocess_cycles[done] = answer.cycles, answer.preprocess_cycles
            said.duration_us[done], said.input_crc32[done] = answer.duration_us, answer.input_crc & 0xFFFFFFFF
            done += 1
            if on_progress is not None:
                on_progress(done, total)
            if on_chunk is not None and done - told >= chunk_windows:
                on_chunk(so_far())
                told = done
    finally:
        if on_chunk is not None and done > told:
            on_chunk(so_far())
    return so_far()


def _check_answer(answer: Answer, classes: int, place: str) -> None:
    given: npt.NDArray[Any] = np.asarray(answer.scores)
    if given.shape != (classes,):
        raise DeviceError(
            place,
            f"{given.size} scores where the model has {classes} classes",
            "the board carries another model: flash this one",
        )
    if given.dtype != np.int8 and (given.min() < -128 or given.max() > 127):
        raise DeviceError(place, f"scores {given.min()}..{given.max()} are no int8", "flash the board again")
    if not 0 <= answer.label < classes:
        raise DeviceError(
            place, f"label {answer.label} is no class of {classes}", "the board carries another model: flash this one"
        )
