"""FULLY_CONNECTED: sizes, batches, per-tensor and per-channel filters, with and without bias, extreme scales."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from opcase import ACTIVATIONS, bias_tensor, filter_tensor, out_scale, pick, scale, zero_point
from tflite_writer import Writer


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        in_len, out_len = int(rng.integers(1, 70)), int(rng.integers(1, 20))
        batches, per_channel = pick(rng, 1, 1, 2, 3), bool(rng.integers(2))
        activation = pick(rng, *ACTIVATIONS)
        in_scale, in_zero = scale(rng), zero_point(rng)
        model = Writer()
        x = model.tensor("x", (batches, in_len), scale=in_scale, zero_point=in_zero)
        filter_, scales = filter_tensor(model, rng, (out_len, in_len), 0, per_channel)
        inputs = [x, filter_]
        if rng.integers(4):
            inputs.append(bias_tensor(model, rng, out_len, in_scale, scales, pick(rng, 10, 1000, 200_000)))
        else:
            inputs.append(-1)
        wide = pick(rng, 1, 1, 1, 3e-3, 3e-2, 50)
        y_scale = out_scale(rng, in_scale, scales[0], in_len) * wide
        y = model.tensor("y", (batches, out_len), scale=y_scale, zero_point=zero_point(rng))
        model.op("FULLY_CONNECTED", inputs, [y], "FullyConnectedOptions", fused_activation_function=activation)
        name = f"{number}: {batches}x{in_len}->{out_len} per_channel={per_channel} act={activation} wide={wide}"
        yield Case(name, model.build([x], [y]), inputs=8)
