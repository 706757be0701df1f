"""MIRROR_PAD: both modes, up to four dimensions mirrored as far as they go."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from movecase import element, shape_of
from opbench import Case
from opcase import pick
from tflite_writer import Writer


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        shape, kind, mode = shape_of(rng, 1, 4, 6), element(rng, "float32", "int16"), int(rng.integers(2))
        pairs = [[int(rng.integers(size + mode)) for _ in range(2)] if rng.integers(2) else [0, 0] for size in shape]
        model = Writer()
        x = model.tensor("x", shape, **kind)
        padded = [before + size + after for size, (before, after) in zip(shape, pairs, strict=True)]
        y = model.tensor("y", padded, **kind)
        said = model.constant("pad", pairs, pick(rng, "int32", "int64"))
        model.op("MIRROR_PAD", [x, said], [y], "MirrorPadOptions", mode=mode)
        yield Case(f"{number}: {kind['dtype']} {shape} by {pairs} mode {mode}", model.build([x], [y]), inputs=2)
