"""TFLite's fixed-point arithmetic in exact integers: multipliers, activation ranges, and provably equal replacements.

Sources: TensorFlow Lite's ``quantization_util.cc`` (``QuantizeMultiplier``), ``kernel_util.cc`` (activation ranges),
gemmlowp's fixed-point conventions. Everything here is Python integers or IEEE doubles, so results are exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tinyforge.core.graph import DType

NONE, RELU, RELU_N1_TO_1, RELU6 = 0, 1, 2, 3
ACTIVATIONS = {NONE: "", RELU: "relu", RELU_N1_TO_1: "relu_n1_to_1", RELU6: "relu6"}


def round_half_away(value: float) -> int:
    """C's ``round``: halves go away from zero."""
    whole = math.floor(abs(value))
    rounded = whole + (abs(value) - whole >= 0.5)
    return rounded if value >= 0 else -rounded


def quantize_multiplier(real: float) -> tuple[int, int]:
    """A real factor as TFLite stores it: ``real ~ multiplier / 2**31 * 2**exponent``.

    Args:
        real: >= 0, finite.

    Returns:
        Multiplier in [2**30, 2**31) or 0, and the exponent in [-31, ...].
    """
    if real == 0.0:
        return 0, 0
    mantissa, exponent = math.frexp(real)
    multiplier = round_half_away(mantissa * (1 << 31))
    if multiplier == 1 << 31:
        multiplier //= 2
        exponent += 1
    if exponent < -31:
        return 0, 0
    return multiplier, exponent


def high_mul(value: int, multiplier: int) -> int:
    """Gemmlowp's saturating rounding doubling high multiplication of two int32."""
    if value == multiplier == -(1 << 31):
        return (1 << 31) - 1
    return (value * multiplier + (1 << 30)) >> 31


def divide_by_pot(value: int, exponent: int) -> int:
    """Gemmlowp's rounding division by a power of two: halves go away from zero."""
    mask = (1 << exponent) - 1
    threshold = (mask >> 1) + (value < 0)
    return (value >> exponent) + ((value & mask) > threshold)


def requantize(value: int, multiplier: int, exponent: int) -> int:
    """TFLite's ``MultiplyByQuantizedMultiplier`` (two roundings) of an int32."""
    left, right = max(exponent, 0), max(-exponent, 0)
    return divide_by_pot(high_mul(wrap32(value << left), multiplier), right)


def wrap32(value: int) -> int:
    """``value`` modulo 2**32 as int32."""
    return (value + (1 << 31)) % (1 << 32) - (1 << 31)


def _quantize_float(real: float, scale: float, zero_point: int) -> int:
    """TFLite's ``Quantize``: float32 division, then rounding half away from zero; at most 2**31 either way."""
    with np.errstate(over="ignore"):
        quotient = np.float32(real) / np.float32(scale)
    return zero_point + round_half_away(min(max(float(quotient), -(2.0**31)), 2.0**31))


def activation_range(activation: int, scale: float, zero_point: int, dtype: DType) -> tuple[int, int] | None:
    """Least and greatest quantized output under a fused activation.

    Returns:
        The range, or None when the activation is none of NONE, RELU, RELU6, RELU_N1_TO_1.
    """
    info = np.iinfo(dtype.numpy)
    low, high = int(info.min), int(info.max)
    if activation == NONE:
        return low, high
    if activation == RELU:
        return max(low, _quantize_float(0.0, scale, zero_point)), high
    if activation == RELU6:
        least, most = _quantize_float(0.0, scale, zero_point), _quantize_float(6.0, scale, zero_point)
        return max(low, least), min(high, most)
    if activation == RELU_N1_TO_1:
        least, most = _quantize_float(-1.0, scale, zero_point), _quantize_float(1.0, scale, zero_point)
        return max(low, least), min(high, most)
    return None


@dataclass(frozen=True, slots=True)
class Staircase:
    """``round(acc * scale) + zero_point``, clamped, as a function of an integer accumulator.

    The function the reference computes in double precision; ``fit`` finds integers that give the same steps.

    Attributes:
        scale: the double by which the accumulator is multiplied, > 0.
        zero_point: added after rounding half away from zero.
        low, high: the clamp.
        reach: the accumulator never leaves [-reach, reach].
    """

    scale: float
    zero_point: int
    low: int
    high: int
    reach: int

    def thresholds(self) -> list[tuple[int, int]]:
        """For each level r (before the zero point) above the lowest: the least accumulator whose output reaches it."""
        levels = range(self.low + 1 - self.zero_point, self.high + 1 - self.zero_point)
        return [(level, self._least(level)) for level in levels]

    def _reaches(self, acc: int, level: int) -> bool:
        product = float(acc) * self.scale
        return product >= level - 0.5 if level > 0 else product > level - 0.5

    def _least(self, level: int) -> int:
        beyond = 1 << 40  # no accumulator of 32 bits comes near
        guess = (level - 0.5) / self.scale
        if abs(guess) >= beyond:
            return beyond if guess > 0 else -beyond
        low, high = math.floor(guess) - 2, math.floor(guess) + 3
        while high - low > 1:
            middle = (low + high) // 2
            if self._reaches(middle, level):
                high = middle
            else:
                low = middle
        return high

    def fit(self, shift: int) -> int | None:
        """A multiplier m with ``(acc * m + 2**(shift-1)) >> shift`` equal at every reachable accumulator.

        Args:
            shift: >= 1.

        Returns:
            The one nearest to ``scale * 2**shift``, or None when no integer in [0, 2**62) does it.
        """
        nearest = round(math.ldexp(self.scale, shift))
        if shift <= 54 and nearest < 1 << 31 and self.reach < 1 << 31 and self._is_exact(nearest, shift):
            return nearest
        return self._interval(shift)

    def _is_exact(self, multiplier: int, shift: int) -> bool:
        """Whether this multiplier, below 2**31, gives every level at its threshold and not before; 64-bit exact."""
        levels = np.arange(self.low + 1 - self.zero_point, self.high + 1 - self.zero_point, dtype=np.int64)
        beyond = np.float64(1 << 40)
        with np.errstate(over="ignore"):
            guess = np.clip((levels - 0.5) / self.scale, -beyond, beyond)
        first = np.floor(guess).astype(np.int64) - 2
        for _ in range(5):  # the least accumulator that reaches each level is within 5 of the guess
            product = first.astype(np.float64) * self.scale
            reached = np.where(levels > 0, product >= levels - 0.5, product > levels - 0.5)
            first = np.where(reached, first, first + 1)
        half = np.int64(1 << (shift - 1))
        at, before = np.clip(first, -self.reach, self.reach), np.clip(first - 1, -self.reach, self.reach)
        reaches = (at * multiplier + half) >> shift >= levels
        stays = (before * multiplier + half) >> shift < levels
        return bool(np.all(reaches | (first > self.reach)) and np.all(stays | (first <= -self.reach)))

    def _interval(self, shift: int) -> int | None:
        """``fit`` by intersecting, over all levels, the multipliers that give the level where it must be."""
        half = 1 << (shift - 1)
        least, most = 0, (1 << 62) - 1
        for level, acc in self.thresholds():
            target = (level << shift) - half
            if acc <= self.reach:  # from here on the level is reached: point * m >= target
                point = max(acc, -self.reach)
                if point > 0:
                    least = max(least, -(-target // point))
                elif point < 0:
                    most = min(most, target // point)
                elif target > 0:
                    return None
            if acc > -self.reach:  # just below it is not: point * m <= target - 1
                point = min(acc - 1, self.reach)
                if point > 0:
                    most = min(most, (target - 1) // point)
                elif point < 0:
                    least = max(least, -(-(target - 1) // point))
                elif target <= 0:
                    return None
        if least > most:
            return None
        wanted = round(math.ldexp(self.scale, shift))
        return min(max(wanted, least), most)
