"""int8 models of networks with GRU layers: the converter does what lies between them, the layers are quantized by us.

``runtimes/gru.py`` says what the integers of a layer mean, ``runtimes/graft.py`` how a model carries them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from tinyforge.architectures.session import keras
from tinyforge.compress.int8 import convert
from tinyforge.core.errors import UnsupportedModelError
from tinyforge.core.types import Float32Array
from tinyforge.runtimes.graft import graft, output_quantization
from tinyforge.runtimes.gru import HIDDEN_SCALE, quantize_gru

_PLAIN = {
    "activation": "tanh",
    "recurrent_activation": "sigmoid",
    "go_backwards": False,
    "stateful": False,
    "unroll": False,
    "return_state": False,
    "time_major": False,
}


def has_gru(model: Any) -> bool:
    """Whether a Keras model has a GRU layer at its top level."""
    return any(isinstance(layer, keras().layers.GRU) for layer in model.layers)


def convert_with_gru(model: Any, calibration: Float32Array, *, per_channel: bool = True) -> bytes:
    """A full int8 ``.tflite`` of a chain of layers of which some are GRUs; the same network gives the same bytes.

    Args:
        model: deployed form, one input [time, channel], layers one after the other.
        calibration: standardised windows [n, time, channel].
        per_channel: as in :func:`tinyforge.compress.int8.convert`, for the layers that are no GRU.

    Raises:
        UnsupportedModelError: layers that are no chain, or a GRU with unusual settings.
    """
    chain = _chain(model)
    places = [number for number, layer in enumerate(chain) if isinstance(layer, keras().layers.GRU)]
    values = np.asarray(calibration, np.float32)
    made: bytes | None = None
    cuts = [-1, *places, len(chain)]
    for begin, end in pairwise(cuts):
        between = chain[begin + 1 : end]
        if begin < 0:  # in front of the first layer
            if between:
                part = _sequence(between, values.shape[1:])
                made, values = convert(part, values, per_channel=per_channel), _outputs(part, values)
            continue
        layer = chain[begin]
        back = None
        inputs, values = values, np.asarray(layer(values, training=False), np.float32)
        if between:
            part = _sequence(between, values.shape[1:])
            back, values = convert(part, values, per_channel=per_channel), _outputs(part, values)
        scale, zero = _range(inputs) if made is None else output_quantization(made)
        _check(layer, inputs)
        weights = [np.asarray(weight) for weight in layer.get_weights()]
        quantized = quantize_gru(
            weights[0],
            weights[1],
            weights[2] if layer.use_bias else None,
            reset_after=bool(layer.reset_after),
            input_scale=scale,
            input_zero_point=zero,
        )
        made = graft(made, quantized, back, steps=inputs.shape[1], every_step=bool(layer.return_sequences))
    if made is None:
        raise UnsupportedModelError(model.name, "has no layer", "train a network first")
    return made


def _chain(model: Any) -> list[Any]:
    """The layers in order, input layers left out."""
    layers = [layer for layer in model.layers if not isinstance(layer, keras().layers.InputLayer)]
    for one, two in pairwise(layers):
        if one.output is not two.input:
            raise UnsupportedModelError(
                f"layer {two.name}", f"does not follow {one.name}", "build a network with a GRU as one chain of layers"
            )
    return layers


def _sequence(layers: list[Any], shape: tuple[int, ...]) -> Any:
    """Copies of layers as a model of their own; a layer that is used again would not know its input any more."""
    source = keras().Input(shape, name="part_input")
    value = source
    for layer in layers:
        copy = layer.__class__.from_config(layer.get_config())
        value = copy(value)
        copy.set_weights(layer.get_weights())
    return keras().Model(source, value, name="part")  # names go into the file


def _outputs(part: Any, values: Float32Array) -> Float32Array:
    return np.asarray(part(values, training=False), np.float32)


def _check(layer: Any, inputs: Float32Array) -> None:
    said = layer.get_config()
    odd = {key: said[key] for key, wanted in _PLAIN.items() if key in said and said[key] != wanted}
    if odd or inputs.ndim != 3:
        raise UnsupportedModelError(
            f"layer {layer.name}", f"is a GRU with {odd or inputs.shape}", "leave these settings at their defaults"
        )


def _range(values: Float32Array) -> tuple[float, int]:
    """Scale and zero point that cover the values and 0, as the converter chooses them."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    scale = float(np.float32((high - low) / 255)) or HIDDEN_SCALE
    return scale, int(np.clip(round(-128 - low / scale), -128, 127))
