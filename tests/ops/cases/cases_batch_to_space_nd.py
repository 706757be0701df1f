"""BATCH_TO_SPACE_ND: pictures and sequences, blocks, crops."""

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
        spatial, batches, channels = int(rng.integers(1, 3)), int(rng.integers(1, 4)), int(rng.integers(1, 5))
        block = [int(size) for size in rng.integers(1, 4, spatial)]
        parts = [int(size) for size in rng.integers(1, 5, spatial)]
        crops, sizes = [], []
        for part, side in zip(parts, block, strict=True):
            total = int(rng.integers(min(part * side, 5)))
            before = int(rng.integers(total + 1))
            crops.append([before, total - before])
            sizes.append(part * side - total)
        kind = element(rng, "float32")
        model = Writer()
        x = model.tensor("x", (batches * int(np.prod(block)), *parts, channels), **kind)
        y = model.tensor("y", (batches, *sizes, channels), **kind)
        inputs = [x, model.constant("block", block), model.constant("crops", crops)]
        model.op("BATCH_TO_SPACE_ND", inputs, [y], "BatchToSpaceNDOptions")
        name = f"{number}: {kind['dtype']} {batches}x{sizes}x{channels} blocks {block} crops {crops}"
        yield Case(name, model.build([x], [y]), inputs=2)
