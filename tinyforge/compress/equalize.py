"""Channels that are loud in one layer and faint in the next, brought to the range of the others before int8.

An int8 tensor has one scale for all channels. Where a channel of a convolution or dense layer is many times as large as
the others and the layers behind take it times as little, the others are rounded to a few steps for nothing: the factor
can be moved from the weights before it to those behind it, because a ReLU, pooling and means let a positive factor pass
(cross-layer equalization: Nagel et al. 2019, "Data-Free Quantization Through Weight Equalization and Bias Correction").
Factors are powers of two, so that every float32 result stays what it was to the last bit. Only channels that gain on
both sides are touched: networks as training leaves them hardly have any.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.architectures.session import keras
from tinyforge.core.types import Float32Array, IntArray

k = keras()
layers = k.layers

LEAST = 3  # powers of two: what a factor of less than 8 costs, int8 bears
_WEIGHTED = (layers.Dense, layers.Conv1D, layers.Conv2D)
_TAKES = (*_WEIGHTED, layers.DepthwiseConv2D)  # the axis before the last of each kernel is that of input channels
_LETS_PASS = (
    layers.ReLU,
    layers.Dropout,
    layers.SpatialDropout1D,
    layers.SpatialDropout2D,
    layers.MaxPooling1D,
    layers.MaxPooling2D,
    layers.AveragePooling1D,
    layers.AveragePooling2D,
    layers.GlobalMaxPooling1D,
    layers.GlobalMaxPooling2D,
    layers.GlobalAveragePooling1D,
    layers.GlobalAveragePooling2D,
    layers.ZeroPadding1D,
    layers.ZeroPadding2D,
    layers.Cropping1D,
    layers.Cropping2D,
)


@dataclass(frozen=True, slots=True)
class Moved:
    """A factor that was moved.

    Attributes:
        layer: whose channel it was.
        channel: number of the channel, from 0.
        factor: power of two by which the channel is smaller now.
        behind: layers whose weights are larger by it.
    """

    layer: str
    channel: int
    factor: float
    behind: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"layer {self.layer}: int8 would hurt it: channel {self.channel} was over {self.factor:g} times as loud as "
            f"the median one, and as faint in the weights of {' and '.join(self.behind)}; that factor was moved there, "
            "which changes no bit of the float network's answers"
        )


def equalize(model: Any, windows: Float32Array) -> list[Moved]:
    """Move factors between the layers of a deployed network, in place; its answers stay the same to the last bit.

    Args:
        model: legacy Keras, without batch normalisation.
        windows: standardised [n, time, channel]; they say how loud a channel is.
    """
    moved: list[Moved] = []
    for layer in model.layers:
        if type(layer) not in _WEIGHTED or not _is_homogeneous(layer) or not _is_once(layer):
            continue
        takers = _takers(model, layer)
        if takers:
            moved += _balance(model, layer, takers, windows)
    return moved


def _is_homogeneous(layer: Any) -> bool:
    return layer.activation in {k.activations.linear, k.activations.relu}


def _takers(model: Any, layer: Any) -> list[tuple[Any, IntArray]]:
    """The layers that take the layer's channels, each with the channel behind every one of its inputs (-1: another's).

    Empty where something on the way does not let a factor pass, shows the channels to the outside, or has other uses.
    """
    found = list(_follow(model, layer, np.arange(layer.output_shape[-1])))
    return [] if any(taker is None for taker, _ in found) else found


def _follow(model: Any, layer: Any, channels: IntArray) -> Iterator[tuple[Any, IntArray]]:
    nodes = list(dict.fromkeys(layer.outbound_nodes))  # of one that takes the same tensor twice there are two
    if not nodes or any(layer.output is shown for shown in model.outputs):
        yield None, channels
        return
    for node in nodes:
        after = node.outbound_layer
        if not _is_once(after):
            yield None, channels
        elif type(after) in _TAKES and after.get_weights()[0].shape[-2] == len(channels):
            yield after, channels  # of one in groups, a weight is for several channels
        elif type(after) is layers.Concatenate and after.axis in {-1, len(after.output_shape) - 1}:
            parts = [
                channels if source is layer else np.full(shape[-1], -1)
                for source, shape in zip(_sources(node), after.input_shape, strict=True)
            ]
            yield from _follow(model, after, np.concatenate(parts))
        elif type(after) in {layers.Flatten, layers.Reshape} and after.output_shape[-1] % len(channels) == 0:
            yield from _follow(model, after, np.tile(channels, after.output_shape[-1] // len(channels)))
        elif (type(after) in _LETS_PASS and _is_plain(after)) or _is_relu(after):
            yield from _follow(model, after, channels)
        else:
            yield None, channels


def _is_once(layer: Any) -> bool:
    """Whether the layer is called in one place, and its channels are the last axis."""
    return len(layer.inbound_nodes) == 1 and getattr(layer, "data_format", "channels_last") == "channels_last"


def _sources(node: Any) -> list[Any]:
    return [before for before, *_ in node.iterate_inbound()]


def _is_plain(layer: Any) -> bool:
    """Whether a ReLU has neither slope nor limit nor threshold."""
    return not isinstance(layer, layers.ReLU) or (
        layer.max_value is None and not layer.negative_slope + layer.threshold
    )


def _is_relu(layer: Any) -> bool:
    return isinstance(layer, layers.Activation) and _is_homogeneous(layer)


def _balance(model: Any, layer: Any, takers: list[tuple[Any, IntArray]], windows: Float32Array) -> list[Moved]:
    after = [node.outbound_layer for node in layer.outbound_nodes]
    shown = after[0] if len(after) == 1 and (isinstance(after[0], layers.ReLU) or _is_relu(after[0])) else layer
    seen = k.Model(model.inputs, shown.output)(windows, training=False).numpy()
    loud = np.abs(seen).reshape(-1, seen.shape[-1]).max(0)
    faint = np.zeros(len(loud))
    for taker, channels in takers:
        np.maximum.at(faint, channels[channels >= 0], _inputs(taker)[channels >= 0])
    powers = np.minimum(_powers(loud), -_powers(faint))
    moved = []
    for channel in np.flatnonzero(powers >= LEAST).tolist():
        factor = float(2.0 ** powers[channel])
        _scale(layer, (..., channel), 1 / factor)
        for taker, channels in takers:
            rows = np.flatnonzero(channels == channel)
            weights = taker.get_weights()
            weights[0][..., rows, :] *= np.float32(factor)
            taker.set_weights(weights)
        moved.append(Moved(layer.name, channel, factor, tuple(dict.fromkeys(taker.name for taker, _ in takers))))
    return moved


def _inputs(taker: Any) -> npt.NDArray[np.float64]:
    """The greatest weight of each input channel, [channel]."""
    kernel = np.abs(taker.get_weights()[0]).astype(np.float64)
    largest: npt.NDArray[np.float64] = np.moveaxis(kernel, -2, 0).reshape(kernel.shape[-2], -1).max(1)
    return largest


def _powers(ranges: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Whole powers of two, towards zero, between each range and the median of those that are not zero."""
    ranges = ranges.astype(np.float64)
    there = ranges[ranges > 0]
    if not there.size:
        return np.zeros(len(ranges))
    ratios = np.log2(np.maximum(ranges, np.finfo(np.float32).tiny) / np.median(there))
    powers: npt.NDArray[np.float64] = np.clip(np.trunc(ratios), -24, 24)
    return powers


def _scale(layer: Any, where: tuple[Any, ...], factor: float) -> None:
    weights = layer.get_weights()
    for weight in weights:  # kernel and bias: output channels are the last axis of both
        weight[where] *= np.float32(factor)
    layer.set_weights(weights)
