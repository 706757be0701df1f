"""Models of old converters that the LiteRT interpreter of today refuses for a slip that changes no number."""

from __future__ import annotations


def mend_bias_axes(model: bytes) -> bytes:
    """The same model with the axis of one-dimensional quantizations set to 0.

    Old converters gave a bias the quantized dimension of its filter (3 for DEPTHWISE_CONV_2D); a tensor of one
    dimension has no other than 0. Indices of tensors and operators stay what they are.

    Args:
        model: content of a ``.tflite`` that has been read and checked.

    Returns:
        ``model`` itself when there is nothing to mend.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    said = schema.ModelT.InitFromPackedBuf(model)
    mended = False
    for subgraph in said.subgraphs:
        for tensor in subgraph.tensors:
            quant = tensor.quantization
            rank = 0 if tensor.shape is None else len(tensor.shape)
            if quant is not None and rank == 1 and quant.quantizedDimension != 0:
                quant.quantizedDimension = 0
                mended = True
    if not mended:
        return model
    builder = flatbuffers.Builder(len(model))
    builder.Finish(said.Pack(builder), b"TFL3")
    return bytes(builder.Output())
