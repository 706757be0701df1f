"""FULLY_CONNECTED: a dense layer.

The reference multiplies the accumulator by a double and rounds once, half away from zero. The compiler finds an
integer multiplier that takes every reachable accumulator to the same output (``fixed_point.Staircase``), so the
kernel needs one high multiplication, an addition and a shift.
"""

from __future__ import annotations

import math

import numpy as np

from tinyforge.compiler.fixed_point import Staircase
from tinyforge.compiler.layout import GROUP, blocked, one_row
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.compiler.overlap import rows
from tinyforge.compiler.packing import (
    FEW,
    MANY,
    MOST_INPUTS,
    NIBBLES,
    PACKED,
    PAIRS,
    PLAIN,
    can_be_smaller,
    dense_nibbles,
    pack,
)
from tinyforge.compiler.quantized import accumulator_reach, bias_of, clamp_of, folded_bias
from tinyforge.core.graph import Array, DType, Param, Tensor

_ONE, _WIDE = "tfg_fully_connected_one_s8", "tfg_fully_connected_wide_s8"
_ONE_SCALE = "tfg_fully_connected_s8"
_KERNELS = {NIBBLES: "tfg_fully_connected_indexed_s8", PAIRS: "tfg_fully_connected_pairs_s8"}
_ONE_BYTES = 180  # of its code, GCC 12, -O2
_SAVED_ALONE = 3  # instructions of a weight, where a block of four outputs holds one
LANES = 4  # outputs a kernel computes together


@operator(
    "FULLY_CONNECTED",
    fused_activation_function=Option(0, "int8", 0),
    weights_format=Option(1, "int8", 0),
    keep_num_dims=Option(2, "bool", default=False),
)
def fully_connected(view: OpView, low: Lowering) -> None:
    """Lower to the per-tensor or per-channel kernel, or to the wide form where 31 bits of multiplier are too few."""
    view.counts((2, 3))
    input_, filter_, output = view.activation(0), view.input(1), view.output()
    view.is_dtype(input_, DType.INT8)
    view.is_dtype(output, DType.INT8)
    weights = view.constant(1, DType.INT8)
    view.require(view.option("weights_format") == 0, "has shuffled weights", "convert the model again")
    view.require(weights.ndim == 2 and weights.size > 0, f"has shape {list(weights.shape)}", "give a matrix", filter_)
    out_len, in_len = weights.shape
    view.require(
        input_.elements % in_len == 0 and input_.elements > 0,
        f"has {input_.elements} elements, no multiple of {in_len}",
        "convert the model again",
        input_,
    )
    batches = input_.elements // in_len
    view.closes(output, (*input_.shape[:-1], out_len) if view.option("keep_num_dims") else (batches, out_len))
    view.require(
        output.elements == batches * out_len,
        f"has {output.elements} elements where {batches * out_len} follow",
        "convert the model again",
        output,
    )
    kernel, params = dense_params(view, input_, filter_, output, batches)
    alone = out_len == 1 and kernel != _WIDE and _pays_alone(view, low, batches * in_len)
    forms = [MANY if alone else FEW] if out_len == 1 and kernel != _WIDE else []
    if kernel != _WIDE and can_be_smaller(weights):
        forms += [PACKED] if in_len <= MOST_INPUTS else []
        forms += [form for form in (NIBBLES, PAIRS) if kernel == _ONE_SCALE and _nibbles(weights, form) is not None]
    form = low.form(view, *forms) if forms else PLAIN
    if form in {NIBBLES, PAIRS}:
        kept = {name: value for name, value in params.items() if name != "filter"}
        kernel, params = _KERNELS[form], {**(_nibbles(weights, form) or {}), **kept}
    elif form == PACKED:
        packed = low.once(view, lambda: pack(weights))
        kernel, params = "tfg_fully_connected_packed_s8", {**packed.params(), **_packed_params(params)}
    elif form == FEW or (alone and form != MANY):
        kernel, params = _ONE, _one_output(params, weights[0])
    low.layer(
        "fully_connected",
        kernel,
        params,
        inputs=(input_,),
        outputs=(output,),
        macs=batches * in_len * out_len,
        overlaps=rows(batches, in_len, out_len, more=out_len - 1),
    )


def dense_params(
    view: OpView, input_: Tensor, filter_: Tensor, output: Tensor, batches: int
) -> tuple[str, dict[str, Param]]:
    """The kernel and the members of its structure.

    Raises:
        UnsupportedModelError: no integer multiplier gives the reference's outputs, or the accumulator overflows.
    """
    weights = view.constant(1, DType.INT8)
    out_len, in_len = weights.shape
    input_scale, input_zero = view.quantized(input_)
    output_scale, output_zero = view.quantized(output)
    quant = filter_.quant
    if quant is None:
        view.refuse("has no quantization", "convert the model again with full int8 quantization", filter_)
    if any(zero != 0 for zero in quant.zero_point):
        view.refuse("is quantized asymmetrically", "convert the model again: int8 filters are symmetric", filter_)
    bias = bias_of(view, 2, out_len)
    reach = accumulator_reach(view, weights, input_zero, bias)
    low, high = clamp_of(view, output)
    common: dict[str, Param] = {
        "filter": blocked(weights),
        "bias": _whole_blocks(folded_bias(weights, input_zero, bias)),
        "batches": batches,
        "in_len": in_len,
        "out_len": out_len,
    }
    limits: dict[str, Param] = {"min": low, "max": high}
    scales = [input_scale * scale / output_scale for scale in quant.scale]
    reaches = [int(reach.max())] if quant.per_tensor else [int(value) for value in reach]
    steps = [Staircase(scale, output_zero, low, high, most) for scale, most in zip(scales, reaches, strict=True)]
    for step in steps:
        view.require(
            step.scale * step.reach < (1 << 31) - 512,
            f"rescales by {step.scale:g}, beyond 32 bits",
            "calibrate and quantize the model again: its output scale is far too small",
            output,
        )
    fast = [_fast(step) for step in steps]
    found = [pair for pair in fast if pair is not None]
    if len(found) == len(steps):
        if quant.per_tensor:
            multiplier, shift = found[0]
            rounding = (1 << (shift - 1)) + output_zero * (1 << shift)
            return _ONE_SCALE, {
                **common,
                "multiplier": multiplier,
                "rounding": rounding,
                "shift": shift,
                **limits,
            }
        return "tfg_fully_connected_per_channel_s8", {
            **common,
            "multiplier": _whole_blocks(np.array([multiplier for multiplier, _ in found], np.int32)),
            "shift": _whole_blocks(np.array([shift for _, shift in found], np.int8)),
            "zero_point": output_zero,
            **limits,
        }
    wide = [_wide(view, step, output) for step in steps]
    if quant.per_tensor:
        wide *= out_len
    return _WIDE, {
        **common,
        "multiplier": np.array([multiplier >> 31 for multiplier, _ in wide], np.int32),
        "multiplier_low": np.array([multiplier & 0x7FFFFFFF for multiplier, _ in wide], np.int32),
        "shift": np.array([shift - 31 for _, shift in wide], np.int8),
        "zero_point": output_zero,
        **limits,
    }


def _pays_alone(view: OpView, low: Lowering, macs: int) -> bool:
    """Whether one output is worth a kernel of its own; weights are half as many bytes as in a block of four outputs."""
    others = any(op.kind == "FULLY_CONNECTED" and op.index != view.op.index for op in low.graph.ops)
    code = _ONE_BYTES if others and not low.has_kernel(_ONE) else 0
    more_bytes = max(code - 2 * int(np.prod(view.input(1).shape)), 0)
    return low.goal.takes(more_bytes=more_bytes, fewer_instructions=_SAVED_ALONE * macs)


def _one_output(params: dict[str, Param], row: Array) -> dict[str, Param]:
    """The members of ``tfg_fully_connected_one_s8``, of those of a kernel for many outputs.

    ``row`` are the output's weights, int8 [in_len].
    """
    bias, multiplier, shift = (int(np.asarray(params[name]).flat[0]) for name in ("bias", "multiplier", "shift"))
    zero_point = int(np.asarray(params.get("zero_point", 0)))  # of a kernel per channel
    return {
        "filter": one_row(row),
        "groups": row.size // GROUP,
        "rest": row.size % GROUP,
        "bias": bias,
        "multiplier": multiplier,
        "rounding": params.get("rounding", (1 << (shift - 1)) + zero_point * (1 << shift)),
        "shift": shift,
        **{name: params[name] for name in ("batches", "min", "max")},
    }


def _nibbles(weights: Array, form: str) -> dict[str, Param] | None:
    return dense_nibbles(weights, together=form == PAIRS)


def _packed_params(params: dict[str, Param]) -> dict[str, Param]:
    """The members of ``tfg_fully_connected_packed_s8`` beside the weights, of those of the plain kernel."""
    kept = {key: params[key] for key in ("bias", "batches", "in_len", "out_len", "min", "max")}
    if "rounding" not in params:
        return {**kept, **{key: params[key] for key in ("multiplier", "shift", "zero_point")}, "per_channel": 1}
    shift = int(np.asarray(params["shift"]))  # one scale: the zero point is in the rounding
    return {
        **kept,
        "multiplier": np.array([params["multiplier"]], np.int32),
        "shift": np.array([shift], np.int8),
        "zero_point": (int(np.asarray(params["rounding"])) - (1 << (shift - 1))) >> shift,
        "per_channel": 0,
    }


def _whole_blocks(numbers: Array) -> Array:
    """Numbers of outputs, the last one repeated up to a multiple of ``LANES``, which a kernel reads together."""
    return np.pad(numbers, (0, -numbers.size % LANES), mode="edge")


def _fast(step: Staircase) -> tuple[int, int] | None:
    """Multiplier below 2**31 and shift after the high word, 1..22; None when there are none."""
    exponent = math.frexp(step.scale)[1]
    for total in (31 - exponent, 30 - exponent):
        if not 33 <= total <= 54:
            continue
        multiplier = step.fit(total)
        if multiplier is not None and 0 < multiplier < 1 << 31:
            return multiplier, total - 32
    return None


def _wide(view: OpView, step: Staircase, output: Tensor) -> tuple[int, int]:
    """Multiplier below 2**62 and total shift, 32..62."""
    exponent = math.frexp(step.scale)[1]
    total = min(62 - exponent, 62)
    multiplier = step.fit(total) if total >= 32 else None
    if multiplier is None:
        view.refuse(
            f"rescales by {step.scale!r}, which no integer multiplier gives exactly",
            "quantize the model again with other calibration windows",
            output,
        )
    return multiplier, total
