"""What element-wise operators, tables, reductions and conversions refuse, and in which words."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from tflite_writer import Writer

from tinyforge.compiler import compile_model
from tinyforge.core.errors import UnsupportedModelError

S = {"scale": 0.1}


def unary(kind, x, y, options=None, *, constants=(), **values):
    """One operator of one input; ``x`` and ``y`` are (shape, type, quantization)."""
    model = Writer()
    source = model.tensor("x", x[0], x[1], **x[2])
    target = model.tensor("y", y[0], y[1], **y[2])
    extra = [model.constant(f"c{number}", value) for number, value in enumerate(constants)]
    model.op(kind, [source, *extra], [target], options, **values)
    return model.build([source], [target])


def binary(kind, a, b, y, options=None, **values):
    """One operator of two int8 inputs; each is (shape, quantization), ``b`` with data when it is constant."""
    model = Writer()
    left, right = model.tensor("a", a[0], **a[1]), model.tensor("b", b[0], **b[1])
    target = model.tensor("y", y[0], **y[1])
    model.op(kind, [left, right], [target], options, **values)
    return model.build([left] if "data" in b[1] else [left, right], [target])


FOUR = ((4,), "int8", S)
CASES = {
    "int16": (
        unary("TANH", ((4,), "int16", S), ((4,), "int16", S)),
        'm.tflite: op #0 TANH: tensor "x"',
        "is int16, not int8 or uint8",
        "convert it to int8 with a representative data set",
    ),
    "float": (
        unary("ELU", ((4,), "float32", {}), ((4,), "float32", {})),
        'm.tflite: op #0 ELU: tensor "x"',
        "is float32, not int8",
        "convert it to int8 with a representative data set",
    ),
    "no quantization": (
        unary("EXP", ((4,), "int8", {}), FOUR),
        'm.tflite: op #0 EXP: tensor "x"',
        "has no quantization; one scale and zero point are needed",
        "convert it to int8 with a representative data set",
    ),
    "another shape": (
        unary("ABS", FOUR, ((2, 2), "int8", S)),
        'm.tflite: op #0 ABS: tensor "y"',
        "has shape [2, 2] where [4] follows",
        "convert the model again",
    ),
    "logistic's scale": (
        unary("LOGISTIC", FOUR, FOUR),
        'm.tflite: op #0 LOGISTIC: tensor "y"',
        "has scale 0.1, not 1/256",
        "convert the model again: TFLite fixes the scale of a logistic function",
    ),
    "a huge factor": (
        unary("RELU", ((4,), "int8", {"scale": 1e6}), ((4,), "int8", {"scale": 1e-6})),
        'm.tflite: op #0 RELU: tensor "y"',
        "rescales by a factor of 2**40",
        "calibrate and quantize the model again: its output scale is far too small",
    ),
    "hard swish's output": (
        unary("HARD_SWISH", ((4,), "int8", {"scale": 1.0}), ((4,), "int8", {"scale": 1e-3})),
        'm.tflite: op #0 HARD_SWISH: tensor "y"',
        "rescales by a factor of 2**10",
        "calibrate and quantize the model again: its output scale does not fit its input",
    ),
    "log-softmax's quantization": (
        unary("LOG_SOFTMAX", FOUR, FOUR),
        'm.tflite: op #0 LOG_SOFTMAX: tensor "y"',
        "is quantized (0.10000000149011612, 0), not 1/16 and 127",
        "convert the model again: TFLite fixes the quantization of a log-softmax",
    ),
    "log-softmax's depth": (
        unary("LOG_SOFTMAX", ((4096,), "int8", S), ((4096,), "int8", {"scale": 1 / 16, "zero_point": 127})),
        'm.tflite: op #0 LOG_SOFTMAX: tensor "x"',
        "has 4096 classes, more than 4095",
        "use fewer classes",
    ),
    "reduced otherwise": (
        unary("REDUCE_MAX", FOUR, ((), "int8", {"scale": 0.2}), "ReducerOptions", constants=([0],)),
        'm.tflite: op #0 REDUCE_MAX: tensor "y"',
        'is quantized otherwise than "x"',
        "convert the model again with a current converter",
    ),
    "no such axis": (
        unary("ARG_MAX", FOUR, ((), "int32", {}), "ArgMaxOptions", constants=([1],)),
        'm.tflite: op #0 ARG_MAX: tensor "y"',
        "names axis 1 of 1 dimensions",
        "convert the model again",
    ),
    "a quantize to int16": (
        unary("QUANTIZE", ((4,), "float32", {}), ((4,), "int16", S)),
        'm.tflite: op #0 QUANTIZE: tensor "y"',
        "is int16, not int8 or uint8",
        "convert it to int8 with a representative data set",
    ),
    "shapes that do not broadcast": (
        binary("MUL", ((2, 3), S), ((2, 2), S), ((2, 3), S), "MulOptions"),
        'm.tflite: op #0 MUL: tensor "y"',
        "has shapes [2, 3] and [2, 2], which do not broadcast",
        "convert the model again",
    ),
    "a sum too large for its scale": (
        binary("SUB", ((4,), {"scale": 1.0}), ((4,), S), ((4,), {"scale": 1e-6}), "SubOptions"),
        'm.tflite: op #0 SUB: tensor "y"',
        "has scale 1e-06, far too small for inputs of 1 and 0.1",
        "calibrate and quantize the model again",
    ),
    "an activation that is no clamp": (
        binary("ADD", ((4,), S), ((4,), S), ((4,), S), "AddOptions", fused_activation_function=4),
        'm.tflite: op #0 ADD: tensor "y"',
        "has the fused activation 4",
        "convert the model with a current converter",
    ),
    "prelu that broadcasts its input": (
        binary("PRELU", ((1, 4), S), ((3, 4), {**S, "data": np.zeros((3, 4))}), ((3, 4), S)),
        'm.tflite: op #0 PRELU: tensor "y"',
        "has shape [3, 4] where [1, 4] follows",
        "convert the model again",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_refusals_name_operator_tensor_and_way_out(name):
    model, place, fact, way_out = CASES[name]
    with pytest.raises(UnsupportedModelError) as caught:
        compile_model(model, name="m", place="m.tflite")
    assert (caught.value.place, caught.value.fact, caught.value.way_out) == (place, fact, way_out)


def test_large_constants_that_float_is_computed_from_are_refused():
    model = Writer()
    x, y = model.tensor("x", (17000,), "float32"), model.tensor("y", (17000,), "float32")
    weights = model.constant("weights", np.zeros(17000), "int8", scale=0.1)
    real = model.tensor("real weights", (17000,), "float32")  # more than is worth 4 bytes of flash each
    model.op("DEQUANTIZE", [weights], [real], "DequantizeOptions")
    model.op("ADD", [x, real], [y], "AddOptions")
    with pytest.raises(UnsupportedModelError) as caught:
        compile_model(model.build([x], [y]), name="m", place="m.tflite")
    assert caught.value.place == 'm.tflite: op #0 DEQUANTIZE: tensor "weights"'
    assert caught.value.fact == "is a constant, so what follows computes in float32"
    assert caught.value.way_out == "convert it to int8 with a representative data set"


@pytest.mark.parametrize("kind", ["RSQRT", "HARD_SWISH", "SQRT", "EXP", "GELU", "RELU6", "ABS", "LEAKY_RELU"])
@pytest.mark.parametrize("scales", [(1e-45, 3e38), (3e38, 1e-45), (1e-45, 1e-45), (3e38, 3e38)])
def test_scales_at_the_ends_of_float32_compile_or_are_refused(kind, scales):
    options = {"LEAKY_RELU": ("LeakyReluOptions", {"alpha": 1e30})}
    name, values = options.get(kind, (None, {}))
    model = unary(kind, ((4,), "int8", {"scale": scales[0]}), ((4,), "int8", {"scale": scales[1]}), name, **values)
    with contextlib.suppress(UnsupportedModelError):  # anything else fails here
        compile_model(model, name="m", place="m.tflite")
