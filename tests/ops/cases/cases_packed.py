"""Dense layers and convolutions along time, pooled or not, whose weights have zeros, few values, both, or neither."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from opbench import Case
from opcase import ACTIVATIONS, bias_tensor, out_scale, pick, scale, zero_point
from tflite_writer import Writer

SAME, VALID = 0, 1


def cases(rng: np.random.Generator) -> Iterator[Case]:
    number = 0
    while True:
        number += 1
        kind = pick(rng, "zeros", "few values", "both", "far apart", "plain")
        if rng.integers(2):
            name, model = _dense(rng, kind)
        else:
            name, model = _convolution(rng, kind)
        yield Case(f"{number}: {name}, {kind}", model, inputs=6)


def _weights(rng: np.random.Generator, shape: tuple[int, ...], kind: str) -> np.ndarray:
    found = rng.integers(-127, 128, shape)
    if kind in {"few values", "both"}:
        found = rng.choice(rng.integers(-127, 128, int(rng.integers(1, 17))), shape)
    if kind in {"zeros", "both"}:
        found = found * (rng.random(shape) < rng.uniform(0, 0.4))
    if kind == "far apart":
        found = found * (rng.random(shape) < 0.03)
    return found.astype(np.int8)


def _filter(model: Writer, rng: np.random.Generator, shape: tuple[int, ...], kind: str) -> tuple[int, list[float]]:
    scales = [scale(rng, 1e-3, 5e-2) for _ in range(pick(rng, 1, shape[0]))]
    return model.constant("filter", _weights(rng, shape, kind), "int8", scale=scales, axis=0), scales


def _dense(rng: np.random.Generator, kind: str) -> tuple[str, bytes]:
    in_len, out_len, batches = int(rng.integers(20, 120)), int(rng.integers(8, 40)), pick(rng, 1, 1, 3)
    activation, in_scale = pick(rng, *ACTIVATIONS), scale(rng)
    model = Writer()
    x = model.tensor("x", (batches, in_len), scale=in_scale, zero_point=zero_point(rng))
    filter_, scales = _filter(model, rng, (out_len, in_len), kind)
    bias = bias_tensor(model, rng, out_len, in_scale, scales, 1000)
    y_scale = out_scale(rng, in_scale, scales[0], in_len)
    y = model.tensor("y", (batches, out_len), scale=y_scale, zero_point=zero_point(rng))
    options = {"fused_activation_function": activation}
    model.op("FULLY_CONNECTED", [x, filter_, bias], [y], "FullyConnectedOptions", **options)
    return f"dense {batches}x{in_len}->{out_len}", model.build([x], [y])


def _convolution(rng: np.random.Generator, kind: str) -> tuple[str, bytes]:
    kernel, in_ch, out_ch = int(rng.integers(1, 8)), int(rng.integers(4, 24)), int(rng.integers(12, 48))
    in_len, stride, padding = int(rng.integers(kernel, 30)), pick(rng, 1, 1, 2, 3), pick(rng, SAME, VALID)
    out_len = -(-in_len // stride) if padding == SAME else (in_len - kernel) // stride + 1
    in_scale = scale(rng)
    model = Writer()
    x = model.tensor("x", (1, in_len, 1, in_ch), scale=in_scale, zero_point=zero_point(rng))
    filter_, scales = _filter(model, rng, (out_ch, kernel, 1, in_ch), kind)
    bias = bias_tensor(model, rng, out_ch, in_scale, scales, 1000)
    y_scale = out_scale(rng, in_scale, scales[0], kernel * in_ch)
    y_zero = zero_point(rng)
    y = model.tensor("y", (1, out_len, 1, out_ch), scale=y_scale, zero_point=y_zero)
    options = {
        "padding": padding,
        "stride_h": stride,
        "stride_w": 1,
        "fused_activation_function": pick(rng, *ACTIVATIONS),
    }
    model.op("CONV_2D", [x, filter_, bias], [y], "Conv2DOptions", **options)
    name = f"convolution {in_len}x{in_ch}->{out_ch} kernel {kernel} stride {stride}"
    pool, padding = pick(rng, 1, 2, 2, 3, 4), pick(rng, SAME, VALID)
    pooled = -(-out_len // pool) if padding == SAME else out_len // pool
    if pool == 1 or pooled == 0:
        return name, model.build([x], [y])
    z = model.tensor("z", (1, pooled, 1, out_ch), scale=y_scale, zero_point=y_zero)
    options = {
        "padding": padding,
        "stride_h": pool,
        "stride_w": 1,
        "filter_height": pool,
        "filter_width": 1,
        "fused_activation_function": pick(rng, *ACTIVATIONS),
    }
    model.op("MAX_POOL_2D", [y], [z], "Pool2DOptions", **options)
    return f"{name}, pool {pool}", model.build([x], [z])
