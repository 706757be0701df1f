"""A loud channel that is faint behind its layer: the factor is moved, and not a bit of the float network changes."""

import numpy as np
import pytest

pytestmark = pytest.mark.train
pytest.importorskip("tensorflow", reason="needs tinyforge[train]")

from tinyforge.architectures import build  # noqa: E402
from tinyforge.architectures.session import keras  # noqa: E402
from tinyforge.compress import int8  # noqa: E402
from tinyforge.compress.equalize import equalize  # noqa: E402
from tinyforge.core.types import IMU_CHANNELS, ModelInfo, ModelSpec, Preprocessing, WindowSpec  # noqa: E402

STEPS = 40
INFO = ModelInfo(
    "net",
    ("a", "b", "c"),
    WindowSpec(STEPS, 20, tuple(channel.name for channel in IMU_CHANNELS), 100.0),
    IMU_CHANNELS,
    Preprocessing((0.0,) * 6, (1.0,) * 6),
)
NETWORKS = {
    "mean": ("cnn1d", {}),
    "flatten": ("cnn1d", {"head": "flatten", "filters": [8, 12]}),
    "two heads": ("cnn1d", {"preset": "strided"}),
    "residual": ("cnn1d", {"preset": "residual"}),
    "separable": ("cnn1d", {"preset": "separable"}),
    "dense": ("dense", {}),
    "tcn": ("tcn", {}),
    "lstm": ("lstm", {"hidden": 16}),
}
FOLLOWERS = {  # layer: what takes its channels
    "mean": {"conv0": ["conv1"], "conv1": ["conv2"], "conv2": ["hidden"], "hidden": ["scores"]},
    "flatten": {"conv0": ["conv1"], "conv1": ["hidden"]},
    "two heads": {"conv2": ["conv3"], "conv3": ["scores"]},
    "residual": {"conv0": ["conv1"]},
    "dense": {"hidden0": ["hidden1"], "hidden1": ["scores"]},
    "lstm": {"hidden": ["scores"]},
}


def network(name):
    architecture, parameters = NETWORKS[name]
    keras().utils.set_random_seed(7)
    model = build(ModelSpec("net", architecture, parameters), (STEPS, 6), 3)
    rng = np.random.default_rng(1)
    for weight in model.weights:
        weight.assign(weight * 2 + rng.normal(0, 0.1, weight.shape))
    return model


def windows(count=96):
    return np.random.default_rng(3).normal(size=(count, STEPS, 6)).astype(np.float32)


def plant(model, layer, followers, channel, factor):
    """Make a channel louder, and what takes it fainter."""
    weights = model.get_layer(layer).get_weights()
    outputs = weights[0].shape[-1]
    for weight in weights:
        weight[..., channel] *= factor
    model.get_layer(layer).set_weights(weights)
    for name in followers:
        taken = model.get_layer(name).get_weights()
        taken[0][..., channel::outputs, :] /= factor  # behind a flatten or two heads a channel has several rows
        model.get_layer(name).set_weights(taken)


@pytest.mark.parametrize(("name", "layer"), [(name, layer) for name, pairs in FOLLOWERS.items() for layer in pairs])
def test_a_planted_factor_is_moved_back_to_the_last_bit(name, layer):
    model, given = network(name), windows()
    seen = keras().Model(model.inputs, [one.output for one in model.layers if one.name.startswith(layer)])(given)
    loud = np.abs(seen[-1] if isinstance(seen, list) else seen).reshape(-1, np.shape(seen[-1])[-1]).max(0)
    channel = int(loud.argmax())  # one that is not dead
    healthy = int8.convert(model, given)
    plant(model, layer, FOLLOWERS[name][layer], channel, 512.0)
    hurt = int8.convert(model, given)
    before = model(given, training=False).numpy()
    moved = [one for one in equalize(model, given) if one.layer == layer]
    assert np.array_equal(model(given, training=False).numpy(), before)
    assert [(one.channel, one.behind) for one in moved] == [(channel, tuple(FOLLOWERS[name][layer]))]
    assert 64 <= moved[0].factor <= 1024
    assert str(moved[0]).startswith(f"layer {layer}: int8 would hurt it: channel {channel} was over ")

    def lost(data):
        return np.abs(int8.run(data, given, INFO) - before).mean()

    mended = lost(int8.convert(model, given))
    assert mended < 0.75 * lost(hurt)
    assert mended < 2 * lost(healthy) + 0.002


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_as_they_are_stay_as_they_are(name):
    model, given = network(name), windows()
    before = [weight.numpy() for weight in model.weights]
    assert equalize(model, given) == []
    assert all(np.array_equal(was, now.numpy()) for was, now in zip(before, model.weights, strict=True))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("seed", range(2))
def test_no_network_answers_otherwise_whatever_its_weights(name, seed):
    """Random channels scaled at random, their followers not: loud, faint, dead and sign-turned ones."""
    model, given = network(name), windows(32)
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        weights = layer.get_weights()
        if weights and layer.name != "scores":
            factors = rng.choice([0.0, 1 / 300, 1.0, -1.0, 40.0], weights[0].shape[-1]).astype(np.float32)
            weights[0] *= factors
            weights[0][..., rng.integers(weights[0].shape[-2]), :] /= 1000
            layer.set_weights(weights)
    before = model(given, training=False).numpy()
    equalize(model, given)
    assert np.array_equal(model(given, training=False).numpy(), before)


def test_a_loud_channel_that_matters_stays():
    model, given = network("mean"), windows()
    weights = model.get_layer("conv1").get_weights()
    weights[0][..., 2] *= 512
    model.get_layer("conv1").set_weights(weights)
    assert equalize(model, given) == []
