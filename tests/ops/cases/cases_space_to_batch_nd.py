"""SPACE_TO_BATCH_ND: pictures and sequences, blocks, paddings."""

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
        edges, sizes = [], []
        for part, side in zip(parts, block, strict=True):
            total = int(rng.integers(min(part * side, 5)))
            before = int(rng.integers(total + 1))
            edges.append([before, total - before])
            sizes.append(part * side - total)
        kind = element(rng, "float32")
        model = Writer()
        x = model.tensor("x", (batches, *sizes, channels), **kind)
        y = model.tensor("y", (batches * int(np.prod(block)), *parts, channels), **kind)
        inputs = [x, model.constant("block", block), model.constant("pad", edges)]
        model.op("SPACE_TO_BATCH_ND", inputs, [y], "SpaceToBatchNDOptions")
        name = f"{number}: {kind['dtype']} {batches}x{sizes}x{channels} blocks {block} padding {edges}"
        yield Case(name, model.build([x], [y]), inputs=2)
