"""Cross-validation by group: every group is tested once, by a network that has never seen it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import DataError, UsageError
from tinyforge.core.types import TEST, TRAIN, VALIDATION, Dataset, Int8Array

LOSO = "loso"


@dataclass(frozen=True, eq=False)
class Fold:
    """One division of a dataset.

    Attributes:
        name: a folder's name: ``01``, ``02``, ...
        tested: groups on the test side.
        split: TRAIN, VALIDATION or TEST of each window, int8 [window].
    """

    name: str
    tested: tuple[str, ...]
    split: Int8Array


def parse_scheme(text: str, split_by: str) -> int:
    """What ``--cv`` says: number of folds, 0 for one a group (leave one subject out).

    Args:
        text: ``loso`` or a whole number, 2 and more.
        split_by: what a group of the dataset is.

    Raises:
        UsageError: neither, or ``loso`` where groups are no subjects.
    """
    if text == LOSO:
        if split_by != "subject":
            raise UsageError(
                "--cv",
                f'loso leaves one subject out, but dataset.split_by is "{split_by}"',
                'set it to "subject"; where it is "auto", record three people and say who (--subject)',
            )
        return 0
    if not text.isdigit() or int(text) < 2:
        raise UsageError("--cv", f'"{text}" is neither loso nor a number of folds', "for instance --cv loso or --cv 5")
    return int(text)


def make_folds(dataset: Dataset, count: int, *, validation: float, seed: int) -> Iterator[Fold]:
    """Divide a dataset so that each group is on the test side of exactly one fold.

    Args:
        dataset: its own split is not looked at.
        count: folds; 0 for one a group.
        validation: share of the groups left that watch the training; at least one group does.
        seed: of who does, and of ties.

    Raises:
        DataError: fewer than three groups, fewer groups than folds, or a class that only few groups have.
    """
    names, index = np.unique(dataset.groups, return_inverse=True)
    groups = len(names)
    count = count or groups
    if groups < 3:
        raise DataError("--cv", f"{groups} groups", "testing, watching and training need one each: record more people")
    if count > groups:
        raise DataError("--cv", f"{count} folds of {groups} groups", f"take at most {groups} folds")
    windows = np.bincount(index, minlength=groups)
    fold_of = _deal(windows, count, seed)
    has = np.zeros((groups, len(dataset.labels)), bool)
    has[index, dataset.targets] = True
    for fold in range(count):
        tested = fold_of == fold
        side = np.where(tested, TEST, TRAIN).astype(np.int8)
        rest = np.flatnonzero(~tested)
        watching = min(max(1, math.floor(validation * len(rest) + 0.5)), len(rest) - 1)
        for group in np.random.default_rng([seed, fold]).permutation(rest):
            others = (side == TRAIN) & (np.arange(groups) != group)
            if watching and has[others].any(axis=0).all():
                side[group] = VALIDATION
                watching -= 1
        lacking = np.flatnonzero(~has[side == TRAIN].any(axis=0))
        if len(lacking) or not (side == VALIDATION).any():
            label = dataset.labels[int(lacking[0])] if len(lacking) else dataset.labels[0]
            raise DataError(
                "--cv", f'fold {fold + 1} leaves nobody with "{label}" to train on', "record it with more people"
            )
        width = max(2, len(str(count)))
        yield Fold(f"{fold + 1:0{width}d}", tuple(map(str, names[tested])), side[index])


def _deal(windows: npt.NDArray[np.int64], count: int, seed: int) -> npt.NDArray[np.int64]:
    """Fold of each group: big groups first, each to the fold with the fewest groups, then windows."""
    fold_of = np.full(len(windows), -1, np.int64)
    ties = np.random.default_rng(seed).permutation(len(windows))
    for group in sorted(range(len(windows)), key=lambda one: (-windows[one], ties[one])):
        load = [((fold_of == f).sum(), windows[fold_of == f].sum(), f) for f in range(count)]
        fold_of[group] = min(load)[2]
    if count == len(windows):  # one a group: in the order of their names
        return np.arange(count)
    return fold_of
