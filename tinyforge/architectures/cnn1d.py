"""A one-dimensional convolutional network over the window's time axis.

Convolutions are written as Conv2D with a (k, 1) kernel over [time, 1, channels]: the same arithmetic as Conv1D, and
accepted by tfmot's quantization-aware training, which refuses Conv1D.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyforge.architectures.parameters import Choice, Flag, Real, Whole, Wholes
from tinyforge.architectures.registry import Architecture
from tinyforge.core.errors import ConfigError


def _kernels(values: Mapping[str, Any]) -> tuple[int, ...]:
    """One kernel length a layer: a shorter list goes on with its last number, a longer one is cut."""
    layers, kernels = len(values["filters"]), tuple(values["kernels"])
    return (kernels + kernels[-1:] * layers)[:layers]


def _check(values: Mapping[str, Any], input_shape: tuple[int, int], place: str) -> None:
    length = input_shape[0]
    for index, kernel in enumerate(_kernels(values)):
        if length < kernel + values["pool"] - 1:
            raise ConfigError(
                f"{place}.kernels",
                f"layer {index} sees {length} samples, fewer than its kernel of {kernel} and pool of {values['pool']}",
                "take longer windows, fewer layers, or a smaller kernel or pool",
            )
        length = (length - kernel + 1) // values["pool"]


def _build(values: Mapping[str, Any], input_shape: tuple[int, int], classes: int, training: bool) -> Any:
    from tinyforge.architectures.session import keras

    layers = keras().layers
    length, channels = input_shape
    inputs = layers.Input((length, channels), name="window")
    x = layers.Reshape((length, 1, channels), name="column")(inputs)
    for index, (filters, kernel) in enumerate(zip(values["filters"], _kernels(values), strict=True)):
        name = f"conv{index}"
        x = layers.Conv2D(filters, (kernel, 1), name=name)(x)
        if training and values["batch_norm"]:
            x = layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
        x = layers.ReLU(name=f"{name}_relu")(x)
        if values["pool"] > 1:
            x = layers.MaxPooling2D((values["pool"], 1), name=f"pool{index}")(x)
    averaged = values["head"] == "mean"
    x = layers.GlobalAveragePooling2D(name="mean")(x) if averaged else layers.Flatten(name="flatten")(x)
    if training and values["dropout"]:
        from tinyforge.architectures.dropout import repeatable_dropout

        x = repeatable_dropout(values["dropout"], "dropout")(x)
    if values["hidden"]:
        x = layers.Dense(values["hidden"], activation="relu", name="hidden")(x)
    outputs = layers.Dense(classes, activation="softmax", name="scores")(x)
    return keras().Model(inputs, outputs, name="cnn1d")


ARCHITECTURE = Architecture(
    name="cnn1d",
    summary="1-D convolutions over time, pooling, and a small dense head",
    parameters=(
        Wholes("filters", (16, 32, 32), 1, 512, "output channels of each convolution"),
        Wholes("kernels", (5, 5, 3), 1, 64, "kernel length of each convolution, in samples; the last one repeats"),
        Whole("pool", 2, 1, 16, "samples pooled into one after each convolution; 1 for none"),
        Choice("head", "mean", ("mean", "flatten"), "mean averages over time, flatten keeps it (more weights)"),
        Whole("hidden", 32, 0, 1024, "units of the dense layer before the scores; 0 for none"),
        Real("dropout", 0.3, 0.0, 0.9, "fraction of features dropped before the dense layers while training"),
        Flag("batch_norm", True, "batch normalisation while training; folded into the convolutions afterwards"),
    ),
    presets={
        "tiny": {"filters": (8, 16), "kernels": (5, 3), "head": "mean", "hidden": 0},
        "small": {"filters": (16, 32), "kernels": (5, 3), "head": "mean", "hidden": 32},
        "medium": {"filters": (16, 32, 32), "kernels": (5, 5, 3), "head": "mean", "hidden": 32},
        "large": {"filters": (24, 48, 64), "kernels": (5, 5, 3), "head": "mean", "hidden": 48},
    },
    build=_build,
    check=_check,
)
