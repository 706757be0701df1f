"""ADD: equal shapes, broadcasting on either side, a constant operand, activations, scales far apart."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from opcase import ACTIVATIONS, pick, scale, zero_point
from tflite_writer import Writer


def broadcast_shapes(rng: np.random.Generator, most_rank: int = 4) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes that broadcast; often equal."""
    rank = int(rng.integers(1, most_rank + 1))
    full = [int(size) for size in rng.integers(1, 6, rank)]
    if rng.integers(3) == 0:
        return tuple(full), tuple(full)
    left = [1 if rng.integers(4) == 0 else size for size in full]
    right = [1 if rng.integers(4) == 0 else size for size in full]
    cut = int(rng.integers(0, rank))
    return (tuple(left), tuple(right[cut:])) if rng.integers(2) else (tuple(left[cut:]), tuple(right))


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        left, right = broadcast_shapes(rng)
        out = np.broadcast_shapes(left, right)
        scales = [scale(rng), scale(rng)]
        model = Writer()
        a = model.tensor("a", left, scale=scales[0], zero_point=zero_point(rng))
        fixed = rng.integers(4) == 0
        content = rng.integers(-128, 128, right).astype(np.int8) if fixed else None
        b = model.tensor("b", right, scale=scales[1], zero_point=zero_point(rng), data=content)
        y_scale = float(np.float32(max(scales) * pick(rng, 0.1, 0.5, 1.0, 2.0, 3.0)))
        y = model.tensor("y", out, scale=y_scale, zero_point=zero_point(rng))
        activation = pick(rng, *ACTIVATIONS)
        model.op("ADD", [a, b], [y], "AddOptions", fused_activation_function=activation, pot_scale_int16=False)
        inputs = [a] if fixed else [a, b]
        yield Case(
            f"{number}: {left} + {right} scales {scales} -> {y_scale} act {activation}", model.build(inputs, [y])
        )
