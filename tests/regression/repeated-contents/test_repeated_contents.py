"""A small file whose offsets lead to the same table, name or vector thousands of times took minutes and gigabytes."""

import time

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from tinyforge.compiler import compile_model
from tinyforge.core.errors import ModelFormatError


def listed(builder, start, table, count):
    """A vector of ``count`` offsets to one table."""
    start(builder, count)
    for _ in range(count):
        builder.PrependUOffsetTRelative(table)
    return builder.EndVector()


def bomb(*, tensors=2, name=b"x", shape=(1, 4), scales=1, operators=1, inputs=(0,), subgraphs=1, codes=1):
    """One tensor, operator, subgraph and operator code, each listed as often as said."""
    b = flatbuffers.Builder(1024)
    text, sizes = b.CreateString(name), b.CreateNumpyVector(np.array(shape, np.int32))
    scale, zero = b.CreateNumpyVector(np.full(scales, 0.5, np.float32)), b.CreateNumpyVector(np.zeros(scales, np.int64))
    schema.QuantizationParametersStart(b)
    schema.QuantizationParametersAddScale(b, scale)
    schema.QuantizationParametersAddZeroPoint(b, zero)
    quantization = schema.QuantizationParametersEnd(b)
    schema.TensorStart(b)
    schema.TensorAddShape(b, sizes)
    schema.TensorAddType(b, schema.TensorType.INT8)
    schema.TensorAddName(b, text)
    schema.TensorAddQuantization(b, quantization)
    tensor_list = listed(b, schema.SubGraphStartTensorsVector, schema.TensorEnd(b), tensors)
    ins, outs = b.CreateNumpyVector(np.array(inputs, np.int32)), b.CreateNumpyVector(np.array([1], np.int32))
    schema.OperatorStart(b)
    schema.OperatorAddInputs(b, ins)
    schema.OperatorAddOutputs(b, outs)
    operator_list = listed(b, schema.SubGraphStartOperatorsVector, schema.OperatorEnd(b), operators)
    schema.SubGraphStart(b)
    schema.SubGraphAddTensors(b, tensor_list)
    schema.SubGraphAddOperators(b, operator_list)
    schema.SubGraphAddInputs(b, ins)
    schema.SubGraphAddOutputs(b, outs)
    graph_list = listed(b, schema.ModelStartSubgraphsVector, schema.SubGraphEnd(b), subgraphs)
    schema.OperatorCodeStart(b)
    schema.OperatorCodeAddDeprecatedBuiltinCode(b, schema.BuiltinOperator.NEG)
    code_list = listed(b, schema.ModelStartOperatorCodesVector, schema.OperatorCodeEnd(b), codes)
    schema.BufferStart(b)
    buffer_list = listed(b, schema.ModelStartBuffersVector, schema.BufferEnd(b), 1)
    schema.ModelStart(b)
    schema.ModelAddVersion(b, 3)
    schema.ModelAddSubgraphs(b, graph_list)
    schema.ModelAddOperatorCodes(b, code_list)
    schema.ModelAddBuffers(b, buffer_list)
    b.Finish(schema.ModelEnd(b), b"TFL3")
    return bytes(b.Output())


BOMBS = {
    "a long name, often": ({"tensors": 16_000, "name": b"a" * 200_000}, "numbers and characters besides"),
    "many dimensions, often": ({"tensors": 16_000, "shape": [1] * 50_000}, "has 50000 dimensions; at most 8"),
    "many scales, often": ({"tensors": 16_000, "shape": [50_000], "scales": 50_000}, "numbers and characters besides"),
    "a subgraph of many tensors, often": ({"tensors": 15_000, "subgraphs": 16}, "holds more than 16384 tables"),
    "many subgraphs": ({"subgraphs": 1 << 17}, "at most 16 are read"),
    "many operators": ({"operators": 16_000}, "at most 4096 are read"),
    "many inputs, often": ({"operators": 4_000, "inputs": [0] * 16_000}, "numbers and characters besides"),
    "an operator twice": ({"operators": 2}, "is written twice"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_is_refused_at_once(name, at_once_s):
    made, fact = BOMBS[name]
    model = bomb(**made)
    assert len(model) < 1_000_000
    start = time.process_time()
    with pytest.raises(ModelFormatError) as caught:
        compile_model(model, name="m", place="m.tflite")
    assert time.process_time() - start < at_once_s
    assert fact in str(caught.value)
    assert len(str(caught.value)) < 300
