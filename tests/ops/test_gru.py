"""The GRU: C equals the Python twin to the last bit, the twin follows the float layer, grafted models hold together."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from opbench import Case, CompiledCases, reference
from tflite_writer import Writer

from tinyforge.compiler import compile_model
from tinyforge.core.errors import DataError, ModelFormatError, UnsupportedModelError
from tinyforge.runtimes.graft import graft, split
from tinyforge.runtimes.gru import GruState, QuantizedGru, logistic, quantize_gru, run_gru, tanh


def float_layer(rng, features, units, *, reset_after, spread=1.0, biased=True):
    """Weights as Keras keeps and initializes them."""
    shape = (2, 3 * units) if reset_after else (3 * units,)
    return {
        "kernel": (rng.normal(0, spread / np.sqrt(features), (features, 3 * units))).astype(np.float32),
        "recurrent_kernel": (rng.normal(0, spread / np.sqrt(units), (units, 3 * units))).astype(np.float32),
        "bias": rng.normal(0, 0.2, shape).astype(np.float32) if biased else None,
        "reset_after": reset_after,
    }


def float_gru(layer, inputs):
    """Keras' GRU in float64: [time, features] -> [time, units]."""
    units = layer["recurrent_kernel"].shape[0]
    bias = np.zeros((2, 3 * units)) if layer["bias"] is None else np.atleast_2d(layer["bias"])
    kernel, recurrent = (layer[name].astype(np.float64) for name in ("kernel", "recurrent_kernel"))
    hidden, found = np.zeros(units), []

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    for row in inputs:
        given = np.split(row @ kernel + bias[0], 3)
        inner = np.split(hidden @ recurrent + (bias[1] if layer["reset_after"] else 0), 3)
        update, reset = sigmoid(given[0] + inner[0]), sigmoid(given[1] + inner[1])
        if layer["reset_after"]:
            candidate = np.tanh(given[2] + reset * inner[2])
        else:
            candidate = np.tanh(given[2] + (reset * hidden) @ recurrent[:, 2 * units :])
        hidden = update * hidden + (1 - update) * candidate
        found.append(hidden)
    return np.array(found)


def random_layer(rng):
    features, units = int(rng.integers(1, 12)), int(rng.integers(1, 14))
    if rng.integers(8) == 0:
        features, units = int(rng.integers(1, 150)), int(rng.integers(8, 40))
    layer = float_layer(
        rng, features, units, reset_after=bool(rng.integers(2)), spread=float(rng.choice([0.3, 1.0, 4.0, 30.0])),
        biased=bool(rng.integers(3)),
    )  # fmt: skip
    for name in ("kernel", "recurrent_kernel"):  # pruned or clustered, or both
        if rng.integers(2):
            layer[name] *= rng.random(layer[name].shape) < rng.uniform(0, 0.4)
        if rng.integers(2):
            layer[name] = np.round(layer[name] / np.abs(layer[name]).max(initial=1e-6) * 6).astype(np.float32)
    scale = float(np.float32(rng.choice([0.003, 0.05, 1.0])))
    return quantize_gru(**layer, input_scale=scale, input_zero_point=int(rng.choice([-128, 0, 127, 5])))


def test_c_equals_the_twin(tmp_path):
    rng = np.random.default_rng(11)
    layers, cases = [], []
    for number in range(60):
        gru, steps, every = random_layer(rng), int(rng.choice([1, 2, 5, 12])), bool(rng.integers(2))
        layers.append((gru, steps, every))
        cases.append(Case(f"gru {number}", graft(None, gru, None, steps=steps, every_step=every)))
    library = CompiledCases(cases, tmp_path)
    kernels = Counter(compiled.layers[0].kernel for compiled in library.compiled)
    assert kernels["tfg_gru_s8"] > 9
    assert kernels["tfg_gru_packed_s8"] > 9
    for number, (gru, steps, every) in enumerate(layers):
        sequences = [rng.integers(-128, 128, (1, steps, gru.features)).astype(np.int8) for _ in range(2)]
        sequences.append(rng.choice(np.array([-128, 127], np.int8), (1, steps, gru.features)))
        for keep in (False, True):
            found = library.run(number, [[one] for one in sequences], sequence=keep)
            state = GruState(gru.units)
            for sequence, (output,) in zip(sequences, found, strict=True):
                wanted = run_gru(gru, sequence[0], state if keep else None)
                wanted = wanted if every else wanted[-1:]
                assert output.reshape(wanted.shape).tolist() == wanted.tolist(), f"gru {number}, keep {keep}"


@pytest.mark.parametrize("reset_after", [True, False])
def test_the_twin_follows_the_float_layer(reset_after):
    rng = np.random.default_rng(5)
    worst, total = 0.0, []
    for _ in range(10):
        layer = float_layer(rng, 6, 16, reset_after=reset_after)
        gru = quantize_gru(**layer, input_scale=0.02, input_zero_point=-3)
        inputs = np.clip(np.cumsum(rng.normal(0, 0.3, (40, 6)), axis=0), -2, 2)
        quantized = np.clip(np.rint(inputs / 0.02) - 3, -128, 127).astype(np.int8)
        apart = np.abs(run_gru(gru, quantized) / 128 - float_gru(layer, (quantized + 3.0) * 0.02))
        worst = max(worst, float(apart.max()))
        total.append(apart.mean())
    assert worst < 0.08
    assert np.mean(total) < 0.008


def test_activations_follow_the_functions():
    values = np.arange(-32768, 32768, dtype=np.int64)
    assert np.abs(logistic(values) / 32768 - 1 / (1 + np.exp(-values / 4096))).max() < 2e-3
    assert np.abs(tanh(values) / 32768 - np.tanh(values / 4096)).max() < 2e-3


@pytest.mark.train
@pytest.mark.parametrize("reset_after", [True, False])
def test_gates_stand_as_keras_has_them(reset_after, monkeypatch):
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", "1")
    keras = pytest.importorskip("tf_keras", reason="needs tinyforge[train]")
    rng = np.random.default_rng(2)
    layer = float_layer(rng, 3, 4, reset_after=reset_after)
    real = keras.layers.GRU(4, return_sequences=True, reset_after=reset_after)
    inputs = rng.normal(0, 1, (1, 6, 3)).astype(np.float32)
    real.build(inputs.shape)
    real.set_weights([layer["kernel"], layer["recurrent_kernel"], layer["bias"]])
    assert np.abs(real(inputs).numpy()[0] - float_gru(layer, inputs[0])).max() < 1e-5


def front_model(gru, steps):
    """A dense layer a step: int8 [1, steps, 4] -> [1, steps, features]."""
    rng = np.random.default_rng(1)
    model = Writer()
    x = model.tensor("x", (1, steps, 4), scale=0.05, zero_point=2)
    weights = model.constant("w", rng.integers(-127, 128, (gru.features, 4)), "int8", scale=0.01)
    y = model.tensor("y", (1, steps, gru.features), scale=gru.input_scale, zero_point=gru.input_zero_point)
    model.op("FULLY_CONNECTED", [x, weights, -1], [y], "FullyConnectedOptions", keep_num_dims=True)
    return model.build([x], [y])


def back_model(shape, scale, zero_point):
    """A dense layer of 3 and a softmax behind the layer."""
    rng = np.random.default_rng(3)
    units = int(np.prod(shape))
    model = Writer()
    h = model.tensor("h", shape, scale=scale, zero_point=zero_point)
    weights = model.constant("w", rng.integers(-127, 128, (3, units)), "int8", scale=0.02)
    bias = model.constant("b", rng.integers(-200, 200, 3), "int32", scale=scale * 0.02)
    dense = model.tensor("dense", (1, 3), scale=0.1, zero_point=4)
    y = model.tensor("y", (1, 3), scale=1 / 256, zero_point=-128)
    model.op("FULLY_CONNECTED", [h, weights, bias], [dense], "FullyConnectedOptions")
    model.op("SOFTMAX", [dense], [y], "SoftmaxOptions", beta=1.0)
    return model.build([h], [y])


def run_parts(model, window):
    """A grafted model as its definition says: the interpreter and the twin by turns."""
    for part in split(model):
        if isinstance(part, QuantizedGru):
            shape = window.shape
            window = run_gru(part, window.reshape(shape[-2:]))[None]
        else:
            window = reference(Case("part", part), [[window]])[0][0]
    return window


@pytest.mark.parametrize("every", [True, False])
@pytest.mark.parametrize(("scale", "zero_point"), [(1 / 128, 0), (0.0071, -11)])
def test_a_grafted_model_equals_its_parts(every, scale, zero_point, tmp_path):
    rng, steps = np.random.default_rng(8), 9
    layer = float_layer(rng, 5, 6, reset_after=True)
    gru = quantize_gru(**layer, input_scale=0.03, input_zero_point=-4)
    shape = (1, steps, 6) if every else (1, 6)
    back = back_model(shape, scale, zero_point)
    model = graft(front_model(gru, steps), gru, back, steps=steps, every_step=every)
    library = CompiledCases([Case("grafted", model)], tmp_path)
    for _ in range(10):
        window = rng.integers(-128, 128, (1, steps, 4)).astype(np.int8)
        expected = window
        for part in split(model):
            if isinstance(part, QuantizedGru):
                hidden = run_gru(part, expected.reshape(steps, -1))
                expected = hidden[None] if every else hidden[-1:]
            else:
                expected = reference(Case("part", part), [[expected]])[0][0]
        ((found,),) = library.run(0, [[window]], sequence=False)
        assert found.tolist() == expected.tolist()


def test_two_layers_one_after_the_other(tmp_path):
    rng, steps = np.random.default_rng(4), 6
    first = quantize_gru(**float_layer(rng, 3, 5, reset_after=True), input_scale=0.03, input_zero_point=0)
    second = quantize_gru(**float_layer(rng, 5, 4, reset_after=False), input_scale=1 / 128, input_zero_point=0)
    model = graft(graft(None, first, None, steps=steps, every_step=True), second, None, steps=steps, every_step=False)
    assert [type(part) for part in split(model)] == [QuantizedGru, QuantizedGru]
    window = rng.integers(-128, 128, (1, steps, 3)).astype(np.int8)
    ((found,),) = CompiledCases([Case("two", model)], tmp_path).run(0, [[window]], sequence=False)
    assert found[0].tolist() == run_gru(second, run_gru(first, window[0]))[-1].tolist()


def test_split_gives_back_what_was_grafted():
    gru = quantize_gru(
        **float_layer(np.random.default_rng(1), 3, 4, reset_after=False), input_scale=0.03, input_zero_point=7
    )
    (found,) = split(graft(None, gru, None, steps=5, every_step=False))
    assert isinstance(found, QuantizedGru)
    assert (found.kernel == gru.kernel).all()
    assert (found.recurrent == gru.recurrent).all()
    assert (found.bias == gru.bias).all()
    assert found.candidate_bias is None
    assert found.kernel_scale == gru.kernel_scale
    assert (found.input_scale, found.input_zero_point) == (np.float32(0.03), 7)


def test_parts_that_do_not_fit_are_refused():
    gru = quantize_gru(
        **float_layer(np.random.default_rng(1), 3, 4, reset_after=True), input_scale=0.03, input_zero_point=0
    )
    with pytest.raises(ModelFormatError, match=r'tensor "h": has shape \[1, 6\] and quantization .*, not \[1, 4\]'):
        graft(None, gru, back_model((1, 6), 1 / 128, 0), steps=5, every_step=False)


def test_weights_that_cannot_be_quantized_are_refused():
    layer = float_layer(np.random.default_rng(1), 3, 4, reset_after=True)
    layer["kernel"][0, 0] = np.nan
    with pytest.raises(DataError, match="not finite; train the network again"):
        quantize_gru(**layer, input_scale=0.03, input_zero_point=0)
    layer = float_layer(np.random.default_rng(1), 3, 4, reset_after=True)
    with pytest.raises(DataError, match=r"have shapes \(3, 12\), \(4, 12\) and \(2, 12\)"):
        quantize_gru(**{**layer, "reset_after": False}, input_scale=0.03, input_zero_point=0)


def test_a_damaged_layer_is_refused():
    gru = quantize_gru(
        **float_layer(np.random.default_rng(1), 3, 4, reset_after=True), input_scale=0.03, input_zero_point=0
    )
    wide = QuantizedGru(
        np.zeros((3, 4, 5), np.int8), gru.recurrent, gru.kernel_scale, gru.recurrent_scale, gru.bias,
        gru.candidate_bias, gru.input_scale, gru.input_zero_point,
    )  # fmt: skip
    model = bytearray(graft(None, wide, None, steps=5, every_step=False))
    with pytest.raises(UnsupportedModelError):
        compile_model(bytes(model.replace(b"TINYFORGE_GRU", b"TINYFORGE_XYZ")), name="m", place="m.tflite")
