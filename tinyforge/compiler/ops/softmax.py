"""SOFTMAX over the last dimension: int8 in gemmlowp's fixed point, or float32 where a model ends in it."""

from __future__ import annotations

import math

from tinyforge.compiler.fixed_point import quantize_multiplier
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.core.graph import DType, Param

_SCALE_TOLERANCE = 0.001 / 256
MOST_CLASSES = 4095  # the reference's sum of exponentials is Q12.19, and wraps above
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
    """Lower to ``tfg_softmax_s8`` or ``tfg_softmax_f32``."""
    view.counts((1,))
    input_, output = view.activation(0), view.output()
    view.is_dtype(input_, DType.INT8, DType.FLOAT32)
    view.is_dtype(output, input_.dtype)
    view.shape_is(output, input_.shape)
    view.require(bool(input_.shape) and input_.elements > 0, "is empty or a scalar", "remove the operator", input_)
    beta = view.option("beta")
    sizes = {"rows": input_.elements // input_.shape[-1], "depth": input_.shape[-1]}
    if input_.dtype is DType.FLOAT32:
        view.require(beta > 0, f"has beta {beta:g}", "convert the model again")
        params: dict[str, Param] = {**sizes, "beta": beta}
        low.layer("softmax", "tfg_softmax_f32", params, inputs=(input_,), outputs=(output,), inplace=((0, 0),))
        return
    depth = input_.shape[-1]
    view.require(depth <= MOST_CLASSES, f"has {depth} classes, more than {MOST_CLASSES}", "use fewer classes", input_)
    out_scale, out_zero = view.quantized(output)
    view.require(
        abs(out_scale - 1 / 256) <= _SCALE_TOLERANCE and out_zero == -128,
        f"is quantized {view.quantized(output)}, not 1/256 and -128",
        "convert the model again: TFLite fixes the quantization of a softmax",
        output,
    )
    scale, _ = view.quantized(input_)
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
            **sizes,
            "multiplier": multiplier,
            "left_shift": left_shift,
            "diff_min": diff_min,
        },
        inputs=(input_,),
        outputs=(output,),
        inplace=((0, 0),),
    )
