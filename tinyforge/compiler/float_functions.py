"""Float32 functions of one number, as LiteRT's float kernels compute them, with how far each can be off.

Those of IEEE 754 are exact. ``sinf``, ``cosf``, ``logf`` and ELU's ``exp`` are known to a unit in the last place only:
C libraries differ. ``spread`` says so, and whoever makes a table of them looks at both ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from tinyforge.compiler.libm import expm1f
from tinyforge.core.types import Float32Array

Function = Callable[[Float32Array], Float32Array]

_ONE_ULP = np.float32(2.0**-23)


def _rounded(function: Callable[..., object]) -> Function:
    """A function of numpy in float64, rounded once."""
    return lambda x: np.asarray(function(x.astype(np.float64)), np.float32)


EXACT: Mapping[str, Function] = {
    "ABS": np.abs,
    "CEIL": np.ceil,
    "FLOOR": np.floor,
    "NEG": np.negative,
    "RELU": lambda x: np.maximum(x, np.float32(0)),
    "RELU6": lambda x: np.clip(x, np.float32(0), np.float32(6)),
    "ROUND": np.rint,
    "SIGN": np.sign,
    "SQRT": np.sqrt,
    "SQUARE": np.square,
}
NEAR: Mapping[str, Function] = {
    "COS": _rounded(np.cos),
    "ELU": lambda x: np.where(x < 0, expm1f(np.minimum(x, np.float32(0))), x),
    "LOG": _rounded(np.log),
    "SIN": _rounded(np.sin),
}


def spread(kind: str, rows: Float32Array) -> Float32Array:
    """A function of the least, the likely and the greatest value of each number.

    Args:
        kind: of ``EXACT`` or ``NEAR``.
        rows: float32 [3, n].

    Returns:
        float32 [3, n], likewise: of a ``NEAR`` function with a unit in the last place (of 1.0, for smaller values)
        taken off and put on.
    """
    with np.errstate(all="ignore"):
        if kind in EXACT:
            return np.asarray(EXACT[kind](rows), np.float32)
        values = np.asarray(NEAR[kind](rows), np.float32)
        margin = _ONE_ULP * np.maximum(np.abs(values), np.float32(1)) * np.array([[-1], [0], [1]], np.float32)
        return np.asarray(values + margin, np.float32)
