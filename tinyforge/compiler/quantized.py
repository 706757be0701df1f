"""What several operators' lowerings compute alike: rescaling per channel, folded biases, padding, axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.compiler.fixed_point import activation_range, quantize_multiplier
from tinyforge.compiler.operators import OpView
from tinyforge.core.graph import Array, DType, Quant, Tensor

SAME, VALID = 0, 1
Int64Array = npt.NDArray[np.int64]


def clamp_of(view: OpView, output: Tensor, option: str = "fused_activation_function") -> tuple[int, int]:
    """Least and greatest output under the operator's fused activation.

    Raises:
        UnsupportedModelError: an activation that is no clamp (TANH, SIGN_BIT).
    """
    scale, zero = view.quantized(output)
    found = activation_range(int(view.option(option)), scale, zero, output.dtype)
    if found is None:
        view.refuse(f"has the fused activation {view.option(option)}", "convert the model with a current converter")
    return found


def channel_scales(view: OpView, filter_: Tensor, channels: int, axis: int) -> list[float]:
    """Scale of each output channel of a symmetric int8 filter.

    Raises:
        UnsupportedModelError: no quantization, another axis, or a zero point that is not 0.
    """
    quant = filter_.quant
    if quant is None:
        view.refuse("has no quantization", "convert the model again with full int8 quantization", filter_)
    if any(quant.zero_point):
        view.refuse("is quantized asymmetrically", "convert the model again: int8 filters are symmetric", filter_)
    if quant.per_tensor:
        return [quant.scale[0]] * channels
    view.require(
        quant.axis == axis and len(quant.scale) == channels,
        f"is quantized along dimension {quant.axis}, not {axis}",
        "convert the model with a current converter",
        filter_,
    )
    return list(quant.scale)


def per_tensor(quant: Quant | None) -> bool:
    """Whether there is a quantization of one scale."""
    return quant is not None and quant.per_tensor


@dataclass(frozen=True, slots=True)
class Rescale:
    """Multiplier and exponent of each channel, as TFLite's ``MultiplyByQuantizedMultiplier`` takes them.

    Attributes:
        multiplier: int32 [channel].
        exponent: int8 [channel], in [-31, 30]; negative shifts right.
    """

    multiplier: Array
    exponent: Array

    def shifts(self, reach: Int64Array) -> Array:
        """Exponents as convolution kernels store them, telling those apart that fast kernels can take.

        A fast kernel doubles the accumulator and adds ``2 * zero_point + 1 << shift`` to a 31-bit product, so it needs
        accumulators below 2**30 and right shifts of 1 to 22.

        Args:
            reach: int64 [channel], greatest absolute accumulator.

        Returns:
            int8 [channel]: 0..21, the right shift less one; or negative, the exponent less 64.
        """
        fast = (self.exponent <= -1) & (self.exponent >= -22) & (reach < 1 << 30)
        return np.where(fast, -1 - self.exponent, self.exponent - 64).astype(np.int8)


def rescale_of(view: OpView, input_: Tensor, scales: list[float], output: Tensor) -> Rescale:
    """Rescaling of accumulators of scale ``input * scales[channel]`` to the output's scale.

    Raises:
        UnsupportedModelError: a factor of 2**30 or more, for which the reference's arithmetic overflows.
    """
    input_scale, _ = view.quantized(input_)
    output_scale, _ = view.quantized(output)
    pairs = [quantize_multiplier(input_scale * scale / output_scale) for scale in scales]
    largest = max(exponent for _, exponent in pairs)
    view.require(
        largest <= 30,
        f"rescales by a factor of 2**{largest}",
        "calibrate and quantize the model again: its output scale is far too small",
        output,
    )
    return Rescale(
        np.array([multiplier for multiplier, _ in pairs], np.int32),
        np.array([exponent for _, exponent in pairs], np.int8),
    )


def bias_of(view: OpView, position: int, channels: int) -> Int64Array:
    """The bias as int64 [channel]; zeros when the operator has none."""
    tensor = view.optional(position)
    if tensor is None:
        return np.zeros(channels, np.int64)
    data = view.constant(position, DType.INT32)
    view.require(
        data.size == channels, f"holds {data.size} numbers for {channels} channels", "convert the model again", tensor
    )
    return data.reshape(-1).astype(np.int64)


def accumulator_reach(view: OpView, weights: Array, zero_point: int, bias: Int64Array) -> Int64Array:
    """Greatest absolute value of each channel's accumulator and of every partial sum of it.

    Args:
        view: for the message.
        weights: int8 [channel, ...].
        zero_point: of the int8 input.
        bias: int64 [channel], before folding.

    Raises:
        UnsupportedModelError: an accumulator may leave 32 bits.
    """
    rows = np.abs(weights.reshape(weights.shape[0], -1).astype(np.int64)).sum(axis=1)
    reach = np.asarray(rows * (128 + abs(zero_point)) + np.abs(bias), np.int64)
    view.require(
        int(reach.max(initial=0)) < (1 << 31),
        "may overflow its 32-bit accumulator",
        "train with fewer inputs a neuron, or quantize again: a bias is far too large",
    )
    return reach


def folded_bias(weights: Array, zero_point: int, bias: Int64Array) -> Array:
    """``bias - zero_point * sum(weights)`` per channel: the kernel then multiplies raw int8 inputs; int32 [channel]."""
    sums = weights.reshape(weights.shape[0], -1).astype(np.int64).sum(axis=1)
    return np.asarray(bias - zero_point * sums, np.int32)


def places(padding: int, size: int, reach: int, stride: int) -> int:
    """Windows along a dimension of ``size``: each reaches over ``reach`` elements, all numbers above 0."""
    return -(-size // stride) if padding == SAME else (size - reach) // stride + 1


def padding_before(view: OpView, padding: int, size: int, kernel: int, stride: int, dilation: int, out: int) -> int:
    """Padding in front of one dimension, and a check of that dimension's output size.

    Args:
        view: for the message.
        padding: SAME or VALID.
        size, kernel, stride, dilation: of this dimension; sizes in elements.
        out: the output size the model states.

    Raises:
        UnsupportedModelError: a stride, dilation or size that is not above 0, or an output size that does not follow.
    """
    view.require(
        min(size, kernel, stride, dilation) > 0 and padding in {SAME, VALID},
        f"has size {size}, kernel {kernel}, stride {stride}, dilation {dilation}, padding {padding}",
        "convert the model again",
    )
    reach = (kernel - 1) * dilation + 1
    expected = places(padding, size, reach, stride)
    view.require(
        out == expected and out > 0,
        f"states an output size of {out} where {expected} follows from size {size}, kernel {kernel}, stride {stride}",
        "convert the model again",
    )
    return max((out - 1) * stride + reach - size, 0) // 2 if padding == SAME else 0
