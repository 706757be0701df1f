"""A network that computes in float32 what its int8 form will compute: weights and activations rounded to int8's grid.

Every weight matrix and every tensor that the int8 model stores passes through a rounding whose gradient is that of the
identity (Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference"). The grids are those of the TFLite converter, and of ``runtimes/gru.py`` for a GRU:

- convolutions and dense layers: int8 weights, symmetric, a scale for each output channel, or one for the matrix;
- LSTM and GRU: a scale for each gate's matrix; the hidden state is int8 from step to step, a GRU's of scale 1/128;
- activations: the range seen on the calibration windows, 0 included; a ReLU belongs to the layer before it.

Left out, because they change less than one step of the grids above: int32 biases, the int16 sums of recurrent layers,
an LSTM's int16 cell state, the rounding of averages over part of the time axis.

Weights keep what pruning and clustering made of them: zeros stay zero, and a clustered matrix is trained as its
codebook, one number for all the weights that share it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.architectures.network import KERNELS
from tinyforge.architectures.session import keras, tensorflow
from tinyforge.core.errors import UnsupportedModelError
from tinyforge.core.types import Float32Array
from tinyforge.runtimes.gru import HIDDEN_SCALE

tf = tensorflow()
k = keras()
layers = k.layers
Layer: Any = layers.Layer

_CHUNK = 256
_TOP = 127  # of a symmetric int8
_BY_CHANNEL = (layers.Dense, layers.Conv1D, layers.Conv2D, layers.DepthwiseConv2D)
_FOLLOWED_BY_RELU = (*_BY_CHANNEL, layers.Add)
# their outputs are some of their inputs: the int8 model keeps scale and zero point
_KEEPS_RANGE = (
    layers.Reshape,
    layers.Flatten,
    layers.Permute,
    layers.MaxPooling1D,
    layers.MaxPooling2D,
    layers.GlobalMaxPooling1D,
    layers.GlobalMaxPooling2D,
    layers.AveragePooling1D,
    layers.AveragePooling2D,
    layers.ZeroPadding1D,
    layers.ZeroPadding2D,
    layers.Cropping1D,
    layers.Cropping2D,
    layers.Dropout,
)
_PLAIN_RECURRENT = {
    "activation": "tanh",
    "recurrent_activation": "sigmoid",
    "go_backwards": False,
    "stateful": False,
    "return_state": False,
}
_GATES = {layers.LSTM: 4, layers.GRU: 3}


@dataclass(frozen=True, slots=True)
class Keep:
    """What of compressed weights must stay.

    Attributes:
        clusters: a weight matrix (``layer/weight``) named here has at most so many values, and is trained as a
            codebook.
        zeros: zeros stay zero.
        per_channel: convolutions and dense layers have a scale for each output channel. With codebooks that would make
            as many int8 codebooks as there are channels, so clustered networks have one scale a matrix.
    """

    clusters: Mapping[str, int]
    zeros: bool
    per_channel: bool = True


def scale_groups(layer: Any, shape: Sequence[int], *, per_channel: bool) -> tuple[int, int, int]:
    """A weight matrix's shape as [before, groups, behind], so that each group has one scale."""
    size = int(np.prod(shape))
    if type(layer) in _GATES:
        gates = _GATES[type(layer)]
        return shape[0], gates, shape[1] // gates
    if not per_channel:
        return size, 1, 1
    channels = shape[-2] * shape[-1] if isinstance(layer, layers.DepthwiseConv2D) else shape[-1]
    return size // channels, channels, 1


class Range(Layer):  # type: ignore[misc]
    """Rounds a tensor to 256 steps between two numbers.

    Args:
        name: of the tensor: that of the layer that makes it.
        fixed: the two numbers, where calibration does not choose them.
    """

    def __init__(self, name: str, fixed: tuple[float, float] | None = None) -> None:
        super().__init__(name=name)
        low, high = fixed or (-1.0, 1.0)
        self.fixed = fixed is not None
        self.low = self._number("low", low)
        self.high = self._number("high", high)
        self.on = self.add_weight("on", (), tf.bool, lambda *_, **__: tf.constant(value=True), trainable=False)

    def _number(self, name: str, value: float) -> Any:
        return self.add_weight(name, (), tf.float32, k.initializers.Constant(value), trainable=False)

    def call(self, inputs: Any) -> Any:
        """The rounded tensor; as it is while switched off."""
        rounded = tf.quantization.fake_quant_with_min_max_vars(inputs, self.low, self.high, 8)
        return tf.where(self.on, rounded, inputs)


class Rounded(Layer):  # type: ignore[misc]
    """A layer of the deployed network with its weights on int8's grid.

    Args:
        inner: the deployed layer; its weights are the start, and are not changed.
        keep: what stays of them.
        hidden: what rounds a recurrent layer's state from step to step.
    """

    def __init__(self, inner: Any, keep: Keep, hidden: Range | None = None) -> None:
        super().__init__(name=f"{inner.name}_int8")
        self.on = self.add_weight("on", (), tf.bool, lambda *_, **__: tf.constant(value=True), trainable=False)
        self.stems: list[str] = []
        self._values: dict[str, Callable[[], Any]] = {}
        for variable in inner.weights:
            stem = variable.name.rsplit("/", 1)[-1].split(":")[0]
            self.stems.append(stem)
            start = variable.numpy()
            if stem in KERNELS:
                self._values[stem] = self._kernel(inner, stem, start, keep)
            else:
                weight = self._weight(stem, start)
                self._values[stem] = lambda weight=weight: tf.identity(weight)  # type: ignore[misc]
        # a closure: Keras would count the inner layer's own weights among this one's
        self._forward = _forward_of(inner, hidden)

    def _weight(self, name: str, start: npt.NDArray[Any]) -> Any:
        return self.add_weight(name, start.shape, tf.float32, k.initializers.Constant(start))

    def _kernel(self, inner: Any, stem: str, start: Float32Array, keep: Keep) -> Callable[[], Any]:
        groups = scale_groups(inner, start.shape, per_channel=keep.per_channel)
        most = keep.clusters.get(f"{inner.name}/{stem}", 0)
        values, found = np.unique(start, return_inverse=True)
        places = None
        if 0 < values.size <= most:
            start, places = values, found.reshape(start.shape)
        weight = self._weight(stem, start)
        mask = tf.constant((start != 0).astype(np.float32)) if keep.zeros else None

        def value() -> Any:
            kept = weight if mask is None else weight * mask
            whole = kept if places is None else _spread(kept, places)
            return tf.where(self.on, _on_grid(whole, groups), whole)

        return value

    def values(self) -> list[npt.NDArray[np.float32]]:
        """The weights as they are used, in the inner layer's order and shapes."""
        return [self._values[stem]().numpy() for stem in self.stems]

    def call(self, inputs: Any) -> Any:
        """What the layer makes of its inputs, before a softmax."""
        return self._forward({stem: value() for stem, value in self._values.items()}, inputs)


def _on_grid(weights: Any, groups: tuple[int, int, int]) -> Any:
    """Rounded to multiples of max|w| / 127 of the group; the gradient is that of the identity."""
    grouped = tf.reshape(weights, groups)
    top = tf.reduce_max(tf.abs(grouped), (0, 2), keepdims=True)
    scale = tf.stop_gradient(tf.where(top > 0, top / _TOP, 1.0))
    rounded = tf.round(grouped / scale) * scale
    return tf.reshape(grouped + tf.stop_gradient(rounded - grouped), weights.shape)


def _spread(codebook: Any, places: npt.NDArray[Any]) -> Any:
    """A matrix of a codebook's values; its gradient sums over the weights that share one."""
    flat = tf.constant(places.reshape(-1), tf.int32)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def spread(values: Any) -> Any:
        def gradient(upstream: Any) -> Any:
            return tf.math.unsorted_segment_sum(tf.reshape(upstream, (-1,)), flat, codebook.shape[0])

        return tf.reshape(tf.gather(values, flat), places.shape), gradient

    return spread(codebook)


# -- what a layer computes --------------------------------------------------------------------------------------------

_Forward = Callable[[Mapping[str, Any], Any], Any]


def _forward_of(inner: Any, hidden: Range | None) -> _Forward:
    if isinstance(inner, layers.LSTM):
        return lambda values, inputs: _lstm(inner, values, inputs, hidden)
    if isinstance(inner, layers.GRU):
        return lambda values, inputs: _gru(inner, values, inputs, hidden)
    return lambda values, inputs: _as_itself(inner, values, inputs)


def _as_itself(inner: Any, values: Mapping[str, Any], inputs: Any) -> Any:
    """The layer's own arithmetic with other weights, and without its softmax."""
    own = {name: inner.__dict__[name] for name in (*values, "activation")}
    inner.__dict__.update(values)
    if _ends_in_softmax(inner):
        inner.__dict__["activation"] = k.activations.linear
    try:
        return inner.call(inputs)
    finally:
        inner.__dict__.update(own)


def _run(step: Callable[[Any, list[Any]], tuple[Any, list[Any]]], inner: Any, inputs: Any, states: int) -> Any:
    zeros = tf.zeros((tf.shape(inputs)[0], inner.units), inputs.dtype)
    last, every, _ = k.backend.rnn(step, inputs, [zeros] * states, time_major=False)
    return every if inner.return_sequences else last


def _lstm(inner: Any, values: Mapping[str, Any], inputs: Any, hidden: Any) -> Any:
    given = tf.matmul(inputs, values["kernel"]) + values.get("bias", 0.0)

    def step(row: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        gates = row + tf.matmul(states[0], values["recurrent_kernel"])
        i, f, c, o = tf.split(gates, 4, axis=-1)
        cell = tf.sigmoid(f) * states[1] + tf.sigmoid(i) * tf.tanh(c)
        output = hidden.call(tf.sigmoid(o) * tf.tanh(cell))
        return output, [output, cell]

    return _run(step, inner, given, 2)


def _gru(inner: Any, values: Mapping[str, Any], inputs: Any, hidden: Any) -> Any:
    bias = tf.reshape(values.get("bias", tf.zeros(3 * inner.units)), (-1, 3 * inner.units))
    given = tf.matmul(inputs, values["kernel"]) + bias[0]
    matrix = values["recurrent_kernel"]
    split = 2 * inner.units

    def step(row: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        memory = states[0]
        seen = hidden.call(memory)
        if inner.reset_after:
            recurring = tf.matmul(seen, matrix) + bias[1]
            update, reset = tf.split(tf.sigmoid(row[:, :split] + recurring[:, :split]), 2, axis=-1)
            inside = reset * recurring[:, split:]
        else:
            recurring = tf.matmul(seen, matrix[:, :split])
            update, reset = tf.split(tf.sigmoid(row[:, :split] + recurring), 2, axis=-1)
            inside = tf.matmul(hidden.call(reset * memory), matrix[:, split:])
        memory = update * memory + (1 - update) * tf.tanh(row[:, split:] + inside)
        return memory, [memory]

    return _run(step, inner, given, 1)


# -- the whole network ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, slots=True)
class Unit:
    """What becomes one operation of the int8 model.

    Attributes:
        name: of the layer whose weights it has; without weights, of the layer whose output it rounds.
        rounded: the layer with weights, or None.
        range: rounds its output.
    """

    name: str
    rounded: Rounded | None
    range: Range


@dataclass(frozen=True, eq=False, slots=True)
class FakeQuantNetwork:
    """A deployed network and its rounded double.

    Attributes:
        model: float32 [n, time, channel] -> probabilities [n, classes], through int8's grids.
        units: in the order of the network; the first is its input, the last its scores before the softmax.
        observer: gives the inputs of all units' ranges.
    """

    model: Any
    units: tuple[Unit, ...]
    observer: Any

    def switch(self, *, weights: bool, activations: bool, only: Unit | None = None) -> None:
        """Round or do not round: all units, or one while the others do not."""
        for unit in self.units:
            chosen = only is None or unit is only
            if unit.rounded is not None:
                unit.rounded.on.assign(weights and chosen)
            unit.range.on.assign(activations and chosen)

    def observe(self, windows: Float32Array) -> list[Float32Array]:
        """The tensors that the units round, for standardised windows, in the present state of the switches."""
        parts = [
            [one.numpy() for one in tf.nest.flatten(self.observer(windows[begin : begin + _CHUNK], training=False))]
            for begin in range(0, len(windows), _CHUNK)
        ]
        return [np.concatenate(same) for same in zip(*parts, strict=True)]

    def calibrate(self, windows: Float32Array) -> None:
        """Choose the ranges as the converter does: from what standardised windows [n, time, channel] cause in float."""
        self.switch(weights=True, activations=False)
        for unit, seen in zip(self.units, self.observe(windows), strict=True):
            if not unit.range.fixed:
                unit.range.low.assign(min(float(seen.min()), 0.0))
                unit.range.high.assign(max(float(seen.max()), 1e-6))
        self.switch(weights=True, activations=True)

    def give_weights(self, deployed: Any) -> None:
        """Set the deployed network's weights to the rounded ones; the converter then finds them on its grid."""
        for unit in self.units:
            if unit.rounded is not None:
                deployed.get_layer(unit.name).set_weights(unit.rounded.values())


def fake_quant_network(deployed: Any, keep: Keep) -> FakeQuantNetwork:
    """The rounded double of a deployed network; its ranges are to be calibrated.

    Raises:
        UnsupportedModelError: a layer used twice, or a recurrent layer with unusual settings.
    """
    if len(deployed.inputs) != 1 or len(deployed.outputs) != 1:
        raise UnsupportedModelError(deployed.name, "has several inputs or outputs", "build it with one of each")
    made: dict[int, Any] = {}
    units: list[Unit] = []
    waiting: list[Rounded] = []  # the layer with weights whose output is rounded next

    def rounds(tensor: Any, one: Range) -> Any:
        rounded = waiting.pop() if waiting else None
        name = one.name if rounded is None else rounded.name.removesuffix("_int8")
        units.append(Unit(name, rounded, one))
        return one(tensor)

    source = k.Input(deployed.input.shape[1:], name="standardised")
    if not any(isinstance(layer, layers.InputLayer) for layer in deployed.layers):  # a Sequential hides its own
        made[id(deployed.input)] = rounds(source, Range("window"))
    for layer in deployed.layers:
        if isinstance(layer, layers.InputLayer):
            made[id(layer.output)] = rounds(source, Range(layer.name))
            continue
        if len(layer.inbound_nodes) != 1:
            raise UnsupportedModelError(
                f"layer {layer.name}", "stands in the network more than once", "build it of layers of their own"
            )
        inputs = tf.nest.map_structure(lambda tensor: made[id(tensor)], layer.input)
        if type(layer) in _GATES:
            _check_recurrent(layer)
            fixed = (-1.0, 1.0 - HIDDEN_SCALE) if isinstance(layer, layers.GRU) else None
            hidden = Range(layer.name, fixed)
            waiting.append(Rounded(layer, keep, hidden))
            value = rounds(waiting[-1](inputs), hidden)
        elif isinstance(layer, _BY_CHANNEL):
            waiting.append(Rounded(layer, keep))
            value = waiting[-1](inputs)
            value = value if _relu_follows(layer) else rounds(value, Range(layer.name))
            value = layers.Softmax(name=f"{layer.name}_softmax")(value) if _ends_in_softmax(layer) else value
        else:
            value = _copied(layer)(inputs)
            if not (isinstance(layer, (*_KEEPS_RANGE, layers.Softmax)) or _relu_follows(layer)):
                value = rounds(value, Range(layer.name))
        made[id(layer.output)] = value
    model = k.Model(source, made[id(deployed.output)], name=f"{deployed.name}_int8")
    observer = k.Model(source, [unit.range.input for unit in units])
    return FakeQuantNetwork(model, tuple(units), observer)


def _copied(layer: Any) -> Any:
    """The same layer under another name: the range behind it takes the name."""
    said = layer.get_config()
    copy = layer.__class__.from_config(said | {"name": f"{layer.name}_as_is"})
    if layer.weights:
        copy.build(layer.input.shape)
        copy.set_weights(layer.get_weights())
    return copy


def _ends_in_softmax(layer: Any) -> bool:
    return getattr(layer, "activation", None) is k.activations.softmax


def _relu_follows(layer: Any) -> bool:
    """Whether the converter fuses the next layer into this one, so that nothing is stored between them."""
    following = [node.layer for node in layer.outbound_nodes]
    if not isinstance(layer, _FOLLOWED_BY_RELU) or len(following) != 1:
        return False
    activation = getattr(following[0], "activation", None)
    return isinstance(following[0], layers.ReLU) or (
        isinstance(following[0], layers.Activation) and activation is k.activations.relu
    )


def _check_recurrent(layer: Any) -> None:
    said = layer.get_config()
    odd = {key: said[key] for key, wanted in _PLAIN_RECURRENT.items() if said[key] != wanted}
    if odd:
        raise UnsupportedModelError(
            f"layer {layer.name}", f"is a recurrent layer with {odd}", "leave these settings at their defaults"
        )
