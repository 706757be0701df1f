"""EQUAL, GREATER and their like: scales below 1 near and far apart, broadcasting, constants."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from binarycase import broadcast_shapes
from opbench import Case
from opcase import pick, scale, zero_point
from tflite_writer import Writer

KINDS = {
    "EQUAL": "EqualOptions",
    "NOT_EQUAL": "NotEqualOptions",
    "GREATER": "GreaterOptions",
    "GREATER_EQUAL": "GreaterEqualOptions",
    "LESS": "LessOptions",
    "LESS_EQUAL": "LessEqualOptions",
}


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        kind, (left, right) = pick(rng, *KINDS), broadcast_shapes(rng)
        one, zero = scale(rng, 1e-6, 0.99), zero_point(rng)
        two, other = pick(rng, (one, zero), (one, zero_point(rng)), (scale(rng, 1e-3, 0.99), zero_point(rng)))
        content = rng.integers(-128, 128, right).astype(np.int8) if rng.integers(2) else None
        model = Writer()
        a = model.tensor("a", left, scale=one, zero_point=zero)
        b = model.tensor("b", right, scale=two, zero_point=other, data=content)
        y = model.tensor("y", np.broadcast_shapes(left, right), "bool")
        inputs = [a] if content is not None else [a, b]
        swapped = bool(rng.integers(2))
        model.op(kind, [b, a] if swapped else [a, b], [y], KINDS[kind])
        about = f"{kind} {left} {right} {one} {zero} {two} {other} constant {content is not None} swapped {swapped}"
        yield Case(f"{number}: {about}", model.build(inputs, [y]))
