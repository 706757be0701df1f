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
    assert found == 3


@pytest.mark.parametrize("fault", ["shuffled labels", "swapped axes"])
def test_faults_are_found_where_classes_resemble_each_other(public_data, monkeypatch, fault):
    """Windows on the way from one activity to the next: of the clean ones, others call one in eight otherwise."""
    monkeypatch.setenv("TINYFORGE_DATA", str(public_data))
    clean = plants.load("imu_uci_har_layout_derived")
    plant, codes = plants.FAULTS[fault]
    for k in range(2):
        rng = np.random.default_rng([7, k, *fault.encode()])
        planted, sides, where = plant(clean, rng)
        report = check(planted, sides)
        assert plants.is_found(report, codes, where)
        assert not report.ok


def test_parts_of_a_clean_set_raise_no_alarm(nano33):
    rng = np.random.default_rng(3)
    for part in [plants.part_of(nano33, rng) for _ in range(6)]:
        errors = {finding.code for finding in check(part).findings if finding.severity == "error"}
        assert errors <= {"one-class"}
