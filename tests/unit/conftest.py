"""A project whose recordings a small network tells apart within a few epochs."""

import numpy as np
import pytest

from tinyforge.core.types import Channel, Recording
from tinyforge.dataset import RecordingStore

PROJECT = """
[project]
name = "shapes"
[window]
length = 24
hop = 12
rate_hz = 50.0
channels = ["ax", "ay"]
[dataset]
split_by = "subject"
[train]
batch_size = 32
[[model]]
name = "cnn"
architecture = "cnn1d"
[compress]
sparsity = 0.0
[search]
architectures = ["dense"]
epochs = 2
instructions = 30000
"""


@pytest.fixture
def shapes_project(tmp_path):
    """tinyforge.toml and recordings of four people."""
    (tmp_path / "tinyforge.toml").write_text(PROJECT, encoding="utf-8")
    store = RecordingStore(tmp_path / "dataset")
    rng = np.random.default_rng(1)
    moment = np.arange(300) / 50.0
    for subject in "abcd":
        for label, pace_hz in (("slow", 1.0), ("quick", 4.0)):
            angle = 2 * np.pi * pace_hz * rng.uniform(0.9, 1.1) * moment
            samples = np.stack([np.sin(angle), np.cos(angle)], axis=1) + rng.normal(0, 0.1, (300, 2))
            channels = (Channel("ax", "g"), Channel("ay", "g"))
            store.add(Recording(samples.astype(np.float32), channels, 50.0, label=label, subject=subject))
    return tmp_path
