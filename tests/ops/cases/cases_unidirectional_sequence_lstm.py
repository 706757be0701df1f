"""UNIDIRECTIONAL_SEQUENCE_LSTM: sizes, steps, batches, clips, scales; whole sequences, the last step, streaming.

The weights of some are pruned, clustered, or both.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from opcase import pick, scale, weights, zero_point
from tflite_writer import Writer


def gate_weights(rng: np.random.Generator, shape: tuple[int, ...], kind: str) -> np.ndarray:
    """int8 weights of one gate, as pruning and clustering leave them."""
    found = weights(rng, shape)
    if kind in {"few values", "both"}:
        found = rng.choice(rng.integers(-127, 128, int(rng.integers(1, 17))), shape)
    if kind in {"zeros", "both"}:
        found = found * (rng.random(shape) < rng.uniform(0, 0.4))
    return found.astype(np.int8)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        steps, features, units = pick(rng, 1, 2, 5, 9), int(rng.integers(1, 9)), int(rng.integers(1, 12))
        if rng.integers(8) == 0:
            features, units = int(rng.integers(1, 150)), int(rng.integers(8, 40))
        time_major = bool(rng.integers(2))
        batches = pick(rng, 1, 1, 1, 2, 3)
        in_scale, in_zero = scale(rng, 0.005, 0.1), zero_point(rng)
        hidden_scale, hidden_zero = scale(rng, 0.004, 0.01), int(rng.integers(-60, 60))
        power = pick(rng, -9, -10, -11, -12, -15)
        clip = pick(rng, 0.0, 0.0, 1.5, 0.01)
        model = Writer()
        shape = (steps, batches) if time_major else (batches, steps)
        x = model.tensor("x", (*shape, features), scale=in_scale, zero_point=in_zero)
        scales = [scale(rng, 1e-3, 3e-2) for _ in range(8)]
        kinds = [pick(rng, "any", "zeros", "few values", "both") for _ in range(2)]
        inputs = [x]
        inputs += [
            model.constant(f"w{gate}", gate_weights(rng, (units, features), kinds[0]), "int8", scale=scales[gate])
            for gate in range(4)
        ]
        inputs += [
            model.constant(f"r{gate}", gate_weights(rng, (units, units), kinds[1]), "int8", scale=scales[4 + gate])
            for gate in range(4)
        ]
        inputs += [-1, -1, -1]
        inputs += [
            model.constant(f"b{gate}", rng.integers(-3000, 3000, units), "int32", scale=in_scale * scales[gate])
            for gate in range(4)
        ]
        inputs += [-1, -1]
        hidden = {"scale": hidden_scale, "zero_point": hidden_zero}
        inputs.append(model.tensor("h", (batches, units), variable=True, **hidden))
        inputs.append(model.tensor("c", (batches, units), "int16", scale=2.0**power, variable=True))
        inputs += [-1, -1, -1, -1]
        intermediates = [model.tensor(f"i{gate}", (), "int16", scale=2.0**-12) for gate in range(4)]
        intermediates.append(model.tensor("i4", (), "int8", **hidden))
        y = model.tensor("y", (*shape, units), **hidden)
        model.op(
            "UNIDIRECTIONAL_SEQUENCE_LSTM",
            inputs,
            [y],
            "UnidirectionalSequenceLSTMOptions",
            fused_activation_function=4,
            cell_clip=clip,
            time_major=time_major,
            intermediates=intermediates,
        )
        outputs = [y]
        last = not time_major and bool(rng.integers(2))
        if last:
            z = model.tensor("z", (batches, units), **hidden)
            bounds = [
                model.constant(name, value) for name, value in (("b", [0, -1, 0]), ("e", [0, 0, 0]), ("s", [1, 1, 1]))
            ]
            model.op(
                "STRIDED_SLICE", [y, *bounds], [z], "StridedSliceOptions", begin_mask=5, end_mask=5, shrink_axis_mask=2
            )
            outputs = [z]
        sequence = bool(rng.integers(2))
        name = f"{number}: {batches}x{steps}x{features}->{units} 2**{power} clip {clip} last {last} sequence {sequence}"
        yield Case(f"{name} {kinds}", model.build([x], outputs), inputs=5, sequence=sequence)
