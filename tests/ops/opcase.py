"""What case files share: random scales and zero points, filters, and sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
from tflite_writer import Writer

ACTIVATIONS = (0, 1, 2, 3)  # NONE, RELU, RELU_N1_TO_1, RELU6


def pick(rng: np.random.Generator, *choices: Any) -> Any:
    """One of the choices."""
    return choices[int(rng.integers(len(choices)))]


def zero_point(rng: np.random.Generator) -> int:
    """Over the whole range of int8, with its ends and 0 more often."""
    return int(pick(rng, -128, 127, 0, int(rng.integers(-128, 128)), int(rng.integers(-128, 128))))


def scale(rng: np.random.Generator, low: float = 1e-3, high: float = 1.0) -> float:
    """A float32 scale, evenly distributed in its exponent."""
    return float(np.float32(np.exp(rng.uniform(np.log(low), np.log(high)))))


def weights(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """int8 weights, sometimes all extremes, sometimes sparse."""
    kind = int(rng.integers(4))
    if kind == 0:
        return np.where(rng.integers(0, 2, shape) == 1, 127, -127).astype(np.int8)
    if kind == 1:
        return (rng.integers(-127, 128, shape) * (rng.random(shape) < 0.2)).astype(np.int8)
    return rng.integers(-127, 128, shape).astype(np.int8)


def out_scale(rng: np.random.Generator, in_scale: float, filter_scale: float, terms: int) -> float:
    """An output scale under which random products fill the range, within a factor of 30 either way."""
    natural = in_scale * filter_scale * np.sqrt(max(terms, 1)) * 75 * 75 / 64
    return float(np.float32(natural * np.exp(rng.uniform(-3.4, 3.4))))


def filter_tensor(
    model: Writer, rng: np.random.Generator, shape: tuple[int, ...], axis: int, per_channel: bool
) -> tuple[int, list[float]]:
    """A constant filter; its index and its scales."""
    count = shape[axis] if per_channel else 1
    scales = [scale(rng, 1e-3, 5e-2) for _ in range(count)]
    return model.constant("filter", weights(rng, shape), "int8", scale=scales, axis=axis), scales


def bias_tensor(
    model: Writer, rng: np.random.Generator, channels: int, in_scale: float, scales: list[float], reach: int
) -> int:
    """A constant bias with the scale TFLite expects."""
    values = rng.integers(-reach, reach + 1, channels)
    return model.constant("bias", values, "int32", scale=[in_scale * one for one in scales], zero_point=0)
