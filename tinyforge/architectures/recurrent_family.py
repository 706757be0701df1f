"""What ``lstm`` and ``gru`` share: one recurrent layer over the window, its outputs scored by a dense layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tinyforge.architectures.layers1d import scores
from tinyforge.architectures.parameters import Choice, Real, Whole
from tinyforge.architectures.registry import Architecture

Layer = Callable[[int, bool, bool], Any]


def recurrent_architecture(name: str, layer: Layer) -> Architecture:
    """The family of networks around one kind of recurrent layer.

    Args:
        name: of the architecture and of its recurrent layer.
        layer: ``layer(units, every, training)`` gives the Keras layer called ``name``; ``every``: it returns all its
            outputs, not only the last one.
    """

    def build(values: Mapping[str, Any], input_shape: tuple[int, int], classes: int, training: bool) -> Any:
        from tinyforge.architectures.session import keras

        layers = keras().layers
        inputs = layers.Input(input_shape, name="window")
        mean = values["head"] == "mean"
        x = layer(values["units"], mean, training)(inputs)
        if mean:
            x = layers.GlobalAveragePooling1D(name="mean")(x)
        outputs = scores(x, classes, hidden=values["hidden"], dropout=values["dropout"] if training else 0.0)
        return keras().Model(inputs, outputs, name=name)

    called = name.upper()
    return Architecture(
        name=name,
        summary=f"one {called} over the window, the mean of its outputs scored",
        parameters=(
            Whole("units", 32, 1, 512, f"size of the {called}'s state"),
            Choice("head", "mean", ("mean", "last"), "what is scored: the mean of all outputs, or the last one"),
            Whole("hidden", 0, 0, 1024, "units of a dense layer before the scores; 0 for none"),
            Real("dropout", 0.2, 0.0, 0.9, f"fraction of the {called}'s outputs dropped while training"),
        ),
        presets={
            "tiny": {"units": 12},
            "small": {"units": 20},
            "medium": {"units": 32},
            "large": {"units": 48, "hidden": 32},
        },
        choices={"units": (8, 12, 16, 24, 32, 40), "head": ("mean", "last"), "hidden": (0, 16)},
        build=build,
    )
