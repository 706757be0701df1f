"""Units of IMU channels: names, factors, and whether gravity bears them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import DataError
from tinyforge.core.types import Channel, Recording

STANDARD_GRAVITY_M_S2 = 9.80665  # CGPM 1901
ACCELERATION = ("ax", "ay", "az")
ANGULAR_RATE = ("gx", "gy", "gz")

# unit -> (canonical unit, factor)
CANONICAL: Mapping[str, tuple[str, float]] = {
    "g": ("g", 1.0),
    "mg": ("g", 1e-3),
    "m/s^2": ("g", 1.0 / STANDARD_GRAVITY_M_S2),
    "dps": ("dps", 1.0),
    "mdps": ("dps", 1e-3),
    "rad/s": ("dps", 180.0 / np.pi),
}

_SPELLINGS: Mapping[str, str] = {
    "m/s2": "m/s^2",
    "m/s**2": "m/s^2",
    "m/s²": "m/s^2",
    "m/s/s": "m/s^2",
    "ms-2": "m/s^2",
    "deg/s": "dps",
    "°/s": "dps",
    "degrees/s": "dps",
    "rad/sec": "rad/s",
    "rads": "rad/s",
}

# |a| of a hand at work has its median near 1 g: gestures of the public sets give 0.9 to 1.3. A wrong unit is off by 9.8
# or by 1000, so that these limits can be wide.
_LEAST_G, _MOST_G = 0.33, 3.2
# of a stated unit, which is judged take by take: a wild one of the wand's spells has 3.2 g, a wrong unit 0.1 or 9.8 g
_LEAST_STATED_G, _MOST_STATED_G = 0.2, 5.0
_MOST_RAD_S = 40.0  # 2000 dps are 35 rad/s


def normal_unit(text: str) -> str:
    """The usual spelling of a unit: ``m/s2`` and ``m/s²`` are ``m/s^2``; unknown ones stay as they are."""
    bare = text.strip()
    return _SPELLINGS.get(bare.lower(), bare.lower() if bare.lower() in CANONICAL else bare)


def to_canonical(recording: Recording, columns: Sequence[int], place: str) -> npt.NDArray[np.float32]:
    """Some columns of a recording in g and dps, float32 [time, len(columns)].

    A column in another unit than those of `CANONICAL` is taken as it is, unless it is one of ax ... gz.

    Raises:
        DataError: an IMU channel's unit is unknown or of the wrong kind.
    """
    samples = recording.samples[:, columns].astype(np.float32)
    for k, column in enumerate(columns):
        factor = _factor(recording.channels[column], place)
        if factor != 1.0:
            samples[:, k] *= np.float32(factor)
    return samples


def canonical_unit(channel: Channel) -> str:
    """The unit `to_canonical` gives a channel."""
    return CANONICAL.get(channel.unit, (channel.unit, 1.0))[0]


def _factor(channel: Channel, place: str) -> float:
    wanted = "g" if channel.name in ACCELERATION else "dps" if channel.name in ANGULAR_RATE else ""
    unit, factor = CANONICAL.get(channel.unit, (channel.unit, 1.0))
    if wanted and unit != wanted:
        known = ", ".join(name for name, (to, _) in CANONICAL.items() if to == wanted)
        raise DataError(place, f"channel {channel.name} has the unit {channel.unit!r}", f"it must be one of: {known}")
    return factor


def median_g(acceleration: npt.NDArray[np.float64], units: Sequence[str]) -> float | None:
    """Median of |a| in g, for acceleration [n, 3]; None when a unit is none of an acceleration."""
    if len(acceleration) == 0 or any(unit not in CANONICAL or CANONICAL[unit][0] != "g" for unit in units):
        return None
    factors = np.array([CANONICAL[unit][1] for unit in units])
    return _median_length(acceleration * factors)


def _median_length(vectors: npt.NDArray[np.float64]) -> float:
    """Median of the lengths of vectors [n, 3]; infinity where they are too long for a number."""
    with np.errstate(over="ignore"):
        return float(np.median(np.linalg.norm(vectors, axis=1)))


def fitting_units(median: float) -> list[str]:
    """Units of acceleration in which a median of |a| can be that of a body under gravity."""
    return [name for name, (to, factor) in CANONICAL.items() if to == "g" and _LEAST_G <= median * factor <= _MOST_G]


def check_gravity(acceleration: npt.NDArray[np.float64], units: Sequence[str], place: str) -> None:
    """Refuse units that the data contradict: gravity makes the median of |a| about 1 g, whatever the hand does.

    Args:
        acceleration: [n, 3].
        units: of the three columns, as stated; unknown ones are not judged.
        place: for the error.

    Raises:
        DataError: the median is far from 1 g; names the unit that would fit.
    """
    median = median_g(acceleration, units)
    if median is None or _LEAST_STATED_G <= median <= _MOST_STATED_G:
        return
    fits = fitting_units(median / CANONICAL[units[0]][1])
    advice = (
        f"{fits[0]} fits: give --units {fits[0]},dps (or rad/s)"
        if fits
        else "give --units; or --columns, naming them otherwise than ax ay az, when gravity was taken out"
    )
    raise DataError(
        place, f"the stated unit {units[0]} makes the median of |a| {median:.3g} g, which gravity forbids", advice
    )


def guess_units(
    acceleration: npt.NDArray[np.float64], angular_rate: npt.NDArray[np.float64], place: str
) -> tuple[str, str, str]:
    """Units of a table that states none: gravity says that of the accelerations.

    Angular rates beside m/s^2 are rad/s, as Android and iOS give them, when none is above 40; else degrees a second.

    Args:
        acceleration: [n, 3].
        angular_rate: [n, any].
        place: for the error.

    Returns:
        Unit of accelerations, of angular rates, and a sentence that says so.

    Raises:
        DataError: in no unit is the median of |a| that of a body under gravity.
    """
    if len(acceleration) == 0:
        return "g", "dps", "no units are stated: accelerations are taken as g, angular rates as degrees a second"
    median = _median_length(acceleration)
    fits = fitting_units(median)
    if not fits:
        raise DataError(
            place,
            f"no unit is stated, and none makes the median of |a|, {median:.3g}, about 1 g",
            "give --units; or --columns, naming them otherwise than ax ay az, when gravity was taken out",
        )
    slow = angular_rate.size > 0 and float(np.quantile(np.abs(angular_rate), 0.999)) <= _MOST_RAD_S
    gyro = "rad/s" if fits[0] == "m/s^2" and slow else "dps"
    said = f"no units are stated: the median of |a| is {median:.3g}, so accelerations are in {fits[0]}"
    return fits[0], gyro, said + (f"; angular rates are taken as {gyro}" if angular_rate.size else "")
