"""RESIZE_NEAREST_NEIGHBOR: larger, smaller, odd ratios, both flags."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from movecase import element
from opbench import Case
from tflite_writer import Writer


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        batches, height, width, channels = (int(size) for size in rng.integers(1, (3, 12, 12, 6)))
        out = [int(size) for size in rng.integers(1, 24, 2)]
        kind = element(rng, "float32", "uint8")
        flags = {"align_corners": bool(rng.integers(2)), "half_pixel_centers": bool(rng.integers(2))}
        model = Writer()
        x = model.tensor("x", (batches, height, width, channels), **kind)
        y = model.tensor("y", (batches, *out, channels), **kind)
        model.op(
            "RESIZE_NEAREST_NEIGHBOR", [x, model.constant("size", out)], [y], "ResizeNearestNeighborOptions", **flags
        )
        name = f"{number}: {kind['dtype']} {(batches, height, width, channels)} -> {out} {flags}"
        yield Case(name, model.build([x], [y]), inputs=2)
