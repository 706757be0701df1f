"""Shapes that a model leaves open: what LiteRT computes when it allocates, in place of the converter's guesses."""

from __future__ import annotations

import pytest
from tflite_writer import Writer

from tinyforge.compiler import compile_model, read_model
from tinyforge.compiler.passes.settle_shapes import settle_shapes
from tinyforge.core.errors import UnsupportedModelError

Q = {"scale": 0.5, "zero_point": 0}


def blocks(*, is_open=True, shape=(1, 4, 3)):
    """x [1][8][3] -> SPACE_TO_BATCH_ND by 2 -> NEG -> y, both of which are [2][4][3]."""
    model = Writer()
    x = model.tensor("x", (1, 8, 3), **Q)
    parts, y = model.tensor("parts", shape, **Q), model.tensor("y", shape, **Q)
    for tensor in (parts, y):
        model.tensors[tensor].shapeSignature = [-1, 4, 3] if is_open else None
    lists = [model.constant("block", [2], "int32"), model.constant("none", [[0, 0]], "int32")]
    model.op("SPACE_TO_BATCH_ND", [x, *lists], [parts])
    model.op("RELU", [parts], [y])
    return model.build([x], [y])


def test_guesses_are_put_right():
    compiled = compile_model(blocks(), name="m", place="m")
    assert [compiled.graph.tensors[index].shape for index in compiled.graph.outputs] == [(2, 4, 3)]
    assert [line for line in compiled.log if line.startswith("settle_shapes")] == [
        'settle_shapes: tensor "parts" has shape [2, 4, 3], not [1, 4, 3]',
        'settle_shapes: tensor "y" has shape [2, 4, 3], not [1, 4, 3]',
    ]


def test_a_right_guess_costs_nothing():
    compiled = compile_model(blocks(shape=(2, 4, 3)), name="m", place="m")
    assert not [line for line in compiled.log if line.startswith("settle_shapes")]


def test_a_stated_shape_is_no_guess():
    with pytest.raises(UnsupportedModelError) as refused:
        compile_model(blocks(is_open=False), name="m", place="m")
    assert str(refused.value) == (
        'm: op #0 SPACE_TO_BATCH_ND: tensor "parts": has shape [1, 4, 3] where [2, 4, 3] follows; convert '
        "the model again"
    )


def test_nothing_to_settle():
    graph = read_model(blocks(is_open=False), "m")
    settled, lines = settle_shapes(graph)
    assert not lines
    assert [tensor.shape for tensor in settled.tensors] == [tensor.shape for tensor in graph.tensors]


def test_other_reasons_remain():
    """What is refused for something else is refused so after settling, too."""
    model = Writer()
    x, y = model.tensor("x", (1, 4), "int16", **Q), model.tensor("y", (1, 4), "int16", **Q)
    model.tensors[y].shapeSignature = [-1, 4]
    model.op("ADD", [x, x], [y], "AddOptions")
    with pytest.raises(UnsupportedModelError, match="is int16, not int8; convert it to int8"):
        compile_model(model.build([x], [y]), name="m", place="m")
