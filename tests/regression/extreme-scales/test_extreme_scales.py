"""Scales at the ends of float32 overflowed products and quotients, or were divided by: warnings and other errors."""

import pytest
from tflite_writer import Writer

from tinyforge.compiler import compile_model
from tinyforge.core.errors import UnsupportedModelError

TINY, HUGE = 1e-45, 3e38


def refused(model, inputs, outputs):
    with pytest.raises(UnsupportedModelError) as caught:
        compile_model(model.build(inputs, outputs), name="m", place="m.tflite")
    return caught.value.fact


def test_batch_matmul_whose_product_of_scales_is_infinite():
    model = Writer()
    one, two = (model.tensor(name, (2, 2), scale=HUGE) for name in ("one", "two"))
    y = model.tensor("y", (2, 2), scale=HUGE)
    model.op("BATCH_MATMUL", [one, two], [y], "BatchMatMulOptions")
    assert refused(model, [one, two], [y]) == "has a scale beyond float32's range"


def test_log_softmax_whose_multiplier_is_nought():
    model = Writer()
    x, y = model.tensor("x", (1, 4), scale=TINY), model.tensor("y", (1, 4), scale=16 / 256, zero_point=127)
    model.op("LOG_SOFTMAX", [x], [y])
    assert "too small to be told apart" in refused(model, [x], [y])


def test_an_activation_whose_limit_is_infinite_in_steps():
    model = Writer()
    x, y = model.tensor("x", (1, 4), scale=TINY), model.tensor("y", (1, 4), scale=TINY)
    model.op("ADD", [x, x], [y], "AddOptions", fused_activation_function=3)
    layer = compile_model(model.build([x], [y]), name="m", place="m.tflite").layers[0]
    assert layer.outputs == (y,)  # the limit lies beyond int8: as without an activation


def test_a_table_of_uint8_whose_values_leave_32_bits():
    model = Writer()
    x = model.tensor("x", (1, 4), "uint8", scale=0.3, zero_point=128)
    y = model.tensor("y", (1, 4), "uint8", scale=1e-30)
    model.op("TANH", [x], [y])
    assert "do not fit 32 bits" in refused(model, [x], [y])


def test_svdf_whose_factor_is_infinite():
    model = Writer()
    x = model.tensor("x", (1, 2), scale=HUGE)
    feature = model.constant("feature", [[1, 2]], "int8", scale=HUGE)
    time = model.constant("time", [[1]], "int16", scale=1.0)
    state, y = model.tensor("state", (1, 1), "int16", scale=1.0, variable=True), model.tensor("y", (1, 1), scale=1.0)
    model.op("SVDF", [x, feature, time, -1, state], [y], "SVDFOptions", rank=1, fused_activation_function=1)
    assert refused(model, [x], [y]) == "has a scale beyond float32's range"


def test_a_dequantized_constant_beyond_float32():
    model = Writer()
    x, y = model.tensor("x", (1, 2), "float32"), model.tensor("y", (2, 2), "float32")
    stored = model.constant("stored", [[127, -128]], "int8", scale=HUGE)
    real = model.tensor("real", (1, 2), "float32")
    model.op("DEQUANTIZE", [stored], [real], "DequantizeOptions")
    model.op("CONCATENATION", [x, real], [y], "ConcatenationOptions", axis=0)
    assert refused(model, [x], [y]) == "holds numbers that are not finite"


def test_a_quantize_whose_steps_leave_32_bits():
    model = Writer()
    x, y = model.tensor("x", (1, 4), "float32"), model.tensor("y", (1, 4), "uint8", scale=1e-10, zero_point=255)
    model.op("QUANTIZE", [x], [y], "QuantizeOptions")
    assert refused(model, [x], [y]) == "has scale 1e-10, far too small"
