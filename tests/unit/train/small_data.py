"""Data that a small network learns in a few epochs: three movements, two people a side of the split."""

import numpy as np

from tinyforge.core.types import TEST, TRAIN, VALIDATION, Channel, Dataset, ModelInfo, WindowSpec

LABELS = ("circle", "rest", "shake")
CHANNELS = (Channel("ax", "g"), Channel("ay", "g"), Channel("gz", "dps"))
SPEC = WindowSpec(length=20, hop=10, channels=("ax", "ay", "gz"), rate_hz=50.0)


def small_dataset(windows=360, seed=0, length=20):
    """Windows of three classes that differ in amplitude and frequency, with noise."""
    rng = np.random.default_rng(seed)
    targets = np.arange(windows) % 3
    people = np.arange(windows) // 3 % 6
    moment = np.arange(length) / 50.0
    phase = rng.uniform(0, 2 * np.pi, (windows, 1))
    pace_hz = np.array([2.0, 0.5, 6.0])[targets][:, None] * rng.uniform(0.9, 1.1, (windows, 1))
    size = np.array([0.8, 0.05, 0.6])[targets][:, None]
    angle = 2 * np.pi * pace_hz * moment + phase
    data = np.stack([size * np.sin(angle), 1.0 + size * np.cos(angle), 150.0 * size * np.sin(angle + 1.0)], axis=-1)
    data += rng.normal(0, (0.1, 0.1, 15.0), data.shape)
    split = np.array([TRAIN, TRAIN, TRAIN, TRAIN, VALIDATION, TEST], np.int8)[people]
    return Dataset(
        windows=data.astype(np.float32),
        targets=targets.astype(np.int64),
        labels=LABELS,
        groups=np.array([f"person{one}" for one in people]),
        recordings=np.array([f"take{index}" for index in range(windows)]),
        split=split,
        spec=SPEC if length == 20 else WindowSpec(length, 10, SPEC.channels, 50.0),
    )


def small_info(dataset, preprocessing, name="small"):
    """What a model trained on it says of itself."""
    return ModelInfo(name, dataset.labels, dataset.spec, CHANNELS, preprocessing)


def shaken(windows, channels, rng):
    """A stand-in augmentation."""
    assert tuple(channels) == SPEC.channels
    return windows + rng.normal(0, (0.02, 0.02, 3.0), windows.shape).astype(np.float32)


def broken(windows, channels, rng):
    """An augmentation that fails."""
    raise RuntimeError("no rotation for these channels")
