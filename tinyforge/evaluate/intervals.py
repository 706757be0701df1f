"""How sure an accuracy is: confidence intervals of a proportion, and the tests the diagnosis rests on.

Everything here is exact arithmetic on counts; numpy and the standard library are enough.

Sources:
    Wilson, E. B. (1927), "Probable inference, the law of succession, and statistical inference", JASA 22:209-212.
    Clopper, C. J. and Pearson, E. S. (1934), "The use of confidence or fiducial limits ...", Biometrika 26:404-413.
    Korn, E. L. and Graubard, B. I. (1998), "Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data", Survey Methodology 24:193-201.
    McNemar, Q. (1947), "Note on the sampling error of the difference between correlated proportions ...",
    Psychometrika 12:153-157; here in its exact, binomial form.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import DataError

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share of windows with its confidence interval.

    Attributes:
        hits: windows that count, 0..total.
        total: windows looked at, >= 1.
        low, high: bounds of the interval, 0 <= low <= value <= high <= 1.
        confidence: of the interval, for instance 0.95.
        method: ``wilson``, ``clopper-pearson`` or ``korn-graubard``.
    """

    hits: int
    total: int
    low: float
    high: float
    confidence: float
    method: str

    @property
    def value(self) -> float:
        """``hits / total``."""
        return self.hits / self.total


def _checked(hits: int, total: int, confidence: float) -> None:
    if total < 1 or not 0 <= hits <= total:
        raise DataError("interval", f"{hits} of {total} is no share", "give 0 <= hits <= total and total >= 1")
    if not 0.0 < confidence < 1.0:
        raise DataError("interval", f"confidence is {confidence}", "give a number between 0 and 1, for instance 0.95")


def wilson(hits: int, total: int, confidence: float = CONFIDENCE) -> Proportion:
    """Wilson's score interval: ``(p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)``.

    It keeps its coverage near 0 and 1 and for few windows, where ``p +- z sqrt(p(1-p)/n)`` does not.
    Windows are taken as independent; where several come from one recording see :func:`korn_graubard`.

    Raises:
        DataError: not ``0 <= hits <= total``, or ``total`` is 0.
    """
    _checked(hits, total, confidence)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = hits / total
    spread = z * math.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    middle = share + z * z / (2 * total)
    scale = 1 + z * z / total
    # at the ends the formula gives exactly 0 or 1; rounding must not push the bound past the value
    low = 0.0 if hits == 0 else max(0.0, (middle - spread) / scale)
    high = 1.0 if hits == total else min(1.0, (middle + spread) / scale)
    return Proportion(hits, total, low, high, confidence, "wilson")


def clopper_pearson(hits: int, total: int, confidence: float = CONFIDENCE) -> Proportion:
    """The exact (conservative) interval: quantiles of the beta distribution.

    Raises:
        DataError: not ``0 <= hits <= total``, or ``total`` is 0.
    """
    _checked(hits, total, confidence)
    low, high = _beta_bounds(float(hits), float(total), confidence)
    return Proportion(hits, total, low, high, confidence, "clopper-pearson")


def korn_graubard(
    correct: npt.NDArray[np.bool_], groups: npt.NDArray[Any] | Sequence[str], confidence: float = CONFIDENCE
) -> Proportion:
    """The interval when windows come in groups (recordings, people) that succeed or fail together.

    The number of windows is replaced by the effective one, ``n / deff`` times the squared ratio of Student's
    quantiles with n - 1 and G - 1 degrees of freedom, and Clopper-Pearson's bounds are taken with it. The design
    effect ``deff`` is the between-group variance of the ratio estimate over the binomial one, never below 1.
    When all windows are right (or all wrong) the variance says nothing, and each group counts as one observation.

    Args:
        correct: bool [window].
        groups: text or number [window]; at least two different ones.
        confidence: of the interval.

    Raises:
        DataError: lengths differ, no windows, or fewer than two groups.
    """
    names, index = np.unique(np.asarray(groups), return_inverse=True)
    if len(index) != len(correct):
        raise DataError("interval", f"{len(index)} groups for {len(correct)} windows", "give one group a window")
    total, hits = len(correct), int(np.count_nonzero(correct))
    _checked(hits, total, confidence)
    count = len(names)
    if count < 2:
        raise DataError("interval", f"{count} group", "an interval over groups needs at least two of them")
    if 0 < hits < total:
        share = hits / total
        sizes = np.bincount(index, minlength=count).astype(np.float64)
        right = np.bincount(index, weights=np.asarray(correct, np.float64), minlength=count)
        variance = count / (count - 1) * float(np.sum((right - share * sizes) ** 2)) / total**2
        effect = max(1.0, variance / (share * (1 - share) / total))
        tail = 0.5 + confidence / 2
        ratio = student_quantile(tail, total - 1) / student_quantile(tail, count - 1)
        effective = min(float(total), total / effect * ratio**2)
    else:
        effective = float(count)
    low, high = _beta_bounds(effective * hits / total, effective, confidence)
    return Proportion(hits, total, min(low, hits / total), max(high, hits / total), confidence, "korn-graubard")


def _beta_bounds(hits: float, total: float, confidence: float) -> tuple[float, float]:
    tail = (1 - confidence) / 2
    low = 0.0 if hits <= 0 else _bisect(lambda p: beta_cdf(p, hits, total - hits + 1), tail)
    high = 1.0 if hits >= total else _bisect(lambda p: beta_cdf(p, hits + 1, total - hits), 1 - tail)
    return low, high


def _bisect(rising: Any, goal: float, low: float = 0.0, high: float = 1.0) -> float:
    """Where a rising function reaches ``goal`` between ``low`` and ``high``, to the last bits."""
    for _ in range(100):
        middle = (low + high) / 2
        if middle in {low, high}:
            break
        if rising(middle) < goal:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def beta_cdf(x: float, a: float, b: float) -> float:
    """Regularised incomplete beta function I_x(a, b), a and b > 0, 0 <= x <= 1.

    Continued fraction of Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), 26.5.8, evaluated
    by Lentz's method; the symmetry I_x(a, b) = 1 - I_{1-x}(b, a) keeps it where it converges fast.
    """
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1.0 - beta_cdf(1 - x, b, a)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x) - math.log(a)
    )
    tiny = 1e-300
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1)
    d = 1.0 / (d if abs(d) > tiny else tiny)
    value = d
    for m in range(1, 10_000):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 + numerator * d
            d = 1.0 / (d if abs(d) > tiny else tiny)
            c = 1.0 + numerator / c
            c = c if abs(c) > tiny else tiny
            step = c * d
            value *= step
        if abs(step - 1.0) < 1e-15:
            break
    return front * value


def student_quantile(probability: float, freedom: int) -> float:
    """Quantile of Student's t distribution, 0.5 <= probability < 1, freedom >= 1.

    From I_x(freedom/2, 1/2) with x = freedom / (freedom + t^2): Abramowitz and Stegun (1964), 26.7.1.
    """
    tail = 2 * (1 - probability)
    x = _bisect(lambda p: beta_cdf(p, freedom / 2, 0.5), tail)
    return math.sqrt(freedom * (1 - x) / x)


def binomial_tail(hits: int, total: int, share: float) -> float:
    """P(at least ``hits`` of ``total``), each counting with probability ``share``: I_share(hits, total - hits + 1)."""
    if hits <= 0:
        return 1.0
    return beta_cdf(share, hits, total - hits + 1)


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided exact p-value that two classifiers are equally often right on the same windows.

    Args:
        only_first: windows only the first got right.
        only_second: windows only the second got right.

    Returns:
        p in (0, 1]; 1 when they never disagree.
    """
    disagree = only_first + only_second
    if disagree == 0:
        return 1.0
    return min(1.0, 2 * binomial_tail(max(only_first, only_second), disagree, 0.5))
