"""PAD: up to five dimensions, each padded or not, int32 and int64 amounts; float32 with zeros."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from movecase import element, shape_of
from opbench import Case
from opcase import pick
from tflite_writer import Writer


def amounts(rng: np.random.Generator, rank: int, most: int = 4) -> list[list[int]]:
    """Pairs of amounts; about half of the dimensions have none."""
    return [[int(rng.integers(most)) for _ in range(2)] if rng.integers(2) else [0, 0] for _ in range(rank)]


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        shape, kind = shape_of(rng, 1, 5, 5), element(rng, "float32", "int32")
        pairs = amounts(rng, len(shape))
        model = Writer()
        x = model.tensor("x", shape, **kind)
        padded = [before + size + after for size, (before, after) in zip(shape, pairs, strict=True)]
        y = model.tensor("y", padded, **kind)
        said = model.constant("pad", pairs, pick(rng, "int32", "int32", "int64"))
        model.op("PAD", [x, said], [y], "PadOptions")
        yield Case(f"{number}: {kind} {shape} by {pairs}", model.build([x], [y]), inputs=2)
