"""Networks trained once for all tests of compression."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "train"))

from small_data import small_dataset, small_info

from tinyforge.core.types import ModelSpec
from tinyforge.train import fit

SPECS = {
    "cnn1d": ModelSpec(
        "small", "cnn1d", {"filters": [12, 16], "kernels": [5, 3], "hidden": 16, "head": "flatten"}, epochs=6, seed=3
    ),
    "lstm": ModelSpec("small", "lstm", {"units": 8}, epochs=6, seed=3, learning_rate=1e-2),
    "gru": ModelSpec("small", "gru", {"units": 8}, epochs=6, seed=3, learning_rate=1e-2),
}


@pytest.fixture(scope="session")
def dataset():
    return small_dataset()


@pytest.fixture(scope="session")
def trained(tmp_path_factory, dataset):
    """``trained(architecture)`` -> (TrainResult, ModelInfo)."""
    made = {}

    def train(architecture):
        if architecture not in made:
            result = fit(dataset, SPECS[architecture], tmp_path_factory.mktemp(architecture))
            made[architecture] = result, small_info(dataset, result.preprocessing)
        return made[architecture]

    return train
