"""What can only be seen inside a process with TensorFlow: run as ``network_checks.py``, it prints measurements as JSON.

One process does all: TensorFlow takes seconds to import. The tests judge, this file only measures.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from tinyforge.architectures.session import ENVIRONMENT, keras, set_up, tensorflow

os.environ.update(ENVIRONMENT)

import numpy as np

from tinyforge.architectures import build, list_architectures, network
from tinyforge.architectures.dropout import repeatable_dropout
from tinyforge.architectures.loop import Examples, Stepper, run_epochs
from tinyforge.architectures.recurrent import fuse
from tinyforge.compress import int8
from tinyforge.core.types import ModelSpec, Preprocessing

SHAPE = (40, 3)
RNG = np.random.default_rng(5)
CONVERTED = (("tcn", "tcn", "tiny"), ("separable", "cnn1d", "separable"), ("residual", "cnn1d", "residual"))
WINDOWS = RNG.normal(size=(40, *SHAPE)).astype(np.float32)


def shuffle_weights(model):
    model.set_weights(
        [
            np.abs(RNG.normal(1, 0.3, one.shape)) if "variance" in variable.name else RNG.normal(0, 0.4, one.shape)
            for variable, one in zip(model.weights, model.get_weights(), strict=True)
            for one in (np.asarray(one),)
        ]
    )


def deployed_against_trained():
    """Largest difference of probabilities between the trained form (not training) and the deployed one."""
    apart = {}
    for architecture in list_architectures():
        for preset in architecture.presets:
            spec = ModelSpec("m", architecture.name, {"preset": preset})
            trained, deployed = build(spec, SHAPE, 4, training=True), build(spec, SHAPE, 4)
            shuffle_weights(trained)
            network.deploy(trained, deployed)
            left, right = (network.Predictor(one)(WINDOWS) for one in (trained, deployed))
            apart[f"{architecture.name} {preset}"] = float(np.abs(left - right).max())
            apart[f"{architecture.name} {preset} bn left"] = sum("_bn" in layer.name for layer in deployed.layers)
    return apart


def fused_against_keras():
    """Largest difference of output and of each gradient, relative to its largest value."""
    tf, layers = tensorflow(), keras().layers
    models = []
    for fused in (False, True):
        inputs = layers.Input(SHAPE)
        lstm = layers.LSTM(9)
        models.append(keras().Model(inputs, layers.Dense(4)((fuse(lstm) if fused else lstm)(inputs))))
    shuffle_weights(models[0])
    models[1].set_weights(models[0].get_weights())
    seen = []
    for model in models:
        with tf.GradientTape() as tape:
            outputs = model(WINDOWS)
            loss = tf.reduce_sum(tf.square(outputs))
        seen.append([outputs.numpy(), *[one.numpy() for one in tape.gradient(loss, model.trainable_variables)]])
    return [float(np.abs(a - b).max() / np.abs(a).max()) for a, b in zip(*seen, strict=True)]


def dropout_masks():
    """Share dropped, mean kept, and whether masks differ by step and return with the counter."""
    layer = repeatable_dropout(0.4, "drop")
    ones = np.ones((50, 200), np.float32)
    first, second = layer(ones, training=True).numpy(), layer(ones, training=True).numpy()
    layer.step.assign(0)
    return {
        "dropped": float((first == 0).mean()),
        "mean": float(first.mean()),
        "differs": bool((first != second).any()),
        "returns": bool((layer(ones, training=True).numpy() == first).all()),
        "asleep": bool((layer(ones, training=False).numpy() == ones).all()),
    }


class _Cut(Exception):
    pass


def interrupted_and_whole():
    """Digests of a training in one go, and of one that was cut after two epochs and taken up from its checkpoint."""
    targets = (WINDOWS[:, :, 0].mean(1) > 0).astype(np.int64)
    preprocessing = Preprocessing((0.0,) * 3, (1.0,) * 3)
    spec = ModelSpec("m", "cnn1d", {"preset": "tiny"})

    def train(checkpoint, cut_after=None):
        keras().utils.set_random_seed(7)
        trained, deployed = build(spec, SHAPE, 2, training=True), build(spec, SHAPE, 2)

        def on_epoch(row, epochs):
            if row.epoch + 1 == cut_after:
                raise _Cut

        examples = Examples(
            WINDOWS[:30], targets[:30], 2, preprocessing, ("a", "b", "c"), lambda w, c, rng: w + rng.normal(0, 0.1), 7
        )
        stepper = Stepper(trained, 16, averaging=0.5)

        def settle():
            with stepper.averaged():
                network.deploy(trained, deployed)

        course = run_epochs(
            stepper,
            deployed,
            settle,
            examples,
            (WINDOWS[30:], targets[30:]),
            epochs=5,
            learning_rate=1e-3,
            patience=5,
            on_epoch=on_epoch,
            checkpoint=checkpoint,
            checkpoint_every_s=0.0,
            key="same",
        )
        return network.weights_digest(deployed), [row.loss for row in course.rows], course.resumed_at

    with tempfile.TemporaryDirectory() as folder:
        whole = train(Path(folder) / "whole.npz")
        cut = Path(folder) / "cut.npz"
        try:
            train(cut, cut_after=3)
        except _Cut:
            resumed = train(cut)
    return {"whole": whole[:2], "resumed": resumed[:2], "resumed_at": [whole[2], resumed[2]]}


def saved_twice():
    """Whether a network stored twice gives the same bytes, and loads with the same weights."""
    model = build(ModelSpec("m", "lstm", {"preset": "tiny"}), SHAPE, 3)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("one.h5", "two.h5")]
        for path in paths:
            network.save(model, path)
        return {
            "same": paths[0].read_bytes() == paths[1].read_bytes(),
            "weights": network.weights_digest(network.load(paths[0])) == network.weights_digest(model),
            "left over": sorted(path.name for path in Path(folder).iterdir()),
            "parameters": network.count(model),
        }


def losses():
    """Loss of an epoch that changes nothing, with and without focal loss, and both by hand."""
    model = build(ModelSpec("m", "dense", {"preset": "tiny", "dropout": 0.0}), SHAPE, 4)
    hot = np.eye(4, dtype=np.float32)[RNG.integers(0, 4, 32)] * 0.9 + 0.025
    weights = RNG.uniform(0.5, 2.0, 32).astype(np.float32)
    p = np.clip(network.Predictor(model)(WINDOWS[:32]), 1e-7, 1.0)
    said = {}
    for gamma in (0.0, 2.0):
        found, _ = Stepper(model, 32, focal=gamma).run(WINDOWS[:32], hot, weights, 0.0)
        by_hand = (weights * -(hot * (1 - p) ** gamma * np.log(p)).sum(axis=1)).mean()
        said[str(gamma)] = [found, float(by_hand)]
    return said


def convert(folder):
    """int8 models of networks whose layers no other test converts: dilated, depthwise, strided, added, joined."""
    for name, architecture, preset in CONVERTED:
        model = build(ModelSpec(name, architecture, {"preset": preset}), SHAPE, 4)
        shuffle_weights(model)
        (folder / f"{name}.tflite").write_bytes(int8.convert(model, WINDOWS))


if __name__ == "__main__":
    set_up(1)
    checks = (deployed_against_trained, fused_against_keras, dropout_masks, interrupted_and_whole, saved_twice, losses)
    convert(Path(sys.argv[1]))
    sys.stdout.write(json.dumps({check.__name__: check() for check in checks}))
