"""Takes: stretches of one label, as arrays in g and degrees a second, and the numbers by which they are compared."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tinyforge.core.types import Float32Array, Recording
from tinyforge.dataset.units import ACCELERATION, ANGULAR_RATE, CANONICAL

SHORTEST = 8  # samples; nothing can be said of fewer


@dataclass(frozen=True, eq=False)
class Take:
    """A stretch of one label.

    Attributes:
        recording: id of the recording it is in.
        start: its first sample there.
        samples: float32 [time, channel]; accelerations in g, angular rates in dps, others as they are.
        raw: the same in the recording's own units.
        names, units: of the channels; units as the recording states them.
        rate_hz: as the recording says.
        label, subject, session, board, placement: as the recording says.
        origin: as the recording says, or its id.
        dropped: samples known to be lost in the whole recording.
    """

    recording: str
    start: int
    samples: Float32Array
    raw: Float32Array
    names: tuple[str, ...]
    units: tuple[str, ...]
    rate_hz: float
    label: str
    subject: str
    session: str
    board: str
    placement: str
    origin: str
    dropped: int

    @property
    def place(self) -> str:
        """How a person is told of it."""
        return f"{self.recording} from sample {self.start}" if self.start else self.recording


def takes_of(recording_id: str, recording: Recording) -> Iterator[Take]:
    """Stretches of one label in a recording, those of fewer than `SHORTEST` samples left out."""
    names = tuple(c.name for c in recording.channels)
    factors = np.array([_factor(c.name, c.unit) for c in recording.channels], np.float32)
    samples = recording.samples * factors
    for label, first, last in runs_of(recording):
        if last - first < SHORTEST:
            continue
        yield Take(
            recording=recording_id,
            start=first,
            samples=samples[first:last],
            raw=recording.samples[first:last],
            names=names,
            units=tuple(c.unit for c in recording.channels),
            rate_hz=recording.rate_hz,
            label=label,
            subject=recording.subject,
            session=recording.session,
            board=recording.board,
            placement=recording.placement,
            origin=recording.origin or recording_id,
            dropped=recording.dropped,
        )


def runs_of(recording: Recording) -> list[tuple[str, int, int]]:
    """Label, first sample and the one after the last of each run of one label."""
    if recording.sample_labels is None:
        return [(recording.label, 0, len(recording.samples))]
    runs: list[tuple[str, int, int]] = []
    start = 0
    for label, run in itertools.groupby(recording.sample_labels):
        end = start + len(list(run))
        runs.append((label, start, end))
        start = end
    return runs


def _factor(name: str, unit: str) -> float:
    wanted = "g" if name in ACCELERATION else "dps" if name in ANGULAR_RATE else ""
    to, factor = CANONICAL.get(unit, ("", 1.0))
    return factor if to == wanted else 1.0


def triples(names: Sequence[str]) -> list[list[int]]:
    """Columns of the three axes of each sensor that has all three."""
    sensors = (ACCELERATION, ANGULAR_RATE)
    return [[list(names).index(axis) for axis in axes] for axes in sensors if all(axis in names for axis in axes)]
