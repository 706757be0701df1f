"""Public sets are what they are: no error where there is none, and the faults that they are known for."""

from __future__ import annotations

import pytest

from tinyforge.dataset import ImportOptions, read_recordings
from tinyforge.dataset.quality import check

SETS = {
    "imu_nano33_gestures": (ImportOptions(rate_hz=119, subject="a"), {"clipping", "no-movement"}),
    "imu_wand_spells_6axis": (
        ImportOptions(rate_hz=119, take_samples=119, subject="b"),
        {"clipping", "no-movement"},
    ),
    "imu_magic_wand_tf": (ImportOptions(), set()),
    "imu_edgeimpulse_xiao": (ImportOptions(units=("g",), subject="c"), {"clipping"}),
    "imu_uci_har_layout_derived": (ImportOptions(), {"imbalance"}),
    "imu_basicmotions_ts": (ImportOptions(rate_hz=10, subject="d"), set()),
}


@pytest.mark.parametrize("name", SETS)
def test_a_public_set_has_no_error(public_data, name):
    options, known = SETS[name]
    recordings = read_recordings(public_data / name, options).recordings
    report = check([(f"r{i:04d}", recording) for i, recording in enumerate(recordings)])
    assert report.ok, [finding.fact for finding in report.findings if finding.severity == "error"]
    assert {finding.code for finding in report.findings if finding.severity == "warning"} == known
