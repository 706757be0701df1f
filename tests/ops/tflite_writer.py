"""Writes small .tflite files for tests: tensors and operators in, bytes out. No TensorFlow.

model = Writer()
x = model.tensor("x", (1, 4), scale=0.5, zero_point=-3)
y = model.tensor("y", (1, 4), scale=1 / 256, zero_point=-128)
model.op("SOFTMAX", [x], [y], "SoftmaxOptions", beta=1.0)
data = model.build([x], [y])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

_TYPES = {
    "int8": schema.TensorType.INT8,
    "uint8": schema.TensorType.UINT8,
    "int16": schema.TensorType.INT16,
    "int32": schema.TensorType.INT32,
    "int64": schema.TensorType.INT64,
    "float32": schema.TensorType.FLOAT32,
    "bool": schema.TensorType.BOOL,
    "resource": schema.TensorType.RESOURCE,
}


class Writer:
    """One subgraph under construction; further ones come from ``subgraph``."""

    def __init__(self, parent: Writer | None = None) -> None:
        self.parent = parent or self
        self.tensors: list[Any] = []
        self.ops: list[Any] = []
        self.inputs: list[int] = []
        self.outputs: list[int] = []
        if parent is None:
            self.buffers: list[Any] = [schema.BufferT()]
            self.codes: list[tuple[int, str | None, int]] = []
            self.subgraphs: list[Writer] = [self]
            self.metadata: list[tuple[str, bytes]] = []

    def subgraph(self) -> Writer:
        """A further subgraph of the same model."""
        other = Writer(self.parent)
        self.parent.subgraphs.append(other)
        return other

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        dtype: str = "int8",
        *,
        scale: float | Sequence[float] | None = None,
        zero_point: int | Sequence[int] = 0,
        axis: int = 0,
        data: Any = None,
        variable: bool = False,
    ) -> int:
        """Add a tensor; ``data`` makes it a constant. Returns its index."""
        tensor = schema.TensorT()
        tensor.name = name
        tensor.shape = list(shape)
        tensor.type = _TYPES[dtype]
        tensor.isVariable = variable
        tensor.buffer = 0
        if data is not None:
            buffer = schema.BufferT()
            raw = np.asarray(data, dtype).reshape(tuple(shape)).tobytes()
            buffer.data = np.frombuffer(raw, np.uint8)
            self.parent.buffers.append(buffer)
            tensor.buffer = len(self.parent.buffers) - 1
        if scale is not None:
            quant = schema.QuantizationParametersT()
            scales = np.atleast_1d(np.asarray(scale, np.float32))
            quant.scale = scales
            zeros = np.atleast_1d(np.asarray(zero_point, np.int64))
            quant.zeroPoint = np.broadcast_to(zeros, scales.shape).copy()
            quant.quantizedDimension = axis
            tensor.quantization = quant
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def constant(self, name: str, data: Any, dtype: str = "int32", **quantization: Any) -> int:
        """Add a constant of the shape of ``data``."""
        array = np.asarray(data, dtype)
        return self.tensor(name, array.shape, dtype, data=array, **quantization)

    def op(
        self,
        kind: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        options: str | None = None,
        *,
        intermediates: Sequence[int] = (),
        custom: str | None = None,
        version: int = 1,
        **values: Any,
    ) -> None:
        """Add an operator; ``values`` are options as in ``schema.fbs`` (``stride_w``)."""
        code = getattr(schema.BuiltinOperator, kind)
        key = (code, custom, version)
        if key not in self.parent.codes:
            self.parent.codes.append(key)
        op = schema.OperatorT()
        op.opcodeIndex = self.parent.codes.index(key)
        op.inputs = np.asarray(inputs, np.int32)
        op.outputs = np.asarray(outputs, np.int32)
        if intermediates:
            op.intermediates = np.asarray(intermediates, np.int32)
        if options is not None:
            table = getattr(schema, f"{options}T")()
            for name, value in values.items():
                head, *rest = name.split("_")
                camel = head + "".join(part[:1].upper() + part[1:] for part in rest)
                if not hasattr(table, camel):
                    raise AttributeError(f"{options} has no {name}")
                setattr(table, camel, value)
            second = hasattr(schema.BuiltinOptions2, options)
            union = getattr(schema.BuiltinOptions2 if second else schema.BuiltinOptions, options)
            if second:
                op.builtinOptions2Type, op.builtinOptions2 = union, table
            else:
                op.builtinOptionsType, op.builtinOptions = union, table
        self.ops.append(op)

    def build(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        """The file."""
        self.inputs, self.outputs = list(inputs), list(outputs)
        model = schema.ModelT()
        model.version = 3
        model.description = "tinyforge test"
        model.operatorCodes = []
        for code, custom, version in self.parent.codes:
            entry = schema.OperatorCodeT()
            entry.builtinCode = code
            entry.deprecatedBuiltinCode = min(code, 127)
            entry.customCode = custom
            entry.version = version
            model.operatorCodes.append(entry)
        model.subgraphs = []
        for graph in self.parent.subgraphs:
            entry = schema.SubGraphT()
            entry.tensors, entry.operators = graph.tensors, graph.ops
            entry.inputs, entry.outputs = np.asarray(graph.inputs, np.int32), np.asarray(graph.outputs, np.int32)
            model.subgraphs.append(entry)
        model.buffers = list(self.parent.buffers)
        model.metadata = []
        for name, content in self.parent.metadata:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(content, np.uint8)
            model.buffers.append(buffer)
            entry = schema.MetadataT()
            entry.name, entry.buffer = name, len(model.buffers) - 1
            model.metadata.append(entry)
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
