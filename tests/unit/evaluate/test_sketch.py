"""What a sketch of somebody's own printed: lines that are read and refused, and what it did to its samples, named."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from tinyforge.core.errors import DataError
from tinyforge.core.types import Channel, ModelInfo, Preprocessing, WindowSpec
from tinyforge.evaluate.felt import Felt, Known
from tinyforge.evaluate.senses import examine
from tinyforge.evaluate.sketch import (
    _decimals,
    as_raw,
    certain,
    dequantized,
    judge_bytes,
    judge_input,
    read_log,
    sketch_causes,
)
from tinyforge.pipeline import sketches
from tinyforge.runtimes.preprocess import preprocess

LABELS = ("rest", "slow down", "stop")
NAMES = ("ax", "ay", "az")
LENGTH = 20
SCALE, ZERO = 0.05, -4
MEAN, STD = np.array([0.2, -0.1, 0.9]), np.array([0.3, 0.25, 0.2])


def info(length=LENGTH):
    channels = tuple(Channel(name, "g") for name in NAMES)
    made = Preprocessing(mean=tuple(MEAN.tolist()), std=tuple(STD.tolist()))
    return ModelInfo("wave", LABELS, WindowSpec(length, 10, NAMES, 50.0), channels, made)


def log(tmp_path, *lines):
    path = tmp_path / "stop.log"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


ROW = [*range(-6, 6)]  # 4 x 3


def text(values, between=","):
    return between.join(map(str, values))


@pytest.mark.parametrize("between", [",", "\t", ";", " ", ", "])
def test_a_line_a_window(tmp_path, between):
    read = read_log(log(tmp_path, "hello", "", text(ROW, between), text(ROW[::-1], between)), info(4))
    np.testing.assert_array_equal(read.values, np.array([ROW, ROW[::-1]]).reshape(2, 4, 3))
    assert (read.quantized, read.scores, read.shown, read.others) == (True, None, (), 1)


def test_scores_and_the_name_that_is_shown(tmp_path):
    lines = [f"12:00:01.123 -> {text([*ROW, -128, 3, 127])},slow down\r", f"{text([*ROW, 1, 2, 3])}, stop"]
    read = read_log(log(tmp_path, *lines), info(4))
    np.testing.assert_array_equal(read.scores, [[-128, 3, 127], [1, 2, 3]])
    assert read.shown == ("slow down", "stop")


def test_a_label_that_is_a_number_is_not_taken_off_the_numbers(tmp_path):
    """Digits are gestures that many write first."""
    digits = dataclasses.replace(info(4), labels=("1", "2", "12"))
    lines = [text([*ROW, 7, -3, -121]), text([*ROW, 7, -3, 1]), f"{text([*ROW, 7, -3, 5])},12"]
    read = read_log(log(tmp_path, *lines[:2]), digits)
    np.testing.assert_array_equal(read.scores, [[7, -3, -121], [7, -3, 1]])
    assert (read.shown, read.others) == ((), 0)
    read = read_log(log(tmp_path, lines[2]), digits)
    np.testing.assert_array_equal(read.scores, [[7, -3, 5]])
    assert read.shown == ("12",)


@pytest.mark.parametrize(
    ("shown", "named"), [(("stop", "rest", "stop"), False), (("rest", "rest", "stop"), True), (("stop",) * 3, False)]
)
def test_names_in_another_order_are_told_from_a_sketch_that_smooths(tmp_path, shown, named):
    printed = [read_log(log(tmp_path, *(f"{text([*ROW, 1, 2, 3])},{name}" for name in shown)), info(4))]
    found = sketches._own_findings(SimpleNamespace(model_dir=tmp_path), LABELS, printed, np.full(3, 2), 0, 3)
    assert [one.code for one in found] == ["label_order"] * named


@pytest.mark.parametrize(("decimals", "least"), [(2, 0), (5, 20), (9, 40)])
def test_scores_are_compared_where_the_digits_say_what_the_input_was(tmp_path, decimals, least):
    """A sketch fills its input from more digits than it prints: near the middle of a step they decide."""
    rng = np.random.default_rng(3)
    raw = (MEAN + STD * rng.normal(0, 1, (40, LENGTH, len(NAMES)))).astype(np.float32)
    given = preprocess(info(), SCALE, ZERO, raw)
    scores = [[int(window.astype(int).sum()) % 100, 0, 0] for window in given]
    lines = [
        ",".join([*(f"{value:.{decimals}f}" for value in window.ravel()), *map(str, score)])
        for window, score in zip(raw, scores, strict=True)
    ]
    read = read_log(log(tmp_path, *lines), info())
    seen = preprocess(info(), SCALE, ZERO, as_raw(read, info(), SCALE, ZERO))
    computed = [np.array([[int(window.astype(int).sum()) % 100, 0, 0] for window in seen], np.int8)]
    at = [certain(read, info(), SCALE, ZERO)]
    _, differing, compared = sketches._answers([read], computed, at)
    assert (differing, compared) == (0, int(at[0].sum()))
    assert compared >= least
    assert sketches._answers([read], [computed[0] + 1], at)[1] == compared


@pytest.mark.parametrize(("number", "decimals"), [("-0.250", 3), ("7", 0), ("1.5e-03", 4), ("2E3", -3), ("nan", 17)])
def test_digits_behind_the_point(number, decimals):
    assert _decimals(number) == decimals


def test_numbers_that_no_float_holds_are_read_without_a_warning(tmp_path):
    line = text(["1e400", "-3e38", "1e40", "nan", *[0.5] * 8, "nan", "1e40", "-inf"])
    read = read_log(log(tmp_path, line), info(4))
    np.testing.assert_array_equal(read.scores, [[0, 127, -128]])
    assert np.isinf(as_raw(read, info(4), SCALE, ZERO)[0, 0, 0])
    assert certain(read, info(4), SCALE, ZERO).shape == (1,)


def test_raw_samples_are_not_an_input(tmp_path):
    read = read_log(log(tmp_path, text([0.5, *ROW[1:]])), info(4))
    assert not read.quantized
    assert read_log(log(tmp_path, text([300, *ROW[1:]])), info(4)).quantized is False
    np.testing.assert_array_equal(as_raw(read, info(4), SCALE, ZERO)[0, 0], np.float32([0.5, -5, -4]))


def test_a_log_without_windows_says_how_long_they_are(tmp_path):
    with pytest.raises(DataError) as caught:
        read_log(log(tmp_path, "1,2,3", "stop"), info(4))
    assert "no line has the 12 numbers of a window of 4 x 3, alone or with 3 scores; the longest has 3" in str(
        caught.value
    )
    with pytest.raises(DataError, match="cannot be read"):
        read_log(tmp_path / "none.log", info(4))


# ---- what sketches do ----


def raw_windows(rng, each=40):
    """Three classes that differ in tilt and movement."""
    t = np.arange(LENGTH) / 50
    windows = []
    for k in range(3):
        for _ in range(each):
            x = rng.normal(0, 0.02, (LENGTH, 3)) + MEAN + rng.normal(0, 0.02, 3)
            wave = np.sin(6.28 * 3 * t + rng.uniform(0, 6.28))
            x[:, 0] += (0, 0.35, 0.1)[k] * wave
            x[:, 1] += (0, 0.1, 0.4)[k] * wave
            windows.append(x)
    return np.array(windows, np.float32), np.repeat(np.arange(3), each)


@pytest.fixture(scope="module")
def known():
    rng = np.random.default_rng(1)
    windows, targets = raw_windows(rng)
    numbers = lambda w: np.concatenate([w.mean(axis=1), 3 * w.std(axis=1)], axis=1)  # noqa: E731
    middles = np.stack([numbers(windows[targets == k]).mean(axis=0) for k in range(3)])

    def classify(given):
        return ((numbers(given)[:, None] - middles) ** 2).sum(axis=2).argmin(axis=1).astype(np.int64)

    usual = dequantized(preprocess(info(), SCALE, ZERO, windows), info(), SCALE, ZERO)
    assert (classify(usual) == targets).mean() > 0.95
    return Known(usual, targets, LABELS, NAMES, ("g",) * 3, 50.0, classify, 0.98)


def judged(known, made):
    """Findings of an input that ``made(raw)`` fills."""
    raw, truths = raw_windows(np.random.default_rng(2))
    handed = np.clip(np.round(made(raw)), -128, 127).astype(np.int8).reshape(raw.shape)
    seen = dequantized(handed, info(), SCALE, ZERO)
    causes = tuple(sketch_causes(info(), SCALE, ZERO, quantized=True))
    return examine(known, Felt(seen, known.classify(seen), truths, rung="sketch"), causes)


def right(raw):
    return (raw - MEAN) / (STD * SCALE) + ZERO


def test_what_preprocess_makes_is_fine(known):
    assert judged(known, right) == ()


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda raw: raw / SCALE + ZERO, "samples are quantized as they are, not standardised"),
        (lambda raw: (raw - MEAN) / STD, "samples are standardised and cast to int8, not quantized"),
        (lambda raw: raw / (STD * SCALE) + ZERO, "the mean is not taken off before quantization"),
        (lambda raw: (right(raw) + 128) - 256 * (right(raw) + 128 > 127), "bytes of 0 to 255 are handed over"),
        (lambda raw: right(raw).transpose(0, 2, 1), "the window is filled channel by channel"),
    ],
)
def test_what_a_sketch_did_instead_is_named(known, made, said):
    found = judged(known, made)
    assert [one.code for one in found if one.code != "one_class"] == ["preprocessing"]
    assert found[-1].fact.startswith(said)


def test_a_cast_and_cut_inputs_show_in_the_input_alone():
    rng = np.random.default_rng(3)
    usual = rng.normal(0, 30, (40, LENGTH, 3)).clip(-128, 127).astype(np.int8)
    cast = usual.copy()
    cast[:, :, 2] = rng.integers(0, 2, (40, LENGTH))
    (one,) = judge_input(cast, usual, NAMES)
    assert (one.code, "(az 2)" in one.fact) == ("preprocessing", True)
    cut = usual.copy()
    cut[:, ::2, 1] = 127
    (one,) = judge_input(cut, usual, NAMES)
    assert one.code == "saturated"
    assert "ay 50 % (in training 0 %)" in one.fact
    assert "print the raw samples" in one.way_out
    assert judge_input(usual, usual, NAMES) == []


def test_bytes_are_told_from_samples_that_are_whole_numbers(known):
    given = preprocess(info(), SCALE, ZERO, known.windows).astype(np.float32)
    (found,) = judge_bytes(given + 128, known.windows)
    assert (found.code, found.severity) == ("preprocessing", "error")
    assert "whole numbers of 0 to 255" in found.fact
    assert judge_bytes(given + 128, given + 128) == []  # a camera's
    assert judge_bytes(given, known.windows) == judge_bytes(known.windows, known.windows) == []
