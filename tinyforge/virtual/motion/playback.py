"""A recording that moves the virtual IMU."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinyforge.core.errors import DataError
from tinyforge.core.types import IMU_CHANNELS, Channel, Recording
from tinyforge.virtual.motion.arm import GRAVITY_M_S2, Sample6

_TO_CANONICAL: Mapping[str, tuple[str, float]] = {
    "g": ("g", 1.0),
    "mg": ("g", 1e-3),
    "m/s^2": ("g", 1.0 / GRAVITY_M_S2),
    "dps": ("dps", 1.0),
    "rad/s": ("dps", 180.0 / np.pi),
}


class Playback:
    """A recording as a `MotionSource`: it starts again when it ends.

    Args:
        recording: has the channels ax ay az gx gy gz, in any order, among others or not.
        place: what errors name.

    Raises:
        DataError: a channel is missing, its unit is unknown, or there is no sample.
    """

    def __init__(self, recording: Recording, place: str) -> None:
        if len(recording.samples) == 0:
            raise DataError(place, "the recording has no samples", "play another one")
        names = [channel.name for channel in recording.channels]
        columns = []
        for wanted in IMU_CHANNELS:
            if wanted.name not in names:
                raise DataError(place, f"there is no channel {wanted.name} to play", f"it has: {', '.join(names)}")
            column = names.index(wanted.name)
            columns.append(
                recording.samples[:, column] * np.float32(_factor(recording.channels[column], wanted, place))
            )
        self._rate_hz = recording.rate_hz
        self._samples: list[Sample6] = [
            (a, b, c, d, e, f) for a, b, c, d, e, f in np.stack(columns, axis=1).astype(np.float32).tolist()
        ]

    @property
    def rate_hz(self) -> float:
        """Samples a second."""
        return self._rate_hz

    def sample(self, i: int) -> Sample6:
        """Sample ``i`` modulo the length: ax ay az in g, gx gy gz in degrees a second."""
        return self._samples[i % len(self._samples)]


def _factor(channel: Channel, wanted: Channel, place: str) -> float:
    unit, factor = _TO_CANONICAL.get(channel.unit, ("", 0.0))
    if unit != wanted.unit:
        known = [name for name, (to, _) in _TO_CANONICAL.items() if to == wanted.unit]
        raise DataError(
            place, f"channel {channel.name} has the unit {channel.unit!r}", f"it must be one of: {', '.join(known)}"
        )
    return factor
