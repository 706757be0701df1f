"""Element-wise operators of two int8 inputs: checks, rescaling to a common scale, and the choice of a table.

Each operator hands over the integer function its kernel computes. Where one operand is a single constant, or both are
the same tensor, only 256 results are possible: unless the tensor is small, they become a table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import numpy as np

from tinyforge.compiler.broadcast import broadcast_loops, elementwise_inplace, spread
from tinyforge.compiler.fixed_point import NONE, RELU, RELU6, RELU_N1_TO_1, divide_by_pot, high_mul, quantize_multiplier
from tinyforge.compiler.lookup import levels, lower_table
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView
from tinyforge.core.graph import DType, Param, Tensor

LEAST_ELEMENTS = 32  # fewer are not worth a table's 256 bytes
_INT8 = tuple(int(value) for value in levels(DType.INT8))
_MOST = float(np.finfo(np.float32).max)
_FLOAT_RANGES = {NONE: (-_MOST, _MOST), RELU: (0.0, _MOST), RELU6: (0.0, 6.0), RELU_N1_TO_1: (-1.0, 1.0)}


def operands(view: OpView) -> tuple[Tensor, Tensor, Tensor]:
    """Both inputs and the output, all int8, at least one input computed.

    Raises:
        UnsupportedModelError: anything else.
    """
    view.counts((2,))
    left, right, output = view.input(0), view.input(1), view.output()
    for tensor in (left, right, output):
        view.is_dtype(tensor, DType.INT8)
    view.require(left.data is None or right.data is None, "has two constants", "fold it at conversion", output)
    return left, right, output


@dataclass(frozen=True, slots=True)
class CommonScale:
    """Rescaling of both operands to twice the larger scale, and from there to the output's; member names of kernels.

    Attributes:
        offset_left, offset_right: minus the zero points.
        multiplier_left, multiplier_right, multiplier_out: 31-bit factors.
        exponent_left, exponent_right, exponent_out: of the factors, <= 0.
        zero_point: of the output.
    """

    offset_left: int
    multiplier_left: int
    exponent_left: int
    offset_right: int
    multiplier_right: int
    exponent_right: int
    multiplier_out: int
    exponent_out: int
    zero_point: int

    def params(self) -> dict[str, Param]:
        """As members of a kernel's structure."""
        return asdict(self)

    def operands(self, left: int, right: int, bits: int) -> tuple[int, int]:
        """Both operands with ``bits`` spare bits at the common scale."""
        one = high_mul((left + self.offset_left) << bits, self.multiplier_left)
        two = high_mul((right + self.offset_right) << bits, self.multiplier_right)
        return divide_by_pot(one, -self.exponent_left), divide_by_pot(two, -self.exponent_right)

    def output(self, value: int) -> int:
        """From the common scale to the output, not yet clamped."""
        return self.zero_point + divide_by_pot(high_mul(value, self.multiplier_out), -self.exponent_out)


def common_scale(
    view: OpView, left: Tensor, right: Tensor, output: Tensor, out_factor: Callable[[float, float], float]
) -> CommonScale:
    """Rescaling as ADD, SUB and SQUARED_DIFFERENCE do it.

    Args:
        view: for the message.
        left, right, output: int8.
        out_factor: from twice the larger input scale and the output's to the last factor.

    Raises:
        UnsupportedModelError: a last factor of 1 or more, which the reference's arithmetic does not have.
    """
    (scale_left, zero_left), (scale_right, zero_right) = view.quantized(left), view.quantized(right)
    scale_out, zero_out = view.quantized(output)
    twice = 2 * max(scale_left, scale_right)
    multiplier_out, exponent_out = quantize_multiplier(out_factor(twice, scale_out))
    view.require(
        exponent_out <= 0,
        f"has scale {scale_out:g}, far too small for inputs of {scale_left:g} and {scale_right:g}",
        "calibrate and quantize the model again",
        output,
    )
    return CommonScale(
        -zero_left,
        *quantize_multiplier(scale_left / twice),
        -zero_right,
        *quantize_multiplier(scale_right / twice),
        multiplier_out,
        exponent_out,
        zero_out,
    )


def lower_float(view: OpView, low: Lowering, stem: str) -> None:
    """Lower to ``tfg_<stem>_f32``: float32 that a model computes in before or after its int8 part.

    Args:
        view: an operator with the option ``fused_activation_function``.
        low: takes the call.
        stem: of the operator.
    """
    view.counts((2,))
    left, right, output = view.input(0), view.input(1), view.output()
    for tensor in (left, right, output):
        view.is_dtype(tensor, DType.FLOAT32)
    view.require(left.data is None or right.data is None, "has two constants", "fold it at conversion", output)
    activation = view.option("fused_activation_function")
    bounds = _FLOAT_RANGES.get(activation)
    if bounds is None:
        view.refuse(f"has the fused activation {activation}", "convert the model with a current converter")
    low.layer(
        stem,
        f"tfg_{stem}_f32",
        {**broadcast_loops(view, left, right, output).params(), "min": bounds[0], "max": bounds[1]},
        inputs=(left, right),
        outputs=(output,),
        inplace=elementwise_inplace(left, right, output),
    )


def lower_binary(
    view: OpView, low: Lowering, stem: str, params: Mapping[str, Param], function: Callable[[int, int], int]
) -> None:
    """Lower to a table where 256 results are possible, else to ``tfg_<stem>_s8``.

    Args:
        view: an operator that ``operands`` has checked.
        low: takes the call.
        stem: of the operator.
        params: members of the kernel's structure after the loops.
        function: what the kernel computes of two int8, clamped.
    """
    output = view.output()
    left, right = spread(view, low, view.input(0), view.input(1), output)
    loops = broadcast_loops(view, left, right, output)
    values = _INT8 if output.elements >= LEAST_ELEMENTS else ()
    if values and left.index == right.index:
        lower_table(view, low, stem, np.array([function(value, value) for value in values]))
    elif values and right.data is not None and right.elements == 1:
        fixed = int(right.data.reshape(-1)[0])
        lower_table(view, low, stem, np.array([function(value, fixed) for value in values]))
    elif values and left.data is not None and left.elements == 1:
        fixed = int(left.data.reshape(-1)[0])
        lower_table(view, low, stem, np.array([function(fixed, value) for value in values]), position=1)
    else:
        low.layer(
            stem,
            f"tfg_{stem}_s8",
            {**loops.params(), **params},
            inputs=(left, right),
            outputs=(output,),
            inplace=elementwise_inplace(left, right, output),
        )
