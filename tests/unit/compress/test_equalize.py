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


def conv(filters=8, **options):
    return keras().layers.Conv1D(filters, 3, padding="same", **options)


def forked(case, given):
    """Networks of somebody else's: outputs, the loud convolution, and the layer and rows where it is faint (if any)."""
    layers = keras().layers
    loud, next_, relu = conv(activation="relu"), conv(4), layers.ReLU()
    seen = loud(given)
    if case == "one ReLU for two":
        raw = conv()
        seen = relu(raw(relu(loud(given))))
        return [next_(seen)], loud, (raw, [1])
    if case == "a follower of two":
        return [layers.Add()([next_(seen), next_(conv(activation="relu")(given))])], loud, (next_, [1])
    if case == "its own follower":
        loud = conv(6, activation="relu")
        return [next_(loud(loud(given)))], loud, (next_, [1])
    if case == "two lengths":  # of which Keras knows no one shape
        half = loud(layers.MaxPooling1D(2)(given))
        return [layers.Concatenate(axis=1)([next_(seen), half[..., :4]])], loud, (next_, [1])
    if case == "one Flatten for two":
        flat = layers.Flatten()
        halves = flat(seen), flat(layers.MaxPooling1D(2)(seen))
        return [layers.Concatenate()([layers.Dense(4)(one) for one in halves])], loud, None
    if case == "twice side by side":
        return [next_(layers.Concatenate()([seen, seen]))], loud, (next_, [1, 9])
    if case == "itself and its ReLU":
        return [next_(layers.Concatenate()([seen, relu(seen)]))], loud, (next_, [1, 9])
    if case == "a window of its own":
        return [next_(seen), layers.Lambda(lambda x: x + 1)(seen)], loud, (next_, [1])
    if case == "an output itself":
        return [next_(seen), seen], loud, (next_, [1])
    if case == "transposed":
        back = layers.Conv1DTranspose(8, 3)
        return [back(seen)], loud, (back, [1])
    if case == "transposed, other channels":
        return [layers.Conv1DTranspose(5, 3)(seen)], loud, None
    if case == "groups":
        return [conv(8, groups=2)(seen)], loud, None
    if case == "other way round":
        return [layers.Dense(4)(layers.Flatten()(layers.Permute((2, 1))(seen)))], loud, None
    if case == "added":
        same = conv(8)
        return [layers.Add()([same(seen), seen])], loud, (same, [1])
    between = {"6": layers.ReLU(6.0), "leaky": layers.ReLU(negative_slope=0.1), "tanh": layers.Activation("tanh")}[case]
    return [next_(between(seen))], loud, (next_, [1])


MOVED = {"twice side by side", "itself and its ReLU"}


@pytest.mark.parametrize(
    "case",
    [
        *("one ReLU for two", "a follower of two", "its own follower", "a window of its own", "an output itself"),
        *("transposed", "transposed, other channels", "groups", "other way round", "added", "6", "leaky", "tanh"),
        *("two lengths", "one Flatten for two", *sorted(MOVED)),
    ],
)
def test_networks_of_somebody_elses_answer_as_before(case):
    """Layers used in two places, channels seen in two places, weights of other shapes: not a bit may change."""
    k = keras()
    k.utils.set_random_seed(3)
    given = k.Input((STEPS, 6))
    outputs, layer, follower = forked(case, given)
    pooled = [one if len(one.shape) == 2 else k.layers.GlobalAveragePooling1D()(one) for one in outputs[:1]]
    model = k.Model(given, [k.layers.Dense(3)(pooled[0]), *outputs[1:]])
    rng = np.random.default_rng(5)
    for weight in model.weights:
        weight.assign(weight + rng.normal(0, 0.1, weight.shape))
    weights = layer.get_weights()
    for weight in weights:
        weight[..., 1] *= 512
    layer.set_weights(weights)
    if follower:
        taken = follower[0].get_weights()
        taken[0][..., follower[1], :] /= 512
        follower[0].set_weights(taken)
    before = model.predict(windows(8), verbose=0)
    moved = [one.layer for one in equalize(model, windows())]
    after = model.predict(windows(8), verbose=0)
    assert all(np.array_equal(one, two) for one, two in zip(before, after, strict=True))
    assert (layer.name in moved) is (case in MOVED)
