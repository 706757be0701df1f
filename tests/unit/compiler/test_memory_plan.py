"""Plans never overlap, reach their lower bound where one exists, and keep callers' buffers out."""

from __future__ import annotations

import numpy as np
from small_models import conv_net, dense
from tflite_writer import Writer

from tinyforge.compiler import compile_model
from tinyforge.compiler.memory_plan import Block, _plan
from tinyforge.core.graph import MemoryPlan


def check(plan: MemoryPlan, shared: set[tuple[str, str]] = frozenset()) -> None:
    for slot in plan.slots:
        assert slot.offset >= 0
        assert slot.offset % 4 == 0
        assert slot.offset + slot.bytes <= plan.arena_bytes
    for one in plan.slots:
        for two in plan.slots:
            apart = one.offset + one.bytes <= two.offset or two.offset + two.bytes <= one.offset
            together = one.first <= two.last and two.first <= one.last
            if (
                one is not two
                and together
                and (one.name, two.name) not in shared
                and (two.name, one.name) not in shared
            ):
                assert apart, (one, two)


def blocks(rng: np.random.Generator, count: int) -> list[Block]:
    found = []
    for number in range(count):
        first = int(rng.integers(0, 12))
        last = min(11, first + int(rng.integers(0, 5)))
        size = 4 * int(rng.integers(1, 60))
        found.append(Block(size, first, last, ((f"b{number}", number, size, first, last),)))
    return found


def test_random_plans_are_valid_and_tight():
    rng = np.random.default_rng(4)
    optimal = 0
    for _ in range(40):
        plan = _plan(blocks(rng, 10), 12)
        check(plan)
        assert plan.lower_bound_bytes <= plan.arena_bytes
        optimal += plan.optimal
    assert optimal >= 36


def test_a_chain_reaches_its_bound():
    compiled = compile_model(conv_net(), name="m", place="m.tflite")
    assert compiled.plan.optimal
    check(compiled.plan)
    assert compiled.arena_bytes == 40 + 2 * 8 * 2  # conv_1d's output and its two windows as int16
    names = [slot.name for slot in compiled.plan.slots]
    assert names == ["conv_1d_0_out", "mean_0_out", "conv_1d_0_scratch", "max_pool_2d_0_out"]


def test_inputs_outputs_and_constants_are_not_in_the_arena():
    compiled = compile_model(dense(), name="m", place="m.tflite")
    assert [slot.name for slot in compiled.plan.slots] == ["fully_connected_0_out"]
    assert compiled.arena_bytes == 4
    assert compiled.weight_bytes == 4 * 8 + 12  # three rows, filled up to four


def test_residual_adds_in_place():
    rng = np.random.default_rng(1)
    model = Writer()
    x = model.tensor("x", (1, 64), scale=0.1)
    tensors = [x]
    for number in range(3):
        w = model.constant(f"w{number}", rng.integers(-127, 128, (64, 64)), "int8", scale=0.01)
        y = model.tensor(f"y{number}", (1, 64), scale=0.3)
        model.op("FULLY_CONNECTED", [tensors[-1], w, -1], [y], "FullyConnectedOptions")
        tensors.append(y)
    total = model.tensor("sum", (1, 64), scale=0.4)
    model.op("ADD", [tensors[1], tensors[3]], [total], "AddOptions")
    z = model.tensor("z", (1, 64), scale=1 / 256, zero_point=-128)
    model.op("SOFTMAX", [total], [z], "SoftmaxOptions", beta=1.0)
    compiled = compile_model(model.build([x], [z]), name="m", place="m.tflite")
    assert compiled.arena_bytes == 3 * 64
    assert compiled.plan.optimal
    owner = compiled.plan.slot_of(total)
    operand = compiled.plan.slot_of(tensors[1])
    assert owner is not None
    assert operand is not None
    assert owner.offset == operand.offset
    check(compiled.plan, {("add_0_out", "fully_connected_0_out")})
