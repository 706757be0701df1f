"""Which kernel a convolution or dense layer of few channels gets, and that its code is worth it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from onelayer import CONV, Kind, along_time, layer
from sliding import SAME, VALID, Net, differences
from tflite_writer import Writer

from tinyforge.compiler import Goal, compile_model

ONE, NARROW, THREE = "tfg_conv_2d_one_s8", "tfg_conv_2d_narrow_s8", "tfg_conv_2d_3x3_one_s8"
PLANES, POINT, BYTES = "tfg_depthwise_conv_2d_planes_s8", "tfg_conv_1d_point_s8", "tfg_conv_2d_narrow_bytes_s8"
DENSE_ONE = "tfg_fully_connected_one_s8"
SINGLE, APART, GATHER = "tfg_conv_2d_single_s8", "tfg_conv_2d_single_apart_s8", "tfg_conv_2d_gather_s8"


def kernels(data: bytes, goal: Goal = Goal.BALANCED) -> list[str]:
    return [call.kernel for call in compile_model(data, name="net", place="net.tflite", goal=goal).layers]


@pytest.mark.parametrize(
    ("kind", "in_ch", "out_ch", "kernel"),
    [
        ("conv_2d", 8, 1, ONE),
        ("conv_1d", 8, 1, ONE),
        ("pointwise", 32, 1, ONE),
        ("pointwise", 16, 1, ONE),  # of so few weights, few values are no reason to pack them
        ("conv_2d", 1, 1, THREE),
        ("depthwise_conv_2d", 1, 1, THREE),
        ("depthwise k5", 1, 1, SINGLE),
        ("depthwise k5", 3, 3, "tfg_depthwise_conv_2d_few_s8"),
        ("depthwise 5x5", 3, 3, PLANES),
        ("depthwise k5", 4, 4, "tfg_depthwise_conv_2d_fours_s8"),
        ("depthwise 5x5", 5, 5, PLANES),
        ("conv_1d", 1, 1, SINGLE),
        ("depthwise dilated by 2", 1, 1, SINGLE),
        ("depthwise k5 dilated by 4", 3, 3, "tfg_depthwise_conv_2d_few_s8"),
        ("depthwise k5 dilated by 4", 8, 8, "tfg_depthwise_conv_2d_fours_s8"),
        ("depthwise dilated by 2", 3, 3, "tfg_depthwise_conv_2d_few_s8"),
        ("depthwise 5x5 twice", 1, 1, GATHER),
        ("depthwise 5x5 twice", 3, 3, PLANES),
        ("conv_2d 5x5", 1, 2, GATHER),
        ("conv_2d 5x5", 1, 1, SINGLE),
        ("conv_1d k2", 1, 8, BYTES),
        ("conv_1d k3 dilated by 2", 3, 3, BYTES),
        ("conv_2d dilated by 2", 1, 8, GATHER),
        ("conv_1d k3 dilated by 2", 8, 1, ONE),
        ("conv_1d k3 dilated by 2", 1, 1, SINGLE),
        ("conv_1d k3 dilated by 2", 7, 8, "tfg_conv_2d_s8"),
        ("conv_2d", 1, 8, GATHER),
        ("conv_2d", 2, 2, GATHER),
        ("conv_2d 5x5", 2, 16, GATHER),
        ("conv_1d", 3, 8, NARROW),
        ("pointwise", 5, 8, NARROW),
        ("pointwise", 1, 8, POINT),
        ("pointwise", 1, 1, POINT),
        ("conv_2d 5x5", 1, 8, GATHER),
        ("conv_2d", 3, 3, GATHER),
        ("conv_2d", 3, 4, "tfg_conv_2d_s8"),
        ("conv_2d", 3, 8, "tfg_conv_2d_s8"),  # 18 pairs of values are too many
        ("conv_1d", 4, 8, "tfg_conv_1d_s8"),
        ("fully_connected", 8, 1, "tfg_fully_connected_one_s8"),
        ("fully_connected", 32, 2, "tfg_fully_connected_per_channel_s8"),
    ],
)
def test_kernel(kind, in_ch, out_ch, kernel):
    size = 40 if along_time(kind) and kind != "depthwise k5" else 12 if "5x5" in kind or "dilated" in kind else 6
    assert kernels(layer(kind, size, in_ch, out_ch)) == [kernel]


@pytest.mark.parametrize(
    ("kernel", "stride", "channels", "expected"),
    [
        ((3, 3), 2, (1, 1), APART),
        ((5, 5), 3, (1, 1), APART),
        ((1, 3), 2, (1, 1), APART),
        ((3, 3), 3, (1, 16), GATHER),
        ((5, 5), 3, (1, 16), GATHER),
        ((5, 5), 2, (2, 2), GATHER),
        ((10, 4), 2, (1, 64), "tfg_conv_2d_s8"),  # weights of 16 bits are too many bytes more
        ((5, 5), 2, (4, 4), "tfg_conv_2d_s8"),
    ],
)
def test_kernel_of_a_stride(kernel, stride, channels, expected):
    size = (1, 40) if kernel[0] == 1 else 20
    assert kernels(layer(Kind(CONV, kernel, stride=stride), size, *channels)) == [expected]


def test_the_smaller_kernel_of_one_channel_to_one():
    """Windows that lie two apart have a fast kernel and a smaller one."""
    data = layer(Kind(CONV, (3, 3), stride=2), 20, 1, 1)
    assert [kernels(data, goal) for goal in Goal] == [[APART], [THREE], [APART]]
    assert kernels(layer(Kind(CONV, (3, 3), stride=3), 20, 1, 1), Goal.SIZE) == [APART]


@pytest.mark.parametrize(
    ("kind", "size", "in_ch", "kernel"),
    [
        (Kind(CONV, (1, 5), stride=3, pool=4), (1, 21), 4, "tfg_conv_1d_pool_s8"),
        (Kind(CONV, (5, 4), stride=3, pool=2, padded=False), (12, 12), 5, "tfg_conv_2d_pool_s8"),
        (Kind(CONV, (3, 3), pool=2), (12, 12), 5, ONE),
    ],
)
def test_one_channel_that_is_pooled(kind, size, in_ch, kernel):
    """Only kernels for many channels pool in their call, and few outputs leave them little to do."""
    assert kernels(layer(kind, size, in_ch, 1), Goal.SPEED)[0] == kernel


def test_size_weighs_windows_gathered():
    """Beside a small dense layer, one kernel for many channels is more code than the one that gathers windows."""
    net = layer(Kind(CONV, (3, 3), stride=2, padded=False), (18, 11), 1, 16)
    assert kernels(net, Goal.SIZE) == [GATHER]


def test_dense_layers_of_one_output():
    """What the layer alone would take is weighed against what the others call."""
    assert [kernels(dense_layers(4, 1, 1), goal) for goal in Goal] == [[DENSE_ONE] * 2] * 3
    wide = dense_layers(40, 8, 1)
    assert kernels(wide, Goal.SPEED)[1] == DENSE_ONE
    assert kernels(wide, Goal.SIZE)[1] != DENSE_ONE


def dense_layers(*widths: int) -> bytes:
    """Dense layers one after the other, of so many numbers in and out."""
    rng, model, scale = np.random.default_rng(3), Writer(), 0.05
    first = now = model.tensor("x", (1, widths[0]), scale=scale, zero_point=-128)
    for inputs, outputs in itertools.pairwise(widths):
        weights = rng.integers(-127, 128, (outputs, inputs)).astype(np.int8)
        filter_ = model.constant("filter", weights, "int8", scale=[0.01])
        bias = model.constant("bias", rng.integers(-500, 500, outputs), "int32", scale=[0.01 * scale])
        scale *= 0.01 * 60 * float(np.sqrt(inputs))
        source, now = now, model.tensor("y", (1, outputs), scale=scale, zero_point=-128)
        model.op("FULLY_CONNECTED", [source, filter_, bias], [now], "FullyConnectedOptions")
    return bytes(model.build([first], [now]))


def test_constants_are_weighed():
    """Each weight of the narrow kernel takes two bytes: a row of six places does not give them back."""
    assert kernels(layer("conv_1d", 6, 3, 8)) == ["tfg_conv_1d_s8"]
    assert kernels(layer("conv_1d", 6, 3, 8), Goal.SPEED) == [NARROW]


@pytest.mark.parametrize(
    ("goal", "kernel"), [(Goal.SPEED, "tfg_depthwise_conv_2d_fours_s8"), (Goal.SIZE, "tfg_depthwise_conv_2d_s8")]
)
def test_code_of_dilated_taps(goal, kernel):
    assert kernels(layer("depthwise k5 dilated by 4", 60, 8, 8), goal) == [kernel]


@pytest.mark.parametrize(("goal", "kernel"), [(Goal.SPEED, ONE), (Goal.SIZE, "tfg_conv_1d_s8")])
def test_code_beside_other_convolutions(goal, kernel):
    found = kernels(Net(60, 4).conv(8, 5).conv(1, 5).head(), goal)
    assert found[:2] == ["tfg_conv_1d_s8", kernel]


def test_sliding_window(tmp_path):
    """Kernels of two dimensions go along time, too."""
    data = Net(60, 1).conv(8, 5).conv(1, 1).conv(6, 3).head()
    sliding, seen, wrong = differences(data, 4, 100, tmp_path, goal=Goal.SPEED, force=True)
    assert seen > 80
    assert wrong == 0
    assert {ONE, NARROW} <= {call.kernel for call in sliding.layers}


@pytest.mark.parametrize("channels", [1, 3, 5, 8])
@pytest.mark.parametrize("padding", [VALID, SAME])
def test_dilated_layers_over_a_sliding_window(channels, padding, tmp_path):
    """Every form of them, in the parts that a hop computes, too."""
    net = Net(60, channels).conv(channels, 3, dilation=4, padding=padding).depthwise(3, dilation=3, padding=padding)
    data = net.conv(1, 3, dilation=2, padding=padding).conv(3, 2, dilation=3, padding=padding).head()
    sliding, seen, wrong = differences(data, 4, 60, tmp_path, goal=Goal.SPEED, force=True)
    assert seen > 40
    assert wrong == 0
    assert len(sliding.layers) > 4


def depthwise(scales: list[float], size: int) -> bytes:
    """A 3x3 depthwise layer over a square image, whose channels have these scales."""
    rng, count, model = np.random.default_rng(1), len(scales), Writer()
    x = model.tensor("x", (1, size, size, count), scale=0.05, zero_point=-128)
    weights = rng.integers(-127, 128, (1, 3, 3, count)).astype(np.int8)
    filter_ = model.constant("filter", weights, "int8", scale=scales, axis=3)
    bias = model.constant("bias", rng.integers(-500, 500, count), "int32", scale=[0.05 * scale for scale in scales])
    y = model.tensor("y", (1, size, size, count), scale=0.5, zero_point=-128)
    options = {"stride_w": 1, "stride_h": 1, "padding": 0, "depth_multiplier": 1}
    model.op("DEPTHWISE_CONV_2D", [x, filter_, bias], [y], "DepthwiseConv2DOptions", **options)
    return bytes(model.build([x], [y]))


def test_a_channel_of_a_large_scale_slows_only_itself():
    """Such as batch normalisation makes of an input channel that hardly changes: its sums are shifted to the left."""
    data = depthwise([0.01] * 7 + [200.0], 24)
    calls = compile_model(data, name="net", place="net.tflite").layers
    assert [call.kernel for call in calls] == ["tfg_depthwise_conv_2d_3x3_s8", "tfg_depthwise_conv_2d_rare_s8"]
    assert calls[1].params["channels"] == 1
    assert int(calls[1].params["rare"][0][0]) == 7
    assert calls[1].inputs[1] == calls[0].outputs[0]
    assert kernels(data, Goal.SIZE) == ["tfg_depthwise_conv_2d_s8"]
    assert kernels(depthwise([0.01] * 8, 24)) == ["tfg_depthwise_conv_2d_3x3_s8"]
