"""The C library's float32 functions bit by bit, for tables that the reference fills with them.

LiteRT calls ``tanhf``, ``expm1f``, ``erfcf`` and ``expf`` of the C library it runs on. What stands here is what
glibc computes up to version 2.40: fdlibm's algorithms in float32 (Sun Microsystems' constants, s_expm1f.c, s_tanhf.c
and s_erff.c), and for ``expf`` Arm's table of 32 powers of two with a cubic, in float64. Later versions round all of
them correctly; after rounding to int8 the two differ only where a value lies within a unit in the last place of a tie.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import cache

import numpy as np
import numpy.typing as npt

from tinyforge.core.types import Float32Array

F = np.float32

_STEPS = 32
_EXP = tuple(
    float.fromhex(text) / _STEPS**power
    for power, text in ((3, "0x1.c6af84b912394p-5"), (2, "0x1.ebfce50fac4f3p-3"), (1, "0x1.62e42ff0c52d6p-1"))
)

_LN2_HIGH = F(6.9313812256e-01)
_LN2_LOW = F(9.0580006145e-06)
_INVERSE_LN2 = F(1.4426950216e00)
_EXPM1 = (1.0, -3.3333335072e-02, 1.5873016091e-03, -7.9365076090e-05, 4.0082177293e-06, -2.0109921195e-07)

_ERX = F(8.4506291151e-01)
_ERFC_NEAR = (
    (1.2837916613e-01, -3.2504209876e-01, -2.8481749818e-02, -5.7702702470e-03, -2.3763017452e-05),
    (1.0, 3.9791721106e-01, 6.5022252500e-02, 5.0813062117e-03, 1.3249473704e-04, -3.9602282413e-06),
)
_ERFC_ONE = (
    (
        -2.3621185683e-03, 4.1485610604e-01, -3.7220788002e-01, 3.1834661961e-01, -1.1089469492e-01,
        3.5478305072e-02, -2.1663755178e-03,
    ),
    (
        1.0, 1.0642088205e-01, 5.4039794207e-01, 7.1828655899e-02, 1.2617121637e-01, 1.3637083583e-02,
        1.1984500103e-02,
    ),
)  # fmt: skip
_ERFC_MIDDLE = (
    (
        -9.8649440333e-03, -6.9385856390e-01, -1.0558626175e01, -6.2375331879e01, -1.6239666748e02, -1.8460508728e02,
        -8.1287437439e01, -9.8143291473e00,
    ),
    (
        1.0, 1.9651271820e01, 1.3765776062e02, 4.3456588745e02, 6.4538726807e02, 4.2900814819e02, 1.0863500214e02,
        6.5702495575e00, -6.0424413532e-02,
    ),
)  # fmt: skip
_ERFC_FAR = (
    (
        -9.8649431020e-03, -7.9928326607e-01, -1.7757955551e01, -1.6063638306e02, -6.3756646729e02, -1.0250950928e03,
        -4.8351919556e02,
    ),
    (
        1.0, 3.0338060379e01, 3.2579251099e02, 1.5367296143e03, 3.1998581543e03, 2.5530502930e03, 4.7452853394e02,
        -2.2440952301e01,
    ),
)  # fmt: skip


@cache
def _powers() -> npt.NDArray[np.float64]:
    """``2 ** (i / 32)`` for i in 0..31, each rounded correctly."""
    with localcontext() as context:
        context.prec = 40
        return np.array([float(Decimal(2) ** (Decimal(i) / _STEPS)) for i in range(_STEPS)], np.float64)


def expf(x: Float32Array) -> Float32Array:
    """``expf`` of each element; infinity above 88.7, 0 below -104; any shape."""
    with np.errstate(over="ignore", under="ignore"):
        steps = _STEPS / np.log(2.0) * np.clip(x.astype(np.float64), -200.0, 200.0)
        whole = np.rint(steps)
        rest = steps - whole
        powers = _powers()[whole.astype(np.int64) % _STEPS]
        series = (_EXP[0] * rest + _EXP[1]) * (rest * rest) + (_EXP[2] * rest + 1.0)
        scaled = np.ldexp(series * powers, np.floor_divide(whole, _STEPS).astype(np.int64))
        return np.asarray(scaled, np.float32)


def expm1f(x: Float32Array) -> Float32Array:
    """``expm1f`` of each element; any shape."""
    with np.errstate(all="ignore"):
        return _expm1(x)


def tanhf(x: Float32Array) -> Float32Array:
    """``tanhf`` of each element; any shape."""
    with np.errstate(all="ignore"):
        size, bits = np.abs(x), _bits(x)
        small = _expm1(F(-2) * size)
        z = np.where(bits >= 0x3F800000, F(1) - F(2) / (_expm1(F(2) * size) + F(2)), -small / (small + F(2)))
        z = np.where(bits >= 0x41B00000, F(1), z)  # >= 22
        z = np.where(np.signbit(x), -z, z)
        return np.select([np.isnan(x) | (bits == 0), bits < 0x24000000], [x, x * (F(1) + x)], z)


def erfcf(x: Float32Array) -> Float32Array:
    """``erfcf`` of each element; any shape."""
    with np.errstate(all="ignore"):
        negative, size, bits = np.signbit(x), np.abs(x), _bits(x)
        near = _quotient(_ERFC_NEAR, x * x)
        one = _quotient(_ERFC_ONE, size - F(1))
        inverse = np.asarray(F(1) / (size * size), np.float32)
        far = np.where(bits < 0x4036DB6D, _quotient(_ERFC_MIDDLE, inverse), _quotient(_ERFC_FAR, inverse))
        z = np.asarray(bits & 0xFFFFE000, np.uint32).view(np.float32)
        r = expf(-z * z - F(0.5625)) * expf((z - size) * (z + size) + far)
        branches = (
            (np.isnan(x), x),
            (bits < 0x32800000, F(1) - x),
            ((bits < 0x3F580000) & (negative | (bits < 0x3E800000)), F(1) - (x + x * near)),
            (bits < 0x3F580000, F(0.5) - (x * near + (x - F(0.5)))),  # < 0.84375
            (bits < 0x3FA00000, np.where(negative, F(1) + (_ERX + one), (F(1) - _ERX) - one)),  # < 1.25
            ((bits >= 0x41E00000) | (negative & (bits >= 0x40C00000)), np.where(negative, F(2), F(0))),  # >= 28, < -6
        )
        rest = np.where(negative, F(2) - r / size, r / size)
        return np.select([where for where, _ in branches], [value for _, value in branches], rest)


def _polynomial(coefficients: tuple[float, ...], x: Float32Array) -> Float32Array:
    """Horner's scheme in float32, lowest power first."""
    total = np.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total = F(coefficient) + x * total
    return total


def _quotient(rational: tuple[tuple[float, ...], tuple[float, ...]], x: Float32Array) -> Float32Array:
    return np.asarray(_polynomial(rational[0], x) / _polynomial(rational[1], x))


def _bits(x: Float32Array) -> npt.NDArray[np.uint32]:
    """The bits of each absolute value, which order as the values do."""
    return np.ascontiguousarray(x).view(np.uint32) & np.uint32(0x7FFFFFFF)


def _expm1(x: Float32Array) -> Float32Array:
    """``expm1f``; every branch is computed, and the one that holds is chosen."""
    positive, bits = ~np.signbit(x), _bits(x)
    halved = np.where(positive, F(0.5), F(-0.5))
    whole = np.trunc(_INVERSE_LN2 * np.clip(x, F(-200), F(200)) + halved)
    whole = np.where(bits < 0x3F851592, np.copysign(F(1), x), whole)  # |x| < 1.5 ln 2
    reduced = bits > 0x3EB17218  # |x| > ln 2 / 2
    high, low = x - whole * _LN2_HIGH, whole * _LN2_LOW
    y = np.where(reduced, high - low, x)
    c = np.where(reduced, (high - y) - low, F(0))
    k = np.where(reduced & ~np.isnan(whole), whole, 0).astype(np.int32)
    half = F(0.5) * y
    square = y * half
    r = _polynomial(_EXPM1, square)
    t = F(3) - r * half
    e = square * ((r - t) / (F(6) - y * t))
    tail = (y * (e - c) - c) - square
    power = np.ldexp(F(1), -k)
    branches = (
        (np.isnan(x), x),
        ((bits >= 0x4195B844) & ~positive, F(-1)),  # <= -27 ln 2
        ((bits >= 0x42B17218) & (x > F(8.8721679688e01)), F(np.inf)),
        (bits < 0x33000000, x),
        (k == 0, y - (y * e - square)),
        (k == -1, F(0.5) * (y - tail) - F(0.5)),
        ((k == 1) & (y < F(-0.25)), F(-2) * (tail - (y + F(0.5)))),
        (k == 1, F(1) + F(2) * (y - tail)),
        ((k <= -2) | (k > 56), np.ldexp(F(1) - (tail - y), k) - F(1)),
        (k < 23, np.ldexp((F(1) - power) - (tail - y), k)),
    )
    rest = np.ldexp((y - (tail + power)) + F(1), k)
    return np.select([where for where, _ in branches], [value for _, value in branches], rest)
