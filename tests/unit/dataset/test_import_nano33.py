"""The public Nano 33 gestures: five classes, 119 samples a take, one person."""

import zipfile
from collections import Counter

import numpy as np
import pytest

from tinyforge.core.errors import DataError
from tinyforge.core.types import IMU_CHANNELS, WindowSpec
from tinyforge.dataset import ImportOptions, RecordingStore, SplitSpec, make_dataset, read_recordings

LABELS = {"circ", "flex", "hori", "punch", "vert"}


@pytest.fixture(scope="module")
def folder(public_data):
    path = public_data / "imu_nano33_gestures"
    if not path.is_dir():
        pytest.skip(f"no {path}")
    return path


@pytest.fixture(scope="module")
def rows_in_files(folder):
    """Lines of numbers in each file, counted without the importer."""
    with zipfile.ZipFile(folder / "data.zip") as archive:
        return {
            name.rsplit("/", 1)[-1].removesuffix(".csv"): sum(
                bool(line.strip()) for line in archive.read(name).decode().splitlines()[1:]
            )
            for name in archive.namelist()
            if name.endswith(".csv")
        }


def test_every_take_is_found(folder, rows_in_files):
    result = read_recordings(folder, ImportOptions(rate_hz=119.0))
    assert Counter(r.label for r in result.recordings) == {label: rows // 119 for label, rows in rows_in_files.items()}
    assert set(rows_in_files) == LABELS
    assert {(r.samples.shape, r.rate_hz, r.channels) for r in result.recordings} == {((119, 6), 119.0, IMU_CHANNELS)}


def test_the_rate_must_be_said(folder):
    with pytest.raises(DataError, match=r"give --rate \(the README mentions 119 Hz\)"):
        read_recordings(folder)


def test_takes_without_blank_lines_are_found_by_those_with(folder, tmp_path):
    """As in the original repository: hori, vert and circ have no blank lines, flex and punch have."""
    with zipfile.ZipFile(folder / "data.zip") as archive:
        for label in sorted(LABELS):
            lines = archive.read(f"data/{label}.csv").decode().splitlines(keepends=True)
            kept = lines if label in {"flex", "punch"} else [line for line in lines if line.strip()]
            (tmp_path / f"{label}.csv").write_text("".join(kept))
    wanted = read_recordings(folder, ImportOptions(rate_hz=119.0))
    found = read_recordings(tmp_path, ImportOptions(rate_hz=119.0))
    assert found.recordings == wanted.recordings
    assert any(
        "takes of 119 rows: files with blank lines have them, so circ.csv, hori.csv, vert.csv" in note
        for note in found.notes
    )


def test_all_the_way_to_windows(folder, tmp_path, rows_in_files):
    store = RecordingStore(tmp_path)
    store.add_all(read_recordings(folder, ImportOptions(rate_hz=119.0)).recordings)
    names = tuple(c.name for c in IMU_CHANNELS)
    dataset = make_dataset(
        store, WindowSpec(119, 119, names, 119.0), split=SplitSpec("recording", test=0.25, validation=0.15)
    )
    count = sum(rows_in_files.values()) // 119
    assert dataset.windows.shape == (count, 119, 6)
    assert len(set(dataset.recordings)) == count
    for k in range(len(LABELS)):
        sides = np.bincount(dataset.split[dataset.targets == k], minlength=3) / np.count_nonzero(dataset.targets == k)
        assert np.allclose(sides, [0.6, 0.15, 0.25], atol=0.06)
