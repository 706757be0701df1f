"""Networks with GRU layers, or LSTM layers as only plug-ins have them: in int8 they answer as in float, and compile."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.train
pytest.importorskip("tensorflow", reason="needs tinyforge[train]")

from tinyforge.architectures.session import keras  # noqa: E402
from tinyforge.compiler import compile_model  # noqa: E402
from tinyforge.compress.fake_quant import Keep, fake_quant_network  # noqa: E402
from tinyforge.compress.gru import convert_with_gru, has_gru  # noqa: E402
from tinyforge.compress.int8 import convert, run  # noqa: E402
from tinyforge.core.errors import UnsupportedModelError  # noqa: E402
from tinyforge.core.types import ModelInfo, Preprocessing, WindowSpec  # noqa: E402
from tinyforge.runtimes.graft import split  # noqa: E402
from tinyforge.runtimes.gru import QuantizedGru, run_gru  # noqa: E402

STEPS, CHANNELS = 24, 3


def windows(count, seed):
    """Sines of three frequencies in noise: standardised windows and their class."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 3, count)
    time = np.arange(STEPS)[None, :, None]
    phase = rng.uniform(0, 2 * np.pi, (count, 1, CHANNELS))
    signal = np.sin(time * (0.3 + 0.4 * classes[:, None, None]) + phase) + rng.normal(0, 0.2, (count, STEPS, CHANNELS))
    return signal.astype(np.float32), classes


def network(*layers, epochs=10):
    k = keras()
    k.utils.set_random_seed(7)
    model = k.Sequential([k.Input((STEPS, CHANNELS)), *layers, k.layers.Dense(3, activation="softmax")])
    model.compile(k.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    inputs, classes = windows(400, 1)
    if epochs:
        model.fit(inputs, classes, batch_size=32, epochs=epochs, verbose=0)
    return model


def scores(model, inputs):
    """Probabilities of a grafted model: the interpreter and the twin by turns."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    def opened(part):
        if isinstance(part, QuantizedGru):
            return part
        interpreter = Interpreter(model_content=part, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
        interpreter.allocate_tensors()
        return interpreter

    parts = [opened(part) for part in split(model)]
    compiled = compile_model(model, name="m", place="m.tflite")
    source, target = (compiled.graph.tensors[side[0]] for side in (compiled.graph.inputs, compiled.graph.outputs))
    found = []
    for window in inputs:
        value = np.clip(np.rint(window / source.quant.scale[0]) + source.quant.zero_point[0], -128, 127).astype(np.int8)
        value = value[None]
        for number, part in enumerate(parts):
            if isinstance(part, QuantizedGru):
                hidden = run_gru(part, value[0])
                last = number + 1 < len(parts) and len(shape_of(parts[number + 1])) == 2
                value = hidden[-1:] if last else hidden[None]
            else:
                part.set_tensor(part.get_input_details()[0]["index"], value)
                part.reset_all_variables()
                part.invoke()
                value = part.get_tensor(part.get_output_details()[0]["index"])
        found.append((value[0].astype(np.float64) - target.quant.zero_point[0]) * target.quant.scale[0])
    return np.array(found), compiled


def shape_of(part):
    return (0, 0, 0) if isinstance(part, QuantizedGru) else part.get_input_details()[0]["shape"]


def test_a_gru_answers_in_int8_as_in_float():
    model = network(keras().layers.GRU(12))
    assert has_gru(model)
    inputs, classes = windows(200, 2)
    converted = convert_with_gru(model, windows(100, 3)[0])
    found, compiled = scores(converted, inputs)
    expected = model(inputs, training=False).numpy()
    assert (expected.argmax(1) == classes).mean() > 0.8
    assert (found.argmax(1) == expected.argmax(1)).mean() > 0.97
    assert np.abs(found - expected).mean() < 0.02
    assert [layer.stem for layer in compiled.layers][:1] == ["gru"]
    assert converted == convert_with_gru(model, windows(100, 3)[0])


def test_layers_before_between_and_behind():
    layers = keras().layers
    model = network(
        layers.Conv1D(8, 3, activation="relu"),
        layers.GRU(10, return_sequences=True, reset_after=False),
        layers.Dense(6, activation="relu"),
        layers.GRU(8, use_bias=False),
    )
    inputs, _ = windows(200, 4)
    found, compiled = scores(convert_with_gru(model, windows(100, 5)[0]), inputs)
    expected = model(inputs, training=False).numpy()
    assert (found.argmax(1) == expected.argmax(1)).mean() > 0.95
    assert [layer.stem for layer in compiled.layers].count("gru") == 2


def test_lstms_without_bias():
    """The converter's calibration reads a bias that is not there, which ended the process with SIGSEGV."""
    layers = keras().layers
    model = network(
        layers.LSTM(8, use_bias=False, return_sequences=True), layers.LSTM(6, use_bias=False, name="last"), epochs=20
    )
    before = model.get_weights()
    inputs, classes = windows(200, 6)
    spec = WindowSpec(STEPS, STEPS, ("ax", "ay", "az"), 100.0)
    info = ModelInfo("m", ("a", "b", "c"), spec, (), Preprocessing((0.0,) * CHANNELS, (1.0,) * CHANNELS))
    calibration = windows(100, 7)[0]
    converted = convert(model, calibration)
    expected = model(inputs, training=False).numpy()
    assert (expected.argmax(1) == classes).mean() > 0.8
    assert (run(converted, inputs, info).argmax(1) == expected.argmax(1)).mean() > 0.97
    assert np.abs(run(converted, inputs, info) - expected).mean() < 0.02
    assert np.abs(run(convert(model, None), inputs, info) - expected).max() < 1e-5
    assert [layer.stem for layer in compile_model(converted, name="m", place="m").layers].count("lstm") == 2
    assert model.get_layer("last").use_bias is False
    assert all(np.array_equal(one, two) for one, two in zip(before, model.get_weights(), strict=True))
    double = fake_quant_network(model, Keep({}, zeros=False))
    double.calibrate(calibration)
    assert np.abs(double.model(inputs, training=False).numpy() - expected).mean() < 0.02


def test_unusual_settings_are_refused():
    model = network(keras().layers.GRU(4, go_backwards=True), epochs=0)
    with pytest.raises(UnsupportedModelError, match=r"is a GRU with \{'go_backwards': True\}; leave these"):
        convert_with_gru(model, windows(10, 1)[0])


def test_a_network_that_branches_is_refused():
    k = keras()
    source = k.Input((STEPS, CHANNELS))
    one, two = k.layers.GRU(3)(source), k.layers.GRU(4)(source)
    model = k.Model(source, k.layers.Concatenate()([one, two]))
    with pytest.raises(UnsupportedModelError, match="build a network with a GRU as one chain of layers"):
        convert_with_gru(model, windows(10, 1)[0])
