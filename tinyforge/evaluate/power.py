"""Energy of one inference from what a power meter recorded, with its uncertainty.

A trace is cut into times at which the board infers and times at which it idles. The energy of an inference is what the
former take above the latter's mean power, divided by how many inferences there were. The uncertainty follows the GUM
(JCGM 100:2008): the scatter of the meter between blocks of time, its gain and its smallest step as limits of uniform
distributions, all combined as independent; given as U = 2 u, about 95 %.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import DataError, did_you_mean

Floats = npt.NDArray[np.float64]
Span = tuple[float, float]

_COVERAGE = 2.0
_SURE = 3.0  # an excess below so many of its standard uncertainties is none
_BLOCKS = 20
_LEAST_ROWS = 40
_GAP_STEPS, _GAP_S, _GAPS_SHARE = 10.0, 0.1, 0.01  # longer steps are gaps; so much of a recording may be gaps
_VOLTS_LIMIT = 0.01  # of a supply voltage that is said, not measured


@dataclass(frozen=True, slots=True)
class Meter:
    """What is known of a kind of meter.

    Attributes:
        name: of the kind.
        step_a: smallest change of current that it tells apart in the range of a few milliampere.
        gain: limit of its relative error, shunt included.
    """

    name: str
    step_a: float
    gain: float


# Makers' limits: Nordic's PPK2 user guide, Joulescope's JS110 user's guide; TI SBOS448 (INA219) and SBOS547 (INA226)
# with the shunt of 0.1 ohm, 1 %, that modules carry: steps of 10 uV and 2.5 uV, 0.5 % and 0.1 % of their own.
METERS = {
    meter.name: meter
    for meter in (
        Meter("ppk2", 1e-6, 0.10),
        Meter("joulescope", 1e-7, 0.01),
        Meter("ina219", 100e-6, 0.015),
        Meter("ina226", 25e-6, 0.011),
    )
}


@dataclass(frozen=True, eq=False, slots=True)
class PowerTrace:
    """What a meter recorded.

    Attributes:
        place: file or port.
        meter: of which kind.
        time_s: float64 [n], rising.
        amperes: float64 [n].
        volts: float64 [n].
        volts_measured: whether the meter measured the voltage, too.
        marks: by the name of a digital input, bool [n].
    """

    place: str
    meter: Meter
    time_s: Floats
    amperes: Floats
    volts: Floats
    volts_measured: bool
    marks: dict[str, npt.NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy of one inference.

    Attributes:
        energy_j: above idling.
        uncertainty_j: U, with a coverage factor of 2.
        inferences: how many were measured together.
        busy_s, idle_s: time of each kind in the trace.
        busy_w, idle_w: mean power of each.
        meter: kind of meter.
    """

    energy_j: float
    uncertainty_j: float
    inferences: int
    busy_s: float
    idle_s: float
    busy_w: float
    idle_w: float
    meter: str


# ---- reading -------------------------------------------------------------------------------------------------------

_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
_AMPERES = {"a": 1.0, "ma": 1e-3, "ua": 1e-6}
_VOLTS = {"v": 1.0, "mv": 1e-3}
_BITS = ("bits", "d0-d7")


def read_trace(path: Path, *, volts: float | None = None, meter: str = "") -> PowerTrace:
    """A CSV of a Nordic PPK2, a Joulescope, or an INA219 or INA226 that a sketch prints.

    The header decides: ``Timestamp(ms),Current(uA)[,D0-D7 | ,D0,...,D7 | ,Bits]`` is the Power Profiler's,
    ``#time,current,voltage,...`` the Joulescope UI's, ``time_ms,voltage_V,current_mA`` a sketch's.

    Args:
        path: the file.
        volts: supply voltage, where the meter does not measure it (PPK2).
        meter: kind of meter, where the header does not say (``ina219``, ``ina226``).

    Raises:
        DataError: naming line and column of what is wrong.
    """
    try:
        with path.open(encoding="utf-8-sig") as stream:
            return parse_trace(stream, str(path), volts=volts, meter=meter)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            str(path), f"cannot be read: {error}", "name a CSV that the meter's program exported"
        ) from error


def parse_trace(lines: Iterable[str], place: str, *, volts: float | None = None, meter: str = "") -> PowerTrace:
    """As :func:`read_trace`, its DataError included, from lines."""
    rows = iter(lines)
    header = next(rows, "").strip()
    if ";" in header and "," not in header:
        raise DataError(place, "has semicolons between its columns", "export it with commas, and points in numbers")
    names = [part.strip().strip('"').lower() for part in header.lstrip("#").split(",")]
    time_at, time_unit = _column(names, ("timestamp", "time"), _SECONDS, "s", place)
    amperes_at, amperes_unit = _column(names, ("current",), _AMPERES, "a", place)
    volts_at, volts_unit = _column(names, ("voltage", "bus"), _VOLTS, "v", "")
    kind = meter or ("ppk2" if names[0].startswith("timestamp") else "joulescope" if header.startswith("#") else "")
    if kind not in METERS:
        raise DataError(place, f"the header does not say which meter it is: {header}", _which(kind))
    if volts_at < 0 and volts is None:
        raise DataError(place, "holds no voltage", "say what the board was supplied with: --volts 3.3")
    bits_at = next((names.index(name) for name in _BITS if name in names), -1)
    flags = {name: at for at, name in enumerate(names) if re.fullmatch("d[0-7]", name)}
    needed = max(time_at, amperes_at, volts_at, bits_at, *flags.values(), 0) + 1
    numbers: list[tuple[float, float, float]] = []
    bits: list[str] = []
    for number, line in enumerate(rows, start=2):
        parts = line.strip().split(",")
        if parts == [""]:
            continue
        if len(parts) < needed:
            raise DataError(f"{place}:{number}", f"{len(parts)} columns instead of {needed}", "export it again")
        try:
            voltage = float(parts[volts_at]) * volts_unit if volts_at >= 0 else float(volts or 0.0)
            row = (float(parts[time_at]) * time_unit, float(parts[amperes_at]) * amperes_unit, voltage)
        except ValueError as error:
            raise DataError(f"{place}:{number}", f"a value is no number: {line.strip()}", "export it again") from error
        numbers.append(row)
        bits.append(parts[bits_at].strip() if bits_at >= 0 else "".join(parts[at].strip() for at in flags.values()))
    values = np.array(numbers, np.float64).reshape(-1, 3)
    if len(values) < _LEAST_ROWS:
        raise DataError(place, f"holds {len(values)} readings", f"record longer: {_LEAST_ROWS} are the least")
    if not np.isfinite(values).all() or (np.diff(values[:, 0]) < 0).any():
        raise DataError(place, "times run backwards, or a value is not finite", "export it again")
    marks = _marks(bits, list(flags) if bits_at < 0 else [f"d{i}" for i in range(8)])
    _check_gaps(place, values[:, 0])
    return PowerTrace(place, METERS[kind], values[:, 0], values[:, 1], values[:, 2], volts_at >= 0, marks)


def _check_gaps(place: str, time_s: Floats) -> None:
    """Readings that are missing would count as whatever came before them."""
    steps = np.diff(time_s)
    gaps = np.flatnonzero(steps > max(_GAP_STEPS * float(np.median(steps)), _GAP_S))
    missing_s, whole_s = float(steps[gaps].sum()), float(time_s[-1] - time_s[0])
    if missing_s > _GAPS_SHARE * whole_s:
        raise DataError(
            place,
            f"{missing_s:.3g} s of {whole_s:.3g} s are missing, the first after {time_s[gaps[0]]:.3f} s",
            "record again: the meter's program, or its USB, could not keep up",
        )


def trace_of(place: str, meter: str, readings: Sequence[tuple[float, float, float]]) -> PowerTrace:
    """A trace of readings that came one by one: seconds, volts, amperes.

    Raises:
        DataError: too few of them, or no such meter.
    """
    if meter not in METERS:
        raise DataError(place, f'"{meter}" is no kind of meter', _which(meter))
    if len(readings) < _LEAST_ROWS:
        raise DataError(
            place,
            f"gave {len(readings)} readings, {_LEAST_ROWS} are the least",
            "it must print lines of time_ms,voltage_V,current_mA: docs/how-to/energy.md has a sketch",
        )
    values = np.array(readings, np.float64)
    _check_gaps(place, values[:, 0])
    return PowerTrace(place, METERS[meter], values[:, 0], values[:, 2], values[:, 1], True, {})


def _which(kind: str) -> str:
    return did_you_mean(kind, METERS) if kind else f"name it: --meter {' or '.join(sorted(METERS))}"


def _column(
    names: Sequence[str], stems: Sequence[str], units: dict[str, float], default: str, place: str
) -> tuple[int, float]:
    """Where a quantity stands and the factor to its SI unit: ``current``, ``current(ua)``, ``current_ma``."""
    for at, name in enumerate(names):
        found = re.fullmatch(r"([a-z]+)(?:[ _]?\(?([a-z]+)\)?)?", name.replace("\u00b5", "u").replace("\u03bc", "u"))
        if found and found[1] in stems and (found[2] or default) in units:
            return at, units[found[2] or default]
    if place:
        raise DataError(
            place,
            f"has no column of {stems[0]}: {','.join(names)}",
            "no CSV of a PPK2, Joulescope or INA",
        )
    return -1, 1.0


def _marks(bits: Sequence[str], names: Sequence[str]) -> dict[str, npt.NDArray[np.bool_]]:
    """The digital inputs; the Power Profiler writes D0 first."""
    if not bits or not bits[0]:
        return {}
    table = np.array([[char == "1" for char in row.ljust(len(names), "0")[: len(names)]] for row in bits])
    return {name: table[:, at] for at, name in enumerate(names) if table[:, at].any() and not table[:, at].all()}


# ---- energy --------------------------------------------------------------------------------------------------------


def energy_per_inference(
    trace: PowerTrace,
    inferences: int,
    *,
    busy: Sequence[Span] = (),
    idle: Sequence[Span] = (),
    marker: str = "",
) -> Energy:
    """Energy of one inference above idling.

    Args:
        trace: of the meter.
        inferences: how many the board did while it was busy.
        busy, idle: times (from, to) in seconds of the trace; without them the marker, or the current itself, decides.
        marker: digital input that is high while the board infers, ``d0`` to ``d7``.

    Raises:
        DataError: nothing stands out, or what does is below what the meter tells apart.
    """
    if inferences < 1:
        raise DataError("inferences", f"{inferences} of them", "say how many there were while the board was busy")
    power = trace.amperes * trace.volts
    steps = np.diff(trace.time_s, append=2 * trace.time_s[-1] - trace.time_s[-2])
    is_busy, is_idle = _kinds(trace, busy, idle, marker)
    busy_s, idle_s = float(steps[is_busy].sum()), float(steps[is_idle].sum())
    if not busy_s or is_idle.sum() < _BLOCKS:
        raise DataError(trace.place, "has no busy or too little idle time", "record some seconds of each")
    idle_w = float(np.average(power[is_idle], weights=np.maximum(steps[is_idle], 1e-12)))
    busy_w = float(np.average(power[is_busy], weights=np.maximum(steps[is_busy], 1e-12)))
    if busy_w < 0.0:
        raise DataError(
            trace.place,
            f"the power is negative while the board infers: {busy_w * 1e3:.3g} mW",
            "the meter sits the wrong way round, or its zero is off",
        )
    excess_w = busy_w - idle_w
    volts = float(trace.volts[is_busy].mean())

    # Scatter of the idling meter, seen in blocks so that slow noise is in it; busy time is no quieter.
    blocks = np.array([block.mean() for block in np.array_split(power[is_idle], _BLOCKS)])
    scatter = float(blocks.std(ddof=1))
    from_idle = scatter / math.sqrt(_BLOCKS)
    from_busy = scatter / math.sqrt(max(_BLOCKS * busy_s / idle_s, 1.0))
    noise_w = math.hypot(from_idle, from_busy)
    step_w = trace.meter.step_a * abs(volts)
    floor_w = max(_SURE * noise_w, step_w)
    if excess_w < floor_w:
        raise DataError(
            trace.place,
            f"while it infers the board takes {excess_w * 1e6:.3g} uW more than idling; "
            f"this recording tells {floor_w * 1e6:.3g} uW apart ({trace.meter.name})",
            "measure more inferences, back to back, or with a finer meter",
        )
    gain = trace.meter.gain / math.sqrt(3.0)
    said_volts = 0.0 if trace.volts_measured else _VOLTS_LIMIT / math.sqrt(3.0)
    u_w = math.sqrt(noise_w**2 + (step_w / math.sqrt(3.0)) ** 2 + (excess_w * math.hypot(gain, said_volts)) ** 2)
    scale = busy_s / inferences
    return Energy(
        excess_w * scale, _COVERAGE * u_w * scale, inferences, busy_s, idle_s, busy_w, idle_w, trace.meter.name
    )


def _kinds(
    trace: PowerTrace, busy: Sequence[Span], idle: Sequence[Span], marker: str
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    if busy:
        is_busy = _within(trace.time_s, busy)
        is_idle = _within(trace.time_s, idle) if idle else ~is_busy
        if (is_busy & is_idle).any():
            raise DataError(trace.place, "busy and idle overlap", "a moment is one of the two")
        return is_busy, is_idle
    if marker:
        if marker.lower() not in trace.marks:
            known = ", ".join(trace.marks) or "none"
            raise DataError(
                trace.place, f"{marker} does not change, or is not recorded", f"inputs that change: {known}"
            )
        is_busy = trace.marks[marker.lower()]
        return is_busy, ~is_busy
    return _two_levels(trace)


def _within(time_s: Floats, spans: Sequence[Span]) -> npt.NDArray[np.bool_]:
    inside = np.zeros(len(time_s), np.bool_)
    for start, end in spans:
        inside |= (time_s >= start) & (time_s < end)
    return inside


def _two_levels(trace: PowerTrace) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Busy where the power is above the middle of its two levels (N. Otsu, IEEE SMC-9, 1979), if there are two."""
    power = trace.amperes * trace.volts
    counts, edges = np.histogram(power, bins=256)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    at = int(np.nanargmax(np.where((below > 0) & (above > 0), between, np.nan))) if counts.max() < len(power) else 0
    is_busy = power > edges[at + 1]
    low, high = power[~is_busy], power[is_busy]
    if min(len(low), len(high)) < 2 or high.mean() - low.mean() < 4 * math.hypot(float(low.std()), float(high.std())):
        raise DataError(
            trace.place,
            "the power has no two levels: nothing tells when the board infers",
            "say it by --marker d0, or by --busy 2:12 and --idle 13:15, in seconds",
        )
    return is_busy, ~is_busy
