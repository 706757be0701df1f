"""The same moments in several recordings: pieces of one that overlap, kept as if they were takes of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from tinyforge.core.types import SPLIT_NAMES
from tinyforge.dataset.quality.finding import ERROR, Finding, finding
from tinyforge.dataset.quality.takes import Take

_RUN = 16  # samples in a row that are equal to the last bit
_CHANGES = 12  # of their steps: a sensor at rest may repeat itself
_LEAST_SPREAD = 0.02  # of one channel, in its unit
_SEED = 20


def judge_overlaps(takes: Sequence[Take], sides: Mapping[str, int] | None) -> list[Finding]:
    """Recordings that share moments and stand on different sides of the split."""
    if sides is None:
        return []
    by_channels: dict[tuple[str, ...], list[Take]] = defaultdict(list)
    for take in takes:
        if take.recording in sides and len(take.samples) >= _RUN:
            by_channels[take.names].append(take)
    pairs: dict[tuple[str, str], None] = {}
    for those in by_channels.values():
        pairs |= dict.fromkeys(_sharing(those))
    across = [(a, b) for a, b in pairs if sides[a] != sides[b]]
    if not across:
        return []
    a, b = across[0]
    fact = (
        f"{len(across)} pairs of recordings share moments and stand on different sides of the split: {a} in "
        f"{SPLIT_NAMES[sides[a]]} and {b} in {SPLIT_NAMES[sides[b]]}, for instance"
    )
    way_out = "import the long recording and let windows be cut from it, or split by subject"
    return [finding("leaking-split", ERROR, [name for pair in across for name in pair], fact, way_out)]


def _sharing(takes: Sequence[Take]) -> list[tuple[str, str]]:
    """Pairs of recordings that have a moving run of samples in common."""
    rng = np.random.default_rng(_SEED)
    columns = rng.integers(1, 1 << 63, len(takes[0].names), dtype=np.uint64) | np.uint64(1)
    places = rng.integers(1, 1 << 63, _RUN, dtype=np.uint64) | np.uint64(1)
    hashes, owners = [], []
    for number, take in enumerate(takes):
        runs = len(take.samples) - _RUN + 1
        bits = np.ascontiguousarray(take.samples).view(np.uint32).astype(np.uint64)
        rows = (bits * columns).sum(axis=1, dtype=np.uint64)
        rows ^= rows >> np.uint64(29)
        of_run = np.zeros(runs, np.uint64)
        for k in range(_RUN):
            of_run += rows[k : k + runs] * places[k]
        changed = np.concatenate([[0], np.cumsum((np.diff(take.samples, axis=0) != 0).any(axis=1))])
        views = np.lib.stride_tricks.sliding_window_view(take.samples, _RUN, axis=0)
        moving = (changed[_RUN - 1 :] - changed[:runs] >= _CHANGES) & (views.std(axis=2).max(axis=1) > _LEAST_SPREAD)
        hashes.append(of_run[moving])
        owners.append(np.full(np.count_nonzero(moving), number))
    every, owner = np.concatenate(hashes), np.concatenate(owners)
    order = np.argsort(every, kind="stable")
    every, owner = every[order], owner[order]
    same = np.flatnonzero((every[1:] == every[:-1]) & (owner[1:] != owner[:-1]))
    names = [take.recording for take in takes]
    found = {(names[owner[k]], names[owner[k + 1]]) for k in same}
    return sorted((a, b) for a, b in found if a != b)
