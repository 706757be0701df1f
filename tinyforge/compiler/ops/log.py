"""LOG as a table; below and at zero it gives the least output, as the reference does."""

from __future__ import annotations

import numpy as np

from tinyforge.compiler.float_functions import spread
from tinyforge.compiler.lookup import levels, lower_table, unary
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator


@operator("LOG")
def log(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_lookup_s8``."""
    input_, output = unary(view)
    (in_scale, in_zero), (out_scale, out_zero) = view.quantized(input_), view.quantized(output)
    with np.errstate(all="ignore"):
        real = np.float32(in_scale) * (levels(input_.dtype) - in_zero).astype(np.float32)
        steps = spread("LOG", np.tile(real, (3, 1))) * (np.float32(1) / np.float32(out_scale))
        rounded = np.trunc(steps.astype(np.float64) + np.copysign(0.5, steps)) + out_zero
    cut = np.where(np.isnan(rounded), -128, np.clip(rounded, -128, 127)).astype(np.int64)
    view.require(
        bool(np.all(cut == cut[1])),
        "has a value within a rounding error of the middle between two outputs, where C libraries differ",
        "calibrate and quantize the model again with other windows",
        output,
    )
    lower_table(view, low, "log", cut[1])
