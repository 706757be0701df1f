"""What ties a model to the firmware, and what it refuses."""

import dataclasses

import numpy as np
import pytest
from tfw_host import toy_info, toy_manifest

from tinyforge.core.errors import UnsupportedModelError
from tinyforge.core.types import IMU_CHANNELS, Channel
from tinyforge.link import render_model_binding, render_plain_binding
from tinyforge.link.model_binding import column_of


def test_channels_are_matched_by_name_and_units_converted():
    assert column_of(Channel("ax", "g")) == (0, 1.0)
    assert column_of(Channel("gz", "dps")) == (5, 1.0)
    assert column_of(Channel("ay", "m/s^2")) == (1, 9.80665)
    assert column_of(Channel("gx", "rad/s")) == (3, pytest.approx(0.017453292519943295))
    assert column_of(Channel("ax", "dps")) == (255, 1.0)  # an acceleration in degrees a second is something else
    assert column_of(Channel("p", "W")) == (255, 1.0)


def test_the_same_model_gives_the_same_text():
    info = toy_info()
    text = render_model_binding(toy_manifest(info), info)
    assert text == render_model_binding(toy_manifest(info), info)
    assert ".preprocess = toy_preprocess,\n    .invoke = toy_invoke,\n    .reset = toy_reset," in text
    assert "50 samples at 100 Hz, hop 25, of ax [g], ay [g], az [g], gx [dps], gy [dps], gz [dps]" in text


@pytest.mark.parametrize(("hop", "rate_hz"), [(1, 100.0), (0xFFFF, 119.0), (25, 12.5)])
def test_windows_of_any_hop_and_rate_are_carried(hop, rate_hz):
    info = toy_info()
    info = dataclasses.replace(info, window=dataclasses.replace(info.window, hop=hop, rate_hz=rate_hz))
    text = render_model_binding(toy_manifest(info), info)
    assert f".window_hop = {hop}," in text
    assert f".rate_mhz = {round(1000 * rate_hz)}," in text


@pytest.mark.parametrize("hop", [0, 0x10000])
def test_a_hop_that_the_link_cannot_carry_is_refused(hop):
    info = toy_info()
    info = dataclasses.replace(info, window=dataclasses.replace(info.window, hop=hop))
    with pytest.raises(UnsupportedModelError, match=f"a window of 50 samples, hop {hop}"):
        render_model_binding(toy_manifest(info), info)


def test_a_model_without_state_has_no_reset():
    info = toy_info()
    manifest = toy_manifest(info) | {"reset": None}
    assert ".reset = 0," in render_model_binding(manifest, info)


def test_labels_cannot_leave_their_string():
    info = dataclasses.replace(toy_info(), labels=('"; }', "*/ int x;", "\\"))
    text = render_model_binding(toy_manifest(info), info)
    assert '"\\042; }"' in text
    assert text.count("*/") == 4  # the head, the comments of the buffers and the counter, and the string of the label
    assert '"\\134"' in text


@pytest.mark.parametrize(
    ("manifest", "info", "said"),
    [
        ({"name": "9lives"}, {}, "'9lives' is no C identifier"),
        ({"input_bytes": 7}, {}, "windows of 50 x 6 values, but an input of 7 bytes"),
        ({"output_bytes": 256}, {"labels": ()}, "256 outputs; the link takes up to 255 scores"),
        ({"output_bytes": 0}, {"labels": ()}, "0 outputs"),
        ({}, {"labels": ("a", "b")}, "2 labels for 3 outputs; give one label an output"),
        ({"model_sha256": "zz"}, {}, "'zz' is no SHA-256"),
        ({"input_bytes": 50 * 13}, {"channels": IMU_CHANNELS * 2 + (Channel("t", "s"),)}, "13 channels"),
    ],
)
def test_what_the_link_cannot_carry_is_refused(manifest, info, said):
    whole = dataclasses.replace(toy_info(), **info)
    with pytest.raises(UnsupportedModelError, match='model "toy": ') as caught:
        render_model_binding(toy_manifest(toy_info()) | manifest, whole)
    assert said in str(caught.value)


def plain_manifest(shape=(1, 32, 32, 3), output=(1, 10), *, dtype="int8", zero_point=-128):
    tensor = {"dtype": dtype, "shape": list(shape), "scale": 0.5, "zero_point": zero_point}
    values = int(np.prod(shape))
    return toy_manifest(toy_info()) | {
        "input": tensor,
        "inputs": [tensor],
        "output": tensor | {"shape": list(output)},
        "outputs": [tensor | {"shape": list(output)}],
        "input_bytes": values,
        "output_bytes": int(np.prod(output)),
    }


@pytest.mark.parametrize(
    ("manifest", "room", "image", "autoencoder"),
    [
        (plain_manifest(), 4 * 3072, "true", "false"),
        (plain_manifest((1, 96, 96, 3)), 27648, "true", "false"),  # its floats would take too much
        (plain_manifest((1, 49, 10, 1), zero_point=83), 1960, "false", "false"),
        (plain_manifest((1, 640), (1, 640), zero_point=3), 2560, "false", "true"),
        (plain_manifest((1, 1), (1, 1)), 4, "false", "false"),
    ],
)
def test_what_the_runner_must_know_of_a_plain_model(manifest, room, image, autoencoder):
    text = render_plain_binding(manifest)
    assert f".room_bytes = {room}," in text
    assert f".is_image = {image}," in text
    assert f".is_autoencoder = {autoencoder}," in text
    assert f"static float window[{-(-room // 4)}];" in text
    assert ".invoke = toy_invoke," in text


def test_a_plain_model_of_other_types_is_refused():
    with pytest.raises(UnsupportedModelError) as caught:
        render_plain_binding(plain_manifest(dtype="uint8"))
    assert str(caught.value) == (
        'model "toy": inputs of uint8; the text protocol takes models of one int8 input and one int8 output'
    )


def test_every_unit_of_the_sensor_and_no_other_quantity():
    known = {
        ("ax", "g"): (0, 1.0),
        ("ay", "mg"): (1, 1000.0),
        ("az", "m/s^2"): (2, 9.80665),
        ("gx", "dps"): (3, 1.0),
        ("gy", "mdps"): (4, 1000.0),
        ("gz", "rad/s"): (5, pytest.approx(3.141592653589793 / 180)),
    }
    for (name, unit), wanted in known.items():
        assert column_of(Channel(name, unit)) == wanted
    for name, unit in (("ax", "mdps"), ("gx", "mg"), ("gx", "m/s^2"), ("mx", "g"), ("", "")):
        assert column_of(Channel(name, unit)) == (255, 1.0)


def test_the_whole_constant():
    info = dataclasses.replace(
        toy_info(70, (Channel("gz", "rad/s"), Channel("ax", "mg"), Channel("p", "W")), hop=7),
        labels=("a", "rest", "c"),
        decision=dataclasses.replace(toy_info().decision, rest="rest", least_score=200, smoothing=3),
    )
    text = render_model_binding(toy_manifest(info) | {"input_bytes": 210, "reset": ""}, info)
    for line in (
        " *   model    toy, made from the .tflite with SHA-256\n *            0123456789abcdef0123",
        " *   window   70 samples at 100 Hz, hop 7, of gz [rad/s], ax [mg], p [W]\n",
        " *   labels   a, rest, c\n *   answer   of 3 windows, at least 200 of 256\n",
        'static const char *const labels[3] = {\n    "a",\n    "rest",\n    "c",\n};\n',
        "static const uint8_t columns[3] = {5, 0, 255};\n",
        "static const float factors[3] = {0.017453292519943295f, 1000.0f, 1.0f};\n",
        "static const uint8_t sha256[32] = {\n    0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, ",
        " 0xab, 0xcd, 0xef,\n    0x01, 0x23, 0x45,",
        "static float window[70 * 3];\n",
        "static int8_t input[210] ",
        "static int8_t output[3] ",
        "static int8_t history[3 * 3];\n",
        "    .window_length = 70,\n    .window_hop = 7,\n    .channels = 3,\n",
        "    .rate_mhz = 100000,\n",
        "    .arena_bytes = 640,\n",
        "    .reset = 0,\n    .least_score = 200,\n    .rest = 1,\n    .smoothing = 3,\n",
    ):
        assert line in text
    alone = dataclasses.replace(info, decision=dataclasses.replace(info.decision, rest="", smoothing=1))
    text = render_model_binding(toy_manifest(info) | {"input_bytes": 210}, alone)
    assert "    .rest = 65535,\n" in text
    assert " *   answer   of 1 window, at least" in text


@pytest.mark.parametrize(("length", "fine"), [(1, True), (65535, True), (0, False), (65536, False)])
def test_windows_of_any_length_the_link_can_carry(length, fine):
    info = toy_info(length, (Channel("ax", "g"),))
    if fine:
        assert f".window_length = {length}," in render_model_binding(toy_manifest(info), info)
        return
    with pytest.raises(UnsupportedModelError, match=f"a window of {length} samples, hop 25; the link takes 1 to 65535"):
        render_model_binding(toy_manifest(info), info)


@pytest.mark.parametrize(("outputs", "channels"), [(1, 12), (255, 1)])
def test_models_at_the_limits_of_the_link(outputs, channels):
    info = dataclasses.replace(toy_info(1, (Channel("ax", "g"),) * channels), labels=())
    text = render_model_binding(toy_manifest(info) | {"output_bytes": outputs}, info)
    assert f"static int8_t output[{outputs}]" in text
    assert "    .labels = 0,\n    .label_count = 0,\n" in text
