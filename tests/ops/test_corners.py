"""What converters seldom write: scalars, empty lists, five dimensions, missing options, int64 lists, several subgraphs.

Each model is equal to LiteRT's reference kernels to the last bit, or refused with operator, tensor and advice.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from opbench import Case, differences
from tflite_writer import Writer, schema

from tinyforge.compiler import compile_model
from tinyforge.core.errors import UnsupportedModelError

Q = {"scale": 0.05, "zero_point": 3}
PROBABILITY = {"scale": 1 / 256, "zero_point": -128}
WEIGHTS = np.arange(-6, 6).reshape(3, 4) * 21
INT32, INT64 = schema.TensorType.INT32, schema.TensorType.INT64
NOTHING = np.zeros(0)


def one_op(kind, shapes, shape, options=None, *, lists=(), dtype="int8", quant=None, out=None, **values):
    """A model of one operator.

    Args:
        kind: of the operator.
        shapes, shape: of its inputs and output.
        options: table and ``values`` of its fields; none at all when None.
        lists: (numbers, type) or (numbers, type, scale) of the constants behind the inputs.
        dtype, quant: of all tensors.
        out: (type, quantization) of the output where it differs.
    """
    quant = Q if quant is None else quant
    model = Writer()
    inputs = [model.tensor(f"x{number}", size, dtype, **quant) for number, size in enumerate(shapes)]
    constants = []
    for number, (content, kept, *scale) in enumerate(lists):
        scaled: dict[str, Any] = {"scale": scale[0]} if scale else {}
        constants.append(model.constant(f"c{number}", content, kept, **scaled))
    out_dtype, out_quant = out or (dtype, quant)
    output = model.tensor("y", shape, out_dtype, **out_quant)
    model.op(kind, [*inputs, *constants], [output], options, **values)
    return model.build(inputs, [output])


def dense(shape, out_shape, **values):
    options = "FullyConnectedOptions" if values.pop("options", True) else None
    return one_op("FULLY_CONNECTED", [shape], out_shape, options, lists=[(WEIGHTS, "int8", 0.01)], **values)


def wired(inputs, outputs, kind="RELU", options=None, *, reads=(0,)):
    """One operator from x to y; ``inputs`` and ``outputs`` of the model by name: x, y, unused, constant."""
    model = Writer()
    names = {"x": model.tensor("x", (2, 3), **Q), "y": model.tensor("y", (2, 3), **Q)}
    names["unused"] = model.tensor("unused", (5,), **Q)
    names["constant"] = model.constant("constant", np.arange(4), "int8", **Q)
    model.op(kind, [names["x"]] * len(reads), [names["y"]], options)
    return model.build([names[name] for name in inputs], [names[name] for name in outputs])


def dynamic_batch():
    model = Writer()
    x, y = model.tensor("x", (1, 3), **Q), model.tensor("y", (1, 3), **Q)
    for tensor in (x, y):
        model.tensors[tensor].shapeSignature = [-1, 3]
    model.op("RELU", [x], [y])
    return model.build([x], [y])


def guess(model, name, shape, dtype="int8", **quant):
    """A tensor whose sizes the model leaves open; the shape is what a converter writes then."""
    tensor = model.tensor(name, shape, dtype, **quant)
    model.tensors[tensor].shapeSignature = [-1] * len(shape)
    return tensor


def open_blocks():
    """A dilated layer by SPACE_TO_BATCH_ND, as Keras writes it for a batch of any size."""
    model = Writer()
    x = guess(model, "x", (1, 8, 6, 4), **Q)
    block, none = model.constant("block", [2, 3], "int32"), model.constant("none", [[0, 0], [0, 0]], "int32")
    parts, sums, pooled = (guess(model, name, (1, 4, 2, 4), **Q) for name in ("parts", "sums", "pooled"))
    flat, dense_out = guess(model, "flat", (1, 16), **Q), guess(model, "dense", (1, 3), **Q)
    y = guess(model, "y", (1,), **Q)
    model.op("SPACE_TO_BATCH_ND", [x, block, none], [parts])
    model.op("ADD", [parts, parts], [sums], "AddOptions")
    model.op(
        "MAX_POOL_2D", [sums], [pooled], "Pool2DOptions",
        padding=1, stride_w=1, stride_h=2, filter_width=1, filter_height=2,
    )  # fmt: skip
    model.op("RESHAPE", [pooled, model.constant("shape", [-1, 16], "int32")], [flat])
    weights = model.constant("weights", np.arange(48).reshape(3, 16) - 24, "int8", scale=0.01)
    model.op("FULLY_CONNECTED", [flat, weights], [dense_out], "FullyConnectedOptions")
    model.op("MEAN", [dense_out, model.constant("axis", [1], "int32")], [y], "ReducerOptions")
    return model.build([x], [y])


def open_transpose_conv():
    """Its output's shape is computed from the input's."""
    model = Writer()
    x, y = guess(model, "x", (1, 4, 3, 2), **Q), guess(model, "y", (1, 1, 1, 1), **Q)
    shape, rows, twice = (
        model.tensor("shape", (4,), "int32"),
        model.tensor("rows", (), "int32"),
        model.tensor("twice", (), "int32"),
    )
    sizes = model.tensor("sizes", (4,), "int32")
    one, two, three, six = (model.constant(f"n{number}", number, "int32") for number in (1, 2, 3, 6))
    bounds = [model.constant(f"b{number}", [number], "int32") for number in (1, 2, 1)]
    model.op("SHAPE", [x], [shape], "ShapeOptions", out_type=INT32)
    model.op("STRIDED_SLICE", [shape, *bounds], [rows], "StridedSliceOptions", shrink_axis_mask=1)
    model.op("MUL", [rows, two], [twice], "MulOptions")
    model.op("PACK", [one, twice, six, three], [sizes], "PackOptions", values_count=4)
    weights = model.constant("weights", np.arange(24).reshape(3, 2, 2, 2) * 5 - 60, "int8", scale=0.01)
    model.op(
        "TRANSPOSE_CONV", [sizes, weights, x], [y], "TransposeConvOptions", padding=0, stride_w=2, stride_h=2
    )  # fmt: skip
    return model.build([x], [y])


def dense_over_time():
    """As Keras writes a dense layer over [batch, time, feature] for a batch of any size: shapes are computed."""
    model = Writer()
    x, y = guess(model, "x", (1, 5, 4), **Q), guess(model, "y", (1, 5, 3), **Q)
    shape, free, out_shape = (model.tensor(name, (size,), "int32") for name, size in (("s", 3), ("f", 2), ("o", 3)))
    rows, lists = model.tensor("rows", (), "int32"), model.tensor("lists", (2,), "int32")
    flat, sums = guess(model, "flat", (1, 4), **Q), guess(model, "sums", (1, 3), **Q)
    first, zero = model.constant("first", [0, 1], "int32"), model.constant("zero", [0], "int32")
    model.op("SHAPE", [x], [shape], "ShapeOptions", out_type=INT32)
    model.op("GATHER", [shape, first], [free], "GatherOptions")
    model.op("REDUCE_PROD", [free, zero], [rows], "ReducerOptions")
    model.op("PACK", [rows, model.constant("n4", 4, "int32")], [lists], "PackOptions", values_count=2)
    model.op("RESHAPE", [x, lists], [flat], "ReshapeOptions")
    weights = model.constant("weights", WEIGHTS, "int8", scale=0.01)
    model.op("FULLY_CONNECTED", [flat, weights], [sums], "FullyConnectedOptions")
    model.op("CONCATENATION", [free, model.constant("n3", [3], "int32")], [out_shape], "ConcatenationOptions")
    model.op("RESHAPE", [sums, out_shape], [y], "ReshapeOptions")
    return model.build([x], [y])


def second_subgraph(kind="ADD"):
    model = Writer()
    x, y = model.tensor("x", (1, 3), **Q), model.tensor("y", (1, 3), **Q)
    model.op("RELU", [x], [y])
    other = model.subgraph()
    a, b = other.tensor("a", (2,), "float32"), other.tensor("b", (2,), "float32")
    other.op(kind, [a, a], [b], "AddOptions" if kind == "ADD" else None)
    other.inputs, other.outputs = [a], [b]
    return model.build([x], [y])


def split_v(sizes, kept, *, axis=1):
    model = Writer()
    x = model.tensor("x", (2, 5), **Q)
    lists = [model.constant("sizes", sizes, kept), model.constant("axis", axis, "int32")]
    parts = [model.tensor(f"y{number}", (2, size), **Q) for number, size in enumerate(sizes)]
    model.op("SPLIT_V", [x, *lists], parts, "SplitVOptions", num_splits=len(sizes))
    return model.build([x], [part for part, size in zip(parts, sizes, strict=True) if size])


def unpack_scalars():
    model = Writer()
    x = model.tensor("x", (3,), **Q)
    parts = [model.tensor(f"y{number}", (), **Q) for number in range(3)]
    model.op("UNPACK", [x], parts, "UnpackOptions", num=3, axis=0)
    return model.build([x], parts)


def embedding():
    model = Writer()
    x, table = model.tensor("x", (4,), "int64"), model.constant("table", WEIGHTS, "int8", **Q)
    y = model.tensor("y", (4, 4), **Q)
    model.op("GATHER", [table, x], [y], "GatherOptions")
    return model.build([x], [y])


def index_of(kind, shape, axis, kept, out_shape, out_type, dtype="int8"):
    table = "ArgMaxOptions" if kind == "ARG_MAX" else "ArgMinOptions"
    output_type = INT64 if out_type == "int64" else INT32
    return one_op(
        kind, [shape], out_shape, table, lists=[(axis, kept)], dtype=dtype, out=(out_type, {}), output_type=output_type
    )


def reductions():
    for kind in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"):
        yield f"{kind} of all", one_op(kind, [(2, 3, 4)], (), "ReducerOptions", lists=[([0, 1, 2], "int32")])
        yield f"{kind} of none", one_op(kind, [(2, 3)], (2, 3), "ReducerOptions", lists=[(NOTHING, "int32")])
        yield f"{kind} of a scalar", one_op(kind, [()], (), "ReducerOptions", lists=[(NOTHING, "int32")])
        yield f"{kind} by a scalar", one_op(kind, [(2, 3, 4)], (2, 4), "ReducerOptions", lists=[(1, "int32")])
        yield f"{kind} without options", one_op(kind, [(2, 3, 4)], (2, 3), lists=[([2], "int32")])
        yield (
            f"{kind} by one axis twice",
            one_op(kind, [(2, 3, 4)], (2, 3, 1), "ReducerOptions", lists=[([-1, 2], "int32")], keep_dims=True),
        )
        yield (
            f"{kind} of five dimensions",
            one_op(kind, [(2, 3, 4, 2, 3)], (2, 4, 3), "ReducerOptions", lists=[([1, 3], "int32")]),
        )


def five_dimensions():
    left, right, both = (2, 1, 3, 1, 2), (2, 3, 1, 4, 1), (2, 3, 3, 4, 2)
    for kind, options in (
        ("ADD", "AddOptions"),
        ("SUB", "SubOptions"),
        ("MUL", "MulOptions"),
        ("MAXIMUM", "MaximumMinimumOptions"),
        ("MINIMUM", "MaximumMinimumOptions"),
        ("SQUARED_DIFFERENCE", "SquaredDifferenceOptions"),
    ):
        yield f"{kind} that alternates in five dimensions", one_op(kind, [left, right], both, options)
        yield f"{kind} of equal shapes of five dimensions", one_op(kind, [left, left], left, options)


EXACT = {
    **dict(reductions()),
    **dict(five_dimensions()),
    "ADD of scalars": one_op("ADD", [(), ()], (), "AddOptions"),
    "ADD of a scalar": one_op("ADD", [(), (2, 3)], (2, 3), "AddOptions"),
    "ADD without options": one_op("ADD", [(2, 3), (2, 3)], (2, 3)),
    "MUL without options": one_op("MUL", [(2, 3), (3,)], (2, 3)),
    "MAXIMUM of eight dimensions": one_op(
        "MAXIMUM", [(2, 1, 1, 1, 1, 2, 1, 2), (2, 1, 1, 1, 1, 2, 3, 2)], (2, 1, 1, 1, 1, 2, 3, 2)
    ),
    "x + x": wired(["x"], ["y"], "ADD", "AddOptions", reads=(0, 0)),
    "an output twice": wired(["x"], ["y", "y"]),
    "the input is an output, too": wired(["x"], ["y", "x"]),
    "an input that nothing reads": wired(["x", "unused"], ["y"]),
    "a batch of any size": dynamic_batch(),
    "open shapes of a dense layer over time": dense_over_time(),
    "open shapes of blocks": open_blocks(),
    "open shapes by arithmetic": open_transpose_conv(),
    "a second subgraph in float": second_subgraph(),
    "PACK of scalars": one_op("PACK", [(), (), ()], (3,), "PackOptions", values_count=3, axis=0),
    "UNPACK to scalars": unpack_scalars(),
    "EXPAND_DIMS of a scalar": one_op("EXPAND_DIMS", [()], (1,), "ExpandDimsOptions", lists=[(0, "int32")]),
    "EXPAND_DIMS by int64": one_op("EXPAND_DIMS", [(2, 3)], (2, 3, 1), "ExpandDimsOptions", lists=[([-1], "int64")]),
    "SQUEEZE to a scalar": one_op("SQUEEZE", [(1, 1)], (), "SqueezeOptions"),
    "RESHAPE to a scalar": one_op("RESHAPE", [(1, 1)], (), "ReshapeOptions", lists=[(NOTHING, "int32")], new_shape=[]),
    "RESHAPE by its options": one_op("RESHAPE", [(2, 6)], (3, 4), "ReshapeOptions", new_shape=[3, 4]),
    "RESHAPE by a matrix": one_op(
        "RESHAPE", [(2, 6)], (3, 4), "ReshapeOptions", lists=[([[3, 4]], "int32")], new_shape=[3, 4]
    ),
    "GATHER by int64": one_op("GATHER", [(5, 3)], (2, 3), "GatherOptions", lists=[([4, 1], "int64")]),
    "GATHER by int16": one_op("GATHER", [(5, 3)], (2, 3), "GatherOptions", lists=[([4, 1], "int16")]),
    "GATHER by a scalar": one_op("GATHER", [(5, 3)], (3,), "GatherOptions", lists=[(2, "int32")]),
    "SLICE by int64": one_op("SLICE", [(5, 3)], (2, 3), "SliceOptions", lists=[([1, 0], "int64"), ([2, -1], "int64")]),
    "SPLIT_V with an empty part": split_v([0, 3, 2], "int32"),
    "SPLIT_V by int64": split_v([3, 2], "int64", axis=-1),
    "SPLIT into one": one_op(
        "SPLIT_V", [(2, 5)], (2, 5), "SplitVOptions", lists=[([5], "int32"), (1, "int32")], num_splits=1
    ),
    "ARG_MAX to int64 by int64": index_of("ARG_MAX", (2, 5), 1, "int64", (2,), "int64"),
    "ARG_MAX to a scalar": index_of("ARG_MAX", (5,), [0], "int32", (), "int32"),
    "ARG_MIN of uint8": index_of("ARG_MIN", (2, 5), [-1], "int32", (2,), "int64", "uint8"),
    "CONCATENATION of one": one_op("CONCATENATION", [(2, 3)], (2, 3), "ConcatenationOptions", axis=1),
    "TRANSPOSE of five dimensions": one_op(
        "TRANSPOSE", [(2, 3, 4, 2, 3)], (3, 2, 2, 4, 3), "TransposeOptions", lists=[([4, 0, 3, 2, 1], "int32")]
    ),
    "PAD by int64": one_op("PAD", [(2, 3)], (3, 5), "PadOptions", lists=[([[1, 0], [1, 1]], "int64")]),
    "STRIDED_SLICE to a scalar": one_op(
        "STRIDED_SLICE",
        [(4,)],
        (),
        "StridedSliceOptions",
        lists=[([2], "int32"), ([3], "int32"), ([1], "int32")],
        shrink_axis_mask=1,
    ),
    "FULLY_CONNECTED without bias": dense((2, 4), (2, 3)),
    "FULLY_CONNECTED without options": dense((2, 4), (2, 3), options=False),
    "FULLY_CONNECTED of a vector": dense((4,), (1, 3)),
    "FULLY_CONNECTED over parts of a row": dense((2, 8), (4, 3)),
    "FULLY_CONNECTED that keeps dimensions": dense((2, 5, 4), (2, 5, 3), keep_num_dims=True),
    "FULLY_CONNECTED that drops dimensions": dense((2, 5, 4), (10, 3)),
    "SOFTMAX of a vector": one_op("SOFTMAX", [(5,)], (5,), "SoftmaxOptions", out=("int8", PROBABILITY), beta=1.0),
    "SOFTMAX of five dimensions": one_op(
        "SOFTMAX", [(2, 1, 3, 2, 4)], (2, 1, 3, 2, 4), "SoftmaxOptions", out=("int8", PROBABILITY), beta=1.0
    ),
    "DEQUANTIZE of a scalar": one_op("DEQUANTIZE", [()], (), "DequantizeOptions", out=("float32", {})),
    "LEAKY_RELU that turns": one_op("LEAKY_RELU", [(2, 3)], (2, 3), "LeakyReluOptions", alpha=-0.5),
    "BATCH_MATMUL of five dimensions": one_op(
        "BATCH_MATMUL", [(1, 2, 1, 3, 4), (1, 2, 1, 4, 5)], (1, 2, 1, 3, 5), "BatchMatMulOptions"
    ),
}
GIVEN = {"GATHER of an embedding by int64": (embedding(), [np.array([0, 2, 2, 1], np.int64)])}
REFUSED = {
    "TRANSPOSE of a scalar": (
        one_op("TRANSPOSE", [()], (), "TransposeOptions", lists=[(NOTHING, "int32")]),
        'm: op #0 TRANSPOSE: tensor "y": is a scalar, whose output the reference leaves as it was; remove the operator',
    ),
    "a constant as output": (
        wired(["x"], ["y", "constant"]),
        'm: tensor "constant": is an output and a constant; convert it again',
    ),
    "an empty output": (
        one_op("SLICE", [(5,)], (0,), "SliceOptions", lists=[([1], "int32"), ([0], "int32")]),
        'm: tensor "y": is an output without elements; convert it again',
    ),
    "an unknown operator in a second subgraph": (
        second_subgraph("ATAN2"),
        (
            'm: op #0 ATAN2: tensor "b": this operator is not supported; rebuild that part of the network from others: '
            "`tinyforge operators` lists them"
        ),
    ),
    "weights that are computed": (
        one_op("FULLY_CONNECTED", [(2, 4), (3, 4)], (2, 3), "FullyConnectedOptions"),
        (
            'm: op #0 FULLY_CONNECTED: tensor "x1": is computed while the model runs; only constants are supported '
            "here: fold it at conversion"
        ),
    ),
    "uint8 arithmetic": (
        one_op("ADD", [(2, 3), (2, 3)], (2, 3), "AddOptions", dtype="uint8"),
        'm: op #0 ADD: tensor "x0": is uint8, not int8; convert it to int8 with a representative data set',
    ),
    "int16 arithmetic": (
        one_op("ADD", [(2, 3), (2, 3)], (2, 3), "AddOptions", dtype="int16", quant={"scale": 0.01}),
        'm: op #0 ADD: tensor "x0": is int16, not int8; convert it to int8 with a representative data set',
    ),
    "SOFTMAX without options": (
        one_op("SOFTMAX", [(2, 3)], (2, 3), out=("int8", PROBABILITY)),
        (
            'm: op #0 SOFTMAX: tensor "x0": has scale 0.05 and beta 0, too small to be told apart; calibrate and '
            "quantize the model again"
        ),
    ),
    "six dimensions that alternate": (
        one_op("TRANSPOSE", [(2, 3, 2, 2, 3, 2)], (2, 3, 2, 2, 3, 2), lists=[([5, 4, 3, 2, 1, 0], "int32")]),
        (
            'm: op #0 TRANSPOSE: tensor "y": moves values along 6 dimensions that cannot be merged; use at most 5, or '
            "do it in two steps"
        ),
    ),
}


def test_corners_are_exact(tmp_path):
    cases = [Case(name, data) for name, data in EXACT.items()]
    cases += [Case(name, data, given=[arrays]) for name, (data, arrays) in GIVEN.items()]
    assert not differences(cases, tmp_path, np.random.default_rng(1))


@pytest.mark.parametrize("name", REFUSED)
def test_corners_that_are_refused(name):
    data, text = REFUSED[name]
    with pytest.raises(UnsupportedModelError) as refused:
        compile_model(data, name="m", place="m")
    assert str(refused.value) == text
