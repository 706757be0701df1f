from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from tinyforge.core.errors import DataError
from tinyforge.evaluate import litert
from tinyforge.evaluate.verify import load_inputs, random_inputs, verify_outputs


def test_equal_outputs_are_exact():
    outputs = np.arange(-6, 6, dtype=np.int8).reshape(4, 3)
    result = verify_outputs(outputs, outputs.reshape(4, 1, 3).copy())
    assert result.to_json() == {
        "exact": True,
        "inferences": 4,
        "mismatches": 0,
        "max_abs_diff": 0,
        "mismatched_inferences": 0,
        "first_window": None,
        "first_element": None,
        "expected": None,
        "actual": None,
    }


def test_mismatches_count_elements():
    expected = np.zeros((4, 3), np.int8)
    actual = expected.copy()
    actual[1, 2], actual[3] = -128, 1
    result = verify_outputs(expected, actual)
    assert (result.exact, result.mismatches, result.mismatched_inferences, result.max_abs_diff) == (False, 4, 2, 128)
    assert (result.first_window, result.first_element, result.expected, result.actual) == (1, 2, 0, -128)


def test_the_largest_difference_does_not_wrap():
    result = verify_outputs(np.array([[-128]], np.int8), np.array([[127]], np.int8))
    assert result.max_abs_diff == 255


@pytest.mark.parametrize(
    ("expected", "actual", "fact"),
    [
        (np.zeros((2, 3), np.int8), np.zeros((3, 3), np.int8), "3 windows of 3 elements where 2 of 3 are expected"),
        (np.zeros((2, 3), np.int8), np.zeros((2, 4), np.int8), "2 windows of 4 elements where 2 of 3"),
        (np.zeros((2, 3), np.int8), np.zeros((2, 3), np.float32), "are float32, not int8"),
        (np.zeros((0, 3), np.int8), np.zeros((0, 3), np.int8), "no windows"),
    ],
)
def test_outputs_that_cannot_be_compared_are_refused(expected, actual, fact):
    with pytest.raises(DataError, match=fact):
        verify_outputs(expected, actual)


def test_random_windows_are_seeded_and_reach_everything():
    first, again = random_inputs(300), random_inputs(300)
    assert np.array_equal(first.inputs, again.inputs)
    assert first.inputs.shape == (64, 300)
    assert first.inputs.dtype == np.int8
    assert set(np.unique(first.inputs)) == set(range(-128, 128))
    assert (first.inputs[0] == -128).all()
    assert (first.inputs[1] == 127).all()
    assert first.outputs is None
    assert not first.keep_state
    assert not np.array_equal(random_inputs(300, seed=1).inputs[5:], first.inputs[5:])
    assert random_inputs(1, windows=2).inputs.tolist() == [[-128], [127]]


def test_random_windows_are_the_same_everywhere():
    # frozen: a changed generator would make two machines verify different windows
    assert random_inputs(8, windows=8).inputs[5:].tolist() == FROZEN


FROZEN = [
    [-33, -28, -20, -12, -7, 0, 8, 12],
    [10, -125, -112, -55, 7, 58, 20, -95],
    [-26, -9, -26, -35, -40, -36, -15, -13],
]


@pytest.mark.parametrize(("elements", "windows"), [(0, 5), (5, 0)])
def test_no_random_windows_are_refused(elements, windows):
    with pytest.raises(DataError, match="must be at least 1"):
        random_inputs(elements, windows=windows)


def save(path, **arrays):
    np.savez(path, **arrays)
    return path


def test_inputs_and_outputs_by_name(tmp_path):
    inputs = np.arange(24, dtype=np.int8).reshape(2, 3, 4)
    loaded = load_inputs(
        save(tmp_path / "a.npz", inputs=inputs, outputs=np.ones((2, 5), np.int8)), input_elements=12, output_elements=5
    )
    assert loaded.inputs.tolist() == inputs.reshape(2, 12).tolist()
    assert loaded.outputs is not None
    assert loaded.outputs.shape == (2, 5)
    assert not loaded.keep_state
    assert load_inputs(save(tmp_path / "b.npz", inputs=inputs), input_elements=12).outputs is None


def test_steps_are_sorted_by_number_and_keep_state(tmp_path):
    steps = {f"s{k}_in0": np.full((1, 2), k, np.int8) for k in range(12)}
    steps |= {f"s{k}_out0": np.full((1, 1), -k, np.int8) for k in range(12)}
    loaded = load_inputs(save(tmp_path / "z.npz", **dict(reversed(steps.items()))), input_elements=2)
    assert loaded.inputs[:, 0].tolist() == list(range(12))  # s10 after s9, not after s1
    assert loaded.outputs is not None
    assert loaded.outputs.ravel().tolist() == [-k for k in range(12)]
    assert loaded.keep_state


def test_several_inputs_of_a_step_lie_one_after_the_other(tmp_path):
    path = save(tmp_path / "z.npz", s0_in1=np.array([[3, 4, 5]], np.int8), s0_in0=np.array([[1], [2]], np.int8))
    loaded = load_inputs(path, input_elements=5)
    assert loaded.inputs.tolist() == [[1, 2, 3, 4, 5]]
    assert loaded.outputs is None


@pytest.mark.parametrize(
    ("arrays", "fact"),
    [
        ({"inputs": np.zeros((2, 12), np.float32)}, "inputs: is float32, not int8"),
        ({"inputs": np.zeros((2, 11), np.int8)}, "11 numbers a window where the model has 12"),
        ({"inputs": np.zeros((0, 12), np.int8)}, r"has shape \(0, 12\)"),
        ({"inputs": np.zeros(12, np.int8)}, r"has shape \(12,\)"),
        ({"inputs": np.zeros((2, 12), np.int8), "outputs": np.zeros((3, 4), np.int8)}, "3 outputs for 2 inputs"),
        ({"inputs": np.zeros((2, 12), np.int8), "outputs": np.zeros((2, 5), np.int8)}, "5 numbers a window where"),
        ({"windows": np.zeros((2, 12), np.int8)}, 'unknown array "windows"'),
        ({}, "holds no arrays"),
        ({"s0_in0": np.zeros((1, 12), np.int16)}, "s0_in0: is int16, not int8"),
        ({"s0_in1": np.zeros((1, 12), np.int8)}, r"step 0 has inputs \[1\]"),
        (
            {
                "s0_in0": np.zeros((1, 12), np.int8),
                "s1_in0": np.zeros((1, 12), np.int8),
                "s0_out0": np.zeros((1, 4), np.int8),
            },
            r"step 1 has outputs \[\]",
        ),
        ({"inputs": np.array([{}], object)}, "cannot be read as .npz"),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path, arrays, fact):
    path = save(tmp_path / "in.npz", **arrays)
    with pytest.raises(DataError, match=fact) as caught:
        load_inputs(path, input_elements=12, output_elements=4)
    assert caught.value.place.startswith(str(path))
    assert caught.value.way_out


def test_files_that_are_no_npz_are_refused(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        load_inputs(tmp_path / "missing.npz", input_elements=1)
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(DataError, match=r"cannot be read as \.npz"):
        load_inputs(tmp_path / "text.npz", input_elements=1)
    np.save(tmp_path / "single.npy", np.zeros((1, 1), np.int8))
    with pytest.raises(DataError, match="is a single array"):
        load_inputs(tmp_path / "single.npy", input_elements=1)
    with pytest.raises(DataError, match=r"cannot be read as \.npz"):
        load_inputs(tmp_path, input_elements=1)


def test_a_cut_npz_is_refused(tmp_path):
    whole = io.BytesIO()
    np.savez(whole, inputs=np.zeros((4, 12), np.int8))
    (tmp_path / "cut.npz").write_bytes(whole.getvalue()[:-30])
    with pytest.raises(DataError, match=r"cannot be read as \.npz"):
        load_inputs(tmp_path / "cut.npz", input_elements=12)
    with zipfile.ZipFile(tmp_path / "odd.npz", "w") as archive:
        archive.writestr("inputs", b"no numpy at all")
    with pytest.raises(DataError, match=r"inputs: is \|S15, not int8"):
        load_inputs(tmp_path / "odd.npz", input_elements=12)


@pytest.mark.parametrize(
    "name",
    [
        "magic_wand__quantized_model__6425510f",
        "tflm__trained_lstm_int8__a44e4d8a",
        "tflm__hello_world__c67f1c6e",
        "tflm__simple_add_model__aec680e5",
    ],
)
def test_the_zoo_is_read_as_it_was_made(public_data, name):
    model = (public_data / "tflite_zoo" / "int8" / f"{name}.tflite").read_bytes()
    known = litert.ports(model)
    loaded = load_inputs(
        public_data / "tflite_zoo" / "int8" / f"{name}.golden.npz",
        input_elements=known.input_elements,
        output_elements=known.output_elements,
    )
    assert loaded.outputs is not None
    result = verify_outputs(loaded.outputs, litert.run(model, loaded.inputs, keep_state=loaded.keep_state))
    assert result.exact, result


def typed_model():
    """One float32 input of 3, one int8 input of 2; outputs uint8 [2] and float32 [1]."""
    return litert.Ports(
        (litert.Port(0, "x", (1, 3), 0.0, 0, 3, "float32"), litert.Port(1, "y", (1, 2), 1.0, 0, 2)),
        (litert.Port(2, "a", (1, 2), 1.0, 0, 2, "uint8"), litert.Port(3, "b", (1, 1), 0.0, 0, 1, "float32")),
    )


def test_other_types_are_read_as_their_bytes(tmp_path):
    ports = typed_model()
    x, y = np.array([[1.5, -2.0, 0.0]], np.float32), np.array([[7, -7]], np.int8)
    a, b = np.array([[200, 3]], np.uint8), np.array([[0.25]], np.float32)
    path = save(tmp_path / "z.npz", s0_in0=x, s0_in1=y, s0_out0=a, s0_out1=b)
    loaded = load_inputs(path, ports)
    assert loaded.inputs.tobytes() == x.tobytes() + y.tobytes()
    assert loaded.outputs is not None
    assert loaded.outputs.tobytes() == a.tobytes() + b.tobytes()
    assert loaded.inputs.shape == (1, ports.input_bytes) == (1, 14)
    with pytest.raises(DataError, match="s0_in0: is float64, not float32"):
        load_inputs(save(tmp_path / "d.npz", s0_in0=x.astype(np.float64), s0_in1=y), ports)
    with pytest.raises(DataError, match="step 0 has 1 inputs where the model has 2"):
        load_inputs(save(tmp_path / "e.npz", s0_in0=x), ports)
    with pytest.raises(DataError, match="stands for 2 arrays of different types"):
        load_inputs(save(tmp_path / "f.npz", inputs=x), ports)


def test_outputs_of_other_types_are_compared_as_numbers():
    outputs = typed_model().outputs

    def rows(a, b):
        return np.frombuffer(np.array(a, np.uint8).tobytes() + np.array(b, np.float32).tobytes(), np.int8).reshape(1, 6)

    good = rows([200, 3], [0.25])
    assert verify_outputs(good, good.copy(), outputs).exact
    unsigned = verify_outputs(good, rows([3, 3], [0.25]), outputs)
    assert (unsigned.mismatches, unsigned.max_abs_diff, unsigned.first_element) == (1, 197, 0)
    assert (unsigned.expected, unsigned.actual) == (200, 3)
    real = verify_outputs(good, rows([200, 3], [0.375]), outputs)
    assert (real.mismatches, real.max_abs_diff, real.first_element) == (1, 0.125, 2)
    assert (real.expected, real.actual) == (0.25, 0.375)
    nan = rows([200, 3], [np.nan])
    assert verify_outputs(nan, nan.copy(), outputs).exact  # the same bits
    broken = verify_outputs(good, nan, outputs)
    assert (broken.exact, broken.mismatches) == (False, 1)
    assert broken.to_json()["max_abs_diff"] is None
    zeros = verify_outputs(rows([0, 0], [0.0]), rows([0, 0], [-0.0]), outputs)
    assert not zeros.exact  # equal numbers, other bits
    with pytest.raises(DataError, match="1 windows of 6 elements where 1 of 6"):
        verify_outputs(good, good, outputs[:1])


def test_random_windows_of_other_types():
    ports = typed_model()
    found = random_inputs(ports.inputs, windows=40)
    assert found.inputs.shape == (40, 14)
    x = found.inputs[:, :12].copy().view(np.float32)
    assert np.isfinite(x).all()
    assert np.abs(x).max() >= 64
    assert (np.abs(x[np.abs(x) > 0]) < 1).any()
    assert np.array_equal(found.inputs[:, 12:], random_inputs(5, windows=40).inputs[:, 3:])
    unsigned = random_inputs([litert.Port(0, "x", (1, 300), 1.0, 0, 300, "uint8")]).inputs.view(np.uint8)
    assert set(np.unique(unsigned)) == set(range(256))
    assert np.array_equal(random_inputs([litert.Port(0, "x", (1, 9), 1.0, 0, 9)]).inputs, random_inputs(9).inputs)
    for dtype, width in (("int16", 2), ("int32", 4), ("bool", 1)):
        assert random_inputs([litert.Port(0, "x", (1, 9), 1.0, 0, 9, dtype)]).inputs.shape == (64, 9 * width)


@pytest.mark.parametrize(
    "name", ["tflm__hello_world__7d29330c", "test_data__keras_lstm_mnist_ptq__ac718e4b", "mww__vad__7aa4db6d"]
)
def test_the_zoo_of_other_types(public_data, name):
    model = (public_data / "tflite_zoo" / "int8" / f"{name}.tflite").read_bytes()
    known = litert.ports(model, any_type=True)
    assert not known.int8
    loaded = load_inputs(public_data / "tflite_zoo" / "int8" / f"{name}.golden.npz", known)
    assert loaded.outputs is not None
    actual = litert.run(model, loaded.inputs, keep_state=loaded.keep_state)
    assert verify_outputs(loaded.outputs, actual, known.outputs).exact


def test_the_yardsticks_form_is_read(models_dir):
    loaded = load_inputs(models_dir / "g_lstm.golden.npz", input_elements=300, output_elements=3)
    assert len(loaded.inputs) == 64
    assert not loaded.keep_state
