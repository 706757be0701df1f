"""RSQRT as a table, in TFLite's fixed point; the greatest value at the zero point, and below, where LiteRT stops."""

from __future__ import annotations

import numpy as np

from tinyforge.compiler.fixed_point import divide_by_pot, high_mul, quantize_multiplier, requantize, wrap32
from tinyforge.compiler.lookup import levels, lower_table, unary
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator

_SHIFT = 20
_MOST = (1 << 31) - 1


def _saturated_shift(value: int, bits: int) -> int:
    return min(max(value << bits, -_MOST - 1), _MOST)


def inverse_square_root(value: int) -> tuple[int, int]:
    """Multiplier and exponent of ``1 / sqrt(value)``: five Newton steps from 1, as gemmlowp's numbers do them.

    Args:
        value: 1 to 2**29 - 1.
    """
    if value == 1:
        return _MOST, 0
    pairs = (32 - value.bit_length() - 1) // 2 - 1
    shift = 11 - pairs
    scaled = (value << 2 * pairs) >> 1  # Q3.28, in [1/4, 1)
    half = divide_by_pot(scaled, 1)
    x = 1 << 28
    for _ in range(5):
        cube = _saturated_shift(high_mul(high_mul(x, x), x), 6)
        x = _saturated_shift(wrap32(high_mul((1 << 28) + (1 << 27), x) - high_mul(half, cube)), 3)
    x = high_mul(x, 1518500250)  # sqrt(1/2)
    return (x << -shift, 0) if shift < 0 else (x, -shift)


@operator("RSQRT")
def rsqrt(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_lookup_s8``."""
    input_, output = unary(view)
    (in_scale, in_zero), (out_scale, out_zero) = view.quantized(input_), view.quantized(output)
    with np.errstate(over="ignore", under="ignore"):
        divisor = float(np.sqrt(np.float32(in_scale)) * np.float32(out_scale))
    view.require(0 < divisor < np.inf, f"has scale {out_scale:g}", "calibrate and quantize the model again", output)
    multiplier, exponent = quantize_multiplier(1.0 / divisor)
    view.require(
        multiplier == 0 or -31 <= exponent - _SHIFT <= 30,
        f"rescales by a factor of 2**{exponent}",
        "calibrate and quantize the model again",
        output,
    )
    outputs = np.full(256, 127, np.int64)
    for position, value in enumerate(levels(input_.dtype) - in_zero):
        if value > 0:
            root, root_exponent = inverse_square_root(int(value))
            data = requantize(1, root, root_exponent + _SHIFT)
            outputs[position] = out_zero + requantize(data, multiplier, exponent - _SHIFT)
    lower_table(view, low, "rsqrt", outputs)
