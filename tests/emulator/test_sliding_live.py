"""LIVE on the virtual board with a network that takes new samples alone: the same answers for fewer instructions."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from live_runs import Running, firmware

from tinyforge.link import Mode

pytestmark = pytest.mark.emulator
MODEL = Path(__file__).parents[2] / "models" / "activities_cnn1d" / "activities_cnn1d.tflite"
HOP = 8


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The network's C, and the board's image with it: for whole windows alone, and for new samples, too."""
    folder = tmp_path_factory.mktemp("live")
    firmware(MODEL, folder / "whole")
    firmware(MODEL, folder / "slides", hop=HOP)
    return folder


def told(found):
    return [(p.first_index, p.inference.label, bytes(p.inference.scores), p.inference.input_crc) for p in found]


def test_the_same_answers_as_with_whole_windows(folders):
    whole, slides = Running(folders / "whole"), Running(folders / "slides")
    expected, found = whole.live(300, hop=HOP), slides.live(300, hop=HOP)
    assert told(found) == told(expected)
    assert [one.first_index for one in found] == list(range(0, 300 * HOP, HOP))
    assert len({bytes(one.inference.scores) for one in found}) > 100


def test_gaps(folders):
    found = Running(folders / "slides").live(200, hop=HOP, stalls=(3, 40, 41, 150))
    steps = [two.first_index - one.first_index for one, two in itertools.pairwise(found)]
    assert sum(step != HOP for step in steps) == 4
    assert all(step == HOP or step > 68 for step in steps)  # a second's samples less what the sensor's queue holds


def test_infer_other_hops_and_other_modes_in_between(folders):
    running = Running(folders / "slides")
    chance = np.random.default_rng(4)
    first = told(running.live(12, hop=HOP))
    for run in range(4):
        windows = [chance.normal(0, 3, (100, 6)).astype(np.float32) for _ in range(3)]
        scores = [running.link.infer(window).scores for window in windows]
        assert np.array_equal(np.stack(scores), running.scores(windows))
        running.live(4, hop=(5, 20, 50, 130)[run])
        assert told(running.live(12, hop=HOP)) == first
        running.link.start_stream((50.0, 100.0, 200.0, 100.0)[run])
        list(itertools.islice(running.link.samples(), 2))
        assert running.link.stop_stream().mode == Mode.STREAM
        list(running.link.samples())


def test_a_board_alone(folders):
    """It slides by the hop of its model, 50, says what it would say of whole windows, and a host finds it as ever."""
    firmware(MODEL, folders / "alone", hop=50)
    logs, spent = [], []
    for name in ("whole", "alone"):
        running = Running(folders / name)
        for _ in range(40):
            running.board.run(1.0, wanted=1 << 30)
        logs.append(running.board.log)
        spent.append(running.board.machine.trace.instructions)
        running.live(5, hop=50)
    assert logs[0] == logs[1]
    assert len(logs[0].split()) > 4
    assert spent[1] < 0.85 * spent[0]


def test_what_an_answer_takes(folders):
    whole, slides = (Running(folders / name).cost(60, hop=HOP) for name in ("whole", "slides"))
    print(f"instructions an answer of LIVE {whole[0]:.0f} and {slides[0]:.0f}, cycles {whole[1:]} and {slides[1:]}")  # noqa: T201 - docs/benchmarks.md has them
    assert slides[1] < 0.2 * whole[1]
    assert slides[2] < 0.2 * whole[2]
    assert slides[0] < 0.4 * whole[0]


@pytest.mark.heavy
def test_many_hops(folders):
    found = Running(folders / "slides").live(3000, hop=HOP, stalls=range(97, 3000, 131))
    assert len(found) == 3000
