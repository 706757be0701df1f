"""BROADCAST_TO: dimensions of 1 spread, and new ones in front."""

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
        whole, kind = shape_of(rng, 1, 5, 5), element(rng, "float32", "uint8", "int32")
        shape = [size if rng.integers(2) else 1 for size in whole][int(rng.integers(len(whole))) :]
        model = Writer()
        x, y = model.tensor("x", shape, **kind), model.tensor("y", whole, **kind)
        said = model.constant("shape", whole, pick(rng, "int32", "int64"))
        model.op("BROADCAST_TO", [x, said], [y], "BroadcastToOptions", version=2)
        yield Case(f"{number}: {kind['dtype']} {shape} to {whole}", model.build([x], [y]), inputs=2)
