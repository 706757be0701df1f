"""What case files of operators that only move values share: types, and arrays of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from opcase import pick, scale, zero_point
from tflite_writer import Writer


def element(rng: np.random.Generator, *others: str) -> dict[str, Any]:
    """``dtype``, and for int8 a quantization; int8 more often than all ``others`` together."""
    dtype = pick(rng, "int8", "int8", *others[:1], *([pick(rng, *others)] if others else []))
    return {"dtype": dtype, **({"scale": scale(rng), "zero_point": zero_point(rng)} if dtype == "int8" else {})}


def values(rng: np.random.Generator, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Random content of a constant."""
    if dtype == "float32":
        return rng.normal(0, 3, shape).astype(np.float32)
    info = np.iinfo(dtype)
    return rng.integers(info.min, int(info.max) + 1, shape, dtype=np.int64).astype(dtype)


def shape_of(rng: np.random.Generator, least: int = 1, most: int = 5, largest: int = 6) -> tuple[int, ...]:
    """A random shape; its product stays small."""
    rank = int(rng.integers(least, most + 1))
    return tuple(int(size) for size in rng.integers(1, largest + 1, rank))


def scratch(model: Writer, name: str, shape: tuple[int, ...], element_: dict[str, Any]) -> int:
    """A tensor of an element."""
    return model.tensor(name, shape, **element_)
