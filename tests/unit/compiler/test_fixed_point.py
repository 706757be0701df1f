"""Fixed point against independent formulas, and the proof that fitted multipliers are equal on every accumulator."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from tinyforge.compiler.fixed_point import (
    Staircase,
    activation_range,
    divide_by_pot,
    high_mul,
    quantize_multiplier,
    requantize,
    round_half_away,
    wrap32,
)
from tinyforge.core.graph import DType


def test_quantize_multiplier_is_within_half_a_step():
    rng = np.random.default_rng(1)
    for real in np.exp(rng.uniform(-20, 20, 500)):
        multiplier, exponent = quantize_multiplier(float(real))
        assert 1 << 30 <= multiplier < 1 << 31
        error = abs(Fraction(multiplier, 1 << 31) * Fraction(2) ** exponent - Fraction(float(real)))
        assert error <= Fraction(2) ** (exponent - 32)
    assert quantize_multiplier(0.0) == (0, 0)
    assert quantize_multiplier(1e-12) == (0, 0)
    assert quantize_multiplier(1.0 - 2**-40) == (1 << 30, 1)


def test_high_mul_rounds_half_up():
    assert high_mul(-(1 << 31), -(1 << 31)) == (1 << 31) - 1
    assert high_mul(1, 1 << 30) == 1
    assert high_mul(-1, 1 << 30) == 0
    assert high_mul(-3, 1 << 30) == -1


def test_divide_by_pot_rounds_half_away():
    for value in range(-40, 41):
        assert divide_by_pot(value, 3) == round_half_away(value / 8)
        assert divide_by_pot(value, 0) == value


def test_requantize_rounds_twice():
    # a quarter rounds to 0; rounded to halves first it becomes 1/2, then 1
    multiplier, exponent = quantize_multiplier(0.25)
    assert (multiplier, exponent) == (1 << 30, -1)
    assert round_half_away(0.25) == 0
    assert requantize(1, multiplier, exponent) == 1
    assert requantize(-1, multiplier, exponent) == 0


def test_wrap32():
    assert wrap32(1 << 31) == -(1 << 31)
    assert wrap32(-(1 << 31) - 1) == (1 << 31) - 1
    assert wrap32(5) == 5


@pytest.mark.parametrize(("activation", "expected"), [(0, (-128, 127)), (1, (-10, 127)), (3, (-10, 50)), (2, (-20, 0))])
def test_activation_range(activation, expected):
    assert activation_range(activation, 0.1, -10, DType.INT8) == expected


def test_activation_that_is_no_clamp():
    assert activation_range(4, 0.1, -10, DType.INT8) is None


def reference(step: Staircase, acc: int) -> int:
    rounded = round_half_away(float(acc) * step.scale)
    return min(max(rounded + step.zero_point, step.low), step.high)


def test_fit_equals_the_double_product_everywhere():
    rng = np.random.default_rng(2)
    for _ in range(25):
        scale = float(np.exp(rng.uniform(np.log(1e-4), np.log(0.2))))
        zero = int(rng.integers(-128, 128))
        step = Staircase(scale, zero, -128, 127, int(300 / scale))
        shift = 31 - math.frexp(scale)[1]
        multiplier = step.fit(shift)
        assert multiplier is not None
        half = 1 << (shift - 1)
        for level, acc in step.thresholds():
            for near in range(acc - 2, acc + 3):
                ours = min(max(((near * multiplier + half) >> shift) + zero, -128), 127)
                assert ours == reference(step, near), (scale, zero, level, near)


def test_the_quick_proof_agrees_with_the_interval():
    rng = np.random.default_rng(3)
    quick = 0
    for _ in range(300):
        scale = float(np.exp(rng.uniform(np.log(1e-6), np.log(0.2))))
        step = Staircase(scale, int(rng.integers(-128, 128)), -128, 127, int(rng.integers(1, 1 << 24)))
        shift = 31 - math.frexp(scale)[1] - int(rng.integers(0, 12))
        nearest = round(math.ldexp(scale, shift))
        exact = step._is_exact(nearest, shift)
        interval = step._interval(shift)
        assert exact == (interval == nearest)
        quick += exact
    assert 30 < quick < 290


def test_fit_on_exact_halves():
    # scale 1/2: every odd accumulator is a tie, away from zero on both sides
    step = Staircase(0.5, 0, -128, 127, 400)
    multiplier = step.fit(40)
    assert multiplier is not None
    for acc in range(-400, 401):
        assert min(max((acc * multiplier + (1 << 39)) >> 40, -128), 127) == reference(step, acc)


def test_fit_says_no():
    assert Staircase(0.3337, 0, -128, 127, 10_000).fit(4) is None
