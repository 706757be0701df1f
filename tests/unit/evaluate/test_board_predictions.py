from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import pytest

from tinyforge.core.errors import DataError, DeviceError
from tinyforge.evaluate.board import BoardPredictions, predict_over_link

CLASSES = 3
GENERATOR = np.random.default_rng(5)
WINDOWS = GENERATOR.normal(size=(20, 4, 2)).astype(np.float32)
INPUTS = GENERATOR.integers(-128, 128, (20, 4, 2)).astype(np.int8)


@dataclass
class Reply:
    scores: np.ndarray
    label: int
    cycles: int
    input_crc: int
    preprocess_cycles: int = 77
    duration_us: int = 0


class Board:
    """Answers like a device: scores made from the window, CRC of the input it would make."""

    def __init__(self, *, wrong=(), fails_at=None, error=None):
        self.wrong, self.fails_at, self.error = set(wrong), fails_at, error
        self.asked = []

    def infer(self, window):
        assert window.dtype == np.float32
        index = int(np.flatnonzero((window == WINDOWS).all(axis=(1, 2)))[0])
        if index == self.fails_at:
            raise self.error
        self.asked.append(index)
        quantized = INPUTS[index].copy()
        if index in self.wrong:
            quantized[0, 0] ^= 1
        scores = np.array([index, 2 * index, -index], np.int8)
        return Reply(
            scores, int(np.argmax(scores)), 1000 + index, zlib.crc32(quantized.tobytes()), duration_us=40 + index
        )


def test_every_window_is_asked_once_and_in_order():
    board, seen = Board(), []
    said = predict_over_link(board, WINDOWS, INPUTS, lambda done, total: seen.append((done, total)), classes=CLASSES)
    assert board.asked == list(range(20))
    assert seen == [(k + 1, 20) for k in range(20)]
    assert said.scores.dtype == np.int8
    assert said.scores[7].tolist() == [7, 14, -7]
    assert said.labels.tolist() == [0] + [1] * 19
    assert said.cycles.tolist() == [1000 + k for k in range(20)]
    assert said.preprocess_cycles.tolist() == [77] * 20
    assert said.duration_us.tolist() == [40 + k for k in range(20)]
    assert (said.round_trip_us > 0).all()
    assert said.mismatched_inputs.tolist() == []


def test_inputs_with_another_crc_are_listed():
    said = predict_over_link(Board(wrong=(3, 17)), WINDOWS, INPUTS, classes=CLASSES)
    assert said.mismatched_inputs.tolist() == [3, 17]


@pytest.mark.parametrize("error", [DeviceError("usb0", "went silent", "reconnect"), KeyboardInterrupt()])
def test_what_was_asked_before_a_failure_is_kept_and_not_asked_again(tmp_path, error):
    saved = tmp_path / "partial.npz"
    first = Board(wrong=(2,), fails_at=11, error=error)
    with pytest.raises(type(error)):
        predict_over_link(
            first, WINDOWS, INPUTS, classes=CLASSES, on_chunk=lambda part: part.save(saved), chunk_windows=4
        )
    part = BoardPredictions.load(saved)
    assert len(part.labels) == 11
    second = Board()
    whole = predict_over_link(second, WINDOWS, INPUTS, classes=CLASSES, resume=part)
    assert second.asked == list(range(11, 20))
    straight = predict_over_link(Board(wrong=(2,)), WINDOWS, INPUTS, classes=CLASSES)
    for name in ("scores", "labels", "cycles", "preprocess_cycles", "duration_us", "input_crc32", "mismatched_inputs"):
        assert np.array_equal(getattr(whole, name), getattr(straight, name)), name
    assert whole.round_trip_us[:11].tolist() == part.round_trip_us.tolist()


def test_chunks_come_as_often_as_asked_and_at_the_end():
    sizes = []
    predict_over_link(
        Board(),
        WINDOWS,
        INPUTS,
        classes=CLASSES,
        on_chunk=lambda part: sizes.append(len(part.labels)),
        chunk_windows=6,
    )
    assert sizes == [6, 12, 18, 20]


def test_nothing_left_to_ask_asks_nothing():
    whole = predict_over_link(Board(), WINDOWS, INPUTS, classes=CLASSES)
    board = Board()
    again = predict_over_link(board, WINDOWS, INPUTS, classes=CLASSES, resume=whole)
    assert board.asked == []
    assert np.array_equal(again.scores, whole.scores)


def test_predictions_of_another_run_are_refused():
    whole = predict_over_link(Board(), WINDOWS, INPUTS, classes=CLASSES)
    with pytest.raises(DataError, match="another model or split"):
        predict_over_link(Board(), WINDOWS[:5], INPUTS[:5], classes=CLASSES, resume=whole)
    with pytest.raises(DataError, match=r"scores of shape \(20, 3\) for 20 windows of 4 classes"):
        predict_over_link(Board(), WINDOWS, INPUTS, classes=4, resume=whole)


@pytest.mark.parametrize(
    ("scores", "label", "fact"),
    [
        (np.zeros(4, np.int8), 0, "4 scores where the model has 3 classes"),
        (np.zeros(3, np.int8), 3, "label 3 is no class of 3"),
        (np.zeros(3, np.int8), -1, "label -1 is no class of 3"),
        ([0, 200, 0], 1, r"scores 0\.\.200 are no int8"),
    ],
)
def test_answers_of_another_model_are_refused(scores, label, fact):
    class Liar:
        def infer(self, window):
            return Reply(scores, label, 0, 0)

    with pytest.raises(DeviceError, match=fact) as caught:
        predict_over_link(Liar(), WINDOWS, INPUTS, classes=CLASSES, place="nano33")
    assert caught.value.place == "nano33: window 0"


def test_windows_and_inputs_must_pair():
    with pytest.raises(DataError, match="19 quantized inputs"):
        predict_over_link(Board(), WINDOWS, INPUTS[:19], classes=CLASSES)
    with pytest.raises(DataError):
        predict_over_link(Board(), WINDOWS.reshape(20, 8), INPUTS, classes=CLASSES)


def test_what_is_no_prediction_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="holds no predictions"):
        BoardPredictions.load(tmp_path / "missing.npz")
    (tmp_path / "text.npz").write_text("no")
    with pytest.raises(DataError, match="holds no predictions"):
        BoardPredictions.load(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", scores=np.zeros(3))
    with pytest.raises(DataError, match="holds no predictions"):
        BoardPredictions.load(tmp_path / "other.npz")
