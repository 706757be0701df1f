"""Operators of one 8-bit input: all their outputs are computed here, and the kernel only looks them up.

A table holds the output of each of the 256 input bytes. Where it turns out to be something simpler (the identity, a
clamp, a flipped sign bit), a kernel without a table is called.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tinyforge.compiler.fixed_point import quantize_multiplier, requantize
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView
from tinyforge.core.graph import DType, Param, Tensor
from tinyforge.core.types import Float32Array

Levels = npt.NDArray[np.int64]


def levels(dtype: DType) -> Levels:
    """All values of an 8-bit type, ascending; int64 [256]."""
    info = np.iinfo(dtype.numpy)
    return np.arange(info.min, info.max + 1, dtype=np.int64)


def unary(view: OpView, *dtypes: DType) -> tuple[Tensor, Tensor]:
    """Input and output of an element-wise operator of one input: same shape, same type, quantized per tensor.

    Args:
        view: the operator.
        dtypes: the types the reference has for it; int8 when none are named.

    Raises:
        UnsupportedModelError: anything else.
    """
    view.counts((1,))
    input_, output = view.activation(0), view.output()
    view.is_dtype(input_, *(dtypes or (DType.INT8,)))
    view.is_dtype(output, input_.dtype)
    view.shape_is(output, input_.shape)
    view.require(input_.elements > 0, "is empty", "remove the operator", input_)
    return input_, output


def float32_ratio(*factors: float, divisor: float) -> float:
    """Product of the factors over the divisor, each step rounded to float32 as the reference does it."""
    product = np.float32(factors[0])
    with np.errstate(over="ignore", under="ignore"):
        for factor in factors[1:]:
            product *= np.float32(factor)
        return float(product / np.float32(divisor))


def multiplier_of(view: OpView, real: float, tensor: Tensor) -> tuple[int, int]:
    """Multiplier and exponent of a factor.

    Args:
        view: for the message.
        real: the factor, >= 0.
        tensor: the output, which a refusal names.

    Raises:
        UnsupportedModelError: a factor of 2**30 or more, for which the reference's arithmetic overflows.
    """
    view.require(np.isfinite(real), "has a scale beyond float32's range", "quantize the model again", tensor)
    multiplier, exponent = quantize_multiplier(real)
    view.require(
        exponent <= 30,
        f"rescales by a factor of 2**{exponent}",
        "calibrate and quantize the model again: its output scale is far too small",
        tensor,
    )
    return multiplier, exponent


def rescaled(values: Levels, multiplier: int, exponent: int) -> Levels:
    """TFLite's ``MultiplyByQuantizedMultiplier`` of each value."""
    return np.array([requantize(int(value), multiplier, exponent) for value in values], np.int64)


def float_table(view: OpView, function: Callable[[Float32Array], Float32Array]) -> Levels:
    """A float32 function of every input, quantized as the reference's ``LUTPopulate`` does.

    Args:
        view: an operator that ``unary`` has checked.
        function: float32 [256] to float32 [256].

    Returns:
        int64 [256], not yet cut to the output's range, in the order of ``levels``.
    """
    input_, output = view.input(0), view.output()
    (in_scale, in_zero), (out_scale, out_zero) = view.quantized(input_), view.quantized(output)
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        real = np.float32(in_scale) * (levels(input_.dtype) - in_zero).astype(np.float32)
        steps = function(real) * (np.float32(1) / np.float32(out_scale))
        rounded = np.trunc(steps.astype(np.float64) + np.copysign(0.5, steps)).astype(np.float32)
        total = rounded + np.float32(out_zero)
    view.require(
        not np.isnan(total).any(), "has scales for which the function is not a number", "quantize it again", output
    )
    # the reference cuts int8 in float32, but converts to int32 first where it is uint8: undefined beyond 32 bits
    view.require(
        input_.dtype is DType.INT8 or bool(np.all(np.abs(total) < 1 << 31)),
        f"has scale {out_scale:g}, with which the function's values do not fit 32 bits",
        "calibrate and quantize the model again",
        output,
    )
    return np.asarray(np.clip(total, -(1 << 31), (1 << 31) - 1), np.int64)


def lower_table(view: OpView, low: Lowering, stem: str, outputs: Levels, position: int = 0) -> None:
    """Lower an operator whose output for each value of one input is known.

    Args:
        view: the operator; input and output are of 8-bit types, the output possibly bool.
        low: takes the call.
        stem: of the operator, for its name in the generated code.
        outputs: int64 [256] in the order of ``levels`` of the input's type; cut to the output's range here.
        position: which input it depends on.
    """
    input_, output = view.input(position), view.output()
    info = np.iinfo(np.uint8 if output.dtype is DType.BOOL else output.dtype.numpy)
    values = levels(input_.dtype)
    cut = np.clip(outputs, info.min, info.max)
    table = np.empty(256, np.int8)
    table[values & 0xFF] = cut.astype(output.dtype.numpy).view(np.int8)
    kernel = "tfg_lookup_s8"
    params: dict[str, Param] = {"table": table, "elements": output.elements}
    bytes_in = np.arange(256, dtype=np.uint8)
    if np.array_equal(table.view(np.uint8), bytes_in):
        kernel, params = "tfg_copy", {"bytes": output.bytes}
    elif np.array_equal(table.view(np.uint8), bytes_in ^ 0x80):
        kernel, params = "tfg_flip_s8", {"elements": output.elements}
    elif input_.dtype is output.dtype is DType.INT8 and np.array_equal(cut, np.clip(values, cut.min(), cut.max())):
        kernel, params = "tfg_limit_s8", {"elements": output.elements, "min": int(cut.min()), "max": int(cut.max())}
    low.layer(stem, kernel, params, inputs=(input_,), outputs=(output,), inplace=((0, 0),))
