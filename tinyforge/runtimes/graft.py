"""Models with a GRU in the middle: put together from what the converter can do, and taken apart again to be run.

The converter makes int8 models of the network in front of a GRU and of the one behind it. ``graft`` joins them with the
quantized layer to one ``.tflite``, in which the layer is the custom operator ``TINYFORGE_GRU``; the interpreter does
not know it, so ``split`` gives back the parts: models for the interpreter, and layers for ``runtimes.gru.run_gru``.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import ModelFormatError
from tinyforge.runtimes.gru import GATES, HIDDEN_SCALE, OPERATOR, QuantizedGru

_IDENTIFIER = b"TFL3"
_CANDIDATE_BIAS = 10


def graft(front: bytes | None, gru: QuantizedGru, back: bytes | None, *, steps: int, every_step: bool) -> bytes:
    """One model of two and a GRU between them.

    Args:
        front: int8 model whose only output [1, steps, features] the layer reads; None when it reads the model's input.
        gru: the layer.
        back: int8 model whose only input is the layer's output; None when that is the model's output.
        steps: length of the sequence.
        every_step: the layer gives [1, steps, units]; otherwise the last step alone, [1, units].

    Raises:
        ModelFormatError: a part whose tensors do not fit the layer's.
    """
    schema = _schema()
    model = schema.ModelT() if front is None else _parsed(front)
    if front is None:
        model.version, model.operatorCodes, model.buffers = 3, [], [schema.BufferT()]
        model.description = b"tinyforge"
        graph = schema.SubGraphT()
        graph.tensors, graph.operators = [], []
        model.subgraphs = [graph]
        source = _tensor(model, "window", (1, steps, gru.features), "INT8", (gru.input_scale, gru.input_zero_point))
        graph.inputs = np.array([source], np.int32)
    else:
        graph = model.subgraphs[0]
        source = int(graph.outputs[0])
        _expect(graph.tensors[source], (1, steps, gru.features), (gru.input_scale, gru.input_zero_point))
    shape = (1, steps, gru.units) if every_step else (1, gru.units)
    target = _tensor(model, "gru", shape, "INT8", (HIDDEN_SCALE, 0))
    _operator(model, "CUSTOM", [source, *_layer_tensors(model, gru)], [target], custom=OPERATOR)
    if back is None:
        graph.outputs = np.array([target], np.int32)
    else:
        _append(model, _parsed(back), target, shape)
    return _packed(model)


def output_quantization(model: bytes) -> tuple[float, int]:
    """Scale and zero point of a model's first output; scale 0 where it has none."""
    graph = _parsed(model).subgraphs[0]
    return _quantization(graph.tensors[int(graph.outputs[0])])


def _schema() -> Any:
    return importlib.import_module("ai_edge_litert.schema_py_generated")


def _parsed(model: bytes) -> Any:
    schema = _schema()
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))


def _packed(model: Any) -> bytes:
    builder = importlib.import_module("flatbuffers").Builder(1024)
    builder.Finish(model.Pack(builder), _IDENTIFIER)
    return bytes(builder.Output())


def _expect(tensor: Any, shape: tuple[int, ...], quantization: tuple[float, int]) -> None:
    found = tuple(int(size) for size in tensor.shape), _quantization(tensor)
    if found != (shape, (float(np.float32(quantization[0])), quantization[1])):
        raise ModelFormatError(
            f'tensor "{_text(tensor.name)}"',
            f"has shape {list(found[0])} and quantization {found[1]}, not {list(shape)} and {quantization}",
            "convert the part again",
        )


def _quantization(tensor: Any) -> tuple[float, int]:
    quant = tensor.quantization
    if quant is None or quant.scale is None or len(quant.scale) != 1:
        return 0.0, 0
    return float(quant.scale[0]), int(quant.zeroPoint[0])


def _text(name: Any) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)


def _tensor(
    model: Any,
    name: str,
    shape: Sequence[int],
    kind: str,
    quantization: tuple[float, int],
    *,
    data: npt.NDArray[Any] | None = None,
    variable: bool = False,
) -> int:
    """Add a tensor to the main subgraph; its index."""
    schema = _schema()
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.isVariable, tensor.buffer = name, np.array(shape, np.int32), variable, 0
    tensor.type = getattr(schema.TensorType, kind)
    quant = schema.QuantizationParametersT()
    quant.scale, quant.zeroPoint = np.array(quantization[:1], np.float32), np.array(quantization[1:], np.int64)
    tensor.quantization = quant
    if data is not None:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
        model.buffers.append(buffer)
        tensor.buffer = len(model.buffers) - 1
    tensors = model.subgraphs[0].tensors
    tensors.append(tensor)
    return len(tensors) - 1


def _operator(model: Any, kind: str, inputs: list[int], outputs: list[int], custom: str | None = None) -> None:
    schema = _schema()
    code = schema.OperatorCodeT()
    code.builtinCode = getattr(schema.BuiltinOperator, kind)
    code.deprecatedBuiltinCode, code.customCode, code.version = min(code.builtinCode, 127), custom, 1
    model.operatorCodes.append(code)
    op = schema.OperatorT()
    op.opcodeIndex = len(model.operatorCodes) - 1
    op.inputs, op.outputs = np.array(inputs, np.int32), np.array(outputs, np.int32)
    model.subgraphs[0].operators.append(op)


def _layer_tensors(model: Any, gru: QuantizedGru) -> list[int]:
    """The operator's inputs after the sequence, as ``compiler/ops/gru.py`` takes them."""
    found = []
    for what, arrays, scales in (
        ("kernel", gru.kernel, gru.kernel_scale),
        ("recurrent kernel", gru.recurrent, gru.recurrent_scale),
    ):
        for gate, array, scale in zip(GATES, arrays, scales, strict=True):
            found.append(_tensor(model, f"gru {gate} {what}", array.shape, "INT8", (scale, 0), data=array))
    units = (gru.units,)
    for gate, bias, scale in zip(GATES, gru.bias, gru.kernel_scale, strict=True):
        found.append(_tensor(model, f"gru {gate} bias", units, "INT32", (gru.input_scale * scale, 0), data=bias))
    if gru.candidate_bias is None:
        found.append(-1)
    else:
        scale = HIDDEN_SCALE * gru.recurrent_scale[2]
        found.append(_tensor(model, "gru recurrent bias", units, "INT32", (scale, 0), data=gru.candidate_bias))
    found.append(_tensor(model, "gru hidden state", (1, *units), "INT8", (HIDDEN_SCALE, 0), variable=True))
    found.append(_tensor(model, "gru memory", (1, *units), "INT16", (2.0**-15, 0), variable=True))
    return found


def _append(model: Any, back: Any, source: int, shape: tuple[int, ...]) -> None:
    """Add the operators of ``back``, its input being ``source``, rescaled where it is quantized otherwise."""
    graph, behind = model.subgraphs[0], back.subgraphs[0]
    entry = int(behind.inputs[0])
    quantization = _quantization(behind.tensors[entry])
    _expect(behind.tensors[entry], shape, quantization)
    tensors, buffers, codes = len(graph.tensors), len(model.buffers), len(model.operatorCodes)
    model.buffers.extend(back.buffers)
    model.operatorCodes.extend(back.operatorCodes)
    for tensor in behind.tensors:
        tensor.buffer += buffers
        graph.tensors.append(tensor)
    if quantization == (HIDDEN_SCALE, 0):
        places = {entry: source}
    else:
        places = {}
        _operator(model, "QUANTIZE", [source], [tensors + entry])
    for op in behind.operators:
        op.opcodeIndex += codes
        op.inputs = np.array([places.get(int(i), int(i) + tensors if i >= 0 else -1) for i in op.inputs], np.int32)
        op.outputs = np.array([int(i) + tensors for i in op.outputs], np.int32)
        if op.intermediates is not None:
            op.intermediates = np.array([int(i) + tensors if i >= 0 else -1 for i in op.intermediates], np.int32)
        graph.operators.append(op)
    graph.outputs = np.array([places.get(int(i), int(i) + tensors) for i in behind.outputs], np.int32)


def split(model: bytes) -> list[bytes | QuantizedGru]:
    """The parts of a model in the order in which they run; a model without a GRU is its only part.

    Raises:
        ModelFormatError: the layer's tensors are not those that ``graft`` writes.
    """
    whole = _parsed(model)
    custom = [number for number, op in enumerate(whole.subgraphs[0].operators) if _is_gru(whole, op)]
    if not custom:
        return [model]
    parts: list[bytes | QuantizedGru] = []
    begin, entry = 0, int(whole.subgraphs[0].inputs[0])
    for number in custom:
        op = whole.subgraphs[0].operators[number]
        if number > begin:
            parts.append(_cut(model, begin, number, entry, int(op.inputs[0])))
        parts.append(_layer(whole, op))
        begin, entry = number + 1, int(op.outputs[0])
    end = len(whole.subgraphs[0].operators)
    if end > begin:
        parts.append(_cut(model, begin, end, entry, int(whole.subgraphs[0].outputs[0])))
    return parts


def _is_gru(model: Any, op: Any) -> bool:
    code = model.operatorCodes[op.opcodeIndex].customCode
    return code is not None and _text(code) == OPERATOR


def _cut(model: bytes, begin: int, end: int, source: int, target: int) -> bytes:
    """The operators ``begin``..``end`` with their tensors as a model of their own."""
    part = _parsed(model)
    graph = part.subgraphs[0]
    graph.operators = graph.operators[begin:end]
    used = {int(i) for op in graph.operators for i in (*op.inputs, *op.outputs) if i >= 0}
    for number, tensor in enumerate(graph.tensors):
        if number not in used:  # the interpreter would want to know who writes it
            tensor.isVariable = False
    graph.inputs, graph.outputs = np.array([source], np.int32), np.array([target], np.int32)
    part.signatureDefs = []
    return _packed(part)


def _layer(model: Any, op: Any) -> QuantizedGru:
    graph = model.subgraphs[0]
    if len(op.inputs) != _CANDIDATE_BIAS + 3:
        raise ModelFormatError(OPERATOR, f"has {len(op.inputs)} inputs", "compress the network again")

    def array(position: int, kind: type) -> npt.NDArray[Any]:
        tensor = graph.tensors[op.inputs[position]]
        data = model.buffers[tensor.buffer].data
        shape = tuple(int(size) for size in tensor.shape)
        return np.frombuffer(np.asarray(data, np.uint8).tobytes(), kind).reshape(shape)

    scales = [_quantization(graph.tensors[op.inputs[position]])[0] for position in range(7)]
    scale, zero = _quantization(graph.tensors[op.inputs[0]])
    return QuantizedGru(
        np.stack([array(1 + gate, np.int8) for gate in range(3)]),
        np.stack([array(4 + gate, np.int8) for gate in range(3)]),
        (scales[1], scales[2], scales[3]),
        (scales[4], scales[5], scales[6]),
        np.stack([array(7 + gate, np.int32) for gate in range(3)]),
        array(_CANDIDATE_BIAS, np.int32) if op.inputs[_CANDIDATE_BIAS] >= 0 else None,
        scale,
        zero,
    )
