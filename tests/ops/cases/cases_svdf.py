"""SVDF: units, ranks, memories, batches, with and without bias; streams of inputs and single ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from opcase import pick, scale, weights, zero_point
from tflite_writer import Writer


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        batches, rank, units = pick(rng, 1, 1, 2), pick(rng, 1, 1, 2, 3), int(rng.integers(1, 9))
        features, memory = int(rng.integers(1, 17)), pick(rng, 1, 2, 5, 8, 10)
        filters = units * rank
        in_scale, state_scale = scale(rng, 0.005, 0.1), scale(rng, 1e-4, 1e-2)
        feature_scale, time_scale = scale(rng, 1e-3, 3e-2), scale(rng, 1e-5, 1e-3)
        model = Writer()
        x = model.tensor("x", (batches, features), scale=in_scale, zero_point=zero_point(rng))
        feature = model.constant("feature", weights(rng, (filters, features)), "int8", scale=feature_scale)
        reach = pick(rng, 100, 3000, 32767)
        time = model.constant("time", rng.integers(-reach, reach + 1, (filters, memory)), "int16", scale=time_scale)
        bias = -1
        if rng.integers(3):
            bias = model.constant("bias", rng.integers(-5000, 5000, units), "int32", scale=state_scale * time_scale)
        state = model.tensor("state", (batches, memory * filters), "int16", scale=state_scale, variable=True)
        spread = state_scale * time_scale * reach * 3000 * np.sqrt(memory * rank) / 60
        y = model.tensor("y", (batches, units), scale=spread * scale(rng, 0.1, 10), zero_point=zero_point(rng))
        model.op("SVDF", [x, feature, time, bias, state], [y], "SVDFOptions", rank=rank, fused_activation_function=1)
        sequence = bool(rng.integers(3))
        name = f"{number}: {batches}x{features} -> {units} rank {rank} memory {memory} bias {bias} sequence {sequence}"
        yield Case(name, model.build([x], [y]), inputs=memory + 3 if sequence else 2, sequence=sequence)
