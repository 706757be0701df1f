"""Windows that a ring buffer gave wrong: the same one again, or one that begins in the middle.

New samples overwrite the oldest at one place of a ring. Whoever hands the ring over as it lies gives windows with a
seam: their two ends fit together, and somewhere inside they do not. Where windows overlap the seam is seen exactly:
samples stay where they were. Where they do not it is seen by how far steps reach, beside the training's windows.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinyforge.core.types import Float32Array, Float64Array, IntArray
from tinyforge.evaluate.felt import TRAINED, Felt, Flags, Known, finding, percent
from tinyforge.evaluate.ladder import Finding
from tinyforge.evaluate.likeness import Chance, Likeness

_REPEATED_SHARE, _FEWEST = 0.1, 3  # of the windows, and how many at least
_SEAMS_SHARE = 0.5  # of the pairs that overlap
_SEAMS_MORE = 0.3  # of the windows, more than of the training's of these classes
_KEPT_SHARE = 0.2  # of the samples, at least, stay where they were
_DIFFERENT = 4  # samples, at least, among those that stay: a hand at rest in coarse samples stays, too
_SHORTEST = 8  # samples in a window that may have a seam
_MOST_PAIRS, _SLIDE_SHARE = 40, 0.5  # that are looked at, and that go on as they should
_TINY = 1e-9


def repeated(known: Known, felt: Felt) -> list[Finding]:
    """Windows that are the one before, sample for sample."""
    windows = felt.windows
    if len(windows) < 2:
        return []
    moves = np.ptp(windows, axis=1).any(axis=1)  # what stands still is a dead channel
    same = (windows[1:] == windows[:-1]).all(axis=(1, 2)) & moves[1:]
    count, share = int(same.sum()), float(same.mean())
    usual = 1 - len(np.unique(known.windows.reshape(len(known.windows), -1), axis=0)) / len(known.windows)
    if count < _FEWEST or share < _REPEATED_SHARE or usual > TRAINED:
        return []
    fact = f"{count} of {len(windows)} windows are the one before, sample for sample"
    way_out = "an inference begins before new samples are in the window: wait for them, or copy the ring each time"
    return [finding(felt, "stale_window", fact, way_out, share=share)]


def unrolled(felt: Felt) -> tuple[list[Finding], Felt]:
    """Whether windows that overlap keep their samples where they were; and the windows as they should be."""
    windows = felt.windows
    length = windows.shape[1]
    if len(windows) < 2 or length < _SHORTEST:
        return [], felt
    kept = (windows[1:] == windows[:-1]).all(axis=2)
    ends = np.array([_end_of_new(one) for one in kept])
    for k in np.flatnonzero(ends >= 0):
        if len(np.unique(windows[k][kept[k]], axis=0)) < _DIFFERENT or _slid(windows[k], windows[k + 1]):
            ends[k] = -1
    found = ends >= 0
    moves = np.ptp(windows[1:], axis=1).any(axis=1)
    pairs = int(found.sum())
    if pairs < _FEWEST or pairs < _SEAMS_SHARE * int(moves.sum()):
        return [], felt
    places = ", ".join(str(int(one) % length) for one in ends[found][:3])
    fact = (
        f"windows lie in the ring as it was written: samples of {pairs} of {len(windows) - 1} windows stay where they "
        f"were in the one before, and the newest end in the middle (at {places})"
    )
    return [_as_it_lies(felt, fact, pairs / len(found))], _rolled(felt, np.concatenate([ends[:1], ends]))


def _end_of_new(kept: Flags) -> int:
    """Where the one cyclic stretch of new samples ends; -1 where there is none, or more than one."""
    length = len(kept)
    if kept.all() or kept.sum() < _KEPT_SHARE * length:
        return -1
    begins = np.flatnonzero(~kept & np.roll(kept, 1))
    if len(begins) != 1:
        return -1
    return int((begins[0] + (~kept).sum()) % length)


def _slid(before: Float32Array, after: Float32Array) -> bool:
    """Whether a window [time, channel] begins with the end of the one before: as it should."""
    most = len(before) - int(_KEPT_SHARE * len(before))
    return any((after[:-shift] == before[shift:]).all() for shift in range(1, most + 1))


def _slide(windows: Float32Array) -> bool:
    """Whether windows [window, time, channel] overlap and go on as they should: then a seam inside is the hand's."""
    moves = np.flatnonzero((windows[1:] != windows[:-1]).any(axis=(1, 2)) & np.ptp(windows[1:], axis=1).any(axis=1))
    tried = moves[np.linspace(0, len(moves) - 1, min(len(moves), _MOST_PAIRS)).astype(int)]
    slid = sum(_slid(windows[k], windows[k + 1]) for k in tried)
    return slid > 0 and slid >= _SLIDE_SHARE * len(tried)


def seams(likeness: Likeness, known: Known, felt: Felt, at: IntArray, chance: Chance) -> tuple[list[Finding], Felt]:
    """Whether windows have a seam inside, as clean ones do not, and look like the training's when it is undone.

    Args:
        likeness: of the training.
        known, felt: its windows; the board's.
        at: int64 [k], windows with a truth, that are tried.
        chance: what clean sessions of their classes show.

    Returns:
        What is found, and the windows as they should be.
    """
    if felt.windows.shape[1] < _SHORTEST or _slide(felt.windows):
        return [], felt
    truths = felt.truths[at]
    usual, _ = _seam(known.windows)
    here, _ = _seam(felt.windows[at])
    share = float((here > 0).mean())
    same = np.isin(known.targets, truths)
    limit = likeness.limit_of(usual, truths, felt.overlap)
    if limit is None or float(here.mean()) <= limit or share - float((usual[same] > 0).mean()) < _SEAMS_MORE:
        return [], felt
    every, places = _seam(felt.windows)
    undone = _rolled(felt, np.where(every > 0, places, 0))
    came, left = likeness.fit(felt.windows[at], truths), likeness.fit(undone.windows[at], truths)
    if not chance.explains(came, left):
        return [], felt
    fact = (
        f"{percent(share)} of the windows have a seam inside: their ends fit together better than their middle, "
        f"as in a ring that is handed over as it lies"
    )
    return [_as_it_lies(felt, fact, share)], undone


def _seam(windows: Float32Array) -> tuple[Float64Array, IntArray]:
    """How much farther the longest step inside reaches than that from the end to the beginning, and where it leads.

    Each channel is measured by its own steps in these windows, whatever its unit.
    """
    steps = np.diff(windows.astype(np.float64), axis=1)
    usual = np.abs(steps).mean(axis=(0, 1)) + _TINY
    inside = np.linalg.norm(steps / usual, axis=2)
    around = np.linalg.norm((windows[:, 0].astype(np.float64) - windows[:, -1]) / usual, axis=1)
    longest = inside.max(axis=1)
    ratio: Float64Array = np.log((longest + _TINY) / (around + _TINY))
    return np.clip(ratio, -5, 5), inside.argmax(axis=1) + 1


def _as_it_lies(felt: Felt, fact: str, share: float) -> Finding:
    way_out = "copy the ring into the window from its oldest sample on, first to the end, then from the beginning"
    return finding(felt, "rotated_window", fact, way_out, share=share)


def _rolled(felt: Felt, places: IntArray) -> Felt:
    """Each window from its place on, then what stood before it."""
    index = (np.maximum(places, 0)[:, None] + np.arange(felt.windows.shape[1])) % felt.windows.shape[1]
    return replace(felt, windows=np.take_along_axis(felt.windows, index[:, :, None], axis=1))
