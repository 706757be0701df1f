"""Networks as built, trained and deployed; the measuring is done by ``network_checks.py`` in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What was measured, and the folder with converted networks."""
    folder = tmp_path_factory.mktemp("converted")
    program = Path(__file__).resolve().parent / "network_checks.py"
    done = subprocess.run([sys.executable, str(program), str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout), folder


@pytest.fixture(scope="module")
def measured(made):
    return made[0]


@pytest.mark.parametrize("name", ["tcn", "separable", "residual"])
def test_dilated_depthwise_and_joined_layers_compile_exactly(made, name):
    from tinyforge.pipeline.models import verify

    said = verify(made[1] / f"{name}.tflite", on="host", random=16)
    assert said["exact"], said["first_layer"]


def test_the_deployed_network_computes_what_was_trained(measured):
    apart = measured["deployed_against_trained"]
    assert len(apart) >= 26
    for name, value in apart.items():
        assert value == 0 if name.endswith("bn left") else value < 2e-5, name


def test_the_fused_lstm_has_keras_outputs_and_gradients(measured):
    differences = measured["fused_against_keras"]
    assert len(differences) == 6  # output, three weights of the LSTM, two of the dense layer
    assert max(differences) < 1e-5


def test_dropout_masks_depend_on_the_step_alone(measured):
    said = measured["dropout_masks"]
    assert abs(said["dropped"] - 0.4) < 0.02
    assert abs(said["mean"] - 1.0) < 0.03
    assert said["differs"]
    assert said["returns"]
    assert said["asleep"]


def test_a_training_taken_up_again_ends_as_if_never_cut(measured):
    said = measured["interrupted_and_whole"]
    assert said["resumed_at"] == [0, 2]
    assert said["whole"] == said["resumed"]


def test_the_same_network_is_stored_as_the_same_bytes(measured):
    said = measured["saved_twice"]
    assert said["same"]
    assert said["weights"]
    assert said["left over"] == ["one.h5", "two.h5"]
    # 12 units: 4 gates x 12 x (3 inputs + 12 states + 1); 3 classes x 13
    assert said["parameters"][0] == 4 * 12 * 16 + 3 * 13


def test_cross_entropy_and_focal_loss_are_what_they_are_by_hand(measured):
    for found, by_hand in measured["losses"].values():
        assert found == pytest.approx(by_hand, rel=1e-5)
