"""SPACE_TO_DEPTH: block sizes, batches, channels, element types."""

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
        batches, height, width, channels, block = (int(size) for size in rng.integers(1, (3, 5, 5, 5, 5)))
        kind = element(rng, "float32", "uint8", "int32")
        model = Writer()
        x = model.tensor("x", (batches, height * block, width * block, channels), **kind)
        y = model.tensor("y", (batches, height, width, channels * block * block), **kind)
        model.op("SPACE_TO_DEPTH", [x], [y], "SpaceToDepthOptions", block_size=block)
        name = f"{number}: {kind['dtype']} {(batches, height, width, channels)} blocks of {block}"
        yield Case(name, model.build([x], [y]), inputs=2)
