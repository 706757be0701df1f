"""Models of one layer each, to see what a MAC costs at a number of channels."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from tflite_writer import Writer
from unweighted import OPERATORS, unweighted

from tinyforge.pipeline import models
from tinyforge.runtimes.graft import graft
from tinyforge.runtimes.gru import QuantizedGru

SCALE = 0.05


class Kind(NamedTuple):
    """A layer but for its sizes and channels.

    Attributes:
        operator: of TFLite.
        kernel: height and width; none of a dense or recurrent layer. Height 1 and a width above: one dimension.
        dilation, stride: along both dimensions, or the one.
        copies: output channels of an input channel, of a depthwise layer.
        padded: ``same`` padding, else ``valid``.
        groups: of channels, of a convolution.
        pool: window and step of a max pooling behind a convolution; 1 for none.
    """

    operator: str
    kernel: tuple[int, ...] = ()
    dilation: int = 1
    stride: int = 1
    copies: int = 1
    padded: bool = True
    groups: int = 1
    pool: int = 1


CONV, DEPTHWISE, TRANSPOSED = "CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"
LSTM, GRU = "UNIDIRECTIONAL_SEQUENCE_LSTM", "TINYFORGE_GRU"
KINDS = {
    "conv_1d": Kind(CONV, (1, 5)),
    "conv_1d k2": Kind(CONV, (1, 2)),
    "conv_1d k3": Kind(CONV, (1, 3)),
    "conv_1d k3 dilated by 2": Kind(CONV, (1, 3), 2),
    "conv_1d k3 dilated by 8": Kind(CONV, (1, 3), 8),
    "conv_2d": Kind(CONV, (3, 3)),
    "conv_2d dilated by 2": Kind(CONV, (3, 3), 2),
    "conv_2d 5x5": Kind(CONV, (5, 5)),
    "pointwise": Kind(CONV, (1, 1)),
    "depthwise_conv_2d": Kind(DEPTHWISE, (3, 3)),
    "depthwise dilated by 2": Kind(DEPTHWISE, (3, 3), 2),
    "depthwise 5x5": Kind(DEPTHWISE, (5, 5)),
    "depthwise 5x5 twice": Kind(DEPTHWISE, (5, 5), copies=2),
    "depthwise k5": Kind(DEPTHWISE, (1, 5)),
    "depthwise k5 dilated by 4": Kind(DEPTHWISE, (1, 5), 4),
    "fully_connected": Kind("FULLY_CONNECTED"),
    "lstm": Kind(LSTM),
    "gru": Kind(GRU),
}


def along_time(kind: str) -> bool:
    """Whether its inputs lie in one row."""
    kernel = KINDS[kind].kernel
    return bool(kernel) and kernel[0] == 1 < kernel[1]


def places_of(kind: Kind, size: int | tuple[int, int]) -> tuple[int, ...]:
    """Shape of an input but for its channels."""
    if kind.operator in OPERATORS:
        return (1, *size) if isinstance(size, tuple) else (1, 1, size)
    if not kind.kernel:
        return (int(size),)
    if isinstance(size, tuple):
        return (1, *size)
    return (1, 1, size) if kind.kernel[0] == 1 < kind.kernel[1] else (1, size, size)


def layer(kind: str | Kind, size: int | tuple[int, int], in_ch: int, channels: int) -> bytes:
    """One layer of random weights; its output scale is that of random products.

    Args:
        kind: the layer, or its name in ``KINDS``.
        size: height and width; or both as one number, or the length, or how many inputs a dense layer has at once, or a
            recurrent one's steps.
        in_ch, channels: in and out; a depthwise layer has ``copies`` times as many out.
    """
    kind = KINDS[kind] if isinstance(kind, str) else kind
    operator, kernel, dilation, stride, copies, padded, groups, pool = kind
    if operator in OPERATORS:
        return unweighted(operator, places_of(kind, size), in_ch)[0]
    if operator in {LSTM, GRU}:
        weights = random_gates(4 if operator == LSTM else 3, in_ch, channels)
        return lstm(int(size), *weights) if operator == LSTM else gru(int(size), *weights)
    rng = np.random.default_rng(channels)
    model = Writer()
    channels *= copies
    depthwise = operator == DEPTHWISE
    shape = (1, *kernel, channels) if depthwise else (channels, *kernel, in_ch // groups)
    taps = int(np.prod(shape)) // channels
    places = places_of(kind, size)
    after = places
    if kernel:
        beyond = [0 if padded else (tap - 1) * dilation for tap in kernel]
        after = (1, *(-(-(place - more) // stride) for place, more in zip(places[1:], beyond, strict=True)))
    if operator == TRANSPOSED:  # a row is no longer high than one
        after = (1, *(place * (stride if tap > 1 else 1) for place, tap in zip(places[1:], kernel, strict=True)))
    x = model.tensor("x", (*places, in_ch), scale=SCALE, zero_point=-128)
    weights = rng.integers(-127, 128, shape).astype(np.int8)
    filter_ = model.constant("filter", weights, "int8", scale=[0.01] * channels, axis=3 if depthwise else 0)
    bias = model.constant("bias", rng.integers(-500, 500, channels), "int32", scale=[SCALE * 0.01] * channels)
    scale = float(np.float32(SCALE * 0.01 * np.sqrt(taps) * 75))
    y = model.tensor("y", (*after, channels), scale=scale, zero_point=-128)
    options = {"stride_w": stride, "stride_h": stride, "padding": int(not padded)}
    if operator == TRANSPOSED:
        options["stride_h"] = stride if kernel[0] > 1 else 1
        sizes = model.constant("sizes", (*after, channels))
        model.op(operator, [sizes, filter_, x, bias], [y], "TransposeConvOptions", **options)
        return bytes(model.build([x], [y]))
    options |= {f"dilation_{side}_factor": dilation if tap > 1 else 1 for side, tap in zip("hw", kernel, strict=False)}
    if not kernel:
        model.op(operator, [x, filter_, bias], [y], "FullyConnectedOptions")
    elif depthwise:
        model.op(operator, [x, filter_, bias], [y], "DepthwiseConv2DOptions", depth_multiplier=copies, **options)
    else:
        model.op(operator, [x, filter_, bias], [y], "Conv2DOptions", **options)
    if pool > 1:
        window = [min(pool, place) for place in after[1:]]
        smaller = (1, *(place // step for place, step in zip(after[1:], window, strict=True)), channels)
        z = model.tensor("z", smaller, scale=scale, zero_point=-128)
        steps = dict(zip(("filter_height", "filter_width", "stride_h", "stride_w"), window * 2, strict=True))
        model.op("MAX_POOL_2D", [y], [z], "Pool2DOptions", padding=1, **steps)
        y = z
    return bytes(model.build([x], [y]))


def random_gates(gates: int, features: int, units: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights of a recurrent layer: int8 [gates, units, features] and [gates, units, units]."""
    rng = np.random.default_rng([features, units])
    return tuple(rng.integers(-127, 128, (gates, units, length)).astype(np.int8) for length in (features, units))


def lstm(steps: int, kernel: np.ndarray, recurrent: np.ndarray) -> bytes:
    """An LSTM layer that gives its last step.

    Args:
        steps: of its input.
        kernel, recurrent: int8 [4, units, features] and [4, units, units].
    """
    _, units, features = kernel.shape
    rng, model = np.random.default_rng(units), Writer()
    x = model.tensor("x", (1, steps, features), scale=SCALE, zero_point=-3)
    inputs = [x]
    for name, rows in (("w", kernel), ("r", recurrent)):
        inputs += [model.constant(f"{name}{gate}", own, "int8", scale=0.01) for gate, own in enumerate(rows)]
    inputs += [-1, -1, -1]
    for gate in range(4):
        bias = rng.integers(-3000, 3000, units)
        inputs.append(model.constant(f"b{gate}", bias, "int32", scale=SCALE * 0.01))
    hidden = {"scale": 1 / 128, "zero_point": 0}
    inputs += [-1, -1, model.tensor("h", (1, units), variable=True, **hidden)]
    inputs.append(model.tensor("c", (1, units), "int16", scale=2.0**-11, variable=True))
    inputs += [-1, -1, -1, -1]
    between = [model.tensor(f"i{gate}", (), "int16", scale=2.0**-12) for gate in range(4)]
    between.append(model.tensor("i4", (), "int8", **hidden))
    y, last = model.tensor("y", (1, steps, units), **hidden), model.tensor("last", (1, units), **hidden)
    options = {"fused_activation_function": 4, "intermediates": between}
    model.op(LSTM, inputs, [y], "UnidirectionalSequenceLSTMOptions", **options)
    ends = [model.constant(name, value) for name, value in (("b", [0, -1, 0]), ("e", [0, 0, 0]), ("s", [1, 1, 1]))]
    options = {"begin_mask": 5, "end_mask": 5, "shrink_axis_mask": 2}
    model.op("STRIDED_SLICE", [y, *ends], [last], "StridedSliceOptions", **options)
    return bytes(model.build([x], [last]))


def gru(steps: int, kernel: np.ndarray, recurrent: np.ndarray, *, reset_after: bool = True) -> bytes:
    """A GRU layer that gives its last step.

    Args:
        steps: of its input.
        kernel, recurrent: int8 [3, units, features] and [3, units, units].
        reset_after: Keras' default form.
    """
    units = kernel.shape[1]
    rng = np.random.default_rng(units)
    bias = rng.integers(-3000, 3000, (3, units)).astype(np.int32)
    inner = rng.integers(-3000, 3000, units).astype(np.int32) if reset_after else None
    own = QuantizedGru(kernel, recurrent, (0.01,) * 3, (0.01,) * 3, bias, inner, SCALE, -3)
    return graft(None, own, None, steps=steps, every_step=False)


def per_mac(
    kind: str | Kind, size: int | tuple[int, int], in_ch: int, channels: int, folder: Path, optimize: str = "balanced"
) -> tuple[int, float]:
    """MAC, and instructions a MAC on the virtual Cortex-M4; of an operator without weights its values in."""
    path = folder / "layer.tflite"
    path.write_bytes(layer(kind, size, in_ch, channels))
    cost = models.profile(path, optimize=optimize)
    macs = work(kind, size, in_ch, channels) or cost["macs"]
    return macs, cost["instructions"] / macs


def work(kind: str | Kind, size: int | tuple[int, int], in_ch: int, channels: int) -> int:
    """Values that an operator without weights takes; MAC of a product of matrices, and of a transposed convolution.

    The compiler makes another convolution of that, whose MAC are more. 0 for any other: its MAC are as it says.
    """
    found = KINDS[kind] if isinstance(kind, str) else kind
    if found.operator == TRANSPOSED:
        return int(np.prod(places_of(found, size)) * np.prod(found.kernel)) * in_ch * channels
    if found.operator not in OPERATORS:
        return 0
    return unweighted(found.operator, places_of(found, size), in_ch)[1]


def odd_to_even(
    kind: str | Kind,
    size: int | tuple[int, int],
    side: str,
    channels: int,
    other: int,
    folder: Path,
    optimize: str = "balanced",
) -> float:
    """A MAC's cost at a number of channels over that at the next multiple of four.

    Args:
        kind, size: as for ``layer``.
        side: ``in`` or ``out``, the side that has them, or ``both``; a depthwise layer has them on both.
        channels: how many.
        other: channels of the other side.
        folder: for files.
        optimize: the goal.
    """
    found = KINDS[kind] if isinstance(kind, str) else kind
    both = side == "both" or found.operator == DEPTHWISE
    costs = []
    for count in (channels, -(-channels // 4) * 4):
        in_ch, out_ch = (count if both or side == here else other for here in ("in", "out"))
        costs.append(per_mac(found, size, in_ch, out_ch, folder, optimize)[1])
    return costs[0] / costs[1]
