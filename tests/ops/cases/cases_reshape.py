"""RESHAPE, SQUEEZE, EXPAND_DIMS between other operators, at the start, at the end, and alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from opcase import pick, scale, zero_point
from tflite_writer import Writer


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        a, b, c = (int(size) for size in rng.integers(1, 6, 3))
        quantized = {"scale": scale(rng), "zero_point": zero_point(rng)}
        kind = pick(rng, "RESHAPE", "SQUEEZE", "EXPAND_DIMS")
        model = Writer()
        shapes = {
            "RESHAPE": ((a, b, c), (a * b, c)),
            "SQUEEZE": ((a, 1, b), (a, b)),
            "EXPAND_DIMS": ((a, b), (a, 1, b)),
        }[kind]
        x = model.tensor("x", shapes[0], **quantized)
        y = model.tensor("y", shapes[1], **quantized)
        if kind == "RESHAPE":
            model.op(kind, [x, model.constant("shape", shapes[1])], [y], "ReshapeOptions", new_shape=list(shapes[1]))
        elif kind == "SQUEEZE":
            model.op(kind, [x], [y], "SqueezeOptions", squeeze_dims=[1])
        else:
            model.op(kind, [x, model.constant("axis", [1])], [y], "ExpandDimsOptions")
        after = bool(rng.integers(2))
        outputs = [y]
        if after:
            soft = model.tensor("soft", shapes[1], scale=1 / 256, zero_point=-128)
            model.op("SOFTMAX", [y], [soft], "SoftmaxOptions", beta=1.0)
            outputs = [soft] if rng.integers(2) else [soft, y]
        yield Case(f"{number}: {kind} {shapes} after={after} outputs={len(outputs)}", model.build([x], outputs))
