"""Numbers as a reader wants them: grouped by thousands, never rounded into a claim."""

from __future__ import annotations

import math
import re

from tinyforge.core.quantities import joules

GAP = "\u202f"  # narrow no-break space
MISSING = "\u2013"


def count(value: float | None) -> str:
    """A whole number with its thousands apart: ``61 448``; an en dash for None."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{round(value):,}".replace(",", GAP)


def size(value: float | None) -> str:
    """Bytes: ``61 448 B``."""
    return MISSING if value is None else f"{count(value)}{GAP}B"


def percent(value: float | None, digits: int = 1) -> str:
    """A share in percent: ``97.6 %``. Only 1 prints as 100, and only 0 as 0."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{percent_number(value, digits)}{GAP}%"


def percent_number(value: float, digits: int = 1) -> str:
    """The number of :func:`percent` without its sign."""
    if value in {0.0, 1.0}:
        return f"{100 * value:.0f}"
    unit = 10.0**-digits
    rounded = round(100 * value, digits)
    if 0 < value < 1:
        rounded = min(max(rounded, unit), 100 - unit)
    return f"{rounded:.{digits}f}"


def interval(low: float | None, high: float | None, digits: int = 1) -> str:
    """Bounds of a share in percent: ``95.4-98.8 %`` with an en dash."""
    if low is None or high is None:
        return ""
    return f"{percent_number(low, digits)}\u2013{percent_number(high, digits)}{GAP}%"


def significant(value: float | None, digits: int = 3) -> str:
    """A real number with so many significant digits: ``0.0123``, ``12.3``, ``12 300``."""
    if value is None or not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    power = math.floor(math.log10(abs(value)))
    if power >= digits - 1:
        return count(round(value, digits - 1 - power))
    if power < -4:
        return f"{value:.{digits - 1}e}"
    return f"{value:.{digits - 1 - power}f}"


def duration(seconds: float | None) -> str:
    """``12.3 s``, ``4 min 05 s``, ``2 h 10 min``."""
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    if seconds < 60:
        return f"{seconds:.3g}{GAP}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}{GAP}min {rest:02d}{GAP}s"
    return f"{minutes // 60}{GAP}h {minutes % 60:02d}{GAP}min"


def latency(microseconds: float | None) -> str:
    """``850 us`` or ``3.88 ms``, with the Greek letter."""
    if microseconds is None or not math.isfinite(microseconds):
        return MISSING
    if microseconds < 1000:
        return f"{significant(microseconds)}{GAP}\u00b5s"
    if microseconds < 1e6:
        return f"{significant(microseconds / 1e3)}{GAP}ms"
    return f"{significant(microseconds / 1e6)}{GAP}s"


def energy(energy_j: float, uncertainty_j: float) -> tuple[str, str]:
    """An energy and its uncertainty, ``149 uJ`` and ``17 uJ``, with the Greek letter."""
    value, uncertainty, unit = joules(energy_j, uncertainty_j)
    letter = unit.replace("u", "\u00b5")
    return f"{value}{GAP}{letter}", f"{uncertainty}{GAP}{letter}"


def frequency(hertz: float | None) -> str:
    """``104 Hz``, ``64 MHz``."""
    if hertz is None or not math.isfinite(hertz):
        return MISSING
    for unit, scale in (("MHz", 1e6), ("kHz", 1e3)):
        if hertz >= scale:
            return f"{hertz / scale:.4g}{GAP}{unit}"
    return f"{hertz:.4g}{GAP}Hz"


def shape(sides: tuple[int, ...]) -> str:
    """``50 x 6`` with a multiplication sign; an en dash for none."""
    return " \u00d7 ".join(str(side) for side in sides) if sides else MISSING


def short(text: str, limit: int) -> str:
    """``text`` cut to ``limit`` characters with an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1] + "\u2026"


def moment(utc: str) -> str:
    """A moment in UTC, ISO 8601 to the second, as people write it; any other text as it is."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(?:\.\d+)?(?:Z|\+00:00)", utc)
    return f"{found[1]} {found[2]} UTC" if found else utc
