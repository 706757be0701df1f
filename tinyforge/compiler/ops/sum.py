"""SUM over any axes: the sum of all, rescaled once.

LiteRT's reference kernel reads int8 as if it were uint8 and cuts the result to 0..255 (reduce.cc, QuantizedMeanOrSum,
since 2022), so that sums of negative numbers come out wrong; its optimised kernel does not. What is generated here
equals the reference.
"""

from __future__ import annotations

import math

from tinyforge.compiler.axes import reduction
from tinyforge.compiler.lookup import multiplier_of
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.core.graph import DType


@operator("SUM", keep_dims=Option(0, "bool", default=False))
def sum_(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_sum_u8`` or ``tfg_sum_f32``."""
    view.counts((2,))
    input_, output = view.activation(0), view.output()
    view.is_dtype(input_, DType.INT8, DType.UINT8, DType.FLOAT32)
    view.is_dtype(output, input_.dtype)
    reduced = reduction(view, input_, output, view.integers(1))
    if input_.dtype is DType.FLOAT32:
        low.layer("sum", "tfg_sum_f32", reduced.params(), inputs=(input_,), outputs=(output,))
        return
    (in_scale, in_zero), (out_scale, out_zero) = view.quantized(input_), view.quantized(output)
    count = math.prod(reduced.counts)
    view.require(count * 512 < 1 << 31, f"adds {count} numbers, too many for 32 bits", "reduce in two steps", input_)
    multiplier, exponent = multiplier_of(view, in_scale / out_scale, output)
    low.layer(
        "sum",
        "tfg_sum_u8",
        {
            **reduced.params(),
            "bias": -in_zero * count,
            "multiplier": multiplier,
            "exponent": exponent,
            "zero_point": out_zero,
        },
        inputs=(input_,),
        outputs=(output,),
    )
