"""The same weights give the same ``.tflite``, whatever the converter has left behind in it."""

from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from tinyforge.compress.slim import finish

MODELS = Path(__file__).parents[3] / "models"


def with_dead_constants(model: bytes, at: int, *values: bytes) -> bytes:
    """The model with buffers that no tensor reads, before its buffer ``at``."""
    tree = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
    for tensor in tree.subgraphs[0].tensors:
        tensor.buffer += len(values) * (tensor.buffer >= at)
    for value in reversed(values):
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(value, np.uint8)
        tree.buffers.insert(at, buffer)
    builder = flatbuffers.Builder(len(model))
    builder.Finish(tree.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize("at", [1, 9])
@pytest.mark.parametrize("name", ["gestures_lstm", "gestures_cnn1d"])
def test_what_no_tensor_reads_goes(name, at):
    """A converter's first LSTM of a process came with other dead constants than the next one of the same weights."""
    model = (MODELS / name / f"{name}.tflite").read_bytes()
    once, again = (
        finish(with_dead_constants(model, at, *values), b"{}")
        for values in ((b"\7" * 20, b"\x7f" * 20, b"\xff\x7f" * 20), (b"\x7f" * 20, b"\xff\x7f" * 20))
    )
    assert once == again == finish(model, b"{}")
    slim = schema.ModelT.InitFromObj(schema.Model.GetRootAs(once, 0))
    read = {tensor.buffer for tensor in slim.subgraphs[0].tensors} | {entry.buffer for entry in slim.metadata}
    assert read | {0} == set(range(len(slim.buffers)))
