"""SVDF: a streaming layer with int8 weights over features, int16 weights over time and an int16 memory."""

from __future__ import annotations

import numpy as np

from tinyforge.compiler.fixed_point import RELU
from tinyforge.compiler.lookup import float32_ratio, multiplier_of
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.compiler.overlap import rows
from tinyforge.compiler.quantized import accumulator_reach, bias_of, folded_bias
from tinyforge.core.graph import DType, Tensor


def _factor(view: OpView, one: Tensor, two: Tensor, out: Tensor) -> tuple[int, int]:
    """``one * two / out`` of the scales, in float32 as ``Prepare`` of ``svdf.cc``."""
    scales = [view.quantized(tensor)[0] for tensor in (one, two, out)]
    return multiplier_of(view, float32_ratio(scales[0], scales[1], divisor=scales[2]), out)


@operator(
    "SVDF",
    rank=Option(0, "int32", 0),
    fused_activation_function=Option(1, "int8", 0),
    asymmetric_quantize_inputs=Option(2, "bool", default=False),
)
def svdf(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_svdf_s8``; the memory goes on from inference to inference."""
    view.counts((5,))
    input_, state, output = view.activation(0), view.input(4), view.output()
    view.is_dtype(input_, DType.INT8)
    view.is_dtype(output, DType.INT8)
    view.is_dtype(state, DType.INT16)
    feature, time = view.constant(1, DType.INT8), view.constant(2, DType.INT16)
    rank = view.option("rank")
    view.require(
        view.option("fused_activation_function") == RELU, "has an activation other than RELU", "build it with RELU"
    )
    view.require(
        len(input_.shape) == feature.ndim == time.ndim == 2
        and rank > 0
        and feature.shape[0] % rank == 0
        and feature.shape[0] == time.shape[0]
        and feature.shape[1] == input_.shape[1]
        and min(feature.size, time.size, input_.elements) > 0,
        f"has weights {list(feature.shape)} and {list(time.shape)} of rank {rank} for {list(input_.shape)}",
        "convert the model again",
    )
    batches, filters, memory = input_.shape[0], feature.shape[0], time.shape[1]
    units = filters // rank
    view.shape_is(output, (batches, units))
    view.shape_is(state, (batches, memory * filters))
    view.require(state.variable, "is no variable", "convert the model again", state)
    for position in (1, 2, 4):
        tensor = view.input(position)
        view.require(view.quantized(tensor)[1] == 0, "is quantized asymmetrically", "convert the model again", tensor)
    zero = view.quantized(input_)[1]
    nothing = np.zeros(filters, np.int64)
    accumulator_reach(view, feature, zero, nothing)
    feature_multiplier, feature_exponent = _factor(view, input_, view.input(1), state)
    multiplier, exponent = _factor(view, state, view.input(2), output)
    low.layer(
        "svdf",
        "tfg_svdf_s8",
        {
            "feature": feature,
            "feature_bias": folded_bias(feature, zero, nothing),
            "time": time,
            "bias": bias_of(view, 3, units).astype(np.int32),
            "batches": batches,
            "in_len": feature.shape[1],
            "units": units,
            "rank": rank,
            "memory": memory,
            "feature_multiplier": feature_multiplier,
            "feature_exponent": feature_exponent,
            "multiplier": multiplier,
            "exponent": exponent,
            "zero_point": view.quantized(output)[1],
        },
        inputs=(input_,),
        outputs=(output,),
        overlaps=rows(batches, feature.shape[1], units, more=0),
        states=(low.state(state, reset_value=0, per_window=False),),
        macs=batches * int(feature.size + time.size),
    )
