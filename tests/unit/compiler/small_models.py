"""Small models for tests of the compiler."""

from __future__ import annotations

import numpy as np
from tflite_writer import Writer

from tinyforge.core.model_info import METADATA_NAME, info_to_json
from tinyforge.core.types import Channel, ModelInfo, Preprocessing, WindowSpec


def info(labels: tuple[str, ...] = ("go", "stop", "slow")) -> ModelInfo:
    """Metadata of a model for windows of 4 x 2."""
    return ModelInfo(
        "gesture",
        labels,
        WindowSpec(4, 2, ("ax", "gz"), 100.0),
        (Channel("ax", "g"), Channel("gz", "dps")),
        Preprocessing((0.125, -3.5), (0.75, 41.0)),
    )


def dense(*, metadata: bytes | None = None, name: str = "x") -> bytes:
    """[1, 4, 2] -> reshape -> dense 3 -> softmax."""
    rng = np.random.default_rng(5)
    model = Writer()
    x = model.tensor(name, (1, 4, 2), scale=0.03, zero_point=-7)
    flat = model.tensor("flat", (1, 8), scale=0.03, zero_point=-7)
    model.op("RESHAPE", [x, model.constant("shape", [1, 8])], [flat], "ReshapeOptions", new_shape=[1, 8])
    w = model.constant("w", rng.integers(-127, 128, (3, 8)), "int8", scale=0.02)
    b = model.constant("b", rng.integers(-900, 900, 3), "int32", scale=0.0006)
    y = model.tensor("y", (1, 3), scale=0.1, zero_point=4)
    model.op("FULLY_CONNECTED", [flat, w, b], [y], "FullyConnectedOptions")
    z = model.tensor("z", (1, 3), scale=1 / 256, zero_point=-128)
    model.op("SOFTMAX", [y], [z], "SoftmaxOptions", beta=1.0)
    if metadata is not None:
        model.metadata.append((METADATA_NAME, metadata))
    return model.build([x], [z])


def with_info(labels: tuple[str, ...] = ("go", "stop", "slow")) -> bytes:
    """``dense`` with metadata of its own."""
    return dense(metadata=info_to_json(info(labels)))


def conv_net() -> bytes:
    """[1, 1, 12, 2] -> conv 4 kernel 3 -> max pool 2 -> mean -> softmax, with reshapes as the converter writes them."""
    rng = np.random.default_rng(6)
    model = Writer()
    x = model.tensor("x", (1, 1, 12, 2), scale=0.05, zero_point=3)
    w = model.constant("w", rng.integers(-127, 128, (4, 1, 3, 2)), "int8", scale=[0.01, 0.02, 0.015, 0.005])
    b = model.constant("b", rng.integers(-900, 900, 4), "int32", scale=[0.0005, 0.001, 0.00075, 0.00025])
    y = model.tensor("y", (1, 1, 10, 4), scale=0.06, zero_point=-128)
    model.op("CONV_2D", [x, w, b], [y], "Conv2DOptions", padding=1, stride_w=1, stride_h=1, fused_activation_function=1)
    tall = model.tensor("tall", (1, 10, 1, 4), scale=0.06, zero_point=-128)
    model.op("RESHAPE", [y, model.constant("s", [1, 10, 1, 4])], [tall], "ReshapeOptions")
    pool = model.tensor("pool", (1, 5, 1, 4), scale=0.06, zero_point=-128)
    model.op(
        "MAX_POOL_2D",
        [tall],
        [pool],
        "Pool2DOptions",
        padding=1,
        stride_w=1,
        stride_h=2,
        filter_width=1,
        filter_height=2,
    )
    mean = model.tensor("mean", (1, 4), scale=0.04, zero_point=-128)
    model.op("MEAN", [pool, model.constant("axes", [1, 2])], [mean], "ReducerOptions")
    z = model.tensor("z", (1, 4), scale=1 / 256, zero_point=-128)
    model.op("SOFTMAX", [mean], [z], "SoftmaxOptions", beta=1.0)
    return model.build([x], [z])


def lstm(*, last: bool) -> bytes:
    """[1, 5, 2] -> LSTM of 3 units -> its last step, or its second."""
    rng = np.random.default_rng(0)
    model = Writer()
    quantized = {"scale": 0.0078, "zero_point": 0}
    x = model.tensor("x", (1, 5, 2), scale=0.05)
    inputs = [x]
    inputs += [model.constant(f"w{g}", rng.integers(-127, 128, (3, 2)), "int8", scale=0.01) for g in range(4)]
    inputs += [model.constant(f"r{g}", rng.integers(-127, 128, (3, 3)), "int8", scale=0.01) for g in range(4)]
    inputs += [-1, -1, -1]
    inputs += [model.constant(f"b{g}", rng.integers(-99, 99, 3), "int32", scale=0.0005) for g in range(4)]
    inputs += [-1, -1, model.tensor("h", (1, 3), variable=True, **quantized)]
    inputs += [model.tensor("c", (1, 3), "int16", scale=2.0**-11, variable=True), -1, -1, -1, -1]
    middle = [model.tensor(f"i{g}", (), "int16", scale=2.0**-12) for g in range(4)]
    middle.append(model.tensor("i4", (), **quantized))
    y = model.tensor("y", (1, 5, 3), **quantized)
    model.op(
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        inputs,
        [y],
        "UnidirectionalSequenceLSTMOptions",
        fused_activation_function=4,
        intermediates=middle,
    )
    z = model.tensor("z", (1, 3), **quantized)
    begin = [0, -1, 0] if last else [0, 1, 0]
    bounds = [model.constant(name, v) for name, v in (("b", begin), ("e", [0, 0, 0]), ("s", [1, 1, 1]))]
    model.op("STRIDED_SLICE", [y, *bounds], [z], "StridedSliceOptions", begin_mask=5, end_mask=5, shrink_axis_mask=2)
    return model.build([x], [z])
