"""What rounding to int8 costs, layer by layer: signal-to-quantization-noise ratios, and the layer that pays most."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.compress.fake_quant import FakeQuantNetwork, Unit, scale_groups
from tinyforge.core.types import Float32Array
from tinyforge.core.windows import Windows

HURT_DB = 20.0
"""A layer that alone leaves the scores less than this above its noise is named: errors of a tenth of the scores."""

_WINDOWS = 192
_OUTLIER = 4.0  # range over the 99.9th percentile
_LOUD = 8.0  # range of a channel over the median one's: three of eight bits
_CHANNEL_GAIN_DB = 6.0  # a bit


@dataclass(frozen=True, slots=True)
class LayerError:
    """One operation of the int8 model.

    Attributes:
        name: of its layer.
        weights_db: SQNR of its weights; None without weights, infinite when nothing is lost.
        output_db: SQNR of its output when everything up to it is int8.
        alone_db: SQNR of the network's scores when only this operation is int8.
        low, high: the calibrated range of its output.
        covered: share of the output's values on validation windows that lie in the range, 0..1.
        crest: the range's end over the 99.9th percentile of magnitudes: how much of the range single values use.
        channel_gain_db: what a scale for each output channel would bring to the weights; 0 where they have one.
        loudest: the channel of its output with the widest range, all of which share a scale.
        loudness: that range over the median channel's.
    """

    name: str
    weights_db: float | None
    output_db: float | None
    alone_db: float | None
    low: float
    high: float
    covered: float
    crest: float
    channel_gain_db: float
    loudest: int = 0
    loudness: float = 1.0

    def to_json(self) -> dict[str, Any]:
        """Plain data; an infinite ratio is null, and ``has_weights`` tells it from none."""
        said = asdict(self) | {"has_weights": self.weights_db is not None}
        return {key: None if isinstance(value, float) and math.isinf(value) else value for key, value in said.items()}


def sqnr_db(signal: npt.NDArray[Any], rounded: npt.NDArray[Any]) -> float:
    """10 log10(sum signal^2 / sum (signal - rounded)^2); infinite where nothing differs; both of one shape."""
    exact = np.asarray(signal, np.float64)
    noise = float(np.sum(np.square(exact - rounded)))
    power = float(np.sum(np.square(exact)))
    if noise == 0.0:
        return math.inf
    return 10 * math.log10(power / noise) if power > 0 else -math.inf


def few(windows: Windows | Float32Array) -> Float32Array:
    """At most 192 of the windows [n, time, channel], from all over them: enough to see ranges and rounding."""
    drawn: Float32Array = windows[:: max(1, len(windows) // _WINDOWS)][:_WINDOWS]
    return drawn


def layer_errors(network: FakeQuantNetwork, deployed: Any, windows: Float32Array) -> list[LayerError]:
    """Errors of a calibrated network on standardised windows that did not calibrate it.

    Args:
        network: the rounded double of ``deployed``.
        deployed: the float network.
        windows: standardised [n, time, channel]; :func:`few` of them are used, and all for the coverage.
    """
    some = few(windows)
    network.switch(weights=False, activations=False)
    exact = network.observe(some)
    covered = [_covered(unit, seen) for unit, seen in zip(network.units, network.observe(windows), strict=True)]
    network.switch(weights=True, activations=True)
    together = network.observe(some)
    found = []
    for index, unit in enumerate(network.units):
        network.switch(weights=True, activations=True, only=unit)
        scores = network.observe(some)[-1]
        if unit is network.units[-1]:
            scores = unit.range.call(scores).numpy()
        weights_db, gain = _weights(unit, deployed)
        low, high = float(unit.range.low.numpy()), float(unit.range.high.numpy())
        usual = float(np.quantile(np.abs(exact[index]), 0.999))
        loudest, loudness = _loudest(exact[index])
        network.switch(weights=True, activations=True)
        found.append(
            LayerError(
                name=unit.name,
                weights_db=weights_db,
                output_db=sqnr_db(exact[index], unit.range.call(together[index]).numpy()),
                alone_db=sqnr_db(exact[-1], scores),
                low=low,
                high=high,
                covered=covered[index],
                crest=max(high, -low) / usual if usual > 0 else 1.0,
                channel_gain_db=gain,
                loudest=loudest,
                loudness=loudness,
            )
        )
    return found


def _loudest(seen: Float32Array) -> tuple[int, float]:
    """The channel (last axis) of the widest range, and its range over the median one's."""
    ranges = np.abs(seen).reshape(-1, seen.shape[-1]).max(0)
    middle = float(np.median(ranges[ranges > 0])) if (ranges > 0).any() else 0.0
    loudest = int(ranges.argmax())
    return loudest, float(ranges[loudest]) / middle if middle > 0 else 1.0


def _covered(unit: Unit, seen: Float32Array) -> float:
    low, high = float(unit.range.low.numpy()), float(unit.range.high.numpy())
    half = (high - low) / 510  # what rounds into the range is in it
    return float(np.mean((seen >= low - half) & (seen <= high + half)))


def _weights(unit: Unit, deployed: Any) -> tuple[float | None, float]:
    """SQNR of the weight matrices, and what a scale a channel would bring."""
    if unit.rounded is None:
        return None, 0.0
    layer = deployed.get_layer(unit.name)
    exact, rounded, by_channel = [], [], []
    for stem, was, now in zip(unit.rounded.stems, layer.get_weights(), unit.rounded.values(), strict=True):
        if "kernel" in stem:
            exact.append(was.reshape(-1))
            rounded.append(now.reshape(-1))
            groups = scale_groups(layer, was.shape, per_channel=True)
            by_channel.append(_rounded(was.reshape(groups)).reshape(-1))
    whole = np.concatenate(exact)
    here, best = sqnr_db(whole, np.concatenate(rounded)), sqnr_db(whole, np.concatenate(by_channel))
    return here, max(0.0, best - here) if math.isfinite(here) and math.isfinite(best) else 0.0


def _rounded(grouped: Float32Array) -> Float32Array:
    top = np.abs(grouped).max(axis=(0, 2), keepdims=True)
    scale = np.where(top > 0, top / np.float32(127), np.float32(1))
    whole: Float32Array = np.rint(grouped / scale) * scale
    return whole


def findings(errors: list[LayerError], *, lost_points: float, aware: bool) -> list[str]:
    """The layers that int8 hurts, each with what helps.

    Args:
        errors: of all layers.
        lost_points: accuracy of the float network less that of the int8 model, in points of percent.
        aware: the network was trained quantization-aware.
    """
    hurt = [one for one in errors if one.alone_db is not None and one.alone_db < HURT_DB]
    if not hurt and lost_points > 0.5:
        hurt = [min(errors, key=lambda one: math.inf if one.alone_db is None else one.alone_db)]
    return [
        f"layer {one.name}: int8 hurts it (alone it leaves the scores {one.alone_db:.1f} dB above its noise); "
        f"{_help(one, aware=aware)}"
        for one in sorted(hurt, key=lambda one: one.alone_db or 0.0)
    ]


def _help(one: LayerError, *, aware: bool) -> str:
    if one.covered < 0.999:
        return (
            f"{100 * (1 - one.covered):.2g} % of its values on validation windows are outside the calibrated range: "
            "raise calibration_windows"
        )
    if one.channel_gain_db > _CHANNEL_GAIN_DB:
        return (
            f"a scale for each output channel would bring {one.channel_gain_db:.0f} dB, and clustering allows one a "
            "matrix: set clusters = 0, or train on with qat_epochs = 8"
        )
    if one.loudness > _LOUD:
        loud = (
            f"channel {one.loudest} takes {one.loudness:.0f} times the range of the median one, and all share a scale: "
        )
        return loud + (
            "look for weights in it that are not like the others, or train again with less learning_rate"
            if aware
            else "train on with qat_epochs = 8"
        )
    if one.crest > _OUTLIER:
        return (
            f"single values use {one.crest:.0f} times the range of the rest: train on with qat_epochs = 8, "
            "or clip the input"
        )
    if aware:
        return f"it was trained for int8 already: give it more units, or sparsity = 0 in [compress.layers.{one.name}]"
    return "train on with qat_epochs = 8"
