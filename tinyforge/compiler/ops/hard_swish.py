"""HARD_SWISH as a table: ``x * relu6(x + 3) / 6`` in TFLite's 16-bit fixed point."""

from __future__ import annotations

import numpy as np

from tinyforge.compiler.fixed_point import quantize_multiplier
from tinyforge.compiler.lookup import levels, lower_table, unary
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator
from tinyforge.core.graph import DType

_HIGH = 1 << 15


def _saturate(value: int) -> int:
    return min(max(value, -_HIGH), _HIGH - 1)


def _high_mul(one: int, two: int) -> int:
    """Gemmlowp's saturating rounding doubling high multiplication of two int16."""
    return _saturate((one * two + (1 << 14)) >> 15)


def _divide_by_pot(value: int, exponent: int) -> int:
    """Gemmlowp's rounding division of an int16; from 2**16 on its mask has lost bits, which the reference keeps."""
    mask = (1 << exponent) - 1 if exponent < 16 else -1
    return (value >> exponent) + ((value & mask) > (mask >> 1) + (value < 0))


def _multiplier(real: float) -> tuple[int, int]:
    """A factor as 15 bits and an exponent."""
    multiplier, exponent = quantize_multiplier(real)
    return min((multiplier + _HIGH) >> 16, _HIGH - 1), exponent


def _hard_swish(value: int, out: tuple[int, int], gate: tuple[int, int]) -> int:
    """The output, before the zero point.

    Args:
        value: input less its zero point, in [-255, 255].
        out: multiplier and exponent to the output's scale, the exponent <= 0.
        gate: multiplier and exponent to the scale at which 3.0 is 2**15.
    """
    fine = value * 128
    scaled = _high_mul(fine, out[0])
    multiplier, exponent = gate
    if exponent > 0:
        open_ = _saturate(_high_mul(_saturate(fine << (exponent - 1)), multiplier) * 2)
    else:
        open_ = _divide_by_pot(_high_mul(fine, multiplier), -exponent)
    product = ((open_ + _HIGH) >> 1) * scaled
    truncated = abs(product) >> 15
    return _divide_by_pot(truncated if product >= 0 else -truncated, -out[1])


@operator("HARD_SWISH")
def hard_swish(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_lookup_s8``."""
    input_, output = unary(view, DType.INT8, DType.UINT8)
    (in_scale, in_zero), (out_scale, out_zero) = view.quantized(input_), view.quantized(output)
    with np.errstate(over="ignore", under="ignore"):
        fine_scale = np.float32(1 / 128) * np.float32(in_scale)
        factors = float(fine_scale / np.float32(out_scale)), float(fine_scale / np.float32(3 / 32768))
    view.require(bool(np.isfinite(factors).all()), f"has scale {out_scale:g}", "quantize the model again", output)
    out, gate = _multiplier(factors[0]), _multiplier(factors[1])
    view.require(
        out[1] <= 0,
        f"rescales by a factor of 2**{out[1] + 7}",
        "calibrate and quantize the model again: its output scale does not fit its input",
        output,
    )
    view.require(gate[1] <= 31, f"has scale {in_scale:g}", "quantize the model again", input_)
    values = [_hard_swish(int(value), out, gate) for value in levels(input_.dtype) - in_zero]
    lower_table(view, low, "hard_swish", out_zero + np.array(values, np.int64))
