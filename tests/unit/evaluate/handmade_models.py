"""Small int8 models written field by field, so that the tests need no data and no TensorFlow."""

from __future__ import annotations

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

INT8, INT16, INT32 = schema.TensorType.INT8, schema.TensorType.INT16, schema.TensorType.INT32
_DTYPES = {INT8: np.int8, INT16: np.int16, INT32: np.int32, schema.TensorType.FLOAT32: np.float32}


class Maker:
    """Collects tensors and operators of one subgraph."""

    def __init__(self) -> None:
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.description = "handmade"
        self.model.buffers = [schema.BufferT()]
        self.model.operatorCodes = []
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.model.subgraphs = [self.graph]

    def tensor(self, name, shape, kind=INT8, scale=0.1, zero_point=0, data=None, variable=False):
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type, tensor.isVariable = name, list(shape), kind, variable
        tensor.buffer = 0
        if scale:
            quant = schema.QuantizationParametersT()
            quant.scale, quant.zeroPoint = [scale], [zero_point]
            tensor.quantization = quant
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.asarray(data, _DTYPES[kind]).tobytes()
            self.model.buffers.append(buffer)
            tensor.buffer = len(self.model.buffers) - 1
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def op(self, code, inputs, outputs, options_type=None, options=None, version=2):
        kind = schema.OperatorCodeT()
        kind.builtinCode, kind.deprecatedBuiltinCode, kind.version = code, min(code, 127), version
        self.model.operatorCodes.append(kind)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self.model.operatorCodes) - 1
        operator.inputs, operator.outputs = list(inputs), list(outputs)
        if options is not None:
            operator.builtinOptionsType, operator.builtinOptions = options_type, options
        self.graph.operators.append(operator)

    def pack(self, inputs, outputs) -> bytes:
        self.graph.inputs, self.graph.outputs = list(inputs), list(outputs)
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


WEIGHTS = np.array([[10, -3, 0, 7], [-128, 127, 1, 2], [5, 5, 5, 5]], np.int8)
BIAS = np.array([100, -50, 0], np.int32)


def dense_model() -> bytes:
    """int8 [1, 4] -> FULLY_CONNECTED -> [1, 3] -> SOFTMAX -> [1, 3]; tensor 3 lies between."""
    maker = Maker()
    source = maker.tensor("window", (1, 4), scale=0.5, zero_point=3)
    weights = maker.tensor("weights", (3, 4), scale=0.02, data=WEIGHTS)
    bias = maker.tensor("bias", (3,), INT32, scale=0.01, data=BIAS)
    middle = maker.tensor("dense_out", (1, 3), scale=0.4, zero_point=-5)
    out = maker.tensor("scores", (1, 3), scale=1 / 256, zero_point=-128)
    maker.op(
        schema.BuiltinOperator.FULLY_CONNECTED,
        (source, weights, bias),
        (middle,),
        schema.BuiltinOptions.FullyConnectedOptions,
        schema.FullyConnectedOptionsT(),
        version=4,
    )
    softmax = schema.SoftmaxOptionsT()
    softmax.beta = 1.0
    maker.op(schema.BuiltinOperator.SOFTMAX, (middle,), (out,), schema.BuiltinOptions.SoftmaxOptions, softmax)
    return maker.pack((source,), (out,))


def adder_model() -> bytes:
    """Two int8 [1, 2] -> their ADD, and their MAXIMUM: two inputs, two outputs of one scale."""
    maker = Maker()
    left = maker.tensor("left", (1, 2), scale=1.0)
    right = maker.tensor("right", (1, 2), scale=1.0)
    total = maker.tensor("sum", (1, 2), scale=1.0)
    largest = maker.tensor("largest", (1, 2), scale=1.0)
    maker.op(
        schema.BuiltinOperator.ADD, (left, right), (total,), schema.BuiltinOptions.AddOptions, schema.AddOptionsT()
    )
    maker.op(
        schema.BuiltinOperator.MAXIMUM,
        (left, right),
        (largest,),
        schema.BuiltinOptions.MaximumMinimumOptions,
        schema.MaximumMinimumOptionsT(),
    )
    return maker.pack((left, right), (total, largest))


def memory_model() -> bytes:
    """SVDF with one filter and a memory of 3: the output is the sum of the last three inputs."""
    maker = Maker()
    source = maker.tensor("sample", (1, 1), scale=1.0)
    feature = maker.tensor("feature", (1, 1), scale=1.0, data=[[1]])
    in_time = maker.tensor("time", (1, 3), INT16, scale=1.0, data=[[1, 1, 1]])
    bias = maker.tensor("bias", (1,), INT32, scale=1.0, data=[0])
    state = maker.tensor("state", (1, 3), INT16, scale=1.0, variable=True)
    out = maker.tensor("sum", (1, 1), scale=1.0)
    options = schema.SVDFOptionsT()
    options.rank, options.fusedActivationFunction = 1, schema.ActivationFunctionType.RELU
    maker.op(
        schema.BuiltinOperator.SVDF,
        (source, feature, in_time, bias, state),
        (out,),
        schema.BuiltinOptions.SVDFOptions,
        options,
        version=3,
    )
    return maker.pack((source,), (out,))


def resource_model() -> bytes:
    """A resource variable that begins at 5: each inference adds its input to it and gives the sum."""
    maker = Maker()

    def handle(graph_maker):
        tensor = graph_maker.tensor("handle", (1,), schema.TensorType.RESOURCE, scale=0)
        options = schema.VarHandleOptionsT()
        options.container, options.sharedName = "", "memory"
        graph_maker.op(
            schema.BuiltinOperator.VAR_HANDLE,
            (),
            (tensor,),
            schema.BuiltinOptions.VarHandleOptions,
            options,
            version=1,
        )
        return tensor

    source = maker.tensor("sample", (1, 1), scale=1.0)
    once = schema.CallOnceOptionsT()
    once.initSubgraphIndex = 1
    maker.op(schema.BuiltinOperator.CALL_ONCE, (), (), schema.BuiltinOptions.CallOnceOptions, once, version=1)
    memory = handle(maker)
    before = maker.tensor("before", (1, 1), scale=1.0)
    maker.op(
        schema.BuiltinOperator.READ_VARIABLE,
        (memory,),
        (before,),
        schema.BuiltinOptions.ReadVariableOptions,
        schema.ReadVariableOptionsT(),
        version=1,
    )
    total = maker.tensor("sum", (1, 1), scale=1.0)
    maker.op(
        schema.BuiltinOperator.ADD, (source, before), (total,), schema.BuiltinOptions.AddOptions, schema.AddOptionsT()
    )
    assign = (schema.BuiltinOptions.AssignVariableOptions, schema.AssignVariableOptionsT())
    maker.op(schema.BuiltinOperator.ASSIGN_VARIABLE, (memory, total), (), *assign, version=1)

    main, maker.graph = maker.graph, schema.SubGraphT()
    maker.graph.tensors, maker.graph.operators, maker.graph.inputs, maker.graph.outputs = [], [], [], []
    start = handle(maker)
    five = maker.tensor("five", (1, 1), scale=1.0, data=[[5]])
    maker.op(schema.BuiltinOperator.ASSIGN_VARIABLE, (start, five), (), *assign, version=1)
    maker.model.subgraphs.append(maker.graph)
    maker.graph = main
    return maker.pack((source,), (total,))


def float_model() -> bytes:
    """float32 [1, 2] -> ADD with itself: valid, but not int8."""
    maker = Maker()
    source = maker.tensor("x", (1, 2), schema.TensorType.FLOAT32, scale=0)
    out = maker.tensor("y", (1, 2), schema.TensorType.FLOAT32, scale=0)
    maker.op(
        schema.BuiltinOperator.ADD, (source, source), (out,), schema.BuiltinOptions.AddOptions, schema.AddOptionsT()
    )
    return maker.pack((source,), (out,))
