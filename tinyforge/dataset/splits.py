"""Who is trained on and who is tested on: whole groups, never windows.

Windows of one recording overlap, and takes of one person resemble each other. A split by window puts copies of the
training windows into the test and the result means nothing; here a group (a subject, a session, a recording) stands on
one side, and `check_split` refuses anything else.

The groups are dealt out by iterative stratification (Sechidis, Tsoumakas and Vlahavas, "On the stratification of
multi-label data", ECML PKDD 2011): the class with the fewest windows left is dealt first, each group to the side that
lacks most of that class; ties by the seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import ConfigError, DataError, did_you_mean
from tinyforge.core.types import SPLIT_NAMES, TEST, TRAIN, VALIDATION, Int8Array, IntArray

SplitBy = Literal["subject", "session", "recording"]


@dataclass(frozen=True, slots=True)
class SplitSpec:
    """How a dataset is divided.

    Attributes:
        by: what stays together.
        test, validation: fraction of the windows on each side, [0, 1); their sum is below 1.
        seed: of the ties.
    """

    by: SplitBy = "subject"
    test: float = 0.25
    validation: float = 0.15
    seed: int = 1

    def __post_init__(self) -> None:
        if self.by not in get_args(SplitBy):
            raise ConfigError("split", f'by: "{self.by}": unknown', did_you_mean(self.by, get_args(SplitBy)))
        for name, value in (("test", self.test), ("validation", self.validation)):
            if not 0 <= value < 1:
                raise ConfigError("split", f"{name} is {value}", "it must be a fraction from 0 to below 1")
        if self.test + self.validation >= 1:
            raise ConfigError(
                "split", f"test {self.test} and validation {self.validation} leave nothing to train on", ""
            )
        if self.seed < 0:
            raise ConfigError("split", f"seed is {self.seed}", "it must be 0 or more")


def split_groups(counts: IntArray, spec: SplitSpec) -> Int8Array:
    """Deal groups out to the sides.

    Args:
        counts: windows of each class in each group, int64 [group, class].
        spec: fractions and seed.

    Returns:
        TRAIN, VALIDATION or TEST of each group, int8 [group]. Every side with a fraction above 0 has a group.

    Raises:
        DataError: fewer groups than sides.
    """
    groups, classes = counts.shape
    fractions = np.zeros(3)
    fractions[[TRAIN, VALIDATION, TEST]] = 1 - spec.test - spec.validation, spec.validation, spec.test
    sides = int(np.count_nonzero(fractions))
    if groups < sides:
        raise _too_few(groups, sides, spec)
    lacking = fractions[:, None] * counts.sum(axis=0)[None, :]  # [side, class]
    order = np.random.default_rng(spec.seed).permutation(groups)
    side_of = np.full(groups, -1, dtype=np.int8)
    while True:
        left = counts[side_of < 0].sum(axis=0)
        if not left.any():
            break
        rarest = min((c for c in range(classes) if left[c]), key=lambda c: left[c])
        waiting = [g for g in order if side_of[g] < 0 and counts[g, rarest]]
        group = max(waiting, key=lambda g: counts[g, rarest])  # big ones first; ties in the seed's order
        scores = [(lacking[s, rarest], lacking[s].sum(), -s) if fractions[s] else (-np.inf, 0.0, 0) for s in range(3)]
        side = max(range(3), key=lambda s: scores[s])
        side_of[group] = side
        lacking[side] -= counts[group]
    side_of[side_of < 0] = TRAIN
    _fill_empty_sides(side_of, counts, fractions)
    return side_of


def _fill_empty_sides(side_of: Int8Array, counts: IntArray, fractions: npt.NDArray[np.float64]) -> None:
    """Give every side that shall have windows at least one group, from the side that can best spare it."""
    for side in np.flatnonzero(fractions):
        if (side_of == side).any():
            continue
        present = {int(s): counts[side_of == s].sum(axis=0) for s in set(side_of.tolist())}
        best: tuple[tuple[bool, int, int], int] | None = None
        for group in range(len(side_of)):
            home = int(side_of[group])
            if np.count_nonzero(side_of == home) < 2:
                continue
            emptied = int(np.count_nonzero((present[home] - counts[group] == 0) & (counts[group] > 0)))
            key = (home == TRAIN and emptied > 0, emptied, int(counts[group].sum()))
            if best is None or key < best[0]:
                best = (key, group)
        if best is not None:
            side_of[best[1]] = side


def _too_few(groups: int, sides: int, spec: SplitSpec) -> DataError:
    noun = spec.by if groups == 1 else f"{spec.by}s"
    if spec.by == "recording":
        return DataError("split", f"{groups} {noun} cannot fill {sides} sides", "record more")
    return DataError(
        "split",
        f'split_by = "{spec.by}" needs at least {sides} {spec.by}s, the dataset has {groups} {noun}',
        'record more people, or set split_by = "recording" (then the test says nothing about new people)'
        if spec.by == "subject"
        else 'record more sessions, or set split_by = "recording"',
    )


def check_split(groups: Sequence[str] | npt.NDArray[np.str_], split: Int8Array, by: str = "group") -> None:
    """Make sure that no group stands on two sides.

    Args:
        groups: of each window [n].
        split: side of each window [n].
        by: what a group is, for the error.

    Raises:
        DataError: names a group that does.
    """
    names, index = np.unique(np.asarray(groups, dtype=np.str_), return_inverse=True)
    on = np.zeros((len(names), 3), dtype=bool)
    on[index, split] = True
    for k in np.flatnonzero(on.sum(axis=1) > 1):
        sides = " and ".join(SPLIT_NAMES[s] for s in np.flatnonzero(on[k]))
        raise DataError("split", f'{by} "{names[k]}" stands in {sides}', "split by group, never by window")
