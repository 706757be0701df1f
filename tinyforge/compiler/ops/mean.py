"""MEAN over any axes: the sum, then one rescaling that holds 1/count in its multiplier, as the reference folds it."""

from __future__ import annotations

import math

from tinyforge.compiler.axes import Reduction, reduction
from tinyforge.compiler.fixed_point import quantize_multiplier
from tinyforge.compiler.layout import GROUP
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.compiler.overlap import loops
from tinyforge.core.graph import DType

FOURS = "tfg_mean_fours_s8"
_MORE_BYTES = 360 + 5 * 64  # of code (GCC 12, -O2), and of stack, which counts more than flash


@operator("MEAN", keep_dims=Option(0, "bool", default=False))
def mean(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_mean_s8`` or ``tfg_mean_fours_s8``."""
    view.counts((2,))
    input_, output = view.activation(0), view.output()
    view.is_dtype(input_, DType.INT8)
    view.is_dtype(output, DType.INT8)
    reduced = reduction(view, input_, output, view.integers(1))
    in_scale, in_zero = view.quantized(input_)
    out_scale, out_zero = view.quantized(output)
    count = math.prod(reduced.counts)
    view.require(
        count * 256 < 1 << 31, f"averages {count} numbers, too many for a 32-bit sum", "reduce in two steps", input_
    )
    multiplier, exponent = quantize_multiplier(in_scale / out_scale)
    view.require(exponent <= 30, f"rescales by a factor of 2**{exponent}", "quantize the model again", output)
    # reduce.h: 1/count is folded into the multiplier after widening it by as many bits as count has
    shift = min(count.bit_length() - 1, 32, 31 + exponent)
    low.layer(
        "mean",
        FOURS if _pays(low, reduced) else "tfg_mean_s8",
        {
            **reduced.params(),
            "bias": -in_zero * count,
            "multiplier": (multiplier << shift) // count,
            "exponent": exponent - shift,
            "zero_point": out_zero,
        },
        inputs=(input_,),
        outputs=(output,),
        overlaps=loops(reduced.kept, reduced.kept_strides),
    )


def _pays(low: Lowering, reduced: Reduction) -> bool:
    """Whether numbers lie so that four are taken at once, and that is worth the code."""
    together = reduced.kept_strides[-1] == 1 and reduced.kept[-1] >= GROUP
    if not together and (reduced.strides[-1] != 1 or reduced.counts[-1] < GROUP):
        return False
    fewer = math.prod(reduced.kept) * (43 * math.prod(reduced.counts) // 10 - 15)  # measured, about
    return low.goal.takes(more_bytes=0 if low.has_kernel(FOURS) else _MORE_BYTES, fewer_instructions=fewer)
