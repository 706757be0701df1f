"""What case files of operators of one int8 input share: all 256 values, over scales and zero points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from opbench import Case
from opcase import pick, scale, zero_point
from tflite_writer import Writer

ALL_VALUES = np.arange(-128, 128, dtype=np.int8)


def unary_case(
    name: str,
    kind: str,
    quantization: tuple[tuple[float, int], tuple[float, int]],
    options: str | None = None,
    *,
    values: np.ndarray = ALL_VALUES,
    **settings: Any,
) -> Case:
    """One operator over ``values``, an array of the type of both tensors; zero points of uint8 are given less 128."""
    (in_scale, in_zero), (out_scale, out_zero) = quantization
    if values.dtype == np.uint8:
        in_zero, out_zero = in_zero + 128, out_zero + 128
    model = Writer()
    x = model.tensor("x", values.shape, str(values.dtype), scale=in_scale, zero_point=in_zero)
    y = model.tensor("y", values.shape, str(values.dtype), scale=out_scale, zero_point=out_zero)
    model.op(kind, [x], [y], options, **settings)
    data = model.build([x], [y])
    return Case(f"{name}: {quantization} {settings}", data, given=[[values]], unlisted=kind == "ELU")


def quantizations(
    rng: np.random.Generator, *, same: bool = True, low: float = 1e-3, high: float = 1.0
) -> Iterator[tuple[tuple[float, int], tuple[float, int]]]:
    """Quantizations of input and output: equal when ``same`` says so now and then, near each other, or unrelated."""
    while True:
        one = (scale(rng, low, high), zero_point(rng))
        kind = int(rng.integers(4))
        if kind == 0 and same:
            yield one, one
        elif kind == 1:
            yield one, (one[0], zero_point(rng))
        elif kind == 2:
            yield one, (float(np.float32(one[0] * np.exp(rng.uniform(-1, 1)))), zero_point(rng))
        else:
            yield one, (scale(rng, low, high), zero_point(rng))


def shaped(rng: np.random.Generator, *, unsigned: bool = False) -> np.ndarray:
    """All values in one of a few shapes, or some of them in an odd one; now and then uint8 when it may be."""
    if rng.integers(4):
        values = ALL_VALUES.reshape(pick(rng, (256,), (1, 256), (2, 8, 16), (1, 4, 4, 16)))
    else:
        values = rng.integers(-128, 128, tuple(rng.integers(1, 6, int(rng.integers(1, 5))))).astype(np.int8)
    return values.view(np.uint8) if unsigned and rng.integers(5) == 0 else values
