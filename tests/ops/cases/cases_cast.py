"""CAST: every pair of types, with the ends of their ranges and, from float, what lies beyond them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from tflite_writer import Writer

TYPES = ("bool", "int8", "uint8", "int16", "int32", "int64", "float32")


def values_of(rng: np.random.Generator, dtype: str) -> np.ndarray:
    """64 values, among them the extremes."""
    if dtype == "bool":
        return rng.integers(0, 2, 64).astype(bool)
    if dtype == "float32":
        ends = [0.0, -0.0, 0.5, -0.5, 0.99, -0.99, 127.5, -128.5, 255.9, 256.0, 32767.9, 2.0**31, -(2.0**31), 2.0**63]
        ends += [-(2.0**63), 1e30, -1e30, np.inf, -np.inf, np.nan, 1e-40]
        return np.concatenate([ends, rng.normal(0, 1000, 64 - len(ends))]).astype(np.float32)
    info = np.iinfo(dtype)
    ends = [info.min, info.max, 0, 1, info.max - 1, info.min + 1, min(info.max, (1 << 24) + 1)]
    return np.concatenate(
        [np.array(ends, dtype), rng.integers(info.min, info.max, 64 - len(ends), dtype, endpoint=True)]
    )


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        for source in TYPES:
            for target in TYPES:
                number += 1
                model = Writer()
                x, y = model.tensor("x", (64,), source), model.tensor("y", (64,), target)
                model.op("CAST", [x], [y], "CastOptions")
                given = [[values_of(rng, source)]]
                yield Case(f"{number}: {source} to {target}", model.build([x], [y]), given=given)
