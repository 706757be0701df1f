"""A one-dimensional convolutional network over the window's time axis, plain or depthwise-separable.

Strided convolutions see a part of the window; ``residual`` lets every moment see far more of it for few weights: on the
shortened sequence a dilation of 4 reaches as far as one of 32 samples would before three strides of 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyforge.architectures.layers1d import HEAD_DOC, HEADS, Stack, scores
from tinyforge.architectures.parameters import Choice, Flag, Real, Whole, Wholes
from tinyforge.architectures.registry import Architecture
from tinyforge.core.errors import ConfigError


def _by_layer(values: Mapping[str, Any], key: str) -> tuple[int, ...]:
    """One number a layer: a shorter list goes on with its last number, a longer one is cut."""
    layers, numbers = len(values["filters"]), tuple(values[key])
    return (numbers + numbers[-1:] * layers)[:layers]


def _check(values: Mapping[str, Any], input_shape: tuple[int, int], place: str) -> None:
    length, pool = input_shape[0], values["pool"]
    valid = values["padding"] == "valid"
    kernels, strides = _by_layer(values, "kernels"), _by_layer(values, "strides")
    for index, (kernel, stride) in enumerate(zip(kernels, strides, strict=True)):
        needed = (kernel if valid else 1) + (pool - 1) * stride
        if length < needed:
            raise ConfigError(
                f"{place}.kernels",
                f"layer {index} sees {length} samples, fewer than its kernel of {kernel} and pool of {pool}",
                "take longer windows, fewer layers, or a smaller kernel or pool",
            )
        length = ((length - kernel) // stride + 1 if valid else -(-length // stride)) // pool
    for index, dilation in enumerate(values["residual"]):
        if dilation >= length:
            raise ConfigError(
                f"{place}.residual",
                f"residual convolution {index} reaches {dilation} samples to each side, but there are {length}",
                "take longer windows, smaller strides or smaller dilations",
            )


def _build(values: Mapping[str, Any], input_shape: tuple[int, int], classes: int, training: bool) -> Any:
    from tinyforge.architectures.session import keras

    inputs = keras().layers.Input(input_shape, name="window")
    stack = Stack(inputs, training=training, batch_norm=values["batch_norm"], padding=values["padding"])
    kernels, strides = _by_layer(values, "kernels"), _by_layer(values, "strides")
    for index, (filters, kernel, stride) in enumerate(zip(values["filters"], kernels, strides, strict=True)):
        if values["separable"] and index:
            stack.depthwise(f"depth{index}", kernel, stride=stride)
            stack.conv(f"point{index}", filters, 1)
        else:
            stack.conv(f"conv{index}", filters, kernel, stride=stride)
        stack.max_pool(f"pool{index}", values["pool"])
    kernel = values["kernels"][-1]
    for index, dilation in enumerate(values["residual"]):
        before = stack.x
        stack.conv(f"far{index}", values["filters"][-1], kernel, dilation=dilation, padding="same", relu=False)
        stack.add(f"residual{index}", before)
    features = stack.head(values["head"])
    outputs = scores(features, classes, hidden=values["hidden"], dropout=values["dropout"] if training else 0.0)
    return keras().Model(inputs, outputs, name="cnn1d")


ARCHITECTURE = Architecture(
    name="cnn1d",
    summary="1-D convolutions over time, plain or depthwise-separable, pooling, and a small dense head",
    parameters=(
        Wholes("filters", (16, 32, 32), 1, 512, "output channels of each convolution"),
        Wholes("kernels", (5, 5, 3), 1, 64, "kernel length of each convolution, in samples; the last one repeats"),
        Wholes("strides", (1,), 1, 16, "samples from one output to the next of each convolution; the last one repeats"),
        Choice("padding", "valid", ("valid", "same"), "valid: only whole kernels; same: zeros beyond the ends"),
        Flag("separable", False, "all but the first convolution as one of each channel by itself and one of kernel 1"),
        Wholes(
            "residual",
            (),
            1,
            64,
            "dilations of residual convolutions that follow, each with the last of kernels and filters; [] for none",
            shortest=0,
        ),
        Whole("pool", 2, 1, 16, "samples pooled into one after each convolution; 1 for none"),
        Choice("head", "mean", HEADS, HEAD_DOC),
        Whole("hidden", 32, 0, 1024, "units of the dense layer before the scores; 0 for none"),
        Real("dropout", 0.3, 0.0, 0.9, "fraction of features dropped before the dense layers while training"),
        Flag("batch_norm", True, "batch normalisation while training; folded into the convolutions afterwards"),
    ),
    presets={
        "tiny": {"filters": (8, 16), "kernels": (5, 3), "head": "mean", "hidden": 0},
        "small": {"filters": (16, 32), "kernels": (5, 3), "head": "mean", "hidden": 32},
        "medium": {"filters": (16, 32, 32), "kernels": (5, 5, 3), "head": "mean", "hidden": 32},
        "large": {"filters": (24, 48, 64), "kernels": (5, 5, 3), "head": "mean", "hidden": 48},
        "separable": {
            "filters": (16, 32, 48),
            "kernels": (7, 7, 5),
            "strides": (2,),
            "padding": "same",
            "separable": True,
            "pool": 1,
            "head": "mean_max",
            "hidden": 0,
        },
        "strided": {
            "filters": (24, 32, 48, 48),
            "kernels": (7, 5, 3, 3),
            "strides": (2, 2, 2, 1),
            "padding": "same",
            "pool": 1,
            "head": "mean_max",
            "hidden": 0,
            "dropout": 0.2,
        },
        "residual": {
            "filters": (24, 24, 40),
            "kernels": (7, 5, 3),
            "strides": (2,),
            "padding": "same",
            "residual": (1, 2, 4),
            "pool": 1,
            "head": "mean_max",
            "hidden": 0,
            "dropout": 0.2,
        },
    },
    choices={
        "filters": ((8, 16), (16, 32), (8, 16, 24), (16, 24, 32), (24, 32, 48), (16, 32, 48, 48), (24, 32, 48, 48)),
        "kernels": ((5, 3), (7, 5, 3), (9, 5)),
        "strides": ((1,), (2,), (2, 1)),
        "padding": ("same",),
        "residual": ((), (1, 2, 4)),
        "separable": (False, True),
        "pool": (1, 2),
        "head": ("mean", "mean_max"),
        "hidden": (0, 32),
    },
    build=_build,
    check=_check,
)
