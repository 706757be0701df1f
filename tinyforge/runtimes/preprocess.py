"""From raw samples to the network's int8 input: the Python twin of the generated ``<name>_preprocess``.

Both compute, in float32, ``doubled = (raw - mean[c]) * factor[c]`` with ``factor = 2 / (std * scale)`` rounded to
float32 once, cut it to [-1024, 1024], truncate, and halve the integer away from zero. After the product no float
operation is left, so no compiler can fuse one into it, and both sides give the same bits.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyforge.core.types import Float32Array, Int8Array, ModelInfo

LIMIT = 1024.0


def preprocessing_constants(info: ModelInfo, scale: float) -> tuple[Float32Array, Float32Array]:
    """``mean`` and ``factor``, float32 [channel], as both sides use them; infinite where they leave float32.

    Args:
        info: of the model.
        scale: of the quantized input; 0 where it is not quantized gives an infinite factor.
    """
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        mean = np.array(info.preprocessing.mean, np.float64).astype(np.float32)
        factor = (2.0 / (np.array(info.preprocessing.std, np.float64) * scale)).astype(np.float32)
    return mean, factor


def preprocess(info: ModelInfo, scale: float, zero_point: int, windows: Float32Array) -> Int8Array:
    """Standardise and quantize windows.

    Args:
        info: of the model.
        scale, zero_point: of the quantized input.
        windows: float32 [..., channel] in the channels' units; a NaN becomes the least value.

    Returns:
        int8 of the same shape.
    """
    mean, factor = preprocessing_constants(info, scale)
    raw = np.asarray(windows, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        doubled = (raw - mean) * factor
    limit = np.float32(LIMIT)
    cut = np.minimum(np.where(doubled >= -limit, doubled, -limit), limit)
    twice: npt.NDArray[np.int32] = cut.astype(np.int32)
    halved = np.where(twice >= 0, (twice + 1) >> 1, -((1 - twice) >> 1))
    quantized: Int8Array = np.clip(halved + zero_point, -128, 127).astype(np.int8)
    return quantized
