"""What operators that move values, resize, multiply matrices and keep a memory refuse, and in which words."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from tflite_writer import Writer

from tinyforge.compiler import compile_model
from tinyforge.core.errors import UnsupportedModelError

S = {"scale": 0.1}


def one(kind, shape, out, options=None, *constants, first=(), **values):
    """One operator from int8 ``shape`` to ``out``; constants stand behind the input, ``first`` before it."""
    model = Writer()
    x, y = model.tensor("x", shape, **S), model.tensor("y", out, **S)
    before = [model.constant(f"f{number}", value) for number, value in enumerate(first)]
    behind = [model.constant(f"c{number}", value) for number, value in enumerate(constants)]
    model.op(kind, [*before, x, *behind], [y], options, **values)
    return model.build([x], [y])


def computed(kind, options=None, **values):
    """An operator whose second input is the model's own."""
    model = Writer()
    x, i, y = model.tensor("x", (4, 2), **S), model.tensor("i", (2,), "int32"), model.tensor("y", (4, 2), **S)
    model.op(kind, [x, i], [y], options, **values)
    return model.build([x, i], [y])


def joined(*tensors, kind="CONCATENATION", options="ConcatenationOptions", out=(2, 4), **values):
    model = Writer()
    found = [model.tensor(f"x{number}", shape, **quantized) for number, (shape, quantized) in enumerate(tensors)]
    y = model.tensor("y", out, **S)
    model.op(kind, found, [y], options, **values)
    return model.build(found, [y])


def matmul(left, right, out, **values):
    model = Writer()
    a, b, y = (model.tensor(name, shape, **S) for name, shape in (("a", left), ("b", right), ("y", out)))
    model.op("BATCH_MATMUL", [a, b], [y], "BatchMatMulOptions", **values)
    return model.build([a, b], [y])


def svdf(*, rank=1, activation=1, state="int16", variable=True):
    model = Writer()
    x, y = model.tensor("x", (1, 3), **S), model.tensor("y", (1, 2), **S)
    feature = model.constant("feature", np.ones((2, 3)), "int8", **S)
    time = model.constant("time", np.ones((2, 4)), "int16", **S)
    memory = model.tensor("memory", (1, 8), state, variable=variable, **S)
    model.op(
        "SVDF", [x, feature, time, -1, memory], [y], "SVDFOptions", rank=rank, fused_activation_function=activation
    )
    return model.build([x] if variable else [x, memory], [y])


AGAIN = "convert the model again"
CASES = {
    "transpose by no permutation": (
        one("TRANSPOSE", (2, 3), (2, 3), "TransposeOptions", [0, 0]),
        'TRANSPOSE: tensor "y"',
        "permutes 2 dimensions by [0, 0]",
        AGAIN,
    ),
    "transpose to another shape": (
        one("TRANSPOSE", (2, 3), (2, 3), "TransposeOptions", [1, 0]),
        'TRANSPOSE: tensor "y"',
        "has shape [2, 3] where [3, 2] follows",
        AGAIN,
    ),
    "transpose of too many dimensions": (
        one("TRANSPOSE", (2,) * 8, (2,) * 8, "TransposeOptions", [7, 5, 3, 1, 6, 4, 2, 0]),
        'TRANSPOSE: tensor "y"',
        "moves values along 8 dimensions that cannot be merged",
        "use at most 5, or do it in two steps",
    ),
    "a computed permutation": (
        computed("TRANSPOSE", "TransposeOptions"),
        'TRANSPOSE: tensor "i"',
        "must be constant integers",
        "fold it at conversion",
    ),
    "slice beyond the end": (
        one("SLICE", (4, 2), (3, 2), "SliceOptions", [2, 0], [3, 2]),
        'SLICE: tensor "x"',
        "takes [3, 2] from [2, 0] on of [4, 2]",
        AGAIN,
    ),
    "a step of nothing": (
        one("STRIDED_SLICE", (4,), (4,), "StridedSliceOptions", [0], [4], [0]),
        'STRIDED_SLICE: tensor "y"',
        "has 1 starts, 1 ends, 1 steps [0], ellipsis mask 0 for 1 dimensions",
        AGAIN,
    ),
    "an index out of range": (
        one("STRIDED_SLICE", (4,), (1,), "StridedSliceOptions", [9], [10], [1], shrink_axis_mask=1),
        'STRIDED_SLICE: tensor "y"',
        "takes index 9 of 4",
        AGAIN,
    ),
    "parts that do not add up": (
        one("SPLIT_V", (4,), (3,), "SplitVOptions", [3], 0, num_splits=1),
        'SPLIT_V: tensor "x"',
        "cuts 4 into [3]",
        AGAIN,
    ),
    "an axis too many": (
        one("SPLIT", (4,), (4,), "SplitOptions", first=[1], num_splits=1),
        'SPLIT: tensor "y"',
        "names axis 1 of 1 dimensions",
        AGAIN,
    ),
    "concatenation of other scales": (
        joined(((1, 4), S), ((1, 4), {"scale": 0.2}), axis=0),
        'CONCATENATION: tensor "y"',
        'is quantized otherwise than "x1"',
        "convert the model again with a current converter",
    ),
    "concatenation with an activation": (
        joined(((1, 4), S), ((1, 4), S), axis=0, fused_activation_function=1),
        'CONCATENATION: tensor "y"',
        "has an activation",
        AGAIN,
    ),
    "pack of other shapes": (
        joined(((4,), S), ((2,), S), kind="PACK", options="PackOptions", values_count=2, axis=0),
        'PACK: tensor "x1"',
        "has shape [2] where [4] follows",
        AGAIN,
    ),
    "padding by less than nothing": (
        one("PAD", (4,), (3,), "PadOptions", [[-1, 0]]),
        'PAD: tensor "c0"',
        "pads by [-1, 0]",
        "use SLICE to take elements away",
    ),
    "a mirror too small": (
        one("MIRROR_PAD", (3,), (6,), "MirrorPadOptions", [[3, 0]], mode=0),
        'MIRROR_PAD: tensor "x"',
        "mirrors 3 of 3",
        "pad by less",
    ),
    "an index beyond the table": (
        one("GATHER", (4, 2), (1, 2), "GatherOptions", [4]),
        'GATHER: tensor "c0"',
        "takes index 4 of 4",
        AGAIN,
    ),
    "an index before the table": (
        one("GATHER", (4, 2), (1, 2), "GatherOptions", [-1]),
        'GATHER: tensor "c0"',
        "takes index -1 of 4",
        AGAIN,
    ),
    "a squeeze of a dimension that is not there": (
        one("SQUEEZE", (1, 4), (4,), "SqueezeOptions", squeeze_dims=[-3]),
        'SQUEEZE: tensor "y"',
        "drops dimensions [-3] of [1, 4]",
        AGAIN,
    ),
    "a squeeze of a dimension beyond the last": (
        one("SQUEEZE", (1, 4), (4,), "SqueezeOptions", squeeze_dims=[2]),
        'SQUEEZE: tensor "y"',
        "drops dimensions [2] of [1, 4]",
        AGAIN,
    ),
    "a dimension put in too far back": (
        one("EXPAND_DIMS", (4,), (1, 4), "ExpandDimsOptions", [-3]),
        'EXPAND_DIMS: tensor "y"',
        "inserts dimension [-3] of 2",
        "convert it again",
    ),
    "a dimension put in beyond the last": (
        one("EXPAND_DIMS", (4,), (4, 1), "ExpandDimsOptions", [2]),
        'EXPAND_DIMS: tensor "y"',
        "inserts dimension [2] of 2",
        "convert it again",
    ),
    "corners and half pixels": (
        one(
            "RESIZE_BILINEAR", (1, 2, 2, 1), (1, 4, 4, 1), "ResizeBilinearOptions", [4, 4],
            align_corners=True, half_pixel_centers=True,
        ),
        'RESIZE_BILINEAR: tensor "y"',
        "aligns corners and half pixels at once",
        "choose one of them",
    ),
    "matrices that do not fit": (
        matmul((2, 3), (2, 3), (2, 3)),
        'BATCH_MATMUL: tensor "y"',
        "multiplies [2, 3] by [2, 3]",
        AGAIN,
    ),
    "svdf without relu": (
        svdf(activation=0),
        'SVDF: tensor "y"',
        "has an activation other than RELU",
        "build it with RELU",
    ),
    "svdf of int8 memory": (
        svdf(state="int8"),
        'SVDF: tensor "memory"',
        "is int8, not int16",
        "convert it to int8 with a representative data set",
    ),
    "svdf without a variable": (svdf(variable=False), 'SVDF: tensor "memory"', "is no variable", AGAIN),
    "a reshape computed while it runs": (
        computed("RESHAPE", "ReshapeOptions"),
        'RESHAPE: tensor "i"',
        "is computed while the model runs",
        "give RESHAPE a constant shape",
    ),
    "a squeeze of what is not 1": (
        one("SQUEEZE", (4, 2), (8,), "SqueezeOptions", squeeze_dims=[0]),
        'SQUEEZE: tensor "y"',
        "drops dimensions [0] of [4, 2]",
        AGAIN,
    ),
    "blocks that do not fit": (
        one("SPACE_TO_DEPTH", (1, 3, 2, 1), (1, 1, 1, 4), "SpaceToDepthOptions", block_size=2),
        'SPACE_TO_DEPTH: tensor "x"',
        "cuts 3 x 2 in blocks of 2",
        "pad it",
    ),
    "a norm of another scale": (
        one("L2_NORMALIZATION", (1, 4), (1, 4), "L2NormOptions"),
        'L2_NORMALIZATION: tensor "y"',
        "is quantized (0.10000000149011612, 0), not 1/128 and 0",
        "convert the model again: TFLite fixes the quantization of a normalized vector",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_refusals_name_operator_tensor_and_way_out(name):
    model, place, fact, way_out = CASES[name]
    with pytest.raises(UnsupportedModelError) as caught:
        compile_model(model, name="m", place="m.tflite")
    assert (caught.value.place, caught.value.fact, caught.value.way_out) == (f"m.tflite: op #0 {place}", fact, way_out)


@pytest.mark.parametrize(
    "model",
    [
        one("GATHER", (4, 2), (2, 2), "GatherOptions", [0, 3]),
        one("SQUEEZE", (1, 4), (4,), "SqueezeOptions", squeeze_dims=[-2]),
        one("SQUEEZE", (4, 1), (4,), "SqueezeOptions", squeeze_dims=[1]),
        one("EXPAND_DIMS", (4,), (1, 4), "ExpandDimsOptions", [-2]),
        one("EXPAND_DIMS", (4,), (4, 1), "ExpandDimsOptions", [1]),
    ],
)
def test_what_lies_at_the_limit_is_taken(model):
    assert compile_model(model, name="m", place="m.tflite").plan.arena_bytes >= 0


@pytest.mark.parametrize("indices", [[-1], [3], [0, 3]])
def test_a_shape_computed_from_an_index_that_is_not_there_is_no_constant(indices):
    model = Writer()
    x, y = model.tensor("x", (6,), **S), model.tensor("y", (2, 3), **S)
    size, at = model.constant("size", [2, 3, 7]), model.constant("at", indices)
    taken = model.tensor("taken", (len(indices),), "int32")
    model.op("GATHER", [size, at], [taken], "GatherOptions")
    model.op("RESHAPE", [x, taken], [y], "ReshapeOptions")
    with pytest.raises(UnsupportedModelError):
        compile_model(model.build([x], [y]), name="m", place="m.tflite")


def test_a_shape_computed_from_the_first_and_the_last_index_is_one():
    model = Writer()
    x, y = model.tensor("x", (6,), **S), model.tensor("y", (3, 2), **S)
    size, at = model.constant("size", [2, 7, 3]), model.constant("at", [2, 0])
    taken = model.tensor("taken", (2,), "int32")
    model.op("GATHER", [size, at], [taken], "GatherOptions")
    model.op("RESHAPE", [x, taken], [y], "ReshapeOptions")
    assert compile_model(model.build([x], [y]), name="m", place="m.tflite").macs == 0


@pytest.mark.parametrize("scales", [(1e-45, 3e38), (3e38, 1e-45), (1e-45, 1e-45), (3e38, 3e38)])
@pytest.mark.parametrize("kind", ["BATCH_MATMUL", "SVDF", "TRANSPOSE_CONV", "RESIZE_BILINEAR", "PAD"])
def test_scales_at_the_ends_of_float32_compile_or_are_refused(kind, scales):
    in_, out = {"scale": scales[0], "zero_point": -128}, {"scale": scales[1], "zero_point": 127}
    model = Writer()
    shapes = {"BATCH_MATMUL": ((2, 2), (2, 2)), "SVDF": ((1, 3), (1, 2)), "PAD": ((2,), (4,))}
    shape, target = shapes.get(kind, ((1, 2, 2, 1), (1, 4, 4, 1)))
    x, y = model.tensor("x", shape, **in_), model.tensor("y", target, **out)
    other = model.tensor("other", shape, **in_)
    weights = model.constant("weights", np.ones((1, 2, 2, 1)), "int8", scale=scales[0])
    feature = model.constant("feature", np.ones((2, 3)), "int8", scale=scales[0])
    time = model.constant("time", np.ones((2, 4)), "int16", scale=scales[0])
    memory = model.tensor("memory", (1, 8), "int16", variable=True, scale=scales[1])
    inputs, options, values = {
        "BATCH_MATMUL": ([x, other], "BatchMatMulOptions", {}),
        "SVDF": ([x, feature, time, -1, memory], "SVDFOptions", {"rank": 1, "fused_activation_function": 1}),
        "TRANSPOSE_CONV": (
            [model.constant("shape", target), weights, x],
            "TransposeConvOptions",
            {"stride_w": 2, "stride_h": 2, "fused_activation_function": 3},
        ),
        "RESIZE_BILINEAR": ([x, model.constant("size", [4, 4])], "ResizeBilinearOptions", {}),
        "PAD": ([x, model.constant("pad", [[1, 1]])], "PadOptions", {}),
    }[kind]
    model.op(kind, inputs, [y], options, **values)
    data = model.build([x, other] if kind == "BATCH_MATMUL" else [x], [y])
    with contextlib.suppress(UnsupportedModelError):  # anything else fails here
        compile_model(data, name="m", place="m.tflite")
