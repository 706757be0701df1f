"""An options table of another operator's type was read as if it were the operator's own; LiteRT ignores it."""

import flatbuffers
import pytest
from ai_edge_litert import schema_py_generated as schema
from tflite_writer import Writer

from tinyforge.compiler import read_model
from tinyforge.core.errors import ModelFormatError


def add(kind):
    """An ADD with RELU, its options declared as ``kind``."""
    model = Writer()
    x, y = (model.tensor(name, (1, 4), scale=0.5) for name in "xy")
    model.op("ADD", [x, x], [y], "AddOptions", fused_activation_function=1)
    packed = schema.ModelT.InitFromPackedBuf(model.build([x], [y]))
    packed.subgraphs[0].operators[0].builtinOptionsType = kind
    builder = flatbuffers.Builder(1024)
    builder.Finish(packed.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def activation(kind):
    return read_model(add(kind), "m.tflite").ops[0].options["fused_activation_function"]


def test_options_of_another_type_are_refused():
    with pytest.raises(ModelFormatError) as caught:
        activation(schema.BuiltinOptions.MulOptions)
    assert str(caught.value) == "m.tflite: op #0 ADD: has options of type 21, not 11; convert the model again"


def test_options_without_a_type_are_none():
    assert activation(schema.BuiltinOptions.AddOptions) == 1
    assert activation(schema.BuiltinOptions.NONE) == 0
