"""Packed weights of gates: what a kernel reads is what was packed, and the goal decides which form is taken."""

from __future__ import annotations

import numpy as np
import pytest
from onelayer import gru, lstm

from tinyforge.compiler import Goal, compile_model
from tinyforge.compiler.gate_packing import (
    CODED,
    INDEXED,
    LISTED,
    MASKED,
    MOST_LISTED,
    gate_forms,
    gates_can_be_smaller,
    packed_gates,
)


def unpacked(form, shape):
    """The weights, read as ``csrc/src/tfg_gate_rows.h`` reads them."""
    gates, units, inputs = shape
    found = np.zeros(shape, np.int64)
    data, at = form.rows.tolist(), 0

    def byte():
        nonlocal at
        at += 1
        return data[at - 1]

    def signed(value):
        return value - 256 if value > 127 else value

    for unit in range(units):
        for gate in range(gates):
            row = found[gate, unit]
            if form.form == LISTED:
                last = False
                while not last:
                    entries = [(byte(), byte()) for _ in range(2)]
                    last = bool(entries[1][1] & 1)
                    row[entries[0][1]] += signed(entries[0][0])
                    row[entries[1][1] >> 1] += signed(entries[1][0])
                continue
            here = np.ones(inputs, bool)
            if form.form != INDEXED:
                here = np.unpackbits(np.array([byte() for _ in range(-(-inputs // 8))], np.uint8))[:inputs] == 1
            if form.form == MASKED:
                row[here] = [signed(byte()) for _ in range(here.sum())]
                continue
            two = [byte() for _ in range(-(-here.sum() // 2))]
            places = [each >> half & 15 for each in two for half in (0, 4)]
            row[here] = [form.book[gate][place] for place in places[: here.sum()]]
    assert len(data) - at == (3 if form.form in {MASKED, CODED} else 0)  # read beyond the last row's bits
    return found


def weights(shape, density=1.0, values=None, seed=4):
    rng = np.random.default_rng(seed)
    dense = rng.integers(-128, 128, shape) if values is None else rng.choice(values, shape)
    return (dense * (rng.random(shape) < density)).astype(np.int8)


@pytest.mark.parametrize("inputs", [1, 2, 7, 8, 9, 31, 32, 33, 64, 127, 128])
@pytest.mark.parametrize("density", [0.0, 0.2, 1.0])
def test_every_form_holds_the_same_numbers(inputs, density):
    matrix = weights((3, 5, inputs), density, [-128, -7, 5, 127])
    forms = gate_forms(matrix)
    assert sorted(form.form for form in forms) == [LISTED, MASKED, CODED, INDEXED]
    for form in forms:
        assert np.array_equal(unpacked(form, matrix.shape), matrix), form.form


def test_which_forms_there_are():
    assert {form.form for form in gate_forms(weights((4, 9, 128)))} == {LISTED, MASKED}
    assert {form.form for form in gate_forms(weights((4, 9, MOST_LISTED + 1)))} == {MASKED}
    sixteen = np.arange(1, 17)  # and no room for a zero
    assert {form.form for form in gate_forms(weights((4, 9, 40), 0.5, sixteen))} == {LISTED, MASKED, CODED}
    assert {form.form for form in gate_forms(weights((4, 9, 40), 1.0, sixteen))} == {LISTED, MASKED, CODED, INDEXED}


def test_each_gate_has_its_own_book():
    matrix = np.stack([weights((8, 30), values=np.arange(gate * 16, gate * 16 + 12)) for gate in range(4)])
    form = next(form for form in gate_forms(matrix) if form.form == INDEXED)
    assert form.book.shape == (4, 16)
    assert np.array_equal(unpacked(form, matrix.shape), matrix)


def test_what_cannot_be_smaller():
    plain = weights((4, 16, 24))
    assert not gates_can_be_smaller([plain, plain])
    assert gates_can_be_smaller([plain, weights((4, 16, 24), 0.6)])
    assert gates_can_be_smaller([plain, weights((4, 16, 24), values=np.arange(16))])
    assert not gates_can_be_smaller([weights((4, 16, 24), values=np.arange(1, 19))])


def test_the_goal_decides_the_form():
    sparse = {"input": weights((4, 32, 6), 0.2), "recurrent": weights((4, 32, 32), 0.2)}

    def forms(goal):
        (layer,) = compile_model(lstm(50, *sparse.values()), name="net", place="net.tflite", goal=goal).layers
        return layer.params["input_form"], layer.params["recurrent_form"]

    assert forms(Goal.SIZE) == (MASKED, MASKED)
    assert forms(Goal.BALANCED) == (LISTED, LISTED)


def test_all_pairs_of_forms_that_are_worth_a_look():
    """The smallest first, each one faster than those before it."""
    offered = packed_gates({"input": weights((4, 32, 6), 0.2), "recurrent": weights((4, 32, 32), 0.2)})
    assert next(iter(offered)) == "masked masked"
    assert list(offered)[-1] == "listed listed"
    sizes = [
        sum(value.nbytes for value in members.values() if value is not None and not isinstance(value, int))
        for members in offered.values()
    ]
    assert sizes == sorted(set(sizes))


def layers(kind, zeros, goal, features=6):
    gates = 4 if kind is lstm else 3
    model = kind(50, weights((gates, 32, features), 1 - zeros), weights((gates, 32, 32), 1 - zeros))
    return compile_model(model, name="net", place="net.tflite", goal=goal).layers


@pytest.mark.parametrize("kind", [lstm, gru])
def test_a_pruned_layer_is_packed(kind):
    packed = f"tfg_{kind.__name__}_packed_s8"
    assert [layers(kind, 0.8, goal)[0].kernel == packed for goal in (Goal.SIZE, Goal.BALANCED)] == [True, True]
    assert layers(kind, 0.9, Goal.SPEED)[0].kernel == packed  # fewer instructions than products with zeros
    assert [layers(kind, 0.0, goal)[0].kernel == packed for goal in Goal] == [False] * 3


@pytest.mark.parametrize("kind", [lstm, gru])
def test_one_feature_is_enough(kind):
    """Its 32 weights a gate are few, those of the hidden state are not."""
    assert layers(kind, 0.9, Goal.SIZE, features=1)[0].kernel == f"tfg_{kind.__name__}_packed_s8"


def test_half_of_the_weights_are_too_many_for_balanced():
    assert layers(lstm, 0.5, Goal.SIZE)[0].kernel == "tfg_lstm_packed_s8"
    assert layers(lstm, 0.5, Goal.SPEED)[0].kernel == "tfg_lstm_s8"
    assert layers(lstm, 0.5, Goal.BALANCED)[0].kernel == "tfg_lstm_s8"


def test_scratch_is_what_the_headers_say():
    assert layers(lstm, 0.8, Goal.SIZE)[0].scratch_bytes == 32
    assert layers(gru, 0.8, Goal.SIZE)[0].scratch_bytes == 32
    model = gru(9, weights((3, 10, 6), 0.1), weights((3, 10, 10), 0.1), reset_after=False)
    assert compile_model(model, name="n", place="n", goal=Goal.SIZE).layers[0].scratch_bytes == 40
