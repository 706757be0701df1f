"""A fully connected network over the flattened window: the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyforge.architectures.parameters import Real, Wholes
from tinyforge.architectures.registry import Architecture


def _build(values: Mapping[str, Any], input_shape: tuple[int, int], classes: int, training: bool) -> Any:
    from tinyforge.architectures.session import keras

    layers = keras().layers
    inputs = layers.Input(input_shape, name="window")
    x = layers.Flatten(name="flatten")(inputs)
    for index, units in enumerate(values["units"]):
        x = layers.Dense(units, activation="relu", name=f"hidden{index}")(x)
        if training and values["dropout"]:
            from tinyforge.architectures.dropout import repeatable_dropout

            x = repeatable_dropout(values["dropout"], f"dropout{index}")(x)
    outputs = layers.Dense(classes, activation="softmax", name="scores")(x)
    return keras().Model(inputs, outputs, name="dense")


ARCHITECTURE = Architecture(
    name="dense",
    summary="flattened window through fully connected layers: the baseline",
    parameters=(
        Wholes("units", (64, 32), 1, 2048, "units of each hidden layer"),
        Real("dropout", 0.2, 0.0, 0.9, "fraction of units dropped after each hidden layer while training"),
    ),
    presets={
        "tiny": {"units": (16,)},
        "small": {"units": (32, 16)},
        "medium": {"units": (64, 32)},
        "large": {"units": (128, 64)},
    },
    choices={"units": ((16,), (32,), (32, 16), (64, 32), (64, 32, 16), (128, 64))},
    build=_build,
)
