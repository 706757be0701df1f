"""What one person's takes tell at all: how many a quite different method than a network gets right.

    python tests/bench/takes_information.py wand 21,22,23

divides the set (as in ``few_takes.py``) into five folds by recording, for each seed anew, and predicts each take by
kernel ridge regression on the others: a take counts the more, the nearer it is, over all samples. It needs no training
and no seed of its own. Printed by how windows are read (as they are, or their size as a logarithm), scaled (each
channel, or each sample of each channel, over all takes) and how narrow the kernel is: right of all, right of those that
hardly move, means over the seeds, and which takes are wrong for at least half of them.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from few_takes import AXES, FOLDS, hardly_move, public_takes

from tinyforge.core.types import TEST, Dataset
from tinyforge.dataset import RecordingStore, SplitSpec, make_dataset
from tinyforge.dataset.folds import make_folds

WIDTHS = (0.3, 1.0, 3.0)
RIDGE = 0.05
SMALL = (0.3, 0.3, 0.3, 10.0, 10.0, 10.0)  # g and dps below which a logarithm is about linear


def features(dataset: Dataset) -> dict[str, np.ndarray]:
    """Readings of the windows, float64 [n, time * channel]."""
    raw = np.asarray(dataset.windows, np.float64)
    small = np.array([SMALL[AXES.index(axis)] for axis in dataset.spec.channels])
    found = {}
    for how, windows in (("as it is", raw), ("logarithm", np.sign(raw) * np.log1p(np.abs(raw) / small))):
        for scaled, axes in (("channel", (0, 1)), ("sample", (0,))):
            even = (windows - windows.mean(axes)) / (windows.std(axes) + 1e-9)
            found[f"{how}, scaled by {scaled}"] = even.reshape(len(raw), -1)
    return found


def right(dataset: Dataset, kernel: np.ndarray, seed: int) -> np.ndarray:
    """Whether each take is answered rightly by the others of its fold, bool [n]."""
    hot = np.eye(len(dataset.labels))[dataset.targets]
    said = np.zeros(len(hot), np.int64)
    for fold in make_folds(dataset, FOLDS, validation=0.07, seed=seed):
        tested = fold.split == TEST
        of_others = kernel[np.ix_(~tested, ~tested)] + RIDGE * np.eye(int((~tested).sum()))
        said[tested] = (kernel[np.ix_(tested, ~tested)] @ np.linalg.solve(of_others, hot[~tested])).argmax(axis=1)
    return said == dataset.targets


def main(name: str, seeds: str) -> None:
    """Print a line for each reading and width."""
    with tempfile.TemporaryDirectory() as folder:
        store = RecordingStore(Path(folder))
        dataset = make_dataset(store, public_takes(name, store), split=SplitSpec("recording", 0.2, 0.07, 1))
        still = hardly_move(store, dataset)
        numbers = [int(seed) for seed in seeds.split(",")]
        for reading, values in features(dataset).items():
            squares = (values**2).mean(axis=1)
            apart = np.maximum(squares[:, None] + squares[None] - 2 * (values @ values.T) / values.shape[1], 0)
            for width in WIDTHS:
                good = np.array([right(dataset, np.exp(-width * apart), seed) for seed in numbers])
                wrong = np.flatnonzero(2 * (~good).sum(axis=0) >= len(numbers)).tolist()
                print(
                    f"{name}, {reading}, width {width:g}: {100 * good.mean():.1f} %, of {still.sum()} that hardly move "
                    f"{good[:, still].sum(axis=1).mean():.1f}; mostly wrong: {wrong}"
                )


if __name__ == "__main__":
    main(*sys.argv[1:3])
