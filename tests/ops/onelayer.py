"""Models of one layer each, to see what a MAC costs at a number of channels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tflite_writer import Writer

from tinyforge.pipeline import models

SCALE = 0.05
KINDS = {  # operator, height and width of the kernel; None for a dense layer
    "conv_1d": ("CONV_2D", 1, 5),
    "conv_1d k3": ("CONV_2D", 1, 3),
    "conv_2d": ("CONV_2D", 3, 3),
    "conv_2d 5x5": ("CONV_2D", 5, 5),
    "pointwise": ("CONV_2D", 1, 1),
    "depthwise_conv_2d": ("DEPTHWISE_CONV_2D", 3, 3),
    "depthwise 5x5": ("DEPTHWISE_CONV_2D", 5, 5),
    "depthwise k5": ("DEPTHWISE_CONV_2D", 1, 5),
    "fully_connected": None,
}


def layer(kind: str, size: int, in_ch: int, channels: int) -> bytes:
    """One layer of random weights; its output scale is that of random products, its padding ``same``.

    Args:
        kind: of ``KINDS``.
        size: length, or height and width, or how many inputs a dense layer has at once.
        in_ch, channels: in and out.
    """
    rng = np.random.default_rng(channels)
    model = Writer()
    operator, *kernel = KINDS[kind] or ("FULLY_CONNECTED",)
    depthwise = operator == "DEPTHWISE_CONV_2D"
    shape = (1, *kernel, channels) if depthwise else (channels, *kernel, in_ch)
    taps = int(np.prod(shape)) // channels
    places = (size,) if not kernel else (1, 1, size) if kernel[0] == 1 < kernel[1] else (1, size, size)
    x = model.tensor("x", (*places, in_ch), scale=SCALE, zero_point=-128)
    weights = rng.integers(-127, 128, shape).astype(np.int8)
    filter_ = model.constant("filter", weights, "int8", scale=[0.01] * channels, axis=3 if depthwise else 0)
    bias = model.constant("bias", rng.integers(-500, 500, channels), "int32", scale=[SCALE * 0.01] * channels)
    scale = float(np.float32(SCALE * 0.01 * np.sqrt(taps) * 75))
    y = model.tensor("y", (*places, channels), scale=scale, zero_point=-128)
    options = {"stride_w": 1, "stride_h": 1, "padding": 0, "dilation_w_factor": 1, "dilation_h_factor": 1}
    if not kernel:
        model.op(operator, [x, filter_, bias], [y], "FullyConnectedOptions")
    elif depthwise:
        model.op(operator, [x, filter_, bias], [y], "DepthwiseConv2DOptions", depth_multiplier=1, **options)
    else:
        model.op(operator, [x, filter_, bias], [y], "Conv2DOptions", **options)
    return bytes(model.build([x], [y]))


def per_mac(kind: str, size: int, in_ch: int, channels: int, folder: Path) -> tuple[int, float]:
    """MAC, and instructions a MAC on the virtual Cortex-M4."""
    path = folder / f"{kind.replace(' ', '_')}_{size}_{in_ch}_{channels}.tflite"
    path.write_bytes(layer(kind, size, in_ch, channels))
    cost = models.profile(path)
    return cost["macs"], cost["instructions"] / cost["macs"]


def odd_to_even(kind: str, size: int, side: str, channels: int, other: int, folder: Path) -> float:
    """A MAC's cost at a number of channels over that at the next multiple of four.

    Args:
        kind, size: as for ``layer``.
        side: ``in`` or ``out``, the side that has them; a depthwise layer has them on both.
        channels: how many.
        other: channels of the other side.
        folder: for files.
    """
    costs = []
    for count in (channels, -(-channels // 4) * 4):
        both = kind.startswith("depthwise")
        in_ch, out_ch = (count if both or side == here else other for here in ("in", "out"))
        costs.append(per_mac(kind, size, in_ch, out_ch, folder)[1])
    return costs[0] / costs[1]
