"""EQUAL, NOT_EQUAL, GREATER, GREATER_EQUAL, LESS and LESS_EQUAL of two int8 tensors, at the scale 1.

Both are rescaled with 8 spare bits, as the reference does it: numbers that lie nearer to each other than a 256th of
1.0 count as equal.
"""

from __future__ import annotations

from tinyforge.compiler.binary import lower_binary
from tinyforge.compiler.fixed_point import divide_by_pot, high_mul, quantize_multiplier
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator
from tinyforge.core.graph import DType, Tensor

SPARE_BITS = 8
_ANSWERS = {  # where left is below, equal, above
    "EQUAL": (0, 1, 0),
    "NOT_EQUAL": (1, 0, 1),
    "GREATER": (0, 0, 1),
    "GREATER_EQUAL": (0, 1, 1),
    "LESS": (1, 0, 0),
    "LESS_EQUAL": (1, 1, 0),
}


@operator(*_ANSWERS)
def compare(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_compare_s8`` or a table."""
    view.counts((2,))
    left, right, output = view.input(0), view.input(1), view.output()
    view.is_dtype(left, DType.INT8)
    view.is_dtype(right, DType.INT8)
    view.require(output.dtype is DType.BOOL, f"is {output.dtype.value}, not bool", "convert the model again", output)
    view.require(left.data is None or right.data is None, "has two constants", "fold it at conversion", output)
    below, equal, above = _ANSWERS[view.op.kind]
    one, two = _factor(view, left), _factor(view, right)

    def result(a: int, b: int) -> int:
        x, y = _rescaled(a, one), _rescaled(b, two)
        return below if x < y else above if x > y else equal

    params = {
        **{f"{name}_left": value for name, value in one.items()},
        **{f"{name}_right": value for name, value in two.items()},
        "below": below,
        "equal": equal,
        "above": above,
    }
    lower_binary(view, low, "compare", params, result)


def _factor(view: OpView, tensor: Tensor) -> dict[str, int]:
    scale, zero = view.quantized(tensor)
    multiplier, exponent = quantize_multiplier(scale)
    view.require(
        scale < 1 and -31 <= exponent <= 0,
        f"has scale {scale:g}; the reference compares scales from 2**-31 to below 1",
        "calibrate and quantize the model again",
        tensor,
    )
    return {"offset": -zero, "multiplier": multiplier, "exponent": exponent}


def _rescaled(value: int, factor: dict[str, int]) -> int:
    shifted = (value + factor["offset"]) << SPARE_BITS
    return divide_by_pot(high_mul(shifted, factor["multiplier"]), -factor["exponent"])
