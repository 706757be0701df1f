"""Which kernel grouped convolutions get, and that a sliding window goes through them."""

from __future__ import annotations

import numpy as np
import pytest
from onelayer import CONV, DEPTHWISE, Kind, layer
from sliding import differences
from small_models import conv_net
from tflite_writer import Writer

from tinyforge.compiler import Goal, compile_model, read_model
from tinyforge.compiler.groupwise import by_group
from tinyforge.compiler.layout import paired
from tinyforge.compiler.passes.split_channels import split_channels
from tinyforge.runtimes.aot.generate import ModelView

GROUPED, GROUPWISE = "tfg_conv_2d_grouped_s8", "tfg_conv_2d_groupwise_s8"
FOURS, PLAIN = "tfg_depthwise_conv_2d_fours_s8", "tfg_depthwise_conv_2d_s8"


def compiled(data: bytes, goal: Goal = Goal.BALANCED):
    return compile_model(data, name="net", place="net.tflite", goal=goal)


@pytest.mark.parametrize(
    ("kind", "in_ch", "out_ch", "goal", "kernel"),
    [
        (Kind(CONV, (3, 3), groups=2), 16, 16, Goal.BALANCED, GROUPWISE),
        (Kind(CONV, (3, 3), groups=2), 16, 16, Goal.SIZE, GROUPED),
        (Kind(CONV, (1, 5), groups=2), 6, 16, Goal.BALANCED, GROUPWISE),
        (Kind(CONV, (1, 1), groups=4), 16, 16, Goal.SPEED, GROUPWISE),
        (Kind(CONV, (3, 3), groups=8), 8, 8, Goal.BALANCED, "tfg_depthwise_conv_2d_3x3_s8"),
        (Kind(DEPTHWISE, (3, 3), dilation=2, stride=2), 8, 8, Goal.BALANCED, FOURS),
        (Kind(DEPTHWISE, (3, 3), dilation=2, stride=2), 3, 3, Goal.BALANCED, "tfg_depthwise_conv_2d_few_s8"),
        (Kind(DEPTHWISE, (3, 3), dilation=2, stride=2), 8, 8, Goal.SIZE, PLAIN),
        (Kind(DEPTHWISE, (3, 3), dilation=2, stride=2, copies=2), 8, 8, Goal.SPEED, GROUPWISE),
    ],
)
def test_kernel(kind, in_ch, out_ch, goal, kernel):
    assert [call.kernel for call in compiled(layer(kind, 12, in_ch, out_ch), goal).layers] == [kernel]


def test_called_kernels_are_exported():
    """What a kernel calls comes with it, and with nothing else."""
    found = ModelView(compiled(layer(Kind(CONV, (3, 3), groups=2), 12, 16, 16))).kernels()
    assert found == ["tfg_conv_2d_groupwise_s8", "tfg_conv_2d_s8"]
    assert not {GROUPWISE, "tfg_conv_2d_s8"} & set(ModelView(compiled(conv_net())).kernels())


def test_places_lie_in_one_row():
    for kernel, size in (((1, 1), (4, 5)), ((3, 1), (20, 1))):
        (call,) = compiled(layer(Kind(CONV, kernel, groups=2), size, 16, 16), Goal.SPEED).layers
        assert (call.params["in_h"], call.params["in_w"]) == (1, 20)


def test_numbers_by_group():
    """Odd groups are filled up one by one; a channel that is rare has its number within its group."""
    rng = np.random.default_rng(3)
    rows = rng.integers(-128, 128, (6, 8)).astype(np.int8)
    bias = np.array([1, 2, 3, 4, 1 << 24, 6], np.int32)
    numbers = {"filter": rows, "bias": bias, "multiplier": np.arange(6, dtype=np.int32), "shift": np.zeros(6, np.int8)}
    found = by_group(numbers, 3)
    assert np.array_equal(found["filter"], np.concatenate([paired(rows[:3]), paired(rows[3:])]).reshape(-1))
    assert np.asarray(found["bias"]).tolist() == [256, 512, 768, 0, 1024, 0, 1536, 0]
    assert np.asarray(found["multiplier"]).tolist() == [0, 1, 2, 0, 3, 4, 5, 0]
    assert np.asarray(found["rare"]).tolist() == [-1, 1, 1 << 24, 0, -1]


def test_split_channels():
    graph, lines = split_channels(read_model(layer(Kind(CONV, (3, 3), groups=4), 8, 4, 8), "m.tflite"))
    (op,) = graph.ops
    filter_ = graph.tensors[op.inputs[1]]
    assert (op.kind, op.options["depth_multiplier"], filter_.shape) == ("DEPTHWISE_CONV_2D", 2, (1, 3, 3, 8))
    assert filter_.quant is not None
    assert filter_.quant.axis == 3
    assert lines == ["op #0 CONV_2D has as many groups as channels: depthwise_conv_2d"]
    assert split_channels(read_model(layer(Kind(CONV, (3, 3)), 8, 1, 8), "m.tflite"))[1] == []


def network(groups: int) -> bytes:
    """Two grouped convolutions along time, and a mean."""
    rng, model = np.random.default_rng(5), Writer()
    last = model.tensor("x", (1, 1, 60, 6), scale=0.05, zero_point=-3)
    first = last
    for number, (in_ch, out_ch, dilation) in enumerate(((6, 12, 1), (12, 6 * groups, 2))):
        weights = rng.integers(-127, 128, (out_ch, 1, 3, in_ch // groups)).astype(np.int8)
        filter_ = model.constant(f"w{number}", weights, "int8", scale=[0.01] * out_ch)
        bias = model.constant(f"b{number}", rng.integers(-500, 500, out_ch), "int32", scale=[0.0005] * out_ch)
        out = model.tensor(f"y{number}", (1, 1, 60, out_ch), scale=0.1 if number else 0.05, zero_point=-3)
        options = {"stride_h": 1, "stride_w": 1, "dilation_h_factor": 1, "dilation_w_factor": dilation}
        model.op("CONV_2D", [last, filter_, bias], [out], "Conv2DOptions", padding=0, **options)
        last = out
    mean = model.tensor("mean", (1, 6 * groups), scale=0.1, zero_point=-3)
    model.op("MEAN", [last, model.constant("axes", [1, 2])], [mean], "ReducerOptions")
    return bytes(model.build([first], [mean]))


@pytest.mark.parametrize("goal", [Goal.SPEED, Goal.SIZE])
def test_sliding_window(goal, tmp_path):
    sliding, seen, wrong = differences(network(2), 4, 60, tmp_path, goal=goal, force=True)
    assert seen > 40
    assert wrong == 0
    assert [call.kernel for call in sliding.layers].count(GROUPED if goal is Goal.SIZE else GROUPWISE) >= 2
