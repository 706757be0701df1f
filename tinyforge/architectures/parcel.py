"""What a worker needs of a dataset before it trains, and the function by which training windows are varied."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from tinyforge.architectures.loop import Augment
from tinyforge.core.errors import ConfigError, DataError
from tinyforge.core.files import write_bytes
from tinyforge.core.types import SPLIT_NAMES, TRAIN, VALIDATION, Dataset, Preprocessing

_SMALLEST_STD = 1e-6  # a channel that never moves is only centred


def check_dataset(dataset: Dataset, place: str) -> None:
    """Refuse what cannot be trained on.

    Raises:
        DataError: fewer than two classes, windows that are not finite, a side of the split without windows, a class
            that training never sees.
    """
    if len(dataset.labels) < 2:
        raise DataError(place, f"has {len(dataset.labels)} class", "record at least two: one may be rest")
    first = 0
    for windows in dataset.windows.chunks():
        finite = np.isfinite(windows).all(axis=(1, 2))
        if not finite.all():
            bad = first + int(np.argmin(finite))
            place_in = f"window {bad} of recording {dataset.recordings[bad]}"
            raise DataError(place, f"{place_in} holds NaN or infinity", "remove that recording")
        first += len(windows)
    for side in (TRAIN, VALIDATION):
        if not (dataset.split == side).any():
            raise DataError(
                place,
                f"the {SPLIT_NAMES[side]} side has no windows",
                "record more people or sessions, or change [dataset]",
            )
    seen = np.bincount(dataset.targets[dataset.split == TRAIN], minlength=len(dataset.labels))
    for label, windows in zip(dataset.labels, seen, strict=True):
        if windows == 0:
            raise DataError(
                place, f'no training window of class "{label}"', "record it, or leave it out in dataset.labels"
            )


def write_npz(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write arrays as npz, by rename; the same arrays give the same bytes."""
    parcel = io.BytesIO()
    np.savez(parcel, allow_pickle=False, **arrays)
    write_bytes(path, parcel.getvalue())


def fit_preprocessing(dataset: Dataset) -> Preprocessing:
    """Mean and standard deviation of each channel over all samples of the training windows, and of nothing else.

    Both are float32 numbers, so that the network, its Python twin and the C all work with the same bits.
    """
    windows, _ = dataset.side(TRAIN)
    count, mean, squares = 0, np.zeros(windows.shape[2]), np.zeros(windows.shape[2])
    for chunk in windows.chunks():
        samples = chunk.reshape(-1, chunk.shape[2]).astype(np.float64)
        # means and squared deviations of two parts together: Chan, Golub and LeVeque 1983, "Algorithms for computing
        # the sample variance", equation 2.1
        share, ahead = len(samples) / (count + len(samples)), samples.mean(axis=0) - mean
        squares += samples.var(axis=0) * len(samples) + ahead**2 * count * share
        mean += ahead * share
        count += len(samples)
    std = np.sqrt(squares / max(count, 1))
    std = np.where(std < _SMALLEST_STD, 1.0, std)
    return Preprocessing(
        mean=tuple(float(np.float32(value)) for value in mean),
        std=tuple(float(np.float32(value)) for value in std),
    )


def load_augmentation(name: str | None, amounts: Mapping[str, float] | None = None) -> Augment | None:
    """The function called ``module:function``; None for none.

    Args:
        amounts: given to the function by name.

    Raises:
        ConfigError: there is no such module or function.
    """
    if not name:
        return None
    module, _, function = name.partition(":")
    try:
        found: Augment = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"augmentation {name}", f"cannot be loaded: {error}", "name it module:function") from error
    return partial(found, **amounts) if amounts else found
