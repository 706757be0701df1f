"""TRANSPOSE_CONV -> CONV_2D: places a stride apart meet the same taps, so each of them is a channel of its own.

Without a stride that is all there is to it. With one, weights and outputs between are more, and it is done for few
channels in, which have kernels of their own; ``tfg_transpose_conv_phases_s8`` takes the others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tinyforge.compiler.geometry import AROUND
from tinyforge.compiler.goal import Goal
from tinyforge.compiler.operators import OpView
from tinyforge.compiler.quantized import SAME, VALID, padding_before
from tinyforge.core.graph import DType, Graph, Op, Quant, Tensor

_SAVED_PER_MAC = (
    2  # instructions of `tfg_transpose_conv_phases_s8`, at least, more than a convolution's of few channels
)
_FEW = 4  # channels in, from which on that kernel is as fast, and needs no zeros
_CHANNEL_BYTES = 8  # bias and multiplier
_MOST_ZEROS = 4  # weights of the convolution for one of the model's


@dataclass(frozen=True, slots=True)
class _Side:
    """One dimension.

    Attributes:
        places: of the convolution, each ``stride`` of the output.
        pad: in front and behind.
        taps: [place of a stride, tap of the convolution] -> tap of the model's kernel, or -1.
    """

    places: int
    pad: tuple[int, int]
    taps: npt.NDArray[np.int64]


def spread_transpose_conv(graph: Graph, goal: Goal) -> tuple[Graph, list[str]]:
    """Let convolutions compute what transposed ones do, where that is worth the zeros among their weights.

    An output is then [rows][stride][columns][stride, channel]: rows a stride apart are put in order by a copy, columns
    lie as they must. Whatever does not fit is left to be lowered, or refused, as it is.

    Args:
        graph: a model as read.
        goal: what a faster form may cost.
    """
    tensors, ops, lines = list(graph.tensors), [], []
    for op in graph.ops:
        found = _convolution(graph, op, tensors, goal) if op.kind == "TRANSPOSE_CONV" else None
        if found is None:
            ops.append(op)
            continue
        ops += found
        taps = "x".join(str(size) for size in tensors[found[0].inputs[1]].shape[1:3])
        lines.append(
            f"op #{op.index} TRANSPOSE_CONV is a convolution with {taps} taps and a channel for each place of a stride"
        )
    return replace(graph, tensors=tuple(tensors), ops=tuple(ops)), lines


def _convolution(graph: Graph, op: Op, tensors: list[Tensor], goal: Goal) -> list[Op] | None:
    """What stands for it, its tensors added; None if nothing does."""
    if not 3 <= len(op.inputs) <= 4 or len(op.outputs) != 1 or min(op.inputs[:3]) < 0:
        return None
    filter_, input_, output = graph.tensors[op.inputs[1]], graph.tensors[op.inputs[2]], graph.tensors[op.outputs[0]]
    bias = graph.tensors[op.inputs[3]] if len(op.inputs) > 3 and op.inputs[3] >= 0 else None
    sides = _sides(graph, op, filter_, input_, output)
    if sides is None or filter_.data is None or filter_.quant is None or (bias and bias.data is None):
        return None
    down, right = sides
    phases = len(down.taps) * len(right.taps)
    out_ch, in_ch = filter_.shape[0], filter_.shape[3]
    if (
        not _fits(filter_, bias, out_ch)
        or (phases > 1 and in_ch >= _FEW)
        or phases * down.taps.shape[1] * right.taps.shape[1] > _MOST_ZEROS * filter_.shape[1] * filter_.shape[2]
    ):
        return None
    weights = _spread(np.asarray(filter_.data), down.taps, right.taps).reshape(
        phases * out_ch, down.taps.shape[1], right.taps.shape[1], in_ch
    )
    more = weights.size - filter_.elements + _CHANNEL_BYTES * (phases - 1) * out_ch
    macs = input_.elements // in_ch * filter_.elements
    fewer = _SAVED_PER_MAC * macs - input_.elements // in_ch * (weights.size - filter_.elements)
    if not goal.takes(more_bytes=max(more, 0), fewer_instructions=fewer):
        return None

    def added(tensor: Tensor, shape: tuple[int, ...], what: str, **changed: object) -> int:
        tensors.append(replace(tensor, index=len(tensors), shape=shape, name=f"{tensor.name}{what}", **changed))  # type: ignore[arg-type]
        return len(tensors) - 1

    quant = filter_.quant
    if not quant.per_tensor:
        quant = Quant(quant.scale * phases, quant.zero_point * phases, 0)
    inputs = [op.inputs[2], added(filter_, weights.shape, "/spread", data=weights, quant=quant)]
    if bias is not None and bias.data is not None:
        repeated = np.tile(np.asarray(bias.data).reshape(-1), phases)
        bias_quant = bias.quant
        if bias_quant is not None and not bias_quant.per_tensor:
            bias_quant = Quant(bias_quant.scale * phases, bias_quant.zero_point * phases, 0)
        inputs.append(added(bias, repeated.shape, "/spread", data=repeated, quant=bias_quant))
    options = {
        "padding": VALID, AROUND: (*down.pad, *right.pad), "stride_h": 1, "stride_w": 1,
        "dilation_h_factor": 1, "dilation_w_factor": 1,
        "fused_activation_function": op.options["fused_activation_function"],
    }  # fmt: skip
    if phases == 1:
        return [Op(op.index, "CONV_2D", tuple(inputs), op.outputs, options)]
    between = added(output, (input_.shape[0], down.places, right.places, phases * out_ch), "/spread")
    conv = Op(op.index, "CONV_2D", tuple(inputs), (between,), options)
    if len(down.taps) == 1:
        return [conv, Op(op.index, "RESHAPE", (between,), op.outputs, {"new_shape": output.shape})]
    blocks = {"block_size": len(down.taps), "block_w": len(right.taps)}
    return [conv, Op(op.index, "DEPTH_TO_SPACE", (between,), op.outputs, blocks)]


def _sides(graph: Graph, op: Op, filter_: Tensor, input_: Tensor, output: Tensor) -> tuple[_Side, _Side] | None:
    """Height and width, if the operator is one that the lowering takes and a stride divides both outputs."""
    int8 = all(
        tensor.dtype == DType.INT8 and len(tensor.shape) == 4 and tensor.elements > 0
        for tensor in (filter_, input_, output)
    )
    sizes = graph.tensors[op.inputs[0]]
    if (
        not int8
        or sizes.data is None
        or output.open_shape
        or np.asarray(sizes.data).reshape(-1).tolist() != list(output.shape)
    ):
        return None
    if filter_.shape[3] != input_.shape[3] or filter_.shape[0] != output.shape[3] or input_.shape[0] != output.shape[0]:
        return None
    padding, found = op.options["padding"], []
    if input_.data is not None or padding not in {SAME, VALID}:
        return None
    for axis, stride in ((1, op.options["stride_h"]), (2, op.options["stride_w"])):
        size, kernel, out = input_.shape[axis], filter_.shape[axis], output.shape[axis]
        if stride < 1 or out % stride:
            return None
        before = padding_before(OpView(graph, op), padding, out, kernel, stride, 1, size)
        side = _side(out // stride, size, kernel, stride, before)
        if side is None:
            return None
        found.append(side)
    return found[0], found[1]


def _side(places: int, size: int, kernel: int, stride: int, before: int) -> _Side | None:
    """Of output ``stride * u + v`` the taps ``(v + before) % stride + stride * j``, where they lie inside the kernel.

    Tap ``j`` meets input ``u + (v + before) // stride - j``.
    """
    met = [
        (phase, (phase + before) // stride - tap // stride, tap)
        for phase in range(stride)
        for tap in range((phase + before) % stride, kernel, stride)
    ]
    first = min((offset for _, offset, _ in met), default=0)
    last = max((offset for _, offset, _ in met), default=0)
    behind = places + last - size
    if first > 0 or last < 0 or places - 1 + first >= size or behind < 0:  # a window beside the input, or inputs unread
        return None
    taps = np.full((stride, last - first + 1), -1, np.int64)
    for phase, offset, tap in met:
        taps[phase, offset - first] = tap
    return _Side(places, (-first, behind), taps)


def _spread(
    weights: npt.NDArray[np.int8], down: npt.NDArray[np.int64], right: npt.NDArray[np.int64]
) -> npt.NDArray[np.int8]:
    """Weights [channel, row, column, input] as [place down, place right, channel, row, column, input].

    Args:
        weights: int8, the model's.
        down, right: of ``_Side``; what has no tap is 0.
    """
    rows = np.where((down >= 0)[None, :, :, None, None], weights[:, down], 0)
    both = np.where((right >= 0)[None, None, None, :, :, None], rows[:, :, :, right], 0)
    return np.ascontiguousarray(both.transpose(1, 3, 0, 2, 4, 5).astype(np.int8))


def _fits(filter_: Tensor, bias: Tensor | None, channels: int) -> bool:
    """Whether scales and biases are one for all channels or one each."""
    quant = filter_.quant
    scales = quant is not None and (quant.per_tensor or (len(quant.scale) == channels and quant.axis == 0))
    return scales and (bias is None or (bias.dtype == DType.INT32 and bias.elements == channels))
