"""Models of one operator without weights of its own, beside those of ``onelayer.py``; what they cost is by value."""

from __future__ import annotations

from typing import Any

import numpy as np
from tflite_writer import Writer

SCALE = 0.05


def unweighted(operator: str, shape: tuple[int, ...], channels: int) -> tuple[bytes, int]:
    """One operator over int8 tensors, and how many values it takes (or MAC, of a product of matrices).

    Args:
        operator: a key of ``OPERATORS``.
        shape: of the input but for its channels, batch first.
        channels: of the input, and of the output but for BATCH_MATMUL, whose inputs are [rows, channels] and
            [channels, channels].
    """
    model, full = Writer(), (*shape, channels)
    x = model.tensor("x", full, scale=SCALE, zero_point=-3)
    inputs, out, options = OPERATORS[operator](model, full)
    quantized = {"scale": 1 / 256, "zero_point": -128} if operator == "SOFTMAX" else {"scale": SCALE, "zero_point": -3}
    if operator in {"ADD", "SUB", "MUL", "BATCH_MATMUL"}:
        quantized = {"scale": 2.5 * SCALE, "zero_point": 5}
    y = model.tensor("y", out, **quantized)
    model.op(operator, [x, *inputs], [y], _TABLES[operator], **options)
    computed = [tensor for tensor in inputs if operator in {"ADD", "SUB", "MUL", "BATCH_MATMUL"}]
    work = int(np.prod(full)) * (channels if operator == "BATCH_MATMUL" else 1)
    return bytes(model.build([x, *computed], [y])), work


_Parts = tuple[list[int], tuple[int, ...], dict[str, Any]]


def _pooled(_model: Writer, full: tuple[int, ...]) -> _Parts:
    tall = 2 if full[1] > 1 else 1
    sides = {"filter_height": tall, "filter_width": 2, "stride_h": tall, "stride_w": 2, "padding": 1}
    return [], (full[0], full[1] // tall, full[2] // 2, full[3]), sides


def _mean(model: Writer, full: tuple[int, ...]) -> _Parts:
    return [model.constant("axes", [1, 2])], (full[0], full[3]), {}


def _two(model: Writer, full: tuple[int, ...]) -> _Parts:
    return [model.tensor("other", full, scale=2 * SCALE, zero_point=7)], full, {}


def _matrices(model: Writer, full: tuple[int, ...]) -> _Parts:
    return [model.tensor("other", (*full[:-2], full[-1], full[-1]), scale=2 * SCALE, zero_point=7)], full, {}


def _softmax(_model: Writer, full: tuple[int, ...]) -> _Parts:
    return [], full, {"beta": 1.0}


OPERATORS = {
    "MAX_POOL_2D": _pooled, "AVERAGE_POOL_2D": _pooled, "MEAN": _mean, "ADD": _two, "SUB": _two, "MUL": _two,
    "SOFTMAX": _softmax, "BATCH_MATMUL": _matrices,
}  # fmt: skip
_TABLES = {
    "MAX_POOL_2D": "Pool2DOptions", "AVERAGE_POOL_2D": "Pool2DOptions", "MEAN": "ReducerOptions", "ADD": "AddOptions",
    "SUB": "SubOptions", "MUL": "MulOptions", "SOFTMAX": "SoftmaxOptions", "BATCH_MATMUL": "BatchMatMulOptions",
}  # fmt: skip
