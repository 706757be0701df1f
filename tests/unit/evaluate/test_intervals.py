from __future__ import annotations

import math

import numpy as np
import pytest

from tinyforge.core.errors import DataError
from tinyforge.evaluate import intervals as iv

# scipy 1.17.1: binomtest(k, n).proportion_ci(method="wilson" and "exact")
REFERENCE = [
    (0, 10, 0.0, 0.27753279986288926, 0.0, 0.30849710781876294),
    (10, 10, 0.7224672001371109, 1.0, 0.6915028921812371, 1.0),
    (8, 10, 0.4901624715366418, 0.9433178485456248, 0.4439045376923585, 0.9747892736731665),
    (81, 263, 0.2552885198782742, 0.36620957698280004, 0.25273674558504267, 0.36762192260134746),
    (299, 300, 0.9813633063054688, 0.9994113422781488, 0.9815687479519322, 0.9999156108676822),
    (1, 29, 0.006113214292762667, 0.17175521879320282, 0.0008726468835971072, 0.17764429548841465),
]


@pytest.mark.parametrize(("hits", "total", "low", "high", "exact_low", "exact_high"), REFERENCE)
def test_bounds_are_those_of_scipy(hits, total, low, high, exact_low, exact_high):
    score, exact = iv.wilson(hits, total), iv.clopper_pearson(hits, total)
    assert (score.low, score.high) == pytest.approx((low, high), abs=1e-12)
    assert (exact.low, exact.high) == pytest.approx((exact_low, exact_high), abs=1e-11)
    assert score.value == hits / total
    assert (score.method, exact.method) == ("wilson", "clopper-pearson")


def test_the_value_lies_inside_for_every_count():
    for total in (1, 2, 7, 40):
        for hits in range(total + 1):
            for interval in (iv.wilson(hits, total), iv.clopper_pearson(hits, total)):
                assert 0 <= interval.low <= hits / total <= interval.high <= 1


def test_wilson_covers_what_it_promises():
    # exact coverage of a 95 % interval for 100 windows, averaged over shares (Brown, Cai and DasGupta 2001)
    total = 100
    bounds = [iv.wilson(k, total) for k in range(total + 1)]
    coverage = []
    for share in np.linspace(0.05, 0.95, 91):
        chances = [math.comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(total + 1)]
        coverage.append(sum(c for c, b in zip(chances, bounds, strict=True) if b.low <= share <= b.high))
    assert 0.945 < np.mean(coverage) < 0.96


def test_a_higher_confidence_is_wider():
    narrow, wide = iv.wilson(8, 10, 0.8), iv.wilson(8, 10, 0.99)
    assert wide.low < narrow.low
    assert wide.high > narrow.high


@pytest.mark.parametrize(("hits", "total"), [(1, 0), (-1, 5), (6, 5)])
def test_impossible_counts_are_refused(hits, total):
    with pytest.raises(DataError, match=f"{hits} of {total} is no share"):
        iv.wilson(hits, total)


def test_confidence_must_be_a_probability():
    with pytest.raises(DataError, match="confidence is 95"):
        iv.clopper_pearson(1, 2, 95)


@pytest.mark.parametrize(
    ("probability", "freedom", "quantile"),  # scipy 1.17.1: t.ppf
    [(0.975, 1, 12.706204736174694), (0.975, 2, 4.302652729749462), (0.975, 300, 1.9679030112610865)],
)
def test_student_quantiles_are_those_of_scipy(probability, freedom, quantile):
    assert iv.student_quantile(probability, freedom) == pytest.approx(quantile, rel=1e-10)


def test_binomial_tail_is_the_sum_of_its_terms():
    for hits in range(13):
        terms = sum(math.comb(12, k) * 0.3**k * 0.7 ** (12 - k) for k in range(hits, 13))
        assert iv.binomial_tail(hits, 12, 0.3) == pytest.approx(terms, rel=1e-12)
    assert iv.binomial_tail(5, 10, 0.0) == 0.0
    assert iv.binomial_tail(5, 10, 1.0) == 1.0


def test_mcnemar_is_the_sign_test_of_the_windows_that_differ():
    assert iv.mcnemar(0, 0) == 1.0
    assert iv.mcnemar(10, 2) == pytest.approx(2 * sum(math.comb(12, k) for k in (10, 11, 12)) / 2**12)
    assert iv.mcnemar(2, 10) == iv.mcnemar(10, 2)
    assert iv.mcnemar(5, 5) == 1.0


def test_windows_that_fail_together_widen_the_interval():
    # ten people of 30 windows: eight always right, two always wrong
    groups = np.repeat([f"p{k}" for k in range(10)], 30)
    together = np.repeat(np.arange(10) < 8, 30)
    alone = iv.wilson(240, 300)
    grouped = iv.korn_graubard(together, groups)
    assert grouped.value == alone.value == 0.8
    assert grouped.high - grouped.low > 3 * (alone.high - alone.low)
    # each person's windows are one observation: 9 by the sample variance of ten, 6.8 after Student's correction
    effective = 9 * (1.9679030112610865 / 2.262157162798205) ** 2
    assert iv.beta_cdf(grouped.low, 0.8 * effective, 0.2 * effective + 1) == pytest.approx(0.025, rel=1e-3)
    assert iv.beta_cdf(grouped.high, 0.8 * effective + 1, 0.2 * effective) == pytest.approx(0.975, rel=1e-3)


def test_windows_that_fail_alone_keep_the_plain_interval():
    correct = np.tile([True, True, True, True, False], 60)
    groups = np.repeat([f"p{k}" for k in range(10)], 30)  # each person: exactly 24 of 30
    grouped, exact = iv.korn_graubard(correct, groups), iv.clopper_pearson(240, 300)
    # the design effect is held at 1; only the quantile of 9 degrees of freedom widens it
    assert grouped.low == pytest.approx(exact.low, abs=0.01)
    assert grouped.low < exact.low


def test_all_right_counts_groups_and_not_windows():
    grouped = iv.korn_graubard(np.ones(300, bool), np.repeat(["a", "b", "c"], 100))
    assert (grouped.low, grouped.high) == pytest.approx((iv.clopper_pearson(3, 3).low, 1.0))


def test_one_group_says_nothing():
    with pytest.raises(DataError, match="needs at least two"):
        iv.korn_graubard(np.ones(4, bool), np.array(["a"] * 4))


def test_groups_must_fit():
    with pytest.raises(DataError, match="3 groups for 4 windows"):
        iv.korn_graubard(np.ones(4, bool), np.array(["a", "b", "c"]))
