"""TINYFORGE_GRU: a GRU layer as ``runtimes/gru.py`` defines it, which is also its reference.

Inputs: the sequence; kernels of update, reset and candidate; their recurrent kernels; their biases; the candidate's
recurrent bias (absent where the reset gate comes before the product); hidden state and memory, both variable.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyforge.compiler.gate_packing import gates_can_be_smaller, packed_gates
from tinyforge.compiler.layout import filled, interleaved
from tinyforge.compiler.lookup import multiplier_of
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpView, operator
from tinyforge.compiler.overlap import read_before, rows
from tinyforge.compiler.quantized import accumulator_reach, folded_bias
from tinyforge.compiler.sigmoid import sigmoid_params
from tinyforge.core.graph import Array, DType, Param

GATES = 3
_GATE_ONE = 1 << 12  # activations take Q3.12
_HIDDEN_SCALE = 1.0 / 128
_CANDIDATE_BIAS, _HIDDEN, _MEMORY = 10, 11, 12


@operator("CUSTOM:TINYFORGE_GRU")
def gru(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_gru_s8`` or ``tfg_gru_packed_s8``."""
    view.counts((13,))
    input_, output = view.activation(0), view.output()
    view.is_dtype(input_, DType.INT8)
    view.is_dtype(output, DType.INT8)
    kernels = [view.constant(1 + gate, DType.INT8) for gate in range(GATES)]
    recurrent = [view.constant(4 + gate, DType.INT8) for gate in range(GATES)]
    biases = [view.constant(7 + gate, DType.INT32) for gate in range(GATES)]
    units = kernels[0].shape[0] if kernels[0].ndim == 2 else 0
    features = kernels[0].shape[-1] if kernels[0].ndim == 2 else 0
    view.require(
        units > 0
        and features > 0
        and all(array.shape == (units, features) for array in kernels)
        and all(array.shape == (units, units) for array in recurrent)
        and all(array.shape == (units,) for array in biases),
        "has weights or biases of sizes that do not fit each other",
        "compress the network again",
    )
    view.require(
        len(input_.shape) == 3 and input_.shape[0] == 1 and input_.shape[2] == features and input_.elements > 0,
        f"has shape {list(input_.shape)} for {features} features",
        "give one sequence [1, time, feature]",
        input_,
    )
    steps = input_.shape[1]
    every_step = output.shape == (1, steps, units)
    view.require(
        every_step or output.shape == (1, units), f"has shape {list(output.shape)}", "compress it again", output
    )
    hidden, memory = view.input(_HIDDEN), view.input(_MEMORY)
    for tensor, dtype in ((hidden, DType.INT8), (memory, DType.INT16)):
        view.is_dtype(tensor, dtype)
        fits = tensor.variable and tensor.elements == units
        view.require(fits, f"is no variable of {units} units", "compress the network again", tensor)
    for tensor in (hidden, output):
        view.require(
            view.quantized(tensor) == (_HIDDEN_SCALE, 0), "is not of scale 1/128", "compress the network again", tensor
        )
    window = steps > 1
    factors = _factors(view)
    sigmoid = sigmoid_params(low.goal, 3 * steps * units, stored=low.stored("sigmoid_lines"))
    before = view.optional(_CANDIDATE_BIAS) is None
    weights = _weights(view, low, kernels, recurrent)
    packed = "input_rows" in weights
    low.layer(
        "gru",
        "tfg_gru_packed_s8" if packed else "tfg_gru_s8",
        {
            **weights,
            **_biases(view, factors),
            **factors,
            **sigmoid,
            "steps": steps,
            "features": features,
            "units": units,
            "every_step": int(every_step),
        },
        inputs=(input_,),
        outputs=(output,),
        overlaps=rows(steps, features, units, more=0) if every_step else read_before(input_.bytes),
        states=(
            low.state(hidden, reset_value=0, per_window=window),
            low.state(memory, reset_value=0, per_window=window),
        ),
        scratch_bytes=_scratch_bytes(features, units, packed=packed, before=before),
        macs=steps * GATES * units * (features + units),
    )


def _scratch_bytes(features: int, units: int, *, packed: bool, before: bool) -> int:
    """As the kernels' headers say."""
    if packed:
        return units * (4 if before else 1)
    return 3 * filled(units) + 2 * filled(features) + (2 * units if before else 0)


def _weights(view: OpView, low: Lowering, kernels: list[Array], recurrent: list[Array]) -> dict[str, Param]:
    """The weights' members of ``tfg_gru_s8``, or of ``tfg_gru_packed_s8``."""
    sources = {"input": np.stack(kernels), "recurrent": np.stack(recurrent)}
    if gates_can_be_smaller(sources.values()):
        packed = low.once(view, lambda: packed_gates(sources))
        if form := low.form(view, *packed):
            return packed[form]
    units = kernels[0].shape[0]
    plain = [interleaved(np.stack(gates, 1).reshape(GATES * units, -1), GATES) for gates in (kernels, recurrent)]
    return {"input_weights": plain[0], "recurrent_weights": plain[1]}


def _biases(view: OpView, factors: dict[str, Param]) -> dict[str, Param]:
    """Both biases, the input's zero point folded into the first; checks that no sum leaves 32 bits."""
    _, zero = view.quantized(view.input(0))
    folded = []
    for gate in range(GATES):
        weights = view.constant(1 + gate, DType.INT8)
        bias = view.constant(7 + gate, DType.INT32).astype(np.int64)
        _check_reach(view, 1 + gate, accumulator_reach(view, weights, zero, bias), factors)
        folded.append(folded_bias(weights, zero, bias))
    inner = view.optional(_CANDIDATE_BIAS)
    candidate = None
    if inner is not None:
        candidate = view.constant(_CANDIDATE_BIAS, DType.INT32)
        view.shape_is(inner, folded[0].shape)
    for gate in range(GATES):
        recurrent = view.constant(4 + gate, DType.INT8)
        added = np.zeros(len(recurrent), np.int64) if gate < 2 or candidate is None else candidate.astype(np.int64)
        _check_reach(view, 4 + gate, accumulator_reach(view, recurrent, 0, added), factors)
    return {"input_bias": np.stack(folded, 1), "candidate_bias": candidate}


def _check_reach(view: OpView, position: int, reach: npt.NDArray[np.int64], factors: dict[str, Param]) -> None:
    """Refuse sums that do not fit 32 bits once they are doubled, or shifted left by their exponent and doubled."""
    exponents = factors["input_exponent" if position < 4 else "recurrent_exponent"]
    exponent = int(np.asarray(exponents)[(position - 1) % GATES])
    view.require(
        int(reach.max()) << max(exponent, 0) < 1 << 30,
        f"rescales sums of up to {int(reach.max())} by 2**{exponent}, which leaves 32 bits",
        "compress the network again: a scale is far too large",
        view.input(position),
    )


def _factors(view: OpView) -> dict[str, Param]:
    """Multipliers to Q3.12 of each gate's two sums."""
    params: dict[str, Param] = {}
    for name, first, scale in (("input", 1, view.quantized(view.input(0))[0]), ("recurrent", 4, _HIDDEN_SCALE)):
        pairs = []
        for gate in range(GATES):
            tensor = view.input(first + gate)
            own, zero = view.quantized(tensor)
            view.require(zero == 0, "is quantized asymmetrically", "compress the network again", tensor)
            pairs.append(multiplier_of(view, scale * own * _GATE_ONE, tensor))
        params[f"{name}_multiplier"] = np.array([multiplier for multiplier, _ in pairs], np.int32)
        params[f"{name}_exponent"] = np.array([exponent for _, exponent in pairs], np.int32)
    return params
