"""Each pass does what it says and says what it did."""

from __future__ import annotations

import numpy as np
import pytest
from onelayer import CONV, DEPTHWISE, TRANSPOSED, Kind, layer
from small_models import conv_net, dense, lstm
from tflite_writer import Writer

from tinyforge.compiler import Goal, compile_model, read_model
from tinyforge.compiler.passes.conv_1d import find_conv_1d
from tinyforge.compiler.passes.dead_ops import drop_dead_ops
from tinyforge.compiler.passes.drop_outer_taps import drop_outer_taps
from tinyforge.compiler.passes.drop_reshapes import drop_reshapes
from tinyforge.compiler.passes.fold_padding import fold_padding
from tinyforge.compiler.passes.own_outputs import own_outputs
from tinyforge.compiler.passes.spread_transpose_conv import spread_transpose_conv
from tinyforge.compiler.streaming import stream


def test_drop_reshapes():
    graph, lines = drop_reshapes(read_model(dense(), "m.tflite"))
    assert [op.kind for op in graph.ops] == ["FULLY_CONNECTED", "SOFTMAX"]
    flat = graph.ops[0].inputs[0]
    assert graph.root(flat) == graph.inputs[0]
    assert lines == ["op #0 RESHAPE dropped: its output is its input under another shape"]


def test_find_conv_1d():
    graph, lines = find_conv_1d(read_model(conv_net(), "m.tflite"))
    assert graph.ops[0].kind == "CONV_1D"
    assert graph.ops[0].options["kernel"] == 3
    assert lines == ["op #0 CONV_2D has height 1: conv_1d [12][2] -> [10][4]"]


@pytest.mark.parametrize(
    ("operator", "kernel", "stride", "size", "kept"),
    [
        (CONV, (3, 3), 1, (1, 12), (1, 3)),
        (DEPTHWISE, (3, 3), 1, (12, 1), (3, 1)),
        (CONV, (3, 5), 2, (1, 12), (1, 5)),
        (CONV, (9, 3), 1, (3, 3), (5, 3)),  # the first and last rows' windows lack two rows each
        (CONV, (3, 3), 1, (2, 2), (3, 3)),  # each tap meets the input somewhere
    ],
)
def test_drop_outer_taps(operator, kernel, stride, size, kept):
    graph, lines = drop_outer_taps(read_model(layer(Kind(operator, kernel, stride=stride), size, 1, 4), "m.tflite"))
    shape = graph.tensors[graph.ops[0].inputs[1]].shape
    assert shape[1:3] == kept
    before, after = ("x".join(map(str, taps)) for taps in (kernel, kept))
    said = [f"op #0 {operator} has {before} taps, of which {after} ever meet its input"]
    assert lines == (said if kept != kernel else [])


def causal(around=(2, 0), value=None, reader="CONV_2D", outputs=("y",)):
    """[1, 12, 2], zeros before it, seen as an image of one row by a convolution of three taps, as Keras writes it."""
    model = Writer()
    length = 12 + sum(around)
    quant = {"scale": 0.05, "zero_point": 3}
    x, first = model.tensor("x", (1, 12, 2), **quant), model.tensor("first", (1, length, 2), **quant)
    said = model.constant("pad", [[0, 0], list(around), [0, 0]])
    if value is None:
        model.op("PAD", [x, said], [first], "PadOptions")
    else:
        constant = model.constant("value", [value], "int8", scale=[0.05], zero_point=[3])
        model.op("PADV2", [x, said, constant], [first], "PadV2Options")
    row = model.tensor("row", (1, 1, length, 2), **quant)
    model.op("RESHAPE", [first, model.constant("shape", [1, 1, length, 2])], [row], "ReshapeOptions")
    y = model.tensor("y", (1, 1, length - 2, 4), scale=0.06, zero_point=-128)
    if reader == "CONV_2D":
        weights = np.random.default_rng(3).integers(-127, 128, (4, 1, 3, 2))
        w = model.constant("w", weights, "int8", scale=[0.01] * 4)
        b = model.constant("b", [5, -5, 0, 9], "int32", scale=[0.0005] * 4)
        model.op("CONV_2D", [row, w, b], [y], "Conv2DOptions", padding=1, stride_w=1, stride_h=1)
    else:
        y = model.tensor("y", (1, 1, length // 2, 2), **quant)
        sizes = {"stride_w": 2, "stride_h": 1, "filter_width": 2, "filter_height": 1}
        model.op("MAX_POOL_2D", [row], [y], "Pool2DOptions", padding=1, **sizes)
    mean = model.tensor("mean", (1, 4), scale=0.06, zero_point=-128)
    if "mean" in outputs:
        model.op("MEAN", [y, model.constant("axes", [1, 2])], [mean], "ReducerOptions")
    return model.build([x], [{"y": y, "first": first, "mean": mean}[name] for name in outputs])


def test_padding_that_a_convolution_takes_over():
    graph, lines = fold_padding(drop_reshapes(read_model(causal(), "m.tflite"))[0])
    assert lines == ["op #0 PAD is the padding of op #2"]
    (op,) = graph.ops
    assert graph.tensors[op.inputs[0]].shape == (1, 1, 12, 2)
    assert graph.root(op.inputs[0]) == graph.inputs[0]
    compiled = compile_model(causal(), name="m", place="m")
    assert (compiled.layers[0].params["in_len"], compiled.layers[0].params["pad"]) == (12, 2)


@pytest.mark.parametrize(
    "kept",
    [
        {"around": (3, 0)},  # a window would see nothing but zeros
        {"around": (0, 3)},
        {"value": 0},  # 3 is 0
        {"reader": "MAX_POOL_2D"},
        {"outputs": ("y", "first")},
    ],
)
def test_padding_that_stays(kept):
    graph, lines = fold_padding(drop_reshapes(read_model(causal(**kept), "m.tflite"))[0])
    assert lines == []
    assert graph.ops[0].kind in {"PAD", "PADV2"}


def test_a_causal_network_streams():
    """All of it would be computed each time behind padding that is a layer of its own."""
    compiled = compile_model(causal(outputs=("mean",)), name="m", place="m")
    assert stream(compiled, 1, force=True).macs < 0.4 * compiled.macs


def test_drop_dead_ops():
    model = Writer()
    x = model.tensor("x", (1, 4), scale=0.1)
    y = model.tensor("y", (1, 4), scale=1 / 256, zero_point=-128)
    unused = model.tensor("unused", (1, 4), scale=1 / 256, zero_point=-128)
    model.op("SOFTMAX", [x], [unused], "SoftmaxOptions", beta=1.0)
    model.op("SOFTMAX", [x], [y], "SoftmaxOptions", beta=1.0)
    graph, lines = drop_dead_ops(read_model(model.build([x], [y]), "m.tflite"))
    assert [op.index for op in graph.ops] == [1]
    assert lines == ["op #0 SOFTMAX computes what nothing reads: dropped"]


def test_own_outputs_copies_an_input():
    model = Writer()
    x = model.tensor("x", (1, 4), scale=0.1)
    y = model.tensor("y", (4,), scale=0.1)
    model.op("RESHAPE", [x, model.constant("s", [4])], [y], "ReshapeOptions", new_shape=[4])
    graph, _ = drop_reshapes(read_model(model.build([x], [y]), "m.tflite"))
    graph, lines = own_outputs(graph)
    assert [op.kind for op in graph.ops] == ["COPY"]
    assert lines == ["output 0 shares its bytes with another buffer: copied"]
    assert own_outputs(graph)[1] == []


def test_the_log_names_the_pass():
    compiled = compile_model(conv_net(), name="m", place="m.tflite")
    assert [line.split(":")[0] for line in compiled.log] == ["drop_reshapes", "find_conv_1d", "fuse", "plan_memory"]


def test_keep_last_step():
    compiled = compile_model(lstm(last=True), name="m", place="m.tflite", goal=Goal.SPEED)
    assert [layer.kernel for layer in compiled.layers] == ["tfg_lstm_s8"]
    assert compiled.layers[0].params["every_step"] == 0
    other = compile_model(lstm(last=False), name="m", place="m.tflite", goal=Goal.SPEED)
    assert [layer.kernel for layer in other.layers] == ["tfg_lstm_s8", "tfg_strided_copy"]
    assert other.arena_bytes > compiled.arena_bytes
    assert [(state.bytes, state.per_window) for state in compiled.states] == [(3, True), (6, True)]


@pytest.mark.parametrize(
    ("kernel", "stride", "size", "kinds", "taps"),
    [
        ((3, 3), 1, 8, ["CONV_2D"], (5, 3, 3, 4)),
        ((2, 2), 2, 8, ["CONV_2D", "DEPTH_TO_SPACE"], (20, 1, 1, 3)),
        ((3, 3), 2, 8, ["CONV_2D", "DEPTH_TO_SPACE"], (20, 2, 2, 3)),
        ((1, 3), 2, (1, 40), ["CONV_2D", "RESHAPE"], (10, 1, 2, 3)),  # columns lie as they must
    ],
)
def test_spread_transpose_conv(kernel, stride, size, kinds, taps):
    read = read_model(layer(Kind(TRANSPOSED, kernel, stride=stride), size, taps[3], 5), "m.tflite")
    graph, lines = spread_transpose_conv(read, Goal.SPEED)
    assert [op.kind for op in graph.ops] == kinds
    assert graph.ops[-1].outputs == read.ops[0].outputs
    filter_ = graph.tensors[graph.ops[0].inputs[1]]
    assert filter_.shape == taps
    assert sorted(filter_.data[filter_.data != 0]) == sorted(weight for weight in read.tensors[1].data.flat if weight)
    words = f"{taps[1]}x{taps[2]} taps and a channel for each place of a stride"
    assert lines == [f"op #0 TRANSPOSE_CONV is a convolution with {words}"]


def test_spread_transpose_conv_leaves():
    """For size what would have more weights, strides over many channels, and outputs that no stride divides."""
    for channels, goal in ((3, Goal.SIZE), (4, Goal.SPEED)):
        read = read_model(layer(Kind(TRANSPOSED, (3, 3), stride=2), 8, channels, 5), "m.tflite")
        assert spread_transpose_conv(read, goal)[0].ops == read.ops
    model = Writer()
    x, y = (model.tensor(name, (1, size, size, 1), scale=0.1) for name, size in (("x", 4), ("y", 9)))
    weights = model.constant("w", np.ones((1, 3, 3, 1)), "int8", scale=0.1)
    sizes = model.constant("s", [1, 9, 9, 1])
    model.op("TRANSPOSE_CONV", [sizes, weights, x], [y], "TransposeConvOptions", padding=1, stride_h=2, stride_w=2)
    assert spread_transpose_conv(read_model(model.build([x], [y]), "m.tflite"), Goal.SPEED)[1] == []
