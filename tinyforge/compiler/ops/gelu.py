"""GELU, exact or with its tanh approximation, as a table."""

from __future__ import annotations

import numpy as np

from tinyforge.compiler.libm import erfcf, tanhf
from tinyforge.compiler.lookup import float_table, lower_table, unary
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.core.graph import DType
from tinyforge.core.types import Float32Array

_HALF, _ONE = np.float32(0.5), np.float32(1)
_SQRT_HALF = np.float32(np.sqrt(0.5))
_SQRT_2_OVER_PI = np.float32(np.sqrt(2 / np.pi))
_CUBIC = np.float32(0.044715)


def gelu_exact(x: Float32Array) -> Float32Array:
    """``x / 2 * erfc(-x / sqrt(2))`` in float32; any shape."""
    return _HALF * x * erfcf(x * -_SQRT_HALF)


def gelu_tanh(x: Float32Array) -> Float32Array:
    """``x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x**3)))`` in float32; any shape."""
    return _HALF * x * (_ONE + tanhf(_SQRT_2_OVER_PI * (x + _CUBIC * x * x * x)))


@operator("GELU", approximate=Option(0, "bool", default=False))
def gelu(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_lookup_s8``."""
    unary(view, DType.INT8, DType.UINT8)
    lower_table(view, low, "gelu", float_table(view, gelu_tanh if view.option("approximate") else gelu_exact))
