"""What importers share: names of channels, units, the rate, and decoding text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np

from tinyforge.core.errors import DataError
from tinyforge.core.types import Channel, Float64Array
from tinyforge.dataset.importers.base import ImportOptions
from tinyforge.dataset.importers.source import Member, Source
from tinyforge.dataset.units import ACCELERATION, ANGULAR_RATE, check_gravity, guess_units, normal_unit

COLUMN_LIMIT = 1024  # no recording has so many channels

_ACCEL_WORD, _GYRO_WORD = "a|acc|accel|accelerometer|acceleration", "g|gyr|gyro|gyroscope|w|omega|rot|rotation"
_AXIS = re.compile(
    rf"^(?:({_ACCEL_WORD})|({_GYRO_WORD}))[ _.-]?([xyz])$|^([xyz])[ _.-]?(?:({_ACCEL_WORD})|({_GYRO_WORD}))$"
)
_RATE_IN_TEXT = re.compile(r"\b(\d{1,4}(?:\.\d+)?)\s?Hz\b")
_PERSON = re.compile(r"^(?:s|subject|user|person|participant|p)[ _-]?\d+$", re.IGNORECASE)


def canonical_name(title: str) -> str:
    """``aX``, ``acc_x``, ``x_gyro`` as ax ... gz; other titles stay, without what cannot stand in a header."""
    match = _AXIS.match(title.lower())
    if match is None:
        return re.sub(r"[,\[\]\n]", "_", title)
    accel = match[1] or match[5]
    return ("a" if accel else "g") + (match[3] or match[4])


def person_of(path: PurePosixPath) -> str:
    """The folder that names a person (``s01``, ``subject_3``), or nothing."""
    return next((part for part in reversed(path.parts[:-1]) if _PERSON.match(part)), "")


def given_units(names: Sequence[str], stated: Sequence[str], options: ImportOptions, place: str) -> tuple[str, ...]:
    """The unit of each channel as the user says, else as the file states; empty where nobody does.

    Raises:
        DataError: the user gave a wrong number of units.
    """
    if not options.units:
        return tuple(stated)
    given = tuple(normal_unit(unit) for unit in options.units)
    if len(given) == len(names):
        return given
    if len(given) <= 2:
        second = given[1] if len(given) == 2 else ""
        return tuple(
            given[0] if name in ACCELERATION else (second or unit) if name in ANGULAR_RATE else unit
            for name, unit in zip(names, stated, strict=True)
        )
    raise DataError(
        place,
        f"{len(given)} units for {len(names)} columns",
        "give one a column, or two: of accelerations and of angular rates",
    )


def settle_units(
    names: Sequence[str], units: Sequence[str], values: Float64Array, place: str
) -> tuple[tuple[str, ...], str]:
    """Units that gravity bears out: stated ones are checked, others are found by it.

    Args:
        names: of the columns.
        units: of the columns; empty where nobody states one.
        values: [time, column].
        place: for errors.

    Returns:
        The units, and a sentence on what was found out; empty where all was stated.

    Raises:
        DataError: a stated unit contradicts the data, or no unit fits.
    """
    settled = list(units)
    note = ""
    if all(axis in names for axis in ACCELERATION):
        columns = [list(names).index(axis) for axis in ACCELERATION]
        if all(settled[k] for k in columns):
            check_gravity(values[:, columns], [settled[k] for k in columns], place)
        else:
            turning = [list(names).index(axis) for axis in ANGULAR_RATE if axis in names]
            accel, gyro, note = guess_units(values[:, columns], values[:, turning], place)
            for k in columns:
                settled[k] = settled[k] or accel
            for k in turning:
                settled[k] = settled[k] or gyro
    for k, name in enumerate(names):
        if not settled[k] and name in (*ACCELERATION, *ANGULAR_RATE):
            settled[k] = "g" if name in ACCELERATION else "dps"
            note = note or "no units are stated: accelerations are taken as g, angular rates as degrees a second"
    return tuple(settled), note


def channels_of(names: Sequence[str], units: Sequence[str]) -> tuple[Channel, ...]:
    """Channels from names and units."""
    return tuple(Channel(name, unit) for name, unit in zip(names, units, strict=True))


def need_rate(source: Source, options: ImportOptions, stated: float = 0.0) -> float:
    """Samples a second, as the user or the file says.

    Raises:
        DataError: neither does; mentions what a README among the files says.
    """
    rate_hz = options.rate_hz or stated
    if rate_hz:
        return float(rate_hz)
    rates: list[str] = []
    for member in source.members:
        if re.match("readme", member.path.name, re.IGNORECASE):
            text = member.head(65536).decode("utf-8", "replace")
            rates += [rate for rate in _RATE_IN_TEXT.findall(text) if rate not in rates]
    hint = f" (the README mentions {', '.join(rates[:3])} Hz)" if rates else ""
    raise DataError(source.place, "does not say how many samples a second it has", f"give --rate{hint}")


def text_of(member: Member) -> bytes:
    """The content as UTF-8 with bare line feeds, without a byte order mark.

    Raises:
        DataError: it is UTF-16, has a zero byte, or is not UTF-8; with the line.
    """
    data = member.read()
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise DataError(member.place, "is UTF-16", "save it as UTF-8")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise DataError(
                f"{member.place}:{line}", f"byte 0x{data[error.start]:02x} is not UTF-8", "save the file as UTF-8"
            ) from error
    zero = data.find(b"\x00")
    if zero >= 0:
        line = data.count(b"\n", 0, zero) + 1
        raise DataError(f"{member.place}:{line}", "has a zero byte: this is no text", "leave the file out")
    return data


def as_float32(values: Float64Array, place: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """The values as float32, in their shape.

    Raises:
        DataError: one is too large for it.
    """
    with np.errstate(over="ignore"):
        samples = values.astype(np.float32)
    if not np.isfinite(samples).all():
        row, column = (int(k) for k in np.argwhere(~np.isfinite(samples))[0])
        raise DataError(
            place, f"sample {row + 1} of column {column + 1} is {values[row, column]:g}", "no sensor says that"
        )
    return samples
