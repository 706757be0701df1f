"""GRU in int8: how a trained layer is quantized, and what the kernel ``tfg_gru_s8`` computes, bit for bit.

TFLite's converter makes a while loop of a GRU and its calibrator does not get through it, so there is no operator of
TFLite's to follow. This module is the definition: weights are int8 and symmetric, one scale a gate; sums are rounded
to Q3.12 as an LSTM's are (gemmlowp's arithmetic); the memory is kept in Q0.15, and what the matrices see of it is its
rounding to int8 of scale 1/128. A model carries the layer as the custom operator ``TINYFORGE_GRU``.

Gates stand in Keras' order: update, reset, candidate. With ``reset_after`` (Keras' default) the reset gate scales the
candidate's recurrent sum, without it the hidden state before the product.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import DataError
from tinyforge.core.types import Float32Array, Int8Array

GATES = ("update", "reset", "candidate")
HIDDEN_SCALE = 1.0 / 128
OPERATOR = "TINYFORGE_GRU"

Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]

_GATE_ONE = 1 << 12  # activations take Q3.12


@dataclass(frozen=True, eq=False, slots=True)
class QuantizedGru:
    """A GRU layer in int8.

    Attributes:
        kernel: int8 [3][units][features].
        recurrent: int8 [3][units][units].
        kernel_scale, recurrent_scale: of each gate; float32 values.
        bias: int32 [3][units] in ``input_scale * kernel_scale``; the recurrent biases of update and reset included.
        candidate_bias: int32 [units] in ``recurrent_scale / 128``; None: the reset gate comes before the product.
        input_scale, input_zero_point: of the int8 input.
    """

    kernel: Int8Array
    recurrent: Int8Array
    kernel_scale: tuple[float, float, float]
    recurrent_scale: tuple[float, float, float]
    bias: Int32Array
    candidate_bias: Int32Array | None
    input_scale: float
    input_zero_point: int

    @property
    def units(self) -> int:
        """Size of the hidden state."""
        return int(self.kernel.shape[1])

    @property
    def features(self) -> int:
        """Inputs of one step."""
        return int(self.kernel.shape[2])


def quantize_gru(
    kernel: Float32Array,
    recurrent_kernel: Float32Array,
    bias: Float32Array | None,
    *,
    reset_after: bool,
    input_scale: float,
    input_zero_point: int,
) -> QuantizedGru:
    """Quantize a trained layer.

    Args:
        kernel: float32 [features, 3 * units], as Keras keeps it.
        recurrent_kernel: float32 [units, 3 * units].
        bias: float32 [2, 3 * units] with ``reset_after``, else [3 * units]; None for a layer without.
        reset_after: as in Keras.
        input_scale, input_zero_point: of the int8 input, from calibration.

    Raises:
        DataError: arrays that do not fit each other, or a number that is not finite.
    """
    input_scale = float(np.float32(input_scale))
    units = recurrent_kernel.shape[0]
    wanted = (2, 3 * units) if reset_after else (3 * units,)
    biases = np.zeros(wanted, np.float32) if bias is None else np.asarray(bias, np.float32)
    if kernel.ndim != 2 or kernel.shape[1] != 3 * units or biases.shape != wanted:
        raise DataError(
            "GRU weights",
            f"have shapes {kernel.shape}, {recurrent_kernel.shape} and {biases.shape}",
            "give them as Keras does",
        )
    if not all(np.all(np.isfinite(array)) for array in (kernel, recurrent_kernel, biases)):
        raise DataError("GRU weights", "hold a number that is not finite", "train the network again")
    rows, kernel_scale = _symmetric(kernel, units)
    recurrent, recurrent_scale = _symmetric(recurrent_kernel, units)
    both = biases.reshape(-1, 3, units).astype(np.float64)
    inner = both[0].copy()
    if reset_after:
        inner[:2] += both[1, :2]
    scales = np.array(kernel_scale, np.float64)[:, None] * input_scale
    candidate = _rounded(both[1, 2] / (recurrent_scale[2] * HIDDEN_SCALE)) if reset_after else None
    return QuantizedGru(
        rows, recurrent, kernel_scale, recurrent_scale, _rounded(inner / scales), candidate, input_scale,
        input_zero_point,
    )  # fmt: skip


def _symmetric(matrix: Float32Array, units: int) -> tuple[Int8Array, tuple[float, float, float]]:
    """int8 [3][units][inputs] and the scale of each gate."""
    gates = matrix.reshape(matrix.shape[0], 3, units).transpose(1, 2, 0)
    greatest = np.abs(gates).reshape(3, -1).max(axis=1, initial=0.0)
    scales = np.where(greatest > 0, greatest / np.float32(127), np.float32(1)).astype(np.float32)
    whole = np.clip(np.rint(gates / scales[:, None, None]), -127, 127).astype(np.int8)
    return whole, (float(scales[0]), float(scales[1]), float(scales[2]))


def _rounded(values: npt.NDArray[np.float64]) -> Int32Array:
    limit = float(1 << 30)
    return np.clip(np.rint(values), -limit, limit).astype(np.int32)


class GruState:
    """What lives from step to step.

    Args:
        units: size.
        sequences: shape of the sequences that run side by side; () for one.
    """

    __slots__ = ("hidden", "memory")

    def __init__(self, units: int, sequences: tuple[int, ...] = ()) -> None:
        self.hidden: Int64Array = np.zeros((*sequences, units), np.int64)
        self.memory: Int64Array = np.zeros((*sequences, units), np.int64)


def run_gru(gru: QuantizedGru, inputs: Int8Array, state: GruState | None = None) -> Int8Array:
    """The layer over a sequence: the reference of ``tfg_gru_s8``.

    Args:
        gru: the layer.
        inputs: int8 [..., time, features]: one sequence, or several that do not know of each other.
        state: goes on from here and is changed; None starts from zeros.

    Returns:
        int8 [..., time, units], the hidden state after each step.
    """
    *sequences, steps, _ = np.shape(inputs)
    state = GruState(gru.units, tuple(sequences)) if state is None else state
    kernel, recurrent = gru.kernel.astype(np.int64), gru.recurrent.astype(np.int64)
    from_input = [factor(gru.input_scale * scale * _GATE_ONE) for scale in gru.kernel_scale]
    from_hidden = [factor(HIDDEN_SCALE * scale * _GATE_ONE) for scale in gru.recurrent_scale]
    centred = np.asarray(inputs, np.int64) - gru.input_zero_point
    outputs = np.empty((*sequences, steps, gru.units), np.int8)
    for step in range(steps):
        row = centred[..., step, :]
        given = [
            _saturated(_requantized(row @ kernel[gate].T + gru.bias[gate], *from_input[gate])) for gate in range(3)
        ]

        def recurring(gate: int, vector: Int64Array, bias: Int64Array | int = 0) -> Int64Array:
            return _saturated(_requantized(vector @ recurrent[gate].T + bias, *from_hidden[gate]))

        update, reset = (logistic(_saturated(given[gate] + recurring(gate, state.hidden))) for gate in (0, 1))
        if gru.candidate_bias is None:
            inner = recurring(2, _narrowed(_halved(reset * state.memory)))
        else:
            inner = _halved(reset * recurring(2, state.hidden, gru.candidate_bias.astype(np.int64)))
        candidate = tanh(_saturated(given[2] + inner))
        state.memory = _halved(update * state.memory + (32768 - update) * candidate)
        state.hidden = _narrowed(state.memory)
        outputs[..., step, :] = state.hidden
    return outputs


def factor(real: float) -> tuple[int, int]:
    """A factor as 31-bit multiplier and exponent, as TFLite's ``QuantizeMultiplier``.

    Raises:
        DataError: it is not in [0, 2**30).
    """
    if not 0 <= real < 1 << 30:
        raise DataError("GRU weights", f"rescale by {real:g}", "calibrate and quantize the network again")
    mantissa, exponent = math.frexp(real)
    multiplier = math.floor(mantissa * (1 << 31) + 0.5)
    if multiplier == 1 << 31:
        multiplier, exponent = multiplier // 2, exponent + 1
    return (multiplier, exponent) if exponent >= -31 else (0, 0)


def _requantized(values: Int64Array, multiplier: int, exponent: int) -> Int64Array:
    """TFLite's ``MultiplyByQuantizedMultiplier``: two roundings."""
    wide = _wrapped(values << max(exponent, 0))
    high = (wide * multiplier + (1 << 30)) >> 31
    right = max(-exponent, 0)
    mask = (1 << right) - 1
    return (high >> right) + ((high & mask) > (mask >> 1) + (high < 0))


def _wrapped(values: Int64Array) -> Int64Array:
    """Modulo 2**32 as int32."""
    return values.astype(np.uint32).astype(np.int32).astype(np.int64)


def _saturated(values: Int64Array) -> Int64Array:
    """To the range of int16."""
    return np.clip(values, -32768, 32767)


def _halved(products: Int64Array) -> Int64Array:
    """Over 2**15, halves upwards."""
    return (products + (1 << 14)) >> 15


def _narrowed(values: Int64Array) -> Int64Array:
    """Q0.15 to int8 of scale 1/128."""
    narrow: Int64Array = np.minimum((values + 128) >> 8, 127)
    return narrow


_EXP_OF_BITS = (25520, 19875, 12055, 4435, 600, 11)  # exp(-1/4), exp(-1/2), ... exp(-8) in Q0.15


def _exp(values: Int64Array, integer_bits: int) -> Int64Array:
    """Exponential in Q0.15 of a <= 0: gemmlowp's ``exp_on_negative_values`` of int16."""
    quarter_bits = 13 - integer_bits
    quarter = 1 << quarter_bits
    rest = (values & (quarter - 1)) - quarter
    x = rest * (1 << integer_bits) + (1 << 12)
    x2 = _halved(x * x)
    x3, x4 = _halved(x2 * x), _halved(x2 * x2)
    cubic = _halved((((x4 + 2) >> 2) + x3) * 10923) + x2
    result = np.minimum(28918 + _halved(28918 * (x + ((cubic + 1) >> 1))), 32767)
    steps = (rest - values) >> quarter_bits
    for bit, value in enumerate(_EXP_OF_BITS):
        result = np.where(steps >> bit & 1, _halved(result * value), result)
    result = np.where(steps >> 6, 0, result)
    return np.where(values == 0, 32767, result)


def _sigmoid(values: Int64Array, integer_bits: int) -> Int64Array:
    """2 / (1 + exp(a)) in Q2.13 for a <= 0, by Newton and Raphson."""
    half = (_exp(values, integer_bits) + 32768) >> 1
    x = 23130 + _halved(half * -15420)
    for _ in range(3):
        x = x + _halved(x * ((1 << 13) - _halved(half * x))) * 4
    return x


def logistic(values: Int64Array) -> Int64Array:
    """1 / (1 + exp(-a)) in Q0.15 of a in Q3.12; any shape."""
    positive = np.minimum(_sigmoid(-np.abs(values), 3) * 2, 32767)
    return np.where(values == 0, 1 << 14, np.where(values > 0, positive, 32767 - positive))


def tanh(values: Int64Array) -> Int64Array:
    """Hyperbolic tangent in Q0.15 of a in Q3.12; any shape."""
    result = np.minimum((_sigmoid(-np.abs(values), 4) - (1 << 13)) * 4, 32767)
    return np.where(values == 0, 0, np.where(values > 0, result, -result))
