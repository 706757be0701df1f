"""How many samples a second really came, with how much confidence, and where the clock says that some are missing."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.core.facts import Gap

Float64Array = npt.NDArray[np.float64]

_LEAST_POINTS = 8
_CLOCK_STEP_S = 1e-6  # no clock here is finer
_ITERATIONS = 12
_TUKEY = 4.685  # of the scale: 95 % efficient for normal noise (Beaton and Tukey, Technometrics 16(2), 1974)
_COUNTED_SLACK_S = 0.05  # where a counter says what is missing, the clock must disagree by more than this
_COUNTED_SLACK_SAMPLES = 5
_STALL_S = 0.25
_STALL_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class RateFit:
    """A straight line through (sample number, time).

    Attributes:
        rate_hz: samples a second.
        error_hz: half width of the 95 % interval of `rate_hz`.
        jitter_s: robust standard deviation of the times around the line.
    """

    rate_hz: float
    error_hz: float
    jitter_s: float


def fit_rate(numbers: Float64Array, times_s: Float64Array, *, late_only: bool = False) -> RateFit | None:
    """Fit times that are wrong now and then, or late.

    The first line is the median over pairs half the length apart (a relative of Theil's and Sen's that takes a quarter
    of bad points). Where times can only be late, as arrivals are, it is the edge of the lower convex hull above the
    middle, on which the points lie closest: half of them may be late (Moon, Skelly and Towsley, "Estimation and removal
    of clock skew from network delay measurements", INFOCOM 1999). Tukey's biweight then uses the good points well. The
    interval counts neighbours that are late together as less than independent: points with a correlation of r from one
    to the next are worth ``n (1 - r) / (1 + r)``. It is at least what four parts of the line differ by, and a quarter
    of the jitter over the whole length is added for what rounding does to a clock.

    Args:
        numbers: [n], how many samples there were at each time, increasing.
        times_s: [n].
        late_only: the times are those of a host, which sees nothing early.

    Returns:
        None with fewer than 8 points, or where time does not go on.
    """
    if len(numbers) < _LEAST_POINTS or not numbers[-1] > numbers[0]:
        return None
    x = numbers - numbers.mean()
    period = _hull_slope(x, times_s) if late_only else _median_slope(x, times_s)
    residual = times_s - period * x
    start = float(np.quantile(residual, 0.25 if late_only else 0.5))
    weights = np.ones(len(x))
    spread = 0.0
    for _ in range(_ITERATIONS):
        residual = times_s - start - period * x
        near = np.sort(np.abs(residual))[: max(len(x) // (2 if late_only else 1), _LEAST_POINTS)]
        scale = max(1.4826 * float(np.median(near)) * (2.0 if late_only else 1.0), 1e-9)
        weights = np.clip(1.0 - (residual / (_TUKEY * scale)) ** 2, 0.0, None) ** 2
        total = float(weights.sum())
        centre = float((weights * x).sum()) / total if total > 0.0 else 0.0
        spread = float((weights * (x - centre) ** 2).sum())
        if spread <= 0.0:
            return None
        period = float((weights * (x - centre) * times_s).sum()) / spread
        start = float((weights * times_s).sum()) / total - period * centre
    if not period > 0.0:
        return None
    residual = times_s - start - period * x
    jitter_s = 1.4826 * float(np.median(np.abs(residual)))
    residual = residual * np.sqrt(weights)
    total = float(weights.sum())
    worth = _independent(residual) * total / len(x)
    deviation = math.sqrt(float((residual**2).sum()) / max(total - 2.0, 1.0))
    error = _student(worth) * deviation / math.sqrt(spread / total * worth)
    error = max(error, _error_of_parts(x, times_s, weights))
    error += (0.25 * jitter_s + _CLOCK_STEP_S) / float(numbers[-1] - numbers[0])
    return RateFit(1.0 / period, error / period**2, jitter_s)


def _median_slope(x: Float64Array, times_s: Float64Array) -> float:
    half = len(x) // 2
    spans = x[half : 2 * half] - x[:half]
    rise = times_s[half : 2 * half] - times_s[:half]
    return float(np.median(rise[spans > 0] / spans[spans > 0]))


def _hull_slope(x: Float64Array, times_s: Float64Array) -> float:
    """Slope of the lower convex hull's edge above x = 0 (Andrew's monotone chain)."""
    hull: list[tuple[float, float]] = []
    for point in zip(x.tolist(), times_s.tolist(), strict=True):
        while len(hull) > 1 and _turns_down(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    for (x0, t0), (x1, t1) in itertools.pairwise(hull):
        if x0 <= 0.0 <= x1 and x1 > x0:
            return (t1 - t0) / (x1 - x0)
    return 0.0


def _turns_down(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) <= (b[1] - a[1]) * (c[0] - a[0])


def _error_of_parts(x: Float64Array, times_s: Float64Array, weights: Float64Array) -> float:
    """The slope's 95 % half width by how much the slopes of four parts differ: slow changes of lateness show.

    A part has a quarter of the points and of the length, so its slope varies 4 sqrt(4) = 8 times as much.
    """
    if len(x) < 4 * _LEAST_POINTS:
        return 0.0
    slopes = []
    for part in np.array_split(np.arange(len(x)), 4):
        w, u, t = weights[part], x[part], times_s[part]
        u = u - (w * u).sum() / max(w.sum(), 1e-9)
        spread = float((w * u**2).sum())
        if spread <= 0.0:
            return 0.0
        slopes.append(float((w * u * t).sum()) / spread)
    return 3.182 * float(np.std(slopes, ddof=1)) / 8.0  # Student's t of three degrees of freedom


def _independent(residual: Float64Array) -> float:
    """How many independent points the correlated ones are worth, at least 3."""
    power = float((residual**2).sum())
    if power <= 0.0:
        return float(len(residual))
    correlation = min(max(float((residual[1:] * residual[:-1]).sum()) / power, 0.0), 0.98)
    return max(len(residual) * (1.0 - correlation) / (1.0 + correlation), 3.0)


def _student(points: float) -> float:
    """97.5 % point of Student's t for a line through so many points (Abramowitz and Stegun 26.7.5, two terms)."""
    freedom = max(points - 2.0, 1.0)
    normal = 1.959964
    return float(normal + (normal**3 + normal) / (4 * freedom) + (5 * normal**5 + 16 * normal**3) / (96 * freedom**2))


def clock_gaps(numbers: Float64Array, times_s: Float64Array, rate_hz: float, *, counted: bool) -> list[Gap]:
    """Where the device's clock went on by more than the samples that came.

    Args:
        numbers: [n], number of the sample at each time, lost ones that are known already counted.
        times_s: [n], device clock.
        rate_hz: fitted.
        counted: whether the device counts its samples; then only what is far beyond jitter is believed.

    Returns:
        Gaps; `Gap.before` is the index into ``numbers``.
    """
    extra = np.diff(times_s) * rate_hz - np.diff(numbers)
    least = max(_COUNTED_SLACK_SAMPLES, _COUNTED_SLACK_S * rate_hz) if counted else 0.75
    found = []
    for k in np.flatnonzero(extra > least).tolist():
        back = float(extra[k + 1]) if k + 1 < len(extra) else 0.0
        missing = extra[k] + min(back, 0.0)  # one sample late and the next in time again is jitter
        if missing > least:
            found.append(Gap(k + 1, max(1, round(float(missing)))))
    return found


def fit_clock(numbers: Float64Array, times_s: Float64Array, *, counted: bool) -> tuple[RateFit | None, list[Gap]]:
    """A device's clock: the rate between the places where it jumps, and the gaps there (`clock_gaps`).

    Args:
        numbers: of the samples [n], rising.
        times_s: when each was taken [n], seconds by the device.
        counted: as `clock_gaps` takes it.
    """
    fit = fit_rate(numbers, times_s)
    gaps = clock_gaps(numbers, times_s, fit.rate_hz, counted=counted) if fit is not None else []
    if fit is None or not gaps:
        return fit, gaps
    ends = [0, *(gap.before for gap in gaps), len(numbers)]
    start, end = max(itertools.pairwise(ends), key=lambda pair: pair[1] - pair[0])
    fit = fit_rate(numbers[start:end], times_s[start:end]) or fit  # a line across a jump leans
    return fit, clock_gaps(numbers, times_s, fit.rate_hz, counted=counted)


def longest_stretch(times_s: Float64Array) -> slice:
    """The part of ``times_s`` [n], seconds, with the most arrivals between stalls: a line across a stall would lean."""
    usual_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.0
    ends = [0, *(np.flatnonzero(np.diff(times_s) > _STALL_S + 2 * usual_s) + 1).tolist(), len(times_s)]
    start, end = max(itertools.pairwise(ends), key=lambda pair: pair[1] - pair[0])
    return slice(start, end)


def stall_gaps(numbers: Float64Array, times_s: Float64Array, rate_hz: float) -> list[Gap]:
    """Where samples stopped arriving and what should have come meanwhile never came.

    A host that was busy gets everything a little later, and the arrivals are back on the old line; where they stay
    behind it, samples are missing.

    Args:
        numbers: [n], samples there were at each time.
        times_s: [n], host clock.
        rate_hz: fitted.

    Returns:
        Gaps; `Gap.before` is the index into ``numbers`` of the first arrival after the stall.
    """
    behind = times_s - numbers / rate_hz
    found = []
    for k in (np.flatnonzero(np.diff(times_s) > _STALL_S + 1.0 / rate_hz) + 1).tolist():
        before = behind[(times_s >= times_s[k - 1] - 1.0) & (times_s <= times_s[k - 1])].min()
        after = behind[(times_s >= times_s[k]) & (times_s <= times_s[k] + 1.0)].min()
        missing = float(after - before) * rate_hz
        if missing > max(_STALL_SAMPLES, 0.05 * rate_hz):
            found.append(Gap(k, round(missing)))
    return found
