"""The reader refuses what it must, with place, fact and way out, and never crashes or hangs."""

from __future__ import annotations

import random
import struct
import time

import numpy as np
import pytest
from small_models import conv_net, dense
from tflite_writer import Writer

from tinyforge.compiler import compile_model, read_model
from tinyforge.core.errors import ModelFormatError, TinyforgeError, UnsupportedModelError
from tinyforge.core.graph import DType


def refused(data: bytes, kind: type[TinyforgeError] = ModelFormatError) -> str:
    with pytest.raises(kind) as caught:
        compile_model(data, name="m", place="m.tflite")
    assert type(caught.value) is kind
    return str(caught.value)


def test_reads_tensors_as_views():
    data = dense()
    graph = read_model(data, "m.tflite")
    assert [op.kind for op in graph.ops] == ["RESHAPE", "FULLY_CONNECTED", "SOFTMAX"]
    filter_ = graph.tensors[graph.ops[1].inputs[1]]
    assert (filter_.shape, filter_.dtype, filter_.name) == ((3, 8), DType.INT8, "w")
    assert filter_.data is not None
    assert not filter_.data.flags.owndata
    assert not filter_.data.flags.writeable
    assert filter_.quant is not None
    assert filter_.quant.scale == (float(np.float32(0.02)),)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "it is empty"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "a JPEG picture"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a PNG picture"),
        (b"PK\x03\x04" + bytes(100), "a zip archive (a .keras model, or a download that is still packed)"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "a Keras HDF5 model"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer, not the file itself"),
        (bytes(64), 'it lacks the mark "TFL3" at byte 4'),
        (b"abcdefghijkl" + bytes(64), "at byte 4 (found b'efgh')"),
        (b"abc", "it is only 3 bytes long"),
    ],
)
def test_other_files_are_named(data, what):
    message = refused(data)
    assert message.startswith("m.tflite: is not a .tflite model: ")
    assert what in message
    assert message.endswith("; give a .tflite file")


def test_every_truncation_is_refused():
    data = conv_net()
    for length in range(0, len(data) - 1, 7):
        with pytest.raises(UnsupportedModelError) as caught:
            compile_model(data[:length], name="m", place="m.tflite")
        assert caught.value.place.startswith("m.tflite")
        assert caught.value.way_out


def test_buffer_must_fit_its_shape():
    model = Writer()
    x = model.tensor("x", (1, 4), scale=0.1)
    w = model.tensor("w", (2, 4), data=np.zeros((2, 4), np.int8), scale=0.1)
    model.tensors[w].shape = [2, 5]
    y = model.tensor("y", (1, 2), scale=0.1)
    model.op("FULLY_CONNECTED", [x, w, -1], [y], "FullyConnectedOptions")
    assert 'tensor "w": of shape [2, 5] needs 10 bytes; its buffer holds 8' in refused(model.build([x], [y]))


@pytest.mark.parametrize(
    ("shape", "fact"),
    [
        ([1, -4], "has the negative size -4 in its shape [1, -4]"),
        ([1 << 20, 1 << 20], "has 1099511627776 elements"),
        ([2147483647] * 8, "elements"),
        ([1] * 9, "has 9 dimensions; at most 8 are known"),
    ],
)
def test_absurd_shapes(shape, fact):
    model = Writer()
    x = model.tensor("x", (1, 4), scale=0.1)
    model.tensors[x].shape = shape
    y = model.tensor("y", (1, 4), scale=1 / 256, zero_point=-128)
    model.op("SOFTMAX", [x], [y], "SoftmaxOptions", beta=1.0)
    assert fact in refused(model.build([x], [y]))


def test_cycles_and_order():
    model = Writer()
    x = model.tensor("x", (1, 4), scale=1 / 256, zero_point=-128)
    a = model.tensor("a", (1, 4), scale=1 / 256, zero_point=-128)
    b = model.tensor("b", (1, 4), scale=1 / 256, zero_point=-128)
    model.op("SOFTMAX", [b], [a], "SoftmaxOptions", beta=1.0)
    model.op("SOFTMAX", [a], [b], "SoftmaxOptions", beta=1.0)
    message = refused(model.build([x], [b]))
    assert 'op #0 SOFTMAX: tensor "b": is read before anything computes it' in message


def test_written_twice():
    model = Writer()
    x = model.tensor("x", (1, 4), scale=1 / 256, zero_point=-128)
    a = model.tensor("a", (1, 4), scale=1 / 256, zero_point=-128)
    model.op("SOFTMAX", [x], [a], "SoftmaxOptions", beta=1.0)
    model.op("SOFTMAX", [x], [a], "SoftmaxOptions", beta=1.0)
    assert "is written twice" in refused(model.build([x], [a]))


def test_bad_quantization():
    for scale, fact in ((float("nan"), "not a number above 0"), (-1.0, "above 0"), ([0.1, 0.2], "has 2 scales along")):
        model = Writer()
        x = model.tensor("x", (1, 4), scale=scale)
        y = model.tensor("y", (1, 4), scale=1 / 256, zero_point=-128)
        model.op("SOFTMAX", [x], [y], "SoftmaxOptions", beta=1.0)
        assert fact in refused(model.build([x], [y]))


def test_indices_out_of_range():
    model = Writer()
    x = model.tensor("x", (1, 4), scale=0.1)
    y = model.tensor("y", (1, 4), scale=1 / 256, zero_point=-128)
    model.op("SOFTMAX", [77], [y], "SoftmaxOptions", beta=1.0)
    assert "the inputs of op #0 SOFTMAX name tensor 77 of 2" in refused(model.build([x], [y]))


def test_unsupported_operators_are_named():
    model = Writer()
    x = model.tensor("x", (1, 4), scale=0.1)
    y = model.tensor("y", (1, 4), scale=0.1)
    model.op("FLOOR_MOD", [x, x], [y])
    message = refused(model.build([x], [y]), UnsupportedModelError)
    assert message.startswith('m.tflite: op #0 FLOOR_MOD: tensor "y": this operator is not supported; rebuild that ')
    assert "`tinyforge operators` lists them" in message
    model = Writer()
    x = model.tensor("x", (1, 4), scale=0.1)
    y = model.tensor("y", (1, 4), scale=0.1)
    model.op("CUSTOM", [x], [y], custom="MyOp")
    assert 'op #0 CUSTOM:MyOp: tensor "y"' in refused(model.build([x], [y]), UnsupportedModelError)


def test_float_models_get_the_command_that_quantizes():
    model = Writer()
    x = model.tensor("input_1", (1, 4), "float32")
    w = model.constant("w", np.zeros((2, 4)), "float32")
    y = model.tensor("y", (1, 2), "float32")
    model.op("FULLY_CONNECTED", [x, w, -1], [y], "FullyConnectedOptions")
    message = refused(model.build([x], [y]), UnsupportedModelError)
    assert message == (
        'm.tflite: op #0 FULLY_CONNECTED: tensor "input_1": is float32, not int8; '
        "convert it to int8 with a representative data set"
    )


def test_convolution_sizes_must_follow():
    for change, fact in (
        ({"stride_w": 0}, "stride 0"),
        ({"stride_h": -1}, "stride -1"),
        ({"padding": 5}, "padding 5"),
        ({"stride_w": 2}, "where 5 follows"),
    ):
        model = Writer()
        x = model.tensor("x", (1, 1, 12, 2), scale=0.05)
        w = model.constant("w", np.ones((4, 1, 3, 2)), "int8", scale=0.01)
        y = model.tensor("y", (1, 1, 10, 4), scale=0.06)
        b = model.constant("b", np.zeros(4), "int32")
        options = {"padding": 1, "stride_w": 1, "stride_h": 1, **change}
        model.op("CONV_2D", [x, w, b], [y], "Conv2DOptions", **options)
        assert fact in refused(model.build([x], [y]), UnsupportedModelError)


def mutated(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(changed))
        kind = rng.randrange(4)
        if kind == 0:
            changed[at] = rng.randrange(256)
        elif kind == 1:
            at &= ~3
            value = rng.choice((0, 1, -1, 2**31 - 1, -(2**31), rng.randrange(-300, 300), len(changed)))
            changed[at : at + 4] = struct.pack("<i", value)[: len(changed) - at]
        elif kind == 2:
            source, length = rng.randrange(len(changed)), rng.randrange(1, 32)
            changed[at : at + length] = changed[source : source + length]
        else:
            changed[at] ^= 1 << rng.randrange(8)
    return bytes(changed)


def test_mutated_models_are_refused_or_compiled(at_once_s):
    rng = random.Random(3)
    bases = [dense(), conv_net()]
    outcomes = set()
    for _ in range(1500):
        data = mutated(rng.choice(bases), rng)
        start = time.process_time()
        try:
            compile_model(data, name="m", place="m.tflite")
            outcomes.add("compiled")
        except UnsupportedModelError as error:
            outcomes.add(type(error).__name__ if str(error).startswith("m.tflite: ") else str(error))
        assert time.process_time() - start < at_once_s
    assert outcomes == {"compiled", "ModelFormatError", "UnsupportedModelError"}
