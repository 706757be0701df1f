"""``train --cv`` says beside the accuracy what takes without a gesture have to do with it."""

from __future__ import annotations

import numpy as np

from tinyforge.cli.crossval import _say_still
from tinyforge.core.types import IMU_CHANNELS, Dataset, Recording, WindowSpec
from tinyforge.dataset import RecordingStore
from tinyforge.pipeline import examination, projects
from tinyforge.pipeline.crossval import _of_still


def test_takes_that_hardly_move_are_counted_by_themselves():
    names = np.array(["a", "b", "c", "d"])
    windows, spec = np.zeros((4, 4, 1), np.float32), WindowSpec(4, 4, ("ax",), 100.0)
    dataset = Dataset(windows, np.array([0, 1, 1, 0]), ("x", "y"), names, names, np.zeros(4, np.int8), spec)
    said_x, said_y = [0.9, 0.1], [0.2, 0.8]
    probabilities = np.array([said_x, said_y, said_x, said_y])
    assert _of_still(dataset, probabilities, np.isin(names, ["b", "c"])) == {"windows": 2, "correct": 1}
    assert _of_still(dataset, probabilities, np.isin(names, [])) == {"windows": 0, "correct": 0}


def test_what_is_said(capsys):
    said = {"windows": 100, "correct": 96}
    _say_still(said | {"hardly_move": {"windows": 15, "correct": 12}})
    assert " ".join(capsys.readouterr().out.split()) == (
        "int8: right are 12 of 15 windows of takes that hardly move (`tinyforge dataset check` names them) "
        "and 84 of the 85 others, 98.8 %"
    )
    _say_still(said | {"hardly_move": {"windows": 0, "correct": 0}})
    assert not capsys.readouterr().out


def test_recordings_in_which_no_gesture_came_are_found(tmp_path):
    """Twelve takes of each gesture, of which the first one rests after a jolt."""
    projects.init(tmp_path, "gestures")
    rng = np.random.default_rng(1)
    store = RecordingStore(tmp_path / "dataset")
    resting = []
    for label in ("circle", "flex"):
        for take in range(12):
            samples = rng.normal(0, 1, (119, 6)) * ([0.02] * 3 + [2] * 3 if take == 0 else [0.5] * 3 + [100] * 3)
            samples[:, 2] += 1
            (number,) = store.add_all([Recording(samples.astype(np.float32), IMU_CHANNELS, 119.0, label, "me")])
            resting += [number] if take == 0 else []
    assert sorted(examination.hardly_moving(projects.load(tmp_path))) == sorted(resting)
