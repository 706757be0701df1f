"""Refusals of an operator as a whole named no tensor; those of a tensor's type named no operator."""

import flatbuffers
import pytest
from ai_edge_litert import schema_py_generated as schema
from tflite_writer import Writer

from tinyforge.compiler import compile_model
from tinyforge.core.errors import UnsupportedModelError


def place_of(data):
    with pytest.raises(UnsupportedModelError) as caught:
        compile_model(data, name="m", place="m.tflite")
    return caught.value.place


def model(inputs=1, outputs=1, kind="NEG"):
    made = Writer()
    x, y = (made.tensor(name, (1, 4), scale=0.5) for name in "xy")
    made.op(kind, [x] * inputs, [y] * outputs)
    return made.build([x], [y] if outputs else [x])


def test_of_the_operator_as_a_whole():
    assert place_of(model(inputs=2)) == 'm.tflite: op #0 NEG: tensor "y"'
    assert place_of(model(inputs=2, outputs=0, kind="FLOOR_DIV")) == 'm.tflite: op #0 FLOOR_DIV: tensor "x"'
    assert place_of(model(inputs=0, outputs=0, kind="FLOOR_DIV")) == "m.tflite: op #0 FLOOR_DIV: no tensor"


@pytest.mark.parametrize("used", [True, False])
def test_of_a_type(used):
    packed = schema.ModelT.InitFromPackedBuf(model())
    packed.subgraphs[0].tensors[0].type = schema.TensorType.STRING
    if not used:
        packed.subgraphs[0].operators = []
    builder = flatbuffers.Builder(1024)
    builder.Finish(packed.Pack(builder), b"TFL3")
    expected = 'm.tflite: op #0 NEG: tensor "x"' if used else 'm.tflite: tensor "x"'
    assert place_of(bytes(builder.Output())) == expected


def test_of_a_block_wise_quantization():
    packed = schema.ModelT.InitFromPackedBuf(model())
    packed.subgraphs[0].tensors[1].quantization.detailsType = schema.QuantizationDetails.CustomQuantization
    packed.subgraphs[0].tensors[1].quantization.details = schema.CustomQuantizationT()
    builder = flatbuffers.Builder(1024)
    builder.Finish(packed.Pack(builder), b"TFL3")
    assert place_of(bytes(builder.Output())) == 'm.tflite: op #0 NEG: tensor "y"'
