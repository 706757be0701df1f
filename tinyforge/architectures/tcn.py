"""A temporal convolutional network: residual blocks whose kernels reach twice as far from one to the next.

After S. Bai, J. Z. Kolter, V. Koltun, "An empirical evaluation of generic convolutional and recurrent networks for
sequence modeling", 2018, with two differences: the window is whole when it is scored, so kernels look both ways, and
the sequence is shortened before the blocks, which costs no accuracy on motion and saves the board most of the work.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyforge.architectures.layers1d import HEAD_DOC, HEADS, Stack, scores
from tinyforge.architectures.parameters import Choice, Flag, Real, Whole
from tinyforge.architectures.registry import Architecture
from tinyforge.core.errors import ConfigError


def _check(values: Mapping[str, Any], input_shape: tuple[int, int], place: str) -> None:
    length = -(-input_shape[0] // values["shorten"])
    if values["blocks"] and length <= 2 ** (values["blocks"] - 1):
        raise ConfigError(
            f"{place}.blocks",
            f"the last of {values['blocks']} blocks reaches {2 ** (values['blocks'] - 1)} samples to each side, "
            f"but there are {length}",
            "take longer windows, fewer blocks, or a smaller shorten",
        )


def _build(values: Mapping[str, Any], input_shape: tuple[int, int], classes: int, training: bool) -> Any:
    from tinyforge.architectures.session import keras

    inputs = keras().layers.Input(input_shape, name="window")
    stack = Stack(inputs, training=training, batch_norm=values["batch_norm"], padding="same")
    filters, kernel = values["filters"], values["kernel"]
    stack.conv("stem", filters, 2 * values["shorten"] - 1, stride=values["shorten"])
    for index in range(values["blocks"]):
        before = stack.x
        stack.conv(f"block{index}_far", filters, kernel, dilation=2**index)
        stack.conv(f"block{index}_near", filters, 1, relu=False)
        stack.add(f"block{index}", before)
    stack.conv("last", 2 * filters, 1)
    features = stack.head(values["head"])
    outputs = scores(features, classes, hidden=values["hidden"], dropout=values["dropout"] if training else 0.0)
    return keras().Model(inputs, outputs, name="tcn")


ARCHITECTURE = Architecture(
    name="tcn",
    summary="residual blocks of dilated convolutions, each reaching twice as far as the one before",
    parameters=(
        Whole("filters", 24, 1, 512, "channels of every block"),
        Whole("kernel", 3, 2, 16, "kernel length of the dilated convolutions, in samples"),
        Whole("blocks", 3, 0, 8, "residual blocks; block n has a dilation of 2^n"),
        Whole("shorten", 4, 1, 16, "samples of the window that become one before the blocks"),
        Choice("head", "mean_max", HEADS, HEAD_DOC),
        Whole("hidden", 0, 0, 1024, "units of a dense layer before the scores; 0 for none"),
        Real("dropout", 0.2, 0.0, 0.9, "fraction of features dropped before the dense layers while training"),
        Flag("batch_norm", True, "batch normalisation while training; folded into the convolutions afterwards"),
    ),
    presets={
        "tiny": {"filters": 8, "blocks": 2},
        "small": {"filters": 16, "blocks": 3},
        "medium": {"filters": 24, "blocks": 3},
        "large": {"filters": 40, "blocks": 4},
    },
    choices={
        "filters": (8, 12, 16, 24, 32, 40),
        "kernel": (3, 5),
        "blocks": (1, 2, 3),
        "shorten": (2, 4),
        "head": ("mean", "mean_max"),
    },
    build=_build,
    check=_check,
)
