"""Convolution and max pooling as one call: when it is so, and that rescaling never decreases, which makes it exact."""

from __future__ import annotations

import numpy as np
import pytest
from opbench import Case, differences
from sliding import SAME, VALID, Net
from sliding import differences as sliding_differences
from tflite_writer import Writer

from tinyforge.compiler import Goal, compile_model
from tinyforge.compiler.fixed_point import NONE, RELU, RELU6, requantize
from tinyforge.compiler.fuse import apart
from tinyforge.core.graph import Compiled
from tinyforge.runtimes import get_runtime

FUSED, CONV, POOL = "tfg_conv_1d_pool_s8", "tfg_conv_1d_s8", "tfg_max_pool_2d_s8"
PACKED = "tfg_conv_1d_packed_s8"
FUSED_2D = "tfg_conv_2d_pool_s8"


def compiled(data: bytes, goal: Goal = Goal.BALANCED) -> Compiled:
    return compile_model(data, name="net", place="net.tflite", goal=goal)


def kernels(data: bytes, goal: Goal = Goal.BALANCED) -> list[str]:
    return [call.kernel for call in compiled(data, goal).layers if call.kernel in {FUSED, CONV, POOL, PACKED}]


@pytest.mark.parametrize("goal", list(Goal))
def test_networks_of_convolutions_and_pools(goal):
    """Nothing is left of the two kernels: less flash, fewer instructions, less memory."""
    model = compiled(Net(100, 6).conv(16, 5).pool(2).conv(32, 5).pool(4).head(), goal)
    first, second = model.layers[:2]
    assert (first.kernel, second.kernel) == (FUSED, FUSED)
    assert [layer.index for layer in model.layers] == list(range(len(model.layers)))
    assert [(layer.params["places"], layer.params["pool"]) for layer in (first, second)] == [(96, 2), (44, 4)]
    assert [part.name for part in first.parts] == ["conv_1d_0", "max_pool_2d_0"]
    assert [part.name for layer in model.layers[:2] for part in layer.parts] == [
        call.name for call in apart(model.layers)[:4]
    ]
    assert "fuse: conv_1d_0 and max_pool_2d_0 are one call" in model.log
    assert all(slot.bytes != 96 * 16 for slot in model.plan.slots)  # what the convolution alone would have written


@pytest.mark.parametrize(
    ("net", "found"),
    [
        (Net(60, 4).conv(8, 5).pool(3), [CONV, POOL]),
        (Net(60, 4).conv(8, 5).pool(8), [CONV, POOL]),
        (Net(60, 4).conv(8, 5).pool(2, "AVERAGE_POOL_2D"), [CONV]),
        (Net(60, 4).conv(8, 5).tanh().pool(2), [CONV, POOL]),
        (Net(59, 4).conv(8, 5).pool(2, padding=SAME), [FUSED]),  # the last output has one place
        (Net(58, 4).conv(8, 5).pool(4, padding=SAME), [CONV, POOL]),  # the first one has three
        (Net(60, 4).conv(8, 5).pool(4, padding=SAME), [FUSED]),
        (Net(60, 16).conv(48, 5, zeros=0.95).pool(2), [PACKED]),
    ],
)
def test_which(net, found):
    assert kernels(net.head()) == found


def test_code_beside_other_convolutions():
    """A kernel more must save its code: 64 bytes for a thousand instructions, any for speed, none for size."""
    small = Net(40, 4).conv(8, 3).conv(8, 3).pool(2).head()
    assert [kernels(small, goal) for goal in (Goal.SPEED, Goal.BALANCED, Goal.SIZE)] == [
        [CONV, FUSED], [CONV, CONV, POOL], [CONV, CONV, POOL],
    ]  # fmt: skip
    large = Net(400, 4).conv(8, 3).conv(16, 3).pool(2).head()
    assert [kernels(large, goal) for goal in (Goal.SPEED, Goal.BALANCED, Goal.SIZE)] == [
        [CONV, FUSED], [CONV, FUSED], [CONV, CONV, POOL],
    ]  # fmt: skip


def pair(
    *, batches: int = 1, acts: tuple[int, int] = (NONE, NONE), both: bool = False, bias: int = 900, tall: bool = False
) -> bytes:
    """A convolution of 24 places, a pooling of two; the convolution is an output too, or is not."""
    model, rng = Writer(), np.random.default_rng(4)
    shape = (lambda length, channels: (batches, length, 1, channels)) if tall else lambda n, c: (batches, 1, n, c)
    x = model.tensor("x", shape(26, 8), scale=0.05, zero_point=-3)
    w = model.constant("w", rng.integers(-127, 128, (6, 3, 1, 8) if tall else (6, 1, 3, 8)), "int8", scale=[0.004] * 6)
    b = model.constant("b", rng.integers(-bias, bias, 6), "int32", scale=[0.0002] * 6)
    y, z = (model.tensor(name, shape(size, 6), scale=0.03, zero_point=-100) for name, size in (("y", 24), ("z", 12)))
    model.op(
        "CONV_2D", [x, w, b], [y], "Conv2DOptions", padding=VALID, stride_h=1, stride_w=1,
        fused_activation_function=acts[0],
    )  # fmt: skip
    model.op(
        "MAX_POOL_2D", [y], [z], "Pool2DOptions", padding=VALID, stride_w=1 if tall else 2, stride_h=2 if tall else 1,
        filter_width=1 if tall else 2, filter_height=2 if tall else 1, fused_activation_function=acts[1],
    )  # fmt: skip
    return model.build([x], [y, z] if both else [z])


def image(sizes: tuple[int, int], window: tuple[int, int], padding: int = VALID, channels: int = 6) -> bytes:
    """A 3x3 convolution with padding, and a pooling."""
    model, rng = Writer(), np.random.default_rng(5)
    outs = [-(-size // side) if padding == SAME else size // side for size, side in zip(sizes, window, strict=True)]
    x = model.tensor("x", (1, *sizes, 5), scale=0.05, zero_point=-3)
    w = model.constant("w", rng.integers(-127, 128, (channels, 3, 3, 5)), "int8", scale=[0.004] * channels)
    y, z = (
        model.tensor(name, (1, *shape, channels), scale=0.05, zero_point=-100)
        for name, shape in (("y", sizes), ("z", outs))
    )
    b = model.constant("b", rng.integers(-900, 900, channels), "int32", scale=[0.0002] * channels)
    model.op("CONV_2D", [x, w, b], [y], "Conv2DOptions", padding=SAME, stride_h=1, stride_w=1)
    model.op(
        "MAX_POOL_2D", [y], [z], "Pool2DOptions", padding=padding, stride_h=window[0], stride_w=window[1],
        filter_height=window[0], filter_width=window[1],
    )  # fmt: skip
    return model.build([x], [z])


@pytest.mark.parametrize(
    ("sizes", "window", "padding", "fused"),
    [
        ((8, 6), (2, 2), VALID, True),
        ((8, 6), (2, 2), SAME, True),
        ((9, 7), (2, 2), VALID, True),
        ((9, 7), (2, 2), SAME, False),  # the last outputs have fewer places
        ((9, 6), (3, 2), VALID, False),
        ((8, 8), (1, 2), VALID, False),
    ],
)
def test_images(sizes, window, padding, fused, tmp_path):
    data = image(sizes, window, padding)
    found = [call.kernel for call in compiled(data, Goal.SPEED).layers]
    assert found == ([FUSED_2D] if fused else ["tfg_conv_2d_s8", POOL])
    assert not differences([Case("image", data, inputs=10)], tmp_path, np.random.default_rng(1))


@pytest.mark.parametrize(
    ("shape", "between"),
    [
        ((1, 4, 4), (1, 8, 2)),
        ((1, 4, 4), (1, 2, 8)),
        ((2, 4, 4), (1, 8, 4)),
        ((1, 8, 4), (2, 4, 4)),
    ],
)
@pytest.mark.parametrize("kernel", [1, 3])
def test_reshaped_between(shape, between, kernel, tmp_path):
    """The pooling's places are not the convolution's: two calls."""
    model, rng = Writer(), np.random.default_rng(5)
    quantized = {"scale": 0.05, "zero_point": -100}
    x = model.tensor("x", (*shape, 8), scale=0.05, zero_point=-3)
    w = model.constant("w", rng.integers(-127, 128, (6, kernel, kernel, 8)), "int8", scale=[0.004] * 6)
    b = model.constant("b", rng.integers(-900, 900, 6), "int32", scale=[0.0002] * 6)
    y, r = (model.tensor(name, (*sizes, 6), **quantized) for name, sizes in (("y", shape), ("r", between)))
    z = model.tensor("z", (between[0], between[1] // 2, between[2] // 2, 6), **quantized)
    model.op("CONV_2D", [x, w, b], [y], "Conv2DOptions", padding=SAME, stride_h=1, stride_w=1)
    model.op("RESHAPE", [y, model.constant("s", np.array([*between, 6]), "int32")], [r])
    model.op(
        "MAX_POOL_2D", [r], [z], "Pool2DOptions", padding=VALID, stride_h=2, stride_w=2, filter_height=2,
        filter_width=2,
    )  # fmt: skip
    data = model.build([x], [z])
    assert [call.kernel for call in compiled(data, Goal.SPEED).layers][1:] == [POOL]
    assert not differences([Case("reshaped", data, inputs=10)], tmp_path, np.random.default_rng(1))


def test_who_else_reads():
    assert kernels(pair(), Goal.SPEED) == [FUSED]
    assert kernels(pair(tall=True), Goal.SPEED) == [FUSED]
    assert kernels(pair(batches=3), Goal.SPEED) == [FUSED]
    assert kernels(pair(both=True), Goal.SPEED) == [CONV, POOL]


def test_rare_channels_stay_apart():
    """Their sums or shifts might wrap around."""
    assert kernels(pair(bias=1 << 26), Goal.SPEED) == [CONV, POOL]


def test_both_clamps_are_one():
    (call,) = compiled(pair(acts=(RELU, RELU6))).layers
    assert (call.params["min"], call.params["max"]) == (-100, 100)
    (call,) = compiled(pair(acts=(RELU6, NONE))).layers
    assert (call.params["min"], call.params["max"]) == (-100, 100)


def test_rescaling_never_decreases():
    """All sums around every place where an output steps, and a sweep between; multipliers and shifts at their ends."""
    rng = np.random.default_rng(0)
    for exponent in range(-22, 0):
        for multiplier in (1 << 30, (1 << 31) - 1, *rng.integers(1 << 30, 1 << 31, 3).tolist()):
            steps = (np.arange(-300, 300) * 2.0**31 / multiplier * 2.0**-exponent).astype(np.int64)
            near = (steps[:, None] + np.arange(-2, 3)).reshape(-1)
            far = np.linspace(-(1 << 30) + 1, (1 << 30) - 1, 400).astype(np.int64)
            sums = np.unique(np.concatenate([near[np.abs(near) < 1 << 30], far]))
            found = [requantize(int(one), multiplier, exponent) for one in sums]
            assert found == sorted(found), (multiplier, exponent)


@pytest.mark.parametrize(
    ("hop", "goal", "expected"),
    [
        (4, Goal.BALANCED, {FUSED}),
        (6, Goal.BALANCED, {FUSED, CONV, POOL}),  # the second pooling's rows repeat after two hops
        (6, Goal.SIZE, {CONV, POOL}),
        (5, Goal.SPEED, {CONV, POOL}),
    ],
)
def test_sliding_window(hop, goal, expected, tmp_path):
    """Fused where rows repeat after as many hops; the same outputs as the whole window's."""
    data = Net(60, 4).conv(8, 5).pool(2).conv(8, 3).pool(2).head()
    sliding, seen, wrong = sliding_differences(data, hop, 60, tmp_path, goal=goal)
    assert seen > 40
    assert wrong == 0
    assert {call.kernel for call in sliding.layers} & {FUSED, CONV, POOL} == expected


@pytest.mark.parametrize(("hop", "pools"), [(8, {2, 4}), (4, {1, 2})])
def test_sliding_window_of_packed_weights(hop, pools, tmp_path):
    """After 4 places the second pooling's rows repeat no more."""
    data = Net(90, 8).conv(32, 5, zeros=0.9).pool(2).conv(48, 3, zeros=0.9).pool(4).head()
    sliding, seen, wrong = sliding_differences(data, hop, 60, tmp_path)
    assert seen > 30
    assert wrong == 0
    assert {layer.params["pool"] for layer in sliding.layers if layer.kernel == PACKED} == pools


def test_sliding_window_of_a_last_place_alone(tmp_path):
    data = Net(61, 4).conv(8, 3, padding=SAME).pool(2, padding=SAME).head()
    sliding, seen, wrong = sliding_differences(data, 4, 60, tmp_path)
    assert seen > 40
    assert wrong == 0
    assert FUSED in {call.kernel for call in sliding.layers}


def test_equal_to_the_reference(tmp_path):
    cases = [
        Case(f"{batches} {acts} {tall}", pair(batches=batches, acts=acts, tall=tall), inputs=20)
        for batches in (1, 3)
        for acts in ((NONE, NONE), (RELU, NONE), (RELU6, RELU), (NONE, RELU6))
        for tall in (False, True)
    ]
    assert not differences(cases, tmp_path, np.random.default_rng(1))


def test_a_difference_says_that_two_operators_are_one_call(tmp_path):
    from tinyforge.pipeline.models import _first_layer

    data = pair()
    get_runtime("aot").generate(compiled(data), tmp_path)
    source = tmp_path / "net.c"
    source.write_text(source.read_text().replace(".zero_point = -100", ".zero_point = -99"))
    window = np.zeros((1, 26 * 8), np.int8)
    said = _first_layer(data, tmp_path, window, 0)
    assert said.startswith('op #1 MAX_POOL_2D, tensor "z": ')
    assert said.endswith(", computed in one call with op #0")
