"""Models with a GRU of ours are run by the interpreter and the layer's twin in turns, as the C runs them."""

import numpy as np
import pytest

from tinyforge.compiler import compile_model
from tinyforge.evaluate import litert
from tinyforge.evaluate.grafted import has_own_operator
from tinyforge.evaluate.host_c import load_invoke
from tinyforge.runtimes import get_runtime
from tinyforge.runtimes.graft import graft
from tinyforge.runtimes.gru import quantize_gru, run_gru

STEPS, FEATURES, UNITS = 9, 3, 5


@pytest.fixture
def layer():
    rng = np.random.default_rng(2)
    return quantize_gru(
        rng.normal(0, 0.6, (FEATURES, 3 * UNITS)).astype(np.float32),
        rng.normal(0, 0.6, (UNITS, 3 * UNITS)).astype(np.float32),
        rng.normal(0, 0.2, (2, 3 * UNITS)).astype(np.float32),
        reset_after=True,
        input_scale=0.05,
        input_zero_point=3,
    )


@pytest.mark.parametrize("every_step", [True, False])
def test_the_reference_is_the_twin_and_the_c_equals_it(layer, every_step, tmp_path):
    model = graft(None, layer, None, steps=STEPS, every_step=every_step)
    assert has_own_operator(model)
    windows = np.random.default_rng(4).integers(-128, 128, (6, STEPS, FEATURES)).astype(np.int8)
    outputs = litert.run(model, windows)
    expected = np.stack([run_gru(layer, window) for window in windows])
    assert np.array_equal(run_gru(layer, windows), expected)
    assert np.array_equal(outputs, expected if every_step else expected[:, -1])
    known = litert.ports(model)
    assert known.inputs[0].shape == (1, STEPS, FEATURES)
    assert (known.inputs[0].scale, known.inputs[0].zero_point) == (pytest.approx(0.05), 3)
    assert known.output_elements == outputs[0].size
    get_runtime("aot").generate(compile_model(model, name="net", place="net.tflite"), tmp_path)
    found = load_invoke(tmp_path).run_bytes(windows.reshape(6, -1).view(np.uint8), keep_state=False)
    assert np.array_equal(found.view(np.int8).reshape(outputs.shape), outputs)


def test_a_kept_state_goes_on(layer):
    model = graft(None, layer, None, steps=STEPS, every_step=True)
    windows = np.random.default_rng(4).integers(-128, 128, (2, STEPS, FEATURES)).astype(np.int8)
    whole = run_gru(layer, windows.reshape(-1, FEATURES))
    assert np.array_equal(litert.run(model, windows, keep_state=True).reshape(whole.shape), whole)


def test_other_models_are_left_to_the_interpreter():
    assert not has_own_operator(b"TFL3 TINYFORGE")
