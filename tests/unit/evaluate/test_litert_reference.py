from __future__ import annotations

import os

import handmade_models as handmade
import numpy as np
import pytest

from tinyforge.core.errors import DataError, ModelFormatError, ToolError, UnsupportedModelError
from tinyforge.evaluate import litert

WINDOWS = np.array([[1, 2, 3, 4], [-128, 127, 0, 5]], np.int8)


def dense_by_hand(window):
    """The quantized dense layer as the TFLite specification says it, in real arithmetic."""
    total = handmade.WEIGHTS.astype(np.int64) @ (window.astype(np.int64) - 3) + handmade.BIAS
    return np.clip(np.round(total * 0.02 * 0.5 / 0.4) - 5, -128, 127).astype(np.int8)


def test_outputs_are_those_of_the_specification():
    tensors = litert.run_all_tensors(handmade.dense_model(), WINDOWS[0])
    assert set(tensors) == {0, 3, 4}  # weights and biases are left out
    assert tensors[3].ravel().tolist() == dense_by_hand(WINDOWS[0]).tolist()
    outputs = litert.run(handmade.dense_model(), WINDOWS)
    assert outputs.dtype == np.int8
    assert outputs.shape == (2, 3)
    assert outputs[0].tolist() == tensors[4].ravel().tolist()
    # int8 softmax: probabilities in 1/256, from -128
    real = (dense_by_hand(WINDOWS[1]).astype(float) + 5) * 0.4
    assert int(np.argmax(outputs[1])) == int(np.argmax(real)) == 1


def test_ports_name_shape_and_quantization():
    known = litert.ports(handmade.dense_model())
    (source,), (scores,) = known.inputs, known.outputs
    assert (source.name, source.shape, source.zero_point, source.elements) == ("window", (1, 4), 3, 4)
    assert source.scale == 0.5
    assert (scores.shape, scores.scale, scores.zero_point) == ((1, 3), 1 / 256, -128)


def test_several_inputs_and_outputs_lie_one_after_the_other():
    outputs = litert.run(handmade.adder_model(), np.array([[1, 2, 30, 4]], np.int8))
    assert outputs.tolist() == [[31, 6, 30, 4]]


def test_state_is_reset_before_each_window_unless_kept():
    samples = np.arange(1, 6, dtype=np.int8)[:, None]
    assert litert.run(handmade.memory_model(), samples).ravel().tolist() == [1, 2, 3, 4, 5]
    kept = litert.run(handmade.memory_model(), samples, keep_state=True)
    assert kept.ravel().tolist() == [1, 3, 6, 9, 12]  # sums of the last three


def test_resource_variables_are_reset_as_well():
    samples = np.arange(1, 5, dtype=np.int8)[:, None]
    assert litert.run(handmade.resource_model(), samples).ravel().tolist() == [6, 7, 8, 9]
    kept = litert.run(handmade.resource_model(), samples, keep_state=True)
    assert kept.ravel().tolist() == [6, 8, 11, 15]


def test_progress_counts_windows():
    seen = []
    litert.run(handmade.dense_model(), WINDOWS, on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF rest of a picture", r"no TFLite model: bytes 4 to 7 are b'\\x00\\x10JF'"),
        (b"", r"bytes 4 to 7 are b''"),
        (b"\x1c\x00\x00\x00TFL3" + b"\x00" * 40, "the LiteRT interpreter refuses it"),
    ],
)
def test_what_is_no_model_is_refused(content, fact):
    with pytest.raises(ModelFormatError, match=fact) as caught:
        litert.run(content, WINDOWS, place="photo.tflite")
    assert caught.value.place == "photo.tflite"
    assert caught.value.way_out


def test_a_cut_model_is_refused():
    whole = handmade.dense_model()
    with pytest.raises(ModelFormatError):
        litert.ports(whole[: len(whole) // 2])


def test_a_float_model_is_not_int8():
    with pytest.raises(UnsupportedModelError, match="is float32, not int8") as caught:
        litert.ports(handmade.float_model(), "net.tflite")
    assert caught.value.place == "net.tflite: input tensor 0 (x)"
    with pytest.raises(DataError, match=r"do not fit the model's float32 \[1, 2\]; give the 8 bytes"):
        litert.run(handmade.float_model(), np.zeros((1, 2), np.int8))


def test_other_types_go_in_and_out_as_bytes():
    model = handmade.float_model()
    known = litert.ports(model, any_type=True)
    assert (known.input_elements, known.input_bytes, known.output_bytes, known.int8) == (2, 8, 8, False)
    inputs = np.array([[1.5, -2.0], [0.1, 1e30]], np.float32)
    outputs = litert.run(model, inputs.view(np.int8))
    assert outputs.dtype == np.int8
    assert outputs.view(np.float32).tolist() == (inputs + inputs).tolist()
    assert litert.run_isolated(model, inputs.view(np.int8)).tolist() == outputs.tolist()
    tensors = litert.run_all_tensors(model, inputs[0].view(np.int8))
    assert tensors[1].tolist() == [[3.0, -4.0]]
    order = litert.op_outputs(model)
    same = {1: np.array([3.0, -4.0], np.float32).view(np.int8)}  # as a trace of C gives it
    assert litert.first_differing_layer(order, tensors, same) is None
    other = litert.first_differing_layer(order, tensors, {1: np.array([3.0, -4.5], np.float32).view(np.int8)})
    assert other is not None
    assert (other.op_name, other.differing, other.max_abs_diff, other.first_element) == ("ADD", 1, 0.5, 1)


@pytest.mark.parametrize("shape", [(2, 5), (4,), (0,), (2, 2, 2, 2)])
def test_inputs_must_fit(shape):
    with pytest.raises(DataError, match="do not fit"):
        litert.run(handmade.dense_model(), np.zeros(shape, np.int8))


def test_float_inputs_are_not_rounded_silently():
    with pytest.raises(DataError, match="float32, not int8"):
        litert.run(handmade.dense_model(), np.zeros((1, 4), np.float32))


def test_the_interpreter_is_silent(capfd):
    litert.run(handmade.dense_model(), WINDOWS)
    with pytest.raises(ModelFormatError):
        litert.run(b"\x1c\x00\x00\x00TFL3" + b"\x00" * 40, WINDOWS)
    os.write(2, b"after\n")  # stderr works again
    assert capfd.readouterr() == ("", "after\n")


def test_the_first_layer_that_differs_is_named():
    model = handmade.dense_model()
    order = litert.op_outputs(model)
    assert [(op.op, op.op_name, op.tensor_name) for op in order] == [
        (0, "FULLY_CONNECTED", "dense_out"),
        (1, "SOFTMAX", "scores"),
    ]
    expected = litert.run_all_tensors(model, WINDOWS[0])
    assert litert.first_differing_layer(order, expected, expected) is None
    late = {**expected, 4: expected[4] + np.array([[0, 1, -3]], np.int8)}
    found = litert.first_differing_layer(order, expected, late)
    assert found is not None
    assert (found.op_name, found.tensor, found.differing, found.max_abs_diff, found.first_element) == (
        "SOFTMAX",
        4,
        2,
        3,
        1,
    )
    both = {3: np.array([127, -3, -5], np.int8), 4: late[4]}  # flat, as C gives it; int8 must not wrap
    found = litert.first_differing_layer(order, expected, both)
    assert found is not None
    assert (found.op, found.differing, found.max_abs_diff) == (0, 1, 130)
    with pytest.raises(DataError, match="2 elements where the reference has 3"):
        litert.first_differing_layer(order, expected, {3: np.zeros(2, np.int8)})


def test_isolated_gives_the_same():
    model = handmade.memory_model()
    samples = np.arange(1, 6, dtype=np.int8)[:, None]
    for keep_state in (False, True):
        here = litert.run(model, samples, keep_state=keep_state)
        assert litert.run_isolated(model, samples, keep_state=keep_state).tolist() == here.tolist()


def test_isolated_errors_keep_class_and_place():
    with pytest.raises(ModelFormatError) as caught:
        litert.run_isolated(b"not a model at all", WINDOWS, place="x.tflite")
    assert caught.value.place == "x.tflite"
    with pytest.raises(DataError) as wrong:
        litert.run_isolated(handmade.dense_model(), np.zeros((1, 9), np.int8), place="x.tflite")
    assert "do not fit" in wrong.value.fact


def test_a_model_that_kills_the_interpreter_is_an_error(public_data):
    killer = public_data / "tflite_zoo" / "int8" / "litert__blockwise_quantized__77cb8571.tflite"
    with pytest.raises(ModelFormatError, match="crashed on it"):
        litert.run_isolated(killer.read_bytes(), np.zeros((1, 64), np.int8), place=killer.name)


def test_isolated_has_an_end():
    with pytest.raises(ToolError, match=r"did not finish within 0\.01 s"):
        litert.run_isolated(handmade.dense_model(), WINDOWS, timeout_s=0.01)


@pytest.mark.parametrize("name", ["hello", "g_dense", "g_cnn", "g_cnnflat", "g_lstm"])
def test_yardsticks_give_their_golden_outputs(models_dir, name):
    golden = np.load(models_dir / f"{name}.golden.npz")
    outputs = litert.run((models_dir / f"{name}.tflite").read_bytes(), golden["inputs"])
    assert np.array_equal(outputs.reshape(len(outputs), -1), golden["outputs"].reshape(len(outputs), -1))


def test_all_tensors_of_a_recurrent_network(models_dir):
    model = (models_dir / "g_lstm.tflite").read_bytes()
    golden = np.load(models_dir / "g_lstm.golden.npz")
    tensors = litert.run_all_tensors(model, golden["inputs"][5])
    order = litert.op_outputs(model)
    assert order[0].op_name == "UNIDIRECTIONAL_SEQUENCE_LSTM"
    assert tensors[order[-1].tensor].ravel().tolist() == golden["outputs"][5].ravel().tolist()
    assert tensors[order[0].tensor].shape[1] == 50  # one state a time step
