"""What a sketch of somebody's own printed: the network's input, window by window, and what came out.

A line a window: the input's numbers, in the order of the array, then, where they are printed, the output's numbers,
then, where it is printed, the name that the sketch shows; commas, tabs, semicolons or spaces between. Whole numbers
from -128 to 127 are the int8 input; others are raw samples, before ``<model>_preprocess``. Lines of other lengths are
not windows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import DataError
from tinyforge.core.types import Float32Array, Float64Array, Int8Array, ModelInfo
from tinyforge.evaluate.felt import Cause, Flags, Undo
from tinyforge.evaluate.ladder import Finding
from tinyforge.runtimes.preprocess import preprocess

_COARSE, _FINE = 4, 24  # distinct values of a channel
_CUT_SHARE = 0.1
_FEWEST_DECIMALS, _MOST_DECIMALS = -40, 17  # of a number that is printed: below, float32 ends
_BETWEEN = re.compile(r"[,;\t ]+")
_AROUND = " ,;\t\r\"'"
_WAY_OUT = "print the whole input in one line, comma separated, after each inference; then the output"


@dataclass(frozen=True, eq=False, slots=True)
class Printed:
    """Windows of one log.

    Attributes:
        values: float64 [window, time, channel]: the int8 input, or raw samples.
        quantized: whether it is the int8 input.
        scores: int8 [window, class] as printed; None where no line has them.
        shown: the names printed, one a window; empty where no line has one.
        others: lines that are no windows.
        step: what one more in the last digit of a sample is, where fewest are printed; 0 for whole numbers.
    """

    values: Float64Array
    quantized: bool
    scores: Int8Array | None
    shown: tuple[str, ...]
    others: int
    step: float = 0.0


def read_log(path: Path, info: ModelInfo) -> Printed:
    """The windows in a log.

    Args:
        path: what a serial monitor kept.
        info: of the model: its window, channels and labels.

    Raises:
        DataError: the file cannot be read, or holds no line as long as a window.
    """
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise DataError(str(path), f"cannot be read: {error.strerror}", _WAY_OUT) from error
    wanted = info.window.length * len(info.channels)
    classes = len(info.labels)
    rows: list[tuple[list[float], str]] = []
    lengths: list[int] = []
    others, decimals, whole = 0, _MOST_DECIMALS, True
    for line in text.splitlines():
        words, shown = _numbers(line), ""
        if len(words) not in {wanted, wanted + classes}:  # else a label such as "1" would be taken off the numbers
            rest, shown = _without_label(line, info.labels)
            words = _numbers(rest) if shown else words
        row = [float(word) for word in words]
        lengths.append(len(row))
        if len(row) in {wanted, wanted + classes} and (not rows or len(row) == len(rows[0][0])):
            rows.append((row, shown))
            decimals = min(decimals, *(_decimals(word) for word in words[:wanted]))
            whole = whole and not any("." in word for word in words[:wanted])
        elif row or line.strip():
            others += 1
    if not rows:
        raise DataError(
            str(path),
            f"no line has the {wanted} numbers of a window of {info.window.length} x {len(info.channels)}, alone or "
            f"with {classes} scores; the longest has {max(lengths, default=0)}",
            _WAY_OUT,
        )
    table = np.array([row for row, _ in rows])
    given = table[:, :wanted]
    quantized = bool((given == np.round(given)).all() and given.min() >= -128 and given.max() <= 127)
    scores = table[:, wanted:]
    names = tuple(shown for _, shown in rows)
    return Printed(
        given.reshape(len(rows), info.window.length, len(info.channels)),
        quantized,
        np.clip(np.nan_to_num(scores), -128, 127).astype(np.int8) if scores.shape[1] else None,
        names if all(names) else (),
        others,
        0.0 if whole else 10.0**-decimals,
    )


def _numbers(line: str) -> list[str]:
    """The words at the end of a line that are numbers, after whatever a serial monitor puts before them."""
    numbers: list[str] = []
    for word in reversed(_BETWEEN.split(line.strip(_AROUND))):
        try:
            float(word)
        except ValueError:
            break
        numbers.append(word)
    return numbers[::-1]


def _decimals(number: str) -> int:
    """Digits behind the point; fewer by its exponent."""
    mantissa, _, exponent = number.lower().partition("e")
    digits = len(mantissa.partition(".")[2])
    if not any(one.isdigit() for one in mantissa):  # NaN, infinity
        return _MOST_DECIMALS
    return max(_FEWEST_DECIMALS, digits - int(exponent or 0))


def _without_label(line: str, labels: tuple[str, ...]) -> tuple[str, str]:
    """The line without the label it ends with, and that; empty where it ends with none."""
    line = line.rstrip(_AROUND)
    for label in sorted(labels, key=len, reverse=True):
        rest = line.removesuffix(label)
        if rest != line and rest.rstrip(_AROUND) != rest:
            return rest, label
    return line, ""


def judge_input(quantized: Int8Array, usual: Int8Array, channels: tuple[str, ...]) -> list[Finding]:
    """What the int8 input itself shows: values that a cast left, or numbers cut at the ends of int8.

    Args:
        quantized: int8 [window, time, channel], printed.
        usual: the same of the training's windows.
        channels: names of the channels.

    Returns:
        Findings ``preprocessing`` (nothing else can be told then) and ``saturated``.
    """
    here, there = (array.reshape(-1, len(channels)) for array in (quantized, usual))
    coarse = [
        name
        for k, name in enumerate(channels)
        if 1 < len(np.unique(here[:, k])) <= _COARSE and len(np.unique(there[:, k])) > _FINE
    ]
    if coarse:
        counts = ", ".join(f"{name} {len(np.unique(here[:, channels.index(name)]))}" for name in coarse)
        fact = f"the input takes a handful of values where the training's takes more than {_FINE} ({counts}): a cast"
        way_out = "fill it with <model>_preprocess(raw, input): it standardises and quantizes"
        return [Finding("preprocessing", "sketch", "error", fact, way_out, {"channels": ", ".join(coarse)})]
    share, usually = (((array == -128) | (array == 127)).mean(axis=0) for array in (here, there))
    cut = [k for k in range(len(channels)) if share[k] - usually[k] > _CUT_SHARE]
    if not cut:
        return []
    said = ", ".join(f"{channels[k]} {100 * share[k]:.0f} % (in training {100 * usually[k]:.0f} %)" for k in cut)
    fact = f"inputs are cut at an end of int8: {said}; what they were is lost, so unit, range and axes cannot be told"
    way_out = "print the raw samples that are given to <model>_preprocess instead, and try again"
    return [Finding("saturated", "sketch", "error", fact, way_out, {"channels": ", ".join(channels[k] for k in cut)})]


def judge_bytes(raw: Float32Array, usual: Float32Array) -> list[Finding]:
    """Whether what was printed are bytes, where the input is int8 and the training's samples are no such numbers.

    Args:
        raw: float32 [window, time, channel], printed.
        usual: windows of the training, the same.
    """
    if raw.min() < 0 or raw.max() <= 127 or not _are_bytes(raw) or _are_bytes(usual):
        return []
    fact = (
        "whole numbers of 0 to 255 are printed, where the input is int8, -128 to 127, and samples are no such numbers"
    )
    way_out = "declare the input as int8_t, and fill it with <model>_preprocess(raw, input); then print it again"
    return [Finding("preprocessing", "sketch", "error", fact, way_out, {"most": float(raw.max())})]


def _are_bytes(values: Float32Array) -> bool:
    return bool((values == np.round(values)).all() and values.min() >= 0 and values.max() <= 255)


def as_raw(printed: Printed, info: ModelInfo, scale: float, zero_point: int) -> Float32Array:
    """The windows in the channels' units, float32 [window, time, channel], if the input is what it should be."""
    if not printed.quantized:
        with np.errstate(over="ignore"):
            return printed.values.astype(np.float32)
    return dequantized(printed.values, info, scale, zero_point)


def certain(printed: Printed, info: ModelInfo, scale: float, zero_point: int) -> Flags:
    """Whether the digits that are printed say what the int8 input was, bool [window]: a sketch has more of them."""
    if printed.quantized:
        return np.ones(len(printed.values), np.bool_)
    with np.errstate(over="ignore", invalid="ignore"):
        least, most = (
            preprocess(info, scale, zero_point, (printed.values + step).astype(np.float32))
            for step in (-printed.step, printed.step)
        )
    same: Flags = (least == most).all(axis=(1, 2))
    return same


def dequantized(values: npt.NDArray[Any], info: ModelInfo, scale: float, zero_point: int) -> Float32Array:
    """Int8 inputs [window, time, channel] in the channels' units, float32."""
    return _Input(info, scale, zero_point).raw(values.astype(np.float64))


@dataclass(frozen=True, slots=True)
class _Input:
    """The input as it should be: ``q = (raw - mean) / (std * scale) + zero_point``."""

    info: ModelInfo
    scale: float
    zero_point: int

    def raw(self, quantized: Float64Array) -> Float32Array:
        std, mean = self._std, self._mean
        made: Float32Array = ((quantized - self.zero_point) * self.scale * std + mean).astype(np.float32)
        return made

    def handed_over(self, raw: Float32Array) -> Float64Array:
        made: Float64Array = np.round((raw - self._mean) / (self._std * self.scale) + self.zero_point)
        return made

    @property
    def _mean(self) -> Float64Array:
        return np.array(self.info.preprocessing.mean)

    @property
    def _std(self) -> Float64Array:
        return np.array(self.info.preprocessing.std)


def sketch_causes(info: ModelInfo, scale: float, zero_point: int, *, quantized: bool) -> Iterator[Cause]:
    """What sketches do instead of ``<model>_preprocess``, undone in raw samples.

    Args:
        info: of the model.
        scale, zero_point: of its input.
        quantized: whether the int8 input was printed; raw samples can only stand in another order.
    """
    name, length, channels = info.name, info.window.length, len(info.channels)
    use = f"fill the input with {name}_preprocess(raw, input): it standardises and quantizes"
    std, mean = np.array(info.preprocessing.std), np.array(info.preprocessing.mean)
    right = _Input(info, scale, zero_point)
    said = (
        ("samples are quantized as they are, not standardised", scale + 0 * std, 0 * mean, zero_point),
        ("samples are cast to int8, neither standardised nor quantized", 1 + 0 * std, 0 * mean, 0),
        ("samples are standardised and cast to int8, not quantized", std, mean, 0),
        ("the mean is not taken off before quantization", std * scale, 0 * mean, zero_point),
        ("samples are not divided by the standard deviation", scale + 0 * std, mean, zero_point),
        (f"the zero point of the input, {zero_point}, is not added", std * scale, mean, 0),
    )
    if quantized:
        for what, factor, offset, zero in said:
            if zero_point == 0 and what.startswith("the zero point"):
                continue
            yield Cause("preprocessing", what, use, _linear(right, factor, offset, zero))
        yield Cause(
            "preprocessing",
            "bytes of 0 to 255 are handed over, where the input is int8",
            use,
            lambda raw: right.raw(right.handed_over(raw) % 256 - 128),
        )

    def turned(raw: Float32Array) -> Float32Array:
        seen = right.handed_over(raw) if quantized else raw.astype(np.float64)
        order = np.ascontiguousarray(seen.reshape(len(raw), channels, length).transpose(0, 2, 1))
        return right.raw(order) if quantized else order.astype(np.float32)

    if channels > 1:
        text = "the window is filled channel by channel, where it is [time][channel]: all channels of a sample in a row"
        yield Cause("preprocessing", text, "write sample after sample, each with all its channels", turned)
    text = "the newest sample stands first, where the window begins with the oldest"
    way_out = "write the window from the oldest sample to the newest"
    yield Cause("preprocessing", text, way_out, lambda raw: np.ascontiguousarray(raw[:, ::-1]))


def _linear(right: _Input, factor: Float64Array, offset: Float64Array, zero: int) -> Undo:
    def undo(raw: Float32Array) -> Float32Array:
        made: Float32Array = ((right.handed_over(raw) - zero) * factor + offset).astype(np.float32)
        return made

    return undo
