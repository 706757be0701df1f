"""The float double of an int8 network: it answers as the int8 model does, and keeps what compression made."""

import re

import numpy as np
import pytest

pytestmark = pytest.mark.train
pytest.importorskip("tensorflow", reason="needs tinyforge[train]")

from tinyforge.architectures import build  # noqa: E402
from tinyforge.architectures.session import keras  # noqa: E402
from tinyforge.compress.fake_quant import Keep, fake_quant_network  # noqa: E402
from tinyforge.compress.gru import convert_with_gru, has_gru  # noqa: E402
from tinyforge.compress.int8 import convert, run  # noqa: E402
from tinyforge.compress.layer_errors import findings, layer_errors, sqnr_db  # noqa: E402
from tinyforge.compress.slim import finish  # noqa: E402
from tinyforge.core.errors import UnsupportedModelError  # noqa: E402
from tinyforge.core.model_info import info_to_json  # noqa: E402
from tinyforge.core.types import IMU_CHANNELS, ModelInfo, ModelSpec, Preprocessing, WindowSpec  # noqa: E402

STEPS = 24
INFO = ModelInfo(
    "net",
    ("a", "b", "c"),
    WindowSpec(STEPS, 12, tuple(channel.name for channel in IMU_CHANNELS), 100.0),
    IMU_CHANNELS,
    Preprocessing((0.0,) * 6, (1.0,) * 6),
)
NETWORKS = {
    "dense": ("dense", {"units": [12, 8]}),
    "cnn1d": ("cnn1d", {"filters": [6, 8], "kernels": [3, 3], "hidden": 6}),
    "residual": ("cnn1d", {"filters": [6, 8], "kernels": [3], "residual": [1, 2], "hidden": 0}),
    "lstm": ("lstm", {"units": 6}),
    "gru": ("gru", {"units": 6}),
    "tcn": ("tcn", {"filters": 6, "blocks": 2, "shorten": 2}),
}


def network(name):
    architecture, parameters = NETWORKS[name]
    keras().utils.set_random_seed(7)
    model = build(ModelSpec("net", architecture, parameters), (STEPS, 6), 3)
    rng = np.random.default_rng(1)
    for weight in model.weights:  # wide enough for scores that differ, and biases that are not zero
        weight.assign(weight * 2 + rng.normal(0, 0.1, weight.shape))
    return model


def windows(count=96):
    return np.random.default_rng(3).normal(size=(count, STEPS, 6)).astype(np.float32)


@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_it_answers_as_the_int8_model_does(name, per_channel):
    model, given = network(name), windows()
    double = fake_quant_network(model, Keep({}, zeros=False, per_channel=per_channel))
    double.calibrate(given)
    emulated = double.model(given, training=False).numpy()
    exact = model(given, training=False).numpy()
    double.give_weights(model)
    made = (convert_with_gru if has_gru(model) else convert)(model, given, per_channel=per_channel)
    found = run(made, given, INFO)
    assert np.abs(found - emulated).mean() < 0.004  # scores have steps of 1/256
    assert np.abs(found - emulated).mean() < 0.5 * np.abs(found - exact).mean() + 0.002
    # the names are shorter, the answers the same
    assert np.array_equal(run(finish(made, info_to_json(INFO)), given, INFO), found)
    assert len(finish(made, b"")) < len(made)


def test_switched_off_it_is_the_network():
    for name in NETWORKS:
        model, given = network(name), windows(8)
        double = fake_quant_network(model, Keep({}, zeros=True))
        double.switch(weights=False, activations=False)
        assert double.model(given, training=False).numpy() == pytest.approx(
            model(given, training=False).numpy(), abs=1e-5
        )


def test_zeros_and_codebooks_stay_while_everything_is_trained():
    k = keras()
    model, given = network("dense"), windows(64)
    for layer in model.layers:
        if layer.weights:
            kernel, bias = layer.get_weights()
            book = np.quantile(kernel, np.linspace(0.05, 0.95, 7))
            kernel = book[np.abs(kernel[..., None] - book).argmin(-1)].astype(np.float32)
            kernel[np.abs(kernel) < 0.1] = 0
            layer.set_weights([kernel, bias])
    before = model.get_layer("hidden0").get_weights()[0]
    clusters = {f"{layer.name}/kernel": 8 for layer in model.layers}
    double = fake_quant_network(model, Keep(clusters, zeros=True, per_channel=False))
    assert [tuple(w.shape) for w in double.model.trainable_weights if "kernel" in w.name] == [(8,)] * 3 or all(
        len(w.shape) == 1 and w.shape[0] <= 8 for w in double.model.trainable_weights if "kernel" in w.name
    )
    double.calibrate(given)
    double.model.compile(k.optimizers.Adam(0.05), "sparse_categorical_crossentropy")
    double.model.fit(given, np.arange(64) % 3, epochs=3, verbose=0)
    double.give_weights(model)
    after = model.get_layer("hidden0").get_weights()[0]
    assert not np.array_equal(before, after)
    assert np.array_equal(before == 0, after == 0)
    assert np.unique(after).size <= np.unique(before).size
    whole = after / (np.abs(after).max() / 127)
    assert whole == pytest.approx(np.rint(whole), abs=1e-3)  # int8's grid


def test_the_layer_that_int8_hurts_is_named_with_what_helps():
    model = network("cnn1d")
    layer = model.get_layer("conv1")
    kernel, bias = layer.get_weights()
    kernel[..., 0] *= 300  # one output channel, then one scale for all
    layer.set_weights([kernel, bias])
    follower = model.get_layer("hidden")
    weights, more = follower.get_weights()
    weights[0] /= 300
    follower.set_weights([weights, more])
    given = windows()
    double = fake_quant_network(model, Keep({}, zeros=False, per_channel=False))
    double.calibrate(given[:48])
    errors = layer_errors(double, model, given[48:])
    worst = min(errors, key=lambda one: one.alone_db)
    assert worst.name == "conv1"
    said = findings(errors, lost_points=3.0, aware=False)
    assert said[0].startswith("layer conv1: int8 hurts it (alone it leaves the scores ")
    assert "a scale for each output channel would bring" in said[0]
    assert errors[[one.name for one in errors].index("conv1")].loudest == 0
    double = fake_quant_network(model, Keep({}, zeros=False))
    double.calibrate(given[:48])
    said = findings(layer_errors(double, model, given[48:]), lost_points=3.0, aware=False)
    loud = r"^layer conv1: .*channel 0 takes \d+ times the range of the median one, and all share a scale: train on"
    assert any(re.search(loud, one) for one in said), said
    healthy = network("cnn1d")
    double = fake_quant_network(healthy, Keep({}, zeros=False))
    double.calibrate(given)
    assert findings(layer_errors(double, healthy, given), lost_points=0.1, aware=False) == []


def test_sqnr():
    assert sqnr_db(np.array([3.0, 4.0]), np.array([3.0, 3.5])) == pytest.approx(20.0)
    assert sqnr_db(np.ones(3), np.ones(3)) == float("inf")


def test_unusual_networks_are_refused():
    k = keras()
    source = k.Input((STEPS, 6))
    model = k.Model(source, k.layers.LSTM(4, go_backwards=True, name="back")(source))
    with pytest.raises(UnsupportedModelError, match=r"layer back: is a recurrent layer with \{'go_backwards': True\}"):
        fake_quant_network(model, Keep({}, zeros=False))
    shared = k.layers.Dense(6, name="twice")
    model = k.Model(source, shared(shared(source)))
    with pytest.raises(UnsupportedModelError, match="layer twice: stands in the network more than once"):
        fake_quant_network(model, Keep({}, zeros=False))
