"""A recurrent network: one GRU layer over the window, the mean of its outputs scored by a dense layer.

A GRU has three quarters of the weights of an LSTM of the same size. Deployed it is tinyforge's own int8 operator, see
:mod:`tinyforge.runtimes.gru`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyforge.architectures.layers1d import scores
from tinyforge.architectures.parameters import Choice, Real, Whole
from tinyforge.architectures.registry import Architecture


def _build(values: Mapping[str, Any], input_shape: tuple[int, int], classes: int, training: bool) -> Any:
    from tinyforge.architectures.session import keras

    layers = keras().layers
    inputs = layers.Input(input_shape, name="window")
    mean = values["head"] == "mean"
    x = layers.GRU(values["units"], return_sequences=mean, name="gru")(inputs)
    if mean:
        x = layers.GlobalAveragePooling1D(name="mean")(x)
    outputs = scores(x, classes, hidden=values["hidden"], dropout=values["dropout"] if training else 0.0)
    return keras().Model(inputs, outputs, name="gru")


ARCHITECTURE = Architecture(
    name="gru",
    summary="one GRU over the window, the mean of its outputs scored",
    parameters=(
        Whole("units", 32, 1, 512, "size of the GRU's state"),
        Choice("head", "mean", ("mean", "last"), "what is scored: the mean of all outputs, or the last one"),
        Whole("hidden", 0, 0, 1024, "units of a dense layer before the scores; 0 for none"),
        Real("dropout", 0.2, 0.0, 0.9, "fraction of the GRU's outputs dropped while training"),
    ),
    presets={
        "tiny": {"units": 12},
        "small": {"units": 20},
        "medium": {"units": 32},
        "large": {"units": 48, "hidden": 32},
    },
    choices={"units": (8, 12, 16, 24, 32, 40), "head": ("mean", "last"), "hidden": (0, 16)},
    build=_build,
)
