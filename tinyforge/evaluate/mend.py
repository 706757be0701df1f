"""What the LiteRT interpreter with its reference kernels refuses although it could run it, made so that it runs.

Nothing here changes a number, nor the index of a tensor or an operator.
"""

from __future__ import annotations

from typing import Any

#: Operators that only move numbers, registered with the reference kernels under an older version of the same kernel.
_HIGHEST_VERSIONS = {"DEPTH_TO_SPACE": 1, "TILE": 2}


def mend(model: bytes) -> bytes:
    """The same model as today's interpreter takes it.

    - Old converters gave a bias the quantized dimension of its filter (3 for DEPTHWISE_CONV_2D); a tensor of one
      dimension has no other than 0.
    - The list of reference kernels names int8 forms of some operators not at all, although the kernels have them.

    Args:
        model: content of a ``.tflite`` that has been read and checked.

    Returns:
        ``model`` itself when there is nothing to mend.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    said = schema.ModelT.InitFromPackedBuf(model)
    changes = [_lower_version(code, schema) for code in said.operatorCodes]
    changes += [_mend_axis(tensor) for subgraph in said.subgraphs for tensor in subgraph.tensors or ()]
    if not any(changes):
        return model
    builder = flatbuffers.Builder(len(model))
    builder.Finish(said.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _lower_version(code: Any, schema: Any) -> bool:
    for name, version in _HIGHEST_VERSIONS.items():
        if code.builtinCode == getattr(schema.BuiltinOperator, name) and code.version > version:
            code.version = version
            return True
    return False


def _mend_axis(tensor: Any) -> bool:
    quant = tensor.quantization
    rank = 0 if tensor.shape is None else len(tensor.shape)
    if quant is None or rank != 1 or quant.quantizedDimension == 0:
        return False
    quant.quantizedDimension = 0
    return True
