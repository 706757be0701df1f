"""Exports with several sides, other types, recurrent state and a trace."""

from __future__ import annotations

import json

import handmade_models as handmade
import numpy as np
import pytest

from tinyforge.compiler import compile_model
from tinyforge.core.errors import DataError
from tinyforge.evaluate import litert
from tinyforge.evaluate.host_c import load_invoke
from tinyforge.evaluate.verify import random_inputs, verify_outputs
from tinyforge.runtimes import get_runtime

SOURCE = """
#include <stdint.h>
#include <stddef.h>
static int8_t memory;
void toy_reset(void) { memory = 10; }
void toy_continue(const float *x, const int8_t *y, int8_t *sum, float *twice)
{
    memory = (int8_t)(memory + y[0]);
    sum[0] = memory;
    twice[0] = 2 * x[0];
    twice[1] = 2 * x[1];
}
void toy_invoke(const float *x, const int8_t *y, int8_t *sum, float *twice)
{
    memory = 0;
    toy_continue(x, y, sum, twice);
}
#ifdef TFG_TRACE
void toy_trace(const float *x, const int8_t *y, int8_t *sum, float *twice,
    void (*hook)(void *context, int layer, const void *data, size_t bytes), void *context)
{
    toy_continue(x, y, sum, twice);
    hook(context, 0, sum, 1);
    hook(context, 1, twice, 4);
    hook(context, 1, twice + 1, 4);
}
#endif
"""


@pytest.fixture
def toy(tmp_path):
    (tmp_path / "toy.c").write_text(SOURCE)
    x, y = {"shape": [1, 2], "dtype": "float32", "bytes": 8}, {"shape": [1, 1], "dtype": "int8", "bytes": 1}
    manifest = {
        "name": "toy",
        "function": "toy_invoke",
        "reset": "toy_reset",
        "continue_function": "toy_continue",
        "include_dirs": ["."],
        "sources": ["toy.c"],
        "defines": [],
        "input": x,
        "output": y,
        "inputs": [x, y],
        "outputs": [y, x],
        "input_bytes": 8,
        "output_bytes": 1,
        "layers": [{"tensors": [5]}, {"tensors": [7, 8]}],
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    return tmp_path


def rows(*windows):
    packed = [np.array(x, np.float32).tobytes() + np.array([y], np.int8).tobytes() for x, y in windows]
    return np.frombuffer(b"".join(packed), np.uint8).reshape(len(windows), 9)


def unpacked(outputs):
    return [(row[:1].view(np.int8)[0], row[1:].copy().view(np.float32).tolist()) for row in outputs]


def test_several_sides_lie_one_after_the_other(toy):
    model = load_invoke(toy)
    outputs = model.run_bytes(rows(([1.5, 2.0], 3), ([0.25, -1.0], -4)))
    assert unpacked(outputs) == [(3, [3.0, 4.0]), (-4, [0.5, -2.0])]
    flat = model(rows(([1.5, 2.0], 3)).view(np.int8))
    assert flat.dtype == np.int8
    assert flat.shape == (1, 9)


def test_a_recurrent_model_goes_on_when_its_state_is_kept(toy):
    model = load_invoke(toy)
    windows = rows(([0, 0], 1), ([0, 0], 2), ([0, 0], 3))
    assert [said for said, _ in unpacked(model.run_bytes(windows))] == [1, 2, 3]
    assert [said for said, _ in unpacked(model.run_bytes(windows, keep_state=True))] == [11, 13, 16]


def test_a_trace_names_every_tensor(toy):
    seen = load_invoke(toy, trace=True).trace(rows(([1.5, 2.0], 3))[0])
    assert {tensor: said.tobytes() for tensor, said in seen.items()} == {
        5: np.array([13], np.int8).tobytes(),
        7: np.array([3.0], np.float32).tobytes(),
        8: np.array([4.0], np.float32).tobytes(),
    }
    with pytest.raises(DataError, match="compiled without its trace"):
        load_invoke(toy).trace(rows(([1.5, 2.0], 3))[0])


@pytest.mark.parametrize("make", [handmade.dense_model, handmade.adder_model])
def test_exported_code_is_the_reference_and_its_trace_agrees(tmp_path, make):
    data = make()
    compiled = compile_model(data, name="net", place="net.tflite")
    get_runtime("aot").generate(compiled, tmp_path)
    known = litert.ports(data)
    windows = random_inputs(known.inputs).inputs
    model = load_invoke(tmp_path, trace=True)
    assert verify_outputs(litert.run(data, windows), model(windows), known.outputs).exact
    order = litert.op_outputs(data)
    for window in windows[:8]:
        expected, actual = litert.run_all_tensors(data, window), model.trace(window.view(np.uint8))
        assert actual.keys() <= expected.keys()
        assert order[-1].tensor in actual
        assert litert.first_differing_layer(order, expected, actual) is None
