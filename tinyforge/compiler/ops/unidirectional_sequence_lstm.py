"""UNIDIRECTIONAL_SEQUENCE_LSTM: int8 weights and activations, int16 cell state and gates (TFLite's 8x8_16 form).

Sources: ``unidirectional_sequence_lstm.cc`` (``PopulateQuantizedLstmParams8x8_16``, effective biases) and
``lstm_eval.cc`` (order of the gates, where values are rounded and saturated).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.compiler.gate_packing import gates_can_be_smaller, packed_gates
from tinyforge.compiler.layout import filled, interleaved, widened
from tinyforge.compiler.lookup import float32_ratio, multiplier_of
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.movement import strided_copy, write_part
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.compiler.overlap import read_before, rows
from tinyforge.compiler.quantized import accumulator_reach, folded_bias
from tinyforge.compiler.sigmoid import sigmoid_params
from tinyforge.core.graph import Array, DType, Param, Tensor

GATES = ("input", "forget", "cell", "output")
_TANH = 4
_HIDDEN = 4  # its place among the intermediates
_ABSENT = {
    9: "a peephole",
    10: "a peephole",
    11: "a peephole",
    16: "a projection",
    17: "a projection",
    20: "layer normalization",
    21: "layer normalization",
    22: "layer normalization",
    23: "layer normalization",
}
_MOST_BATCHES = 16
_SAVED_BY_WIDE_WEIGHTS = 7 / 16  # instructions a weight and step on a Cortex-M4
_GATE_SCALE = 2.0**-12  # activations take Q3.12


@operator(
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
    fused_activation_function=Option(0, "int8", 0),
    cell_clip=Option(1, "float32", 0.0),
    proj_clip=Option(2, "float32", 0.0),
    time_major=Option(3, "bool", default=False),
    diagonal_recurrent_tensors=Option(5, "bool", default=False),
)
def unidirectional_sequence_lstm(view: OpView, low: Lowering) -> None:
    """Lower to a ``tfg_lstm_s8`` or ``tfg_lstm_packed_s8`` a sequence.

    ``last_step`` (from a pass) writes only the last time step.
    """
    view.counts((20, 24))
    input_, output = view.activation(0), view.output()
    view.is_dtype(input_, DType.INT8)
    view.is_dtype(output, DType.INT8)
    for position, what in _ABSENT.items():
        view.require(view.optional(position) is None, f"has {what}", "build the LSTM without it")
    view.require(view.optional(1) is not None, "couples its input and forget gates (CIFG)", "build it without")
    view.require(
        view.option("fused_activation_function") == _TANH and not view.option("diagonal_recurrent_tensors"),
        f"has activation {view.option('fused_activation_function')} or diagonal weights",
        "use tanh, the LSTM's default",
    )
    weights = [view.constant(1 + gate, DType.INT8) for gate in range(4)]
    recurrent = [view.constant(5 + gate, DType.INT8) for gate in range(4)]
    biases = [view.constant(12 + gate, DType.INT32) for gate in range(4)]
    hidden_state, cell_state = view.input(18), view.input(19)
    view.require(len(input_.shape) in {2, 3}, f"has shape {list(input_.shape)}", "give [batch, time, feature]", input_)
    shape = input_.shape if len(input_.shape) == 3 else (input_.shape[0], 1, input_.shape[1])
    batches, steps, features = (shape[1], shape[0], shape[2]) if view.option("time_major") else shape
    units = weights[0].shape[0] if weights[0].ndim == 2 else 0
    view.require(
        units > 0
        and features > 0
        and steps > 0
        and all(array.shape == (units, features) for array in weights)
        and all(array.shape == (units, units) for array in recurrent)
        and all(array.shape == (units,) for array in biases),
        "has weights or biases of sizes that do not fit each other",
        "convert the model again",
    )
    view.require(
        0 < batches <= _MOST_BATCHES, f"has a batch of {batches}", f"export it with at most {_MOST_BATCHES}", input_
    )
    last_step = bool(view.op.options.get("last_step", False))
    if not last_step:
        view.closes(output, (*input_.shape[:-1], units))
    view.require(
        output.elements == batches * units * (1 if last_step else steps),
        f"has shape {list(output.shape)} for {steps} steps of {units} units",
        "convert the model again",
        output,
    )
    sigmoid = sigmoid_params(low.goal, 5 * steps * units, stored=low.stored("sigmoid_lines"))
    own = _weights(view, low, weights, recurrent, steps)
    params = {
        **own,
        **_biases(view, weights, recurrent, biases),
        **_scales(view, cell_state),
        **sigmoid,
        "steps": steps,
        "features": features,
        "units": units,
        "every_step": 0 if last_step else 1,
    }
    _check_state(view, hidden_state, cell_state, batches * units)
    size = _Size(steps, features, units, 1 if last_step else steps)
    if batches == 1:
        _call(view, low, params, size, input_, output, (hidden_state, cell_state))
    else:
        _calls(view, low, params, size, batches)


@dataclass(frozen=True, slots=True)
class _Size:
    """Of one sequence; ``written`` steps of it are outputs."""

    steps: int
    features: int
    units: int
    written: int


def _calls(view: OpView, low: Lowering, params: Mapping[str, Param], size: _Size, batches: int) -> None:
    """Sequences do not see each other: each is taken out, goes through on its own, and into its place."""
    time_major = view.option("time_major")
    input_, output = view.input(0), view.output()
    step = batches * size.features if time_major else size.features
    sequence = size.features if time_major else size.steps * size.features
    pieces, offset = (size.written if time_major else 1), 0
    for batch in range(batches):
        one = low.temporary(input_, (1, size.steps, size.features))
        part = low.temporary(output, (1, size.written, size.units))
        states = tuple(low.temporary(view.input(position), (1, size.units)) for position in (18, 19))
        block = {"sizes": (size.steps, size.features), "strides": (step, 1)}
        strided_copy(view, low, input_, one, **block, offset=batch * sequence, stem="slice")
        _call(view, low, params, size, one, part, states)
        offset = write_part(low, "concatenation", part, output, count=pieces, offset=offset)


def _call(
    view: OpView,
    low: Lowering,
    params: Mapping[str, Param],
    size: _Size,
    source: Tensor,
    target: Tensor,
    states: tuple[Tensor, ...],
) -> None:
    _, hidden_zero = view.quantized(view.input(18))
    window = size.steps > 1
    packed = "input_rows" in params
    low.layer(
        "lstm",
        "tfg_lstm_packed_s8" if packed else "tfg_lstm_s8",
        params,
        inputs=(source,),
        outputs=(target,),
        states=tuple(
            low.state(state, reset_value=value, per_window=window)
            for state, value in zip(states, (hidden_zero, 0), strict=True)
        ),
        scratch_bytes=size.units if packed else 3 * filled(size.units) + 2 * filled(size.features),
        macs=size.steps * 4 * size.units * (size.features + size.units),
        overlaps=(
            rows(size.steps, size.features, size.units, more=0) if params["every_step"] else read_before(source.bytes)
        ),
    )


def _check_state(view: OpView, hidden: Tensor, cell: Tensor, units: int) -> None:
    for tensor, dtype in ((hidden, DType.INT8), (cell, DType.INT16)):
        view.is_dtype(tensor, dtype)
        view.require(
            tensor.variable and tensor.elements == units,
            f"is no variable state of {units} units",
            "convert the model again",
            tensor,
        )


def _weights(view: OpView, low: Lowering, weights: list[Array], recurrent: list[Array], steps: int) -> dict[str, Param]:
    """The weights' members of ``tfg_lstm_s8``, or of ``tfg_lstm_packed_s8``."""
    sources = {"input": np.stack(weights), "recurrent": np.stack(recurrent)}
    if gates_can_be_smaller(sources.values()):
        packed = low.once(view, lambda: packed_gates(sources))
        if form := low.form(view, *packed):
            return packed[form]
    units = weights[0].shape[0]
    narrow = [interleaved(np.stack(gates, 1).reshape(4 * units, -1), len(GATES)) for gates in (weights, recurrent)]
    count = sum(array.nbytes for array in narrow)
    saved = int(_SAVED_BY_WIDE_WEIGHTS * count) * steps
    wide = low.goal.takes(more_bytes=count, fewer_instructions=saved)
    return {
        "input_weights": None if wide else narrow[0],
        "recurrent_weights": None if wide else narrow[1],
        "wide_input_weights": widened(narrow[0]) if wide else None,
        "wide_recurrent_weights": widened(narrow[1]) if wide else None,
    }


def _biases(view: OpView, weights: list[Array], recurrent: list[Array], biases: list[Array]) -> dict[str, Param]:
    """Both biases, the zero points folded in; checks that no sum leaves 32 bits."""
    _, input_zero = view.quantized(view.input(0))
    _, hidden_zero = view.quantized(view.input(18))
    input_bias, recurrent_bias = [], []
    for gate in range(4):
        for position in (1 + gate, 5 + gate):
            view.quantized(view.input(position))
        bias = biases[gate].astype(np.int64)
        none = np.zeros_like(bias)
        _check_reach(view, 1 + gate, accumulator_reach(view, weights[gate], input_zero, bias))
        _check_reach(view, 5 + gate, accumulator_reach(view, recurrent[gate], hidden_zero, none))
        input_bias.append(folded_bias(weights[gate], input_zero, bias))
        recurrent_bias.append(folded_bias(recurrent[gate], hidden_zero, none))
    return {"input_bias": np.stack(input_bias, 1), "recurrent_bias": np.stack(recurrent_bias, 1)}


def _scales(view: OpView, cell_state: Tensor) -> dict[str, Param]:
    """Multipliers of the gates, of the hidden state, and the powers of two of the cell; float32 as the reference."""
    rescales = [[_gate_multiplier(view, first + gate) for gate in range(4)] for first in (1, 5)]
    cell_scale, _ = view.quantized(cell_state)
    mantissa, exponent = math.frexp(cell_scale)
    power = exponent - 1
    view.require(
        mantissa == 0.5 and -15 <= power <= -9,
        f"has scale {cell_scale:g}, not a power of two in 2**-15..2**-9",
        "calibrate the model again, with windows that move its cells as real ones do",
        cell_state,
    )
    view.require(len(view.op.intermediates) > _HIDDEN, "lacks its intermediates", "convert the model again")
    hidden = view.graph.tensors[view.op.intermediates[_HIDDEN]]
    view.require(
        hidden.quant is not None and hidden.quant.per_tensor, "lacks its scale", "convert the model again", hidden
    )
    scale, zero = (hidden.quant.scale[0], hidden.quant.zero_point[0]) if hidden.quant else (1.0, 0)
    view.require(-128 <= zero <= 127, f"has zero point {zero}, outside -128..127", "convert the model again", hidden)
    multiplier, shift = _multiplier(view, float(np.float32(2.0**-15 / scale * 2.0**-15)))
    view.require(shift < 0, f"has scale {scale:g}, too small", "quantize the model again", hidden)
    clip = view.option("cell_clip")
    quantized_clip = int(min(float32_ratio(clip, divisor=cell_scale), 32767.0)) if clip > 0 else 0
    return {
        "input_multiplier": np.array([pair[0] for pair in rescales[0]], np.int32),
        "input_exponent": np.array([pair[1] for pair in rescales[0]], np.int32),
        "recurrent_multiplier": np.array([pair[0] for pair in rescales[1]], np.int32),
        "recurrent_exponent": np.array([pair[1] for pair in rescales[1]], np.int32),
        "hidden_multiplier": multiplier,
        "hidden_exponent": shift,
        "hidden_zero_point": zero,
        "cell_shift": 30 + power,
        "cell_integer_bits": 15 + power,
        "cell_clip": quantized_clip,
    }


def _gate_multiplier(view: OpView, position: int) -> tuple[int, int]:
    """Multiplier and exponent of the sum of products with the weights at an input position."""
    scale, _ = view.quantized(view.input(0 if position < 5 else 18))
    return _multiplier(view, float32_ratio(view.quantized(view.input(position))[0], scale, divisor=_GATE_SCALE))


def _check_reach(view: OpView, position: int, reach: npt.NDArray[np.int64]) -> None:
    """Refuse sums that do not fit 32 bits once they are doubled, or shifted left by their exponent and doubled."""
    _, exponent = _gate_multiplier(view, position)
    view.require(
        int(reach.max()) << max(exponent, 0) < 1 << 30,
        f"rescales sums of up to {int(reach.max())} by 2**{exponent}, which leaves 32 bits",
        "quantize the model again: a scale is far too large",
        view.input(position),
    )


def _multiplier(view: OpView, real: float) -> tuple[int, int]:
    return multiplier_of(view, real, view.output())
