"""The form of each layer's weights: what the whole network gains decides, under each goal."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from onelayer import gru, lstm
from opbench import Case, differences
from sliding import Net
from tflite_writer import Writer

from tinyforge.compiler import Goal, compile_model, forms
from tinyforge.compiler.code_bytes import OWN, code_bytes
from tinyforge.compiler.form_choice import Part, choose
from tinyforge.compiler.packing import PACKED, PLAIN

DENSE, DENSE_PACKED = "tfg_fully_connected_s8", "tfg_fully_connected_packed_s8"
CONV, CONV_PACKED, CONV_POOL = "tfg_conv_1d_s8", "tfg_conv_1d_packed_s8", "tfg_conv_1d_pool_s8"


def layer(plain_bytes, plain_instructions, packed_bytes, packed_instructions, kernels=(CONV, CONV_PACKED)):
    return {
        PLAIN: Part(plain_bytes, plain_instructions, frozenset(kernels[:1])),
        PACKED: Part(packed_bytes, packed_instructions, frozenset(kernels[1:])),
    }


def chosen(goal, *layers):
    return [form for _, form in sorted(choose(dict(enumerate(layers)), goal).items())]


def test_code_is_counted_once():
    one, two = code_bytes({DENSE}), code_bytes({DENSE, CONV})
    assert one > OWN[DENSE]
    assert two < code_bytes({DENSE}) + code_bytes({CONV})  # tfg_limit
    assert code_bytes({DENSE, "tfg_softmax_s8"}) == one


@pytest.mark.parametrize("goal", list(Goal))
def test_faster_and_smaller(goal):
    assert chosen(goal, layer(9000, 50_000, 3000, 40_000)) == [PACKED]


def test_a_kernel_more_must_save_its_code():
    plain = {PLAIN: Part(400, 3000, frozenset({CONV}))}
    small = layer(3000, 5000, 2100, 5000)
    assert [chosen(goal, plain, small) for goal in (Goal.SIZE, Goal.BALANCED)] == [[PLAIN, PLAIN]] * 2
    large = layer(3000, 5000, 1500, 5000)
    assert [chosen(goal, plain, large) for goal in (Goal.SIZE, Goal.BALANCED)] == [[PLAIN, PACKED]] * 2
    assert chosen(Goal.SIZE, plain, small, small) == [PLAIN, PACKED, PACKED]


def test_the_last_layer_of_a_kernel_takes_its_code_away():
    """Both gain nothing in their weights; together they need one kernel less."""
    small = layer(400, 3000, 420, 3000, (DENSE, DENSE_PACKED))
    large = layer(9000, 30_000, 3000, 40_000, (DENSE, DENSE_PACKED))
    for goal in (Goal.SIZE, Goal.BALANCED):
        assert chosen(goal, large, small) == [PACKED, PACKED]
        assert chosen(goal, small, small, large) == [PACKED] * 3


def test_64_bytes_for_a_thousand_instructions():
    there = layer(90_000, 500_000, 3000, 40_000)  # brings the kernel
    plain = {PLAIN: Part(400, 3000, frozenset({CONV}))}  # keeps the other one
    assert chosen(Goal.BALANCED, plain, there, layer(2000, 20_000, 1930, 21_000))[2] == PACKED
    assert chosen(Goal.BALANCED, plain, there, layer(2000, 20_000, 1940, 21_000))[2] == PLAIN
    assert chosen(Goal.SIZE, plain, there, layer(2000, 20_000, 1940, 21_000))[2] == PACKED
    assert chosen(Goal.SPEED, plain, there, layer(2000, 20_000, 1930, 20_001))[2] == PLAIN
    assert chosen(Goal.SPEED, plain, there, layer(2000, 20_000, 1930, 19_999))[2] == PACKED


def test_at_most_twice_the_instructions():
    assert chosen(Goal.BALANCED, layer(90_000, 20_000, 3000, 40_000)) == [PACKED]
    assert chosen(Goal.BALANCED, layer(90_000, 20_000, 3000, 40_001)) == [PLAIN]
    assert chosen(Goal.SIZE, layer(90_000, 20_000, 3000, 40_001)) == [PACKED]
    fast = layer(90_000, 20_000, 3000, 20_000)
    assert chosen(Goal.BALANCED, layer(90_000, 20_000, 3000, 50_000), fast) == [PACKED, PACKED]


def test_balanced_gives_no_flash_for_speed_of_packed_weights():
    faster = layer(1000, 900_000, 900, 1000)
    plain = {PLAIN: Part(400, 3000, frozenset({CONV}))}
    assert chosen(Goal.BALANCED, plain, faster) == [PLAIN, PLAIN]
    assert chosen(Goal.SPEED, plain, faster) == [PLAIN, PACKED]


KERNELS = [CONV, CONV_PACKED, CONV_POOL, "tfg_max_pool_2d_s8", "tfg_conv_1d_indexed_s8", DENSE, DENSE_PACKED]


def random_parts(rng: np.random.Generator, layers: int) -> dict[int, dict[str, Part]]:
    """Layers of one to three forms more, of a kernel or two of seven."""

    def part(size: float, instructions: float) -> Part:
        count = int(rng.integers(1, 3))
        return Part(int(size), int(instructions), frozenset(rng.choice(KERNELS, count, replace=False).tolist()))

    found: dict[int, dict[str, Part]] = {}
    for op in range(layers):
        size, instructions = 10 ** rng.uniform(1.5, 4), 10 ** rng.uniform(2.5, 5.5)
        found[op] = {PLAIN: part(size, instructions)}
        for form in (PACKED, "nibbles", "pairs")[: int(rng.integers(4))]:
            found[op][form] = part(size * rng.uniform(0.2, 1.1), instructions * 10 ** rng.uniform(-0.3, 0.5))
    return found


def cost(parts, goal, forms):
    """What the goal wants least of, as ADR 15 words it."""
    taken = [parts[op][form] for op, form in forms.items()]
    size = sum(part.bytes for part in taken) + code_bytes(frozenset().union(*(part.kernels for part in taken)))
    instructions = sum(part.instructions for part in taken)
    if goal is not Goal.BALANCED:
        return (size, instructions) if goal is Goal.SIZE else (instructions, size)
    plain = [found[PLAIN] for found in parts.values()]
    most = sum(part.bytes for part in plain) + code_bytes(frozenset().union(*(part.kernels for part in plain)))
    packed = [op for op, form in forms.items() if form != PLAIN]
    slow = sum(parts[op][forms[op]].instructions - 2 * parts[op][PLAIN].instructions for op in packed) > 0
    return slow or size > most, 1000 * size + 64 * instructions, size


@pytest.mark.parametrize("goal", list(Goal))
def test_no_combination_is_better(goal):
    """All of them, of random networks of up to five layers; `balanced` may miss one by a thousandth of its price."""
    rng = np.random.default_rng(8)
    for _ in range(60):
        parts = random_parts(rng, int(rng.integers(1, 6)))
        all_of = [dict(zip(parts, forms, strict=True)) for forms in itertools.product(*parts.values())]
        best = min(cost(parts, goal, forms) for forms in all_of)
        found = cost(parts, goal, choose(parts, goal))
        assert found == best if goal is not Goal.BALANCED else (found[0] == best[0] and found[1] <= 1.001 * best[1])


@pytest.mark.parametrize("goal", list(Goal))
def test_no_layer_of_a_large_network_is_better_in_another_form(goal):
    rng = np.random.default_rng(9)
    for layers in (30, 90):
        parts = random_parts(rng, layers)
        found = choose(parts, goal)
        best = cost(parts, goal, found)
        others = ({**found, op: form} for op, forms in parts.items() for form in forms)
        assert all(cost(parts, goal, forms) >= best for forms in others)
        assert best <= cost(parts, goal, dict.fromkeys(parts, PLAIN))


def kernels(data: bytes, goal: Goal) -> list[str]:
    return [call.kernel for call in compile_model(data, name="net", place="net.tflite", goal=goal).layers]


def test_first_layers_are_packed_with_the_others():
    """Beside plain layers they would not pay for the kernel; with all of them, kernels of plain layers go."""
    beside = Net(60, 6).conv(16, 5, zeros=0.8).pool(2).conv(48, 5).pool(2).head()
    both = Net(60, 6).conv(16, 5, zeros=0.8).pool(2).conv(48, 5, zeros=0.8).pool(2).head()
    for goal in (Goal.BALANCED, Goal.SIZE):
        assert kernels(beside, goal)[:2] == [CONV_POOL, CONV_POOL]
        assert kernels(both, goal)[:2] == [CONV_PACKED, CONV_PACKED]
        assert not {CONV, CONV_POOL, "tfg_max_pool_2d_s8"} & set(kernels(both, goal))


def stack(widths: list[int], zeros: float, last: float | None = None) -> bytes:
    """Dense layers with so many zeros, the last one with others."""
    model, rng = Writer(), np.random.default_rng(3)
    x = first = model.tensor("x", (1, widths[0]), scale=0.05, zero_point=-3)
    for number, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
        share = last if last is not None and number == len(widths) - 2 else zeros
        weights = rng.integers(-127, 128, (outputs, inputs)) * (rng.random((outputs, inputs)) >= share)
        w = model.constant(f"w{number}", weights, "int8", scale=[0.004])
        b = model.constant(f"b{number}", rng.integers(-900, 900, outputs), "int32", scale=[0.0002])
        y = model.tensor(f"y{number}", (1, outputs), scale=0.05, zero_point=-100)
        model.op("FULLY_CONNECTED", [x, w, b], [y], "FullyConnectedOptions")
        x = y
    return model.build([first], [x])


def test_no_plain_kernel_for_the_smallest_layer_alone(tmp_path):
    data = stack([300, 64, 32, 4], 0.8)
    for goal in (Goal.BALANCED, Goal.SIZE):
        assert kernels(data, goal) == [DENSE_PACKED] * 3
    assert not differences([Case("dense", data, inputs=10)], tmp_path, np.random.default_rng(1))


def test_what_was_chosen_is_held_against_plain_weights(monkeypatch):
    """Beside other forms a plain layer may call another kernel than it did, so a choice may turn out to be worse."""
    data = stack([300, 28, 12], 0.0, last=0.8)
    monkeypatch.setattr(forms, "choose", lambda parts, _goal: {op: list(found)[-1] for op, found in parts.items()})
    assert [set(kernels(data, goal)) for goal in (Goal.SIZE, Goal.BALANCED)] == [{DENSE}] * 2


def test_one_small_layer_brings_no_kernel():
    """Some 200 bytes less of weights, 272 of code more and a longer structure."""
    data = stack([300, 28, 12], 0.0, last=0.8)
    assert set(kernels(data, Goal.SIZE)) == {DENSE}


@pytest.mark.parametrize(("layer", "gates"), [(lstm, 4), (gru, 3)])
def test_recurrent_layers_of_few_features_are_packed(layer, gates):
    """Three features of 20 units are 60 weights a gate, but those of the hidden state count, too."""
    rng = np.random.default_rng(1)
    shapes = ((gates, 20, length) for length in (3, 20))
    weights = [(rng.integers(-127, 128, shape) * (rng.random(shape) < 0.15)).astype(np.int8) for shape in shapes]
    assert "_packed_" in kernels(layer(10, *weights), Goal.SIZE)[0]


@pytest.mark.parametrize("zeros", [0.0, 0.8])
def test_rows_of_more_inputs_than_16_bits_count(zeros):
    """They stay plain; entries of a packed row are counted in 16 bits."""
    model, rng = Writer(), np.random.default_rng(3)
    x = model.tensor("x", (1, 70_000), scale=0.05, zero_point=-3)
    weights = rng.choice([-9, -1, 4, 100], (1, 70_000)) * (rng.random((1, 70_000)) >= zeros)
    w = model.constant("w", weights, "int8", scale=[0.004])
    y = model.tensor("y", (1, 1), scale=5.0, zero_point=0)
    model.op("FULLY_CONNECTED", [x, w], [y], "FullyConnectedOptions")
    for goal in Goal:
        assert kernels(model.build([x], [y]), goal) == ["tfg_fully_connected_one_s8"]
