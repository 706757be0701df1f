"""SOFTMAX over the last dimension in gemmlowp's fixed point."""

from __future__ import annotations

import math

from tinyforge.compiler.fixed_point import quantize_multiplier
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.core.graph import DType

_INPUT_INTEGER_BITS = 5  # differences are Q5.26: softmax.h, kScaledDiffIntegerBits


def softmax_scaling(scale: float, beta: float) -> tuple[int, int, int]:
    """Multiplier, left shift and least difference, as ``PreprocessSoftmaxScaling`` and ``CalculateInputRadius``.

    Args:
        scale: of the input.
        beta: the operator's option.

    Returns:
        ``(multiplier, left_shift, diff_min)``; a factor <= 1 gives a left shift of 0 or less.
    """
    real = min(beta * scale * (1 << (31 - _INPUT_INTEGER_BITS)), (1 << 31) - 1.0)
    multiplier, left_shift = quantize_multiplier(real)
    radius = 0
    if left_shift >= 0:
        reach = 1.0 * ((1 << _INPUT_INTEGER_BITS) - 1) * (1 << (31 - _INPUT_INTEGER_BITS)) / (1 << left_shift)
        radius = math.floor(reach)
    return multiplier, left_shift, -radius


@operator("SOFTMAX", beta=Option(0, "float32", 0.0))
def softmax(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_softmax_s8``."""
    view.counts((1,))
    input_, output = view.activation(0), view.output()
    view.is_dtype(input_, DType.INT8)
    view.is_dtype(output, DType.INT8)
    view.shape_is(output, input_.shape)
    view.require(bool(input_.shape) and input_.elements > 0, "is empty or a scalar", "remove the operator", input_)
    view.require(
        view.quantized(output) == (1.0 / 256, -128),
        f"is quantized {view.quantized(output)}, not 1/256 and -128",
        "convert the model again: TFLite fixes the quantization of a softmax",
        output,
    )
    scale, _ = view.quantized(input_)
    beta = view.option("beta")
    multiplier, left_shift, diff_min = softmax_scaling(scale, beta)
    view.require(
        beta > 0 and beta * scale * (1 << 26) > 1.0,
        f"has scale {scale:g} and beta {beta:g}, too small to be told apart",
        "calibrate and quantize the model again",
        input_,
    )
    low.layer(
        "softmax",
        "tfg_softmax_s8",
        {
            "rows": input_.elements // input_.shape[-1],
            "depth": input_.shape[-1],
            "multiplier": multiplier,
            "left_shift": left_shift,
            "diff_min": diff_min,
        },
        inputs=(input_,),
        outputs=(output,),
        inplace=((0, 0),),
    )
