"""A few plants of each fault in a public set; `tests/bench/detection_table.py` makes many, docs/datasets.md has all."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
import detection_table as plants

from tinyforge.dataset.quality import check

NAME = "imu_nano33_gestures"


@pytest.fixture(scope="module")
def nano33(public_data):
    recordings = plants.read_recordings(public_data / NAME, plants.SETS[NAME]).recordings
    return [(f"r{i:04d}", recording) for i, recording in enumerate(recordings)]


@pytest.mark.parametrize("fault", plants.FAULTS)
def test_what_is_planted_is_found_and_named(nano33, fault):
    plant, codes = plants.FAULTS[fault]
    found = 0
    for k in range(3):
        rng = np.random.default_rng([7, k, *fault.encode()])
        planted, sides, where = plant(nano33, rng)
        found += plants.is_found(check(planted, sides), codes, where)
    assert found >= (2 if fault == "shuffled labels" else 3)


def test_halves_of_a_clean_set_raise_no_alarm(nano33):
    rng = np.random.default_rng(3)
    for half in [half for _ in range(2) for half in plants.halves(nano33, rng)]:
        assert check(half).ok
