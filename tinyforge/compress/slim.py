"""A converted ``.tflite`` without what nobody reads: shorter names, no empty buffers, no notes of the converter.

The same operators on the same numbers. What goes: ``min_runtime_version`` and ``CONVERSION_METADATA``, a buffer of its
own for every tensor that has no content, constants that no tensor reads (the converter leaves an LSTM's forget bias
behind in the scales that it tried; how many and which differs between the first conversion of a process and a later
one, so that the same weights gave other bytes), and names like ``dense/hidden0/MatMul;dense/hidden0/Relu``, which
become ``hidden0``: the layer that the network's author knows, in messages of the compiler too.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from tinyforge.core.model_info import METADATA_NAME

_IDENTIFIER = b"TFL3"
_CONVERTERS_OWN = {"tfl.unidirectional_sequence_lstm": "lstm", "serving_default_window:0": "rescaled"}


def finish(model: bytes, information: bytes) -> bytes:
    """The model slimmed, with ``information`` as its metadata entry ``TINYFORGE``; the same input gives the same bytes.

    Args:
        model: a ``.tflite`` of one subgraph.
        information: what :func:`tinyforge.core.model_info.info_to_json` gives.
    """
    from ai_edge_litert import schema_py_generated as schema

    tree = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
    tree.description = b""
    tree.metadata = []
    tree.metadataBuffer = None
    _rename(tree.subgraphs[0])
    _share_buffers(tree)
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(information, np.uint8)
    tree.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name, entry.buffer = METADATA_NAME.encode(), len(tree.buffers) - 1
    tree.metadata.append(entry)
    builder = importlib.import_module("flatbuffers").Builder(len(model))
    builder.Finish(tree.Pack(builder), _IDENTIFIER)
    return bytes(builder.Output())


def _rename(graph: Any) -> None:
    """Outputs take their layer's name, weights that of the layer that uses them."""
    names: dict[int, str] = {int(graph.inputs[0]): "window"}
    for op in graph.operators:
        target = int(op.outputs[0])
        layer = _layer(graph.tensors[target].name)
        names.setdefault(target, layer)
        for place, index in enumerate(op.inputs):
            if index >= 0 and place > 0:
                names.setdefault(int(index), f"{layer}/{place}")
        for place, index in enumerate(op.intermediates if op.intermediates is not None else ()):
            if index >= 0:
                names.setdefault(int(index), f"{layer}/{place}i")
    names[int(graph.outputs[0])] = "scores_out" if "scores" in names.values() else "scores"
    taken: set[str] = set()
    for index, tensor in enumerate(graph.tensors):
        name = names.get(index, f"t{index}")
        while name in taken:
            name += "_"
        taken.add(name)
        tensor.name = name.encode()


def _layer(name: bytes) -> str:
    """``cnn1d/conv0_relu/Relu;cnn1d/conv0/Conv2D`` -> ``conv0_relu``."""
    first = name.decode("utf-8", "replace").split(";", 1)[0]
    if first in _CONVERTERS_OWN:
        return _CONVERTERS_OWN[first]
    parts = first.split("/")
    return parts[1] if len(parts) > 2 else parts[-1]


def _share_buffers(tree: Any) -> None:
    """Buffers that a tensor reads stay; tensors without content share buffer 0, which TFLite keeps empty."""
    read = {tensor.buffer for tensor in tree.subgraphs[0].tensors}
    kept, places = [tree.buffers[0]], {0: 0}
    for index, buffer in enumerate(tree.buffers[1:], 1):
        if buffer.data is None or len(buffer.data) == 0:
            places[index] = 0
        elif index in read:
            places[index] = len(kept)
            kept.append(buffer)
    tree.buffers = kept
    for tensor in tree.subgraphs[0].tensors:
        tensor.buffer = places[tensor.buffer]
