"""Windows are cut on demand from files that are mapped: the same windows, in bounded memory."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinyforge.core.dataset_file import read_dataset, write_dataset
from tinyforge.core.errors import DataError
from tinyforge.core.types import IMU_CHANNELS, WindowSpec
from tinyforge.core.windows import Windows
from tinyforge.dataset import RecordingStore, SeriesCache, SplitSpec, cut_windows, make_dataset

SPEC = WindowSpec(50, 25, tuple(c.name for c in IMU_CHANNELS), 100.0)
BY_RECORDING = SplitSpec("recording")
SCRIPT = Path(__file__).parents[2] / "bench" / "large_dataset.py"


@pytest.fixture
def store(tmp_path, make_recording):
    """Twelve recordings at 104 Hz of two classes; the labels of one change inside it."""
    store = RecordingStore(tmp_path / "store")
    mixed = make_recording(99, label="go", count=400, rate_hz=104.0)
    store.add_all(make_recording(k, label=("stop", "go")[k % 2], count=300, rate_hz=104.0) for k in range(11))
    store.add(dataclasses.replace(mixed, sample_labels=("go",) * 150 + ("stop",) * 250))
    return store


def test_windows_behave_as_the_array_they_would_be(tmp_path):
    samples = np.arange(600, dtype=np.float32).reshape(200, 3)
    samples.tofile(tmp_path / "samples")
    mapped = np.memmap(tmp_path / "samples", np.float32, "r", 0, (200, 3))
    array = cut_windows(samples, 20, 7)
    windows = Windows(mapped, np.arange(0, 181, 7), 20)
    assert windows.shape == array.shape
    assert len(windows) == len(array)
    assert np.array_equal(np.asarray(windows), array)
    for index in (3, -1, slice(2, 9, 3), [5, 1, 1], np.arange(26) % 2 == 0, (slice(None), slice(None), [0, 2]), (4, 1)):
        assert np.array_equal(windows[index], array[index]), index
    assert np.array_equal(np.asarray(windows.take(np.array([4, 2]))), array[[4, 2]])
    assert np.array_equal(np.concatenate(list(windows.chunks(4))), array)
    assert np.array_equal(np.concatenate(list(windows.pieces())), samples)
    assert np.array_equal(np.asarray(Windows.of(array)), array)
    assert windows[:0].shape == (0, 20, 3)
    with pytest.raises(DataError, match="200 samples do not hold windows of 20 from 0 to 181"):
        Windows(mapped, np.array([0, 181]), 20)
    with pytest.raises(ValueError, match="an array of them is a copy"):
        np.asarray(windows, copy=False)


def test_pages_that_were_given_back_are_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr("tinyforge.core.windows._HELD_BYTES", 1)  # after every window
    samples = np.random.default_rng(1).normal(size=(5000, 6)).astype(np.float32)
    samples.tofile(tmp_path / "samples")
    windows = Windows(np.memmap(tmp_path / "samples", np.float32, "r", 0, (5000, 6)), np.arange(0, 4950, 3), 50)
    for _ in range(2):
        assert np.array_equal(np.asarray(windows), cut_windows(samples, 50, 3)[: len(windows)])
    writable = np.memmap(tmp_path / "samples", np.float32, "r+", 0, (5000, 6))
    writable[0] = 7  # must not be lost
    assert np.array_equal(Windows(writable, np.arange(9), 50)[0, 0], [7] * 6)
    assert writable[0, 0] == 7


def test_a_dataset_file_is_mapped_and_the_same(tmp_path, store):
    made = make_dataset(store, SPEC, split=BY_RECORDING)
    write_dataset(made, tmp_path / "one.npz")
    read = read_dataset(tmp_path / "one.npz")
    assert isinstance(read.windows.samples, np.memmap)
    assert read.digest == made.digest
    assert np.array_equal(read.windows, made.windows)
    assert (read.labels, read.spec) == (made.labels, made.spec)
    write_dataset(read, tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    with np.load(tmp_path / "one.npz", allow_pickle=False) as archive:  # what anybody can read
        assert np.array_equal(archive["samples"], made.windows.samples)
    (tmp_path / "two.npz").write_bytes((tmp_path / "one.npz").read_bytes()[:5000])
    for name in ("two.npz", "none.npz"):
        with pytest.raises(DataError, match=f"{name}: is no dataset: .*; remove it and run again"):
            read_dataset(tmp_path / name)


def test_the_cache_gives_the_same_dataset_without_reading_a_recording(tmp_path, store, monkeypatch):
    fresh = make_dataset(store, SPEC, split=BY_RECORDING)
    cache = SeriesCache(tmp_path / "cache", store.stamp)
    first = make_dataset(store, SPEC, split=BY_RECORDING, cache=cache)

    def load(recording_id):
        raise AssertionError(recording_id)

    monkeypatch.setattr(store, "load", load)
    again = make_dataset(store, SPEC, split=BY_RECORDING, cache=cache)
    assert first.digest == again.digest == fresh.digest
    longer = make_dataset(store, dataclasses.replace(SPEC, length=80), split=BY_RECORDING, cache=cache)
    assert longer.windows.shape[1] == 80
    for change in ({"rate_hz": 50.0}, {"channels": ("ax",)}):
        with pytest.raises(AssertionError):
            make_dataset(store, dataclasses.replace(SPEC, **change), split=BY_RECORDING, cache=cache)
    with pytest.raises(AssertionError):
        make_dataset(store, SPEC, split=BY_RECORDING, cache=cache, gap_ms=100)


def test_a_recording_edited_behind_the_cache_is_refused(tmp_path, store):
    cache = SeriesCache(tmp_path / "cache", store.stamp)
    make_dataset(store, SPEC, split=BY_RECORDING, cache=cache)
    file = store.folder / store.entries()[3].file
    file.write_text(file.read_text() + "0,0,0,0,0,0\n")
    with pytest.raises(DataError, match=r"holds 301 samples, its header says 300"):
        make_dataset(store, SPEC, split=BY_RECORDING, cache=cache)


def test_half_a_series_is_made_again_and_old_ones_go(tmp_path, store):
    folder = tmp_path / "cache"
    cache = SeriesCache(folder, store.stamp)
    wanted = make_dataset(store, SPEC, split=BY_RECORDING, cache=cache).digest
    (made,) = folder.iterdir()
    (made / "samples.f32").write_bytes((made / "samples.f32").read_bytes()[:-4])
    assert make_dataset(store, SPEC, split=BY_RECORDING).digest == wanted
    (made / "index.json").write_text("[]")
    with pytest.raises(DataError, match="was changed while it was written; run it again"):
        make_dataset(store, SPEC, split=BY_RECORDING, cache=cache)
    made.rename(tmp_path / "gone")
    for rate_hz in (100.0, 90.0, 80.0, 70.0, 60.0, 50.0):
        held = make_dataset(store, dataclasses.replace(SPEC, rate_hz=rate_hz), split=BY_RECORDING, cache=cache)
    assert len(list(folder.iterdir())) == 4
    assert np.isfinite(held.windows).all()


def test_training_reads_two_million_samples_in_little_memory(tmp_path):
    """As `python tests/bench/large_dataset.py`, with 2 instead of 100 million samples."""
    said = subprocess.run(
        [
            sys.executable,
            SCRIPT,
            "--samples",
            "2000000",
            "--recordings",
            "20",
            "--hop",
            "16",
            "--folder",
            tmp_path,
            "--json",
        ],
        check=True,
        capture_output=True,
        env=os.environ | {"PYTHONPATH": str(SCRIPT.parents[2])},
    )
    figures = json.loads(said.stdout)
    assert figures["samples"] == 2_000_000
    assert figures["windows"] == 2 * sum(1 + (100_000 - 128) // 16 for _ in range(10))
    # the windows are 384 MB, those of training alone 230; measured: 170 MB for pyarrow and chunks of 16 MB
    assert figures["peak_mb"] - figures["start_mb"] < 230
