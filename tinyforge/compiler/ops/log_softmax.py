"""LOG_SOFTMAX over the last dimension: int8 in gemmlowp's fixed point, or float32 where a model ends in it."""

from __future__ import annotations

from tinyforge.compiler.fixed_point import quantize_multiplier
from tinyforge.compiler.lookup import unary
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator
from tinyforge.compiler.ops.softmax import MOST_CLASSES, softmax_scaling
from tinyforge.core.graph import DType, Param


@operator("LOG_SOFTMAX")
def log_softmax(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_log_softmax_s8`` or ``tfg_log_softmax_f32``."""
    input_, output = unary(view, DType.INT8, DType.FLOAT32)
    view.require(bool(input_.shape), "is a scalar", "remove the operator", input_)
    depth = input_.shape[-1]
    if input_.dtype is DType.FLOAT32:
        params: dict[str, Param] = {"rows": input_.elements // depth, "depth": depth}
        low.layer("log_softmax", "tfg_log_softmax_f32", params, inputs=(input_,), outputs=(output,), inplace=((0, 0),))
        return
    view.require(
        view.quantized(output) == (16 / 256, 127),
        f"is quantized {view.quantized(output)}, not 1/16 and 127",
        "convert the model again: TFLite fixes the quantization of a log-softmax",
        output,
    )
    view.require(depth <= MOST_CLASSES, f"has {depth} classes, more than {MOST_CLASSES}", "use fewer classes", input_)
    scale, _ = view.quantized(input_)
    multiplier, left_shift, diff_min = softmax_scaling(scale, 1.0)
    reverse = 2.0 ** (31 - left_shift) / max(multiplier, 1)
    view.require(
        left_shift > 0 and reverse < 1,
        f"has scale {scale:g}, too small to be told apart",
        "calibrate and quantize the model again",
        input_,
    )
    reverse_multiplier, reverse_exponent = quantize_multiplier(reverse)
    low.layer(
        "log_softmax",
        "tfg_log_softmax_s8",
        {
            "rows": input_.elements // depth,
            "depth": depth,
            "multiplier": multiplier,
            "left_shift": left_shift,
            "diff_min": diff_min,
            "reverse_multiplier": reverse_multiplier,
            "reverse_exponent": reverse_exponent,
        },
        inputs=(input_,),
        outputs=(output,),
        inplace=((0, 0),),
    )
