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
    """``expf`` of each element; infinity above 88.7, 0 below -104."""
    with np.errstate(over="ignore", under="ignore"):
        steps = _STEPS / np.log(2.0) * np.clip(x.astype(np.float64), -200.0, 200.0)
        whole = np.rint(steps)
        rest = steps - whole
        powers = _powers()[whole.astype(np.int64) % _STEPS]
        series = (_EXP[0] * rest + _EXP[1]) * (rest * rest) + (_EXP[2] * rest + 1.0)
        scaled = np.ldexp(series * powers, np.floor_divide(whole, _STEPS).astype(np.int64))
        return np.asarray(scaled, np.float32)


def expm1f(x: Float32Array) -> Float32Array:
    """``expm1f`` of each element."""
    with np.errstate(all="ignore"):
        return np.array([_expm1(F(value)) for value in x.reshape(-1)], np.float32).reshape(x.shape)


def tanhf(x: Float32Array) -> Float32Array:
    """``tanhf`` of each element."""
    with np.errstate(all="ignore"):
        return np.array([_tanh(F(value)) for value in x.reshape(-1)], np.float32).reshape(x.shape)


def erfcf(x: Float32Array) -> Float32Array:
    """``erfcf`` of each element."""
    with np.errstate(all="ignore"):
        return np.array([_erfc(F(value)) for value in x.reshape(-1)], np.float32).reshape(x.shape)


def _polynomial(coefficients: tuple[float, ...], x: np.float32) -> np.float32:
    """Horner's scheme in float32, lowest power first."""
    total = F(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total = F(coefficient) + x * total
    return total


def _scaled(x: np.float32, k: int) -> np.float32:
    """``x * 2**k``."""
    return np.float32(np.ldexp(x, k))


def _bits(x: np.float32) -> int:
    return int(x.view(np.uint32)) & 0x7FFFFFFF


def _expm1(x: np.float32) -> np.float32:
    positive, bits = not np.signbit(x), _bits(x)
    if np.isnan(x):
        return x
    if bits >= 0x4195B844 and not positive:  # <= -27 ln 2
        return F(-1)
    if bits >= 0x42B17218 and x > F(8.8721679688e01):
        return F(np.inf)
    k, c = 0, F(0)
    if bits > 0x3EB17218:  # |x| > ln 2 / 2
        k = int(_INVERSE_LN2 * x + F(0.5 if positive else -0.5))
        if bits < 0x3F851592:  # |x| < 1.5 ln 2
            k = 1 if positive else -1
        high, low = x - F(k) * _LN2_HIGH, F(k) * _LN2_LOW
        x = high - low
        c = (high - x) - low
    elif bits < 0x33000000:
        return x
    half = F(0.5) * x
    square = x * half
    r = _polynomial(_EXPM1, square)
    t = F(3) - r * half
    e = square * ((r - t) / (F(6) - x * t))
    if k == 0:
        return x - (x * e - square)
    e = (x * (e - c) - c) - square
    if k == -1:
        return F(0.5) * (x - e) - F(0.5)
    if k == 1:
        return F(-2) * (e - (x + F(0.5))) if x < F(-0.25) else F(1) + F(2) * (x - e)
    if k <= -2 or k > 56:
        return _scaled(F(1) - (e - x), k) - F(1)
    if k < 23:
        return _scaled((F(1) - _scaled(F(1), -k)) - (e - x), k)
    return _scaled((x - (e + _scaled(F(1), -k))) + F(1), k)


def _tanh(x: np.float32) -> np.float32:
    size, bits = np.abs(x), _bits(x)
    if np.isnan(x) or bits == 0:
        return x
    if bits >= 0x41B00000:  # >= 22
        z = F(1)
    elif bits < 0x24000000:
        return x * (F(1) + x)
    elif bits >= 0x3F800000:
        z = F(1) - F(2) / (_expm1(F(2) * size) + F(2))
    else:
        t = _expm1(F(-2) * size)
        z = -t / (t + F(2))
    return -z if np.signbit(x) else z


def _erfc(x: np.float32) -> np.float32:
    negative, size, bits = bool(np.signbit(x)), np.abs(x), _bits(x)
    if np.isnan(x):
        return x
    if bits < 0x3F580000:  # < 0.84375
        if bits < 0x32800000:
            return F(1) - x
        y = _quotient(_ERFC_NEAR, x * x)
        if negative or bits < 0x3E800000:
            return F(1) - (x + x * y)
        return F(0.5) - (x * y + (x - F(0.5)))
    if bits < 0x3FA00000:  # < 1.25
        y = _quotient(_ERFC_ONE, size - F(1))
        return F(1) + (_ERX + y) if negative else (F(1) - _ERX) - y
    if bits >= 0x41E00000 or (negative and bits >= 0x40C00000):  # >= 28, or < -6
        return F(2) if negative else F(0)
    y = _quotient(_ERFC_MIDDLE if bits < 0x4036DB6D else _ERFC_FAR, F(1) / (size * size))
    z = np.uint32(bits & 0xFFFFE000).view(np.float32)
    r = _exp(-z * z - F(0.5625)) * _exp((z - size) * (z + size) + y)
    return np.float32(F(2) - r / size if negative else r / size)


def _quotient(rational: tuple[tuple[float, ...], tuple[float, ...]], x: np.float32) -> np.float32:
    return np.float32(_polynomial(rational[0], x) / _polynomial(rational[1], x))


def _exp(x: np.float32) -> np.float32:
    return np.float32(expf(np.array([x], np.float32))[0])
