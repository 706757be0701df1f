"""RESIZE_BILINEAR: larger, smaller, odd ratios, each flag."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from movecase import element
from opbench import Case
from opcase import pick
from tflite_writer import Writer


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        batches, height, width, channels = (int(size) for size in rng.integers(1, (3, 14, 14, 6)))
        out = [int(size) for size in rng.integers(1, 30, 2)]
        kind = element(rng)
        align, half = pick(rng, (False, False), (True, False), (False, True))
        model = Writer()
        x = model.tensor("x", (batches, height, width, channels), **kind)
        y = model.tensor("y", (batches, *out, channels), **kind)
        model.op(
            "RESIZE_BILINEAR",
            [x, model.constant("size", out)],
            [y],
            "ResizeBilinearOptions",
            align_corners=align,
            half_pixel_centers=half,
        )
        name = f"{number}: {(batches, height, width, channels)} -> {out} corners {align} half {half}"
        yield Case(name, model.build([x], [y]), inputs=3)
