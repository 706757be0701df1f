"""Why a board that computes right answers wrong: what its sensor, or a sketch, gave the network.

The windows a network was fed on the board are held against those it was trained on. What needs no network is said at
once: nothing is measured, gravity is in another unit, the ends of the range are reached. Then causes are tried: the
windows as they would be without one go through the same network, and the one that puts most of them right is named,
when that is no chance and the windows lie no farther from the training's. What is left is tried again.

Codes of findings:
    one_class          one answer whatever happens
    not_finite         NaN or infinity among the samples, or numbers that no sensor gives
    still_channels     channels that hold one value throughout, where those of the training move
    other_rate         samples come at another rate than the model's
    clipped            samples at the end of a range, where the training's go on
    no_gravity         movement without gravity, where the training's has it
    wrong_unit, other_range, swapped_axes, sensors_exchanged, wrong_pace    what the sensor gives
    label_order        answers that are the truth under other names
    preprocessing      what a sketch handed over instead of standardised and quantized samples
    unlike_training    none of these, and the windows lie farther from their class than those of the test
    unexplained        none of these, and they do not
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinyforge.core.types import Float32Array, Float64Array, IntArray
from tinyforge.evaluate import plain_faults, rings
from tinyforge.evaluate.experiments import experiment
from tinyforge.evaluate.felt import Cause, Felt, Flags, Known, finding, percent
from tinyforge.evaluate.intervals import mcnemar, wilson
from tinyforge.evaluate.ladder import Finding
from tinyforge.evaluate.likeness import Chance, Likeness, likeness_of
from tinyforge.evaluate.sensor_causes import sensor_causes

CAUSE_P = 0.01  # for all that is tried together
CAUSE_GAIN = 0.1  # share of the windows that a cause puts right, at least
_FEWEST = 5  # windows that do not overlap, for the windows to show anything by themselves
_MOST_WINDOWS = 160  # that are tried under each cause
_MOST_CAUSES = 3
_SEVERAL = ("wrong_unit", "other_range")  # each sensor may have its own
_MUCH_NEARER = 0.67  # of the distance to the training's windows, is what is left
_MUCH_NEARER_SHARE = 0.8  # of the windows that are nearer
_LIKELY_P = 0.05  # for a cause that brings the windows so much nearer, too
_AS_GOOD, _AS_NEAR = 0.02, 0.25  # share of right windows, share of the distance: the simpler of two causes is named
_NO_FARTHER = 1.002  # of the distance, for what leaves level, spread and speed as they are
_PACES = (0.25, 0.33, 0.5, 0.67, 0.8, 1.25, 1.5, 2.0, 3.0, 4.0)
_NOTHING = ("unlike_training", "unexplained")
_AS_LIKELY = 0.05  # of log-likelihood a number: the windows cannot tell such causes apart
_COMMONER = 0.8  # a unit is mistaken more often than a range: it may lie so much farther off
_REGAINED = 0.5  # of the right windows that are lost, at least, by undoing one cause
_MOST_FACTORIAL = 100  # 170! is the largest that a float holds
_LEAST_WIDTH, _FARTHEST = 0.1, 5.0


def examine(
    known: Known, felt: Felt, more: Sequence[Cause] = (), beside: Sequence[Finding] = ()
) -> tuple[Finding, ...]:
    """Findings, those that explain most first.

    Args:
        known: training windows and network.
        felt: windows and answers of the board.
        more: causes to try before those that sensors have; one of them that explains the answers ends the search.
        beside: what is known otherwise; said unless a channel is still or one of ``more`` explains the answers.
    """
    broken = list(plain_faults.not_finite(known, felt))
    if broken:
        return tuple(broken)
    stuck = list(plain_faults.one_class(known, felt))
    found = [*plain_faults.still_channels(known, felt)]
    whole = not found
    judged = felt.truths >= 0
    right = int((felt.answers == felt.truths)[judged].sum())
    worse = bool(judged.any()) and wilson(right, int(judged.sum())).high < known.accuracy
    found += [*plain_faults.other_rate(known, felt, worse=worse)]
    said = _handed_over(known, felt, more, worse=worse) if more and judged.any() else []
    if said:
        found = said
    elif whole:
        found += beside
    asked = whole and not said and felt.whole_range
    if asked:
        by_windows, felt = _by_windows(known, felt, more, worse=worse)
        found += by_windows
    if not said:
        found += plain_faults.clipped(known, felt)
    if asked and judged.any():
        found += _by_answers(known, felt, worse=worse, named=bool(found))
    if worse and not found and felt.whole_range:
        found += _no_cause(known, felt, judged)
    if worse and any(one.code in _NOTHING for one in found):
        found = _with_experiment(known, felt, judged, found)
    why = "the next line says why" if found else "look at the windows that are kept; with a truth, more can be said"
    named = any(one.severity == "error" for one in found)
    return (*(replace(one, way_out=why, severity="error" if named else "warning") for one in stuck), *found)


def _handed_over(known: Known, felt: Felt, more: Sequence[Cause], *, worse: bool) -> list[Finding]:
    """Which of ``more`` it was: what, undone, puts answers right, or else brings windows among the training's."""
    at = _tried_windows(felt)
    windows, truths, family = felt.windows[at], felt.truths[at], _Family(known)
    if worse and len(np.unique(truths)) > 1:
        said = _tried(known, felt, windows, truths, family, more)
        if said is not None and said[0] is not None:
            return [said[1]]
    return _borne(felt, windows, truths, family, more)


def _tried_windows(felt: Felt) -> IntArray:
    """Some of the windows with a truth, evenly."""
    at = np.flatnonzero(felt.truths >= 0)
    chosen: IntArray = at[np.linspace(0, len(at) - 1, min(len(at), _MOST_WINDOWS)).astype(int)]
    return chosen


def _by_windows(known: Known, felt: Felt, more: Sequence[Cause], *, worse: bool) -> tuple[list[Finding], Felt]:
    """What the windows show by themselves, without the network; and the windows with that undone.

    Args:
        known, felt, more: as of :func:`examine`.
        worse: whether the answers are worse than on the test windows.
    """
    found = rings.repeated(known, felt)
    by_ring, felt = rings.unrolled(felt)
    found += by_ring
    at = _tried_windows(felt)
    likeness = likeness_of(known) if len(at) else None
    at = at if likeness is None else at[likeness.knows(felt.truths[at])]
    enough = likeness is not None and len(at) >= _FEWEST * felt.overlap
    chance = likeness.chance(felt.truths[at], felt.overlap) if likeness is not None and enough else None
    by_gravity, weighed = plain_faults.gravity(known, felt)
    if likeness is None or chance is None or any(one.code == "no_gravity" for one in by_gravity):
        return [*found, *by_gravity], weighed
    if not by_ring:
        by_ring, felt = rings.seams(likeness, known, felt, at, chance)
        found += by_ring
    unlike, undone = _unlike(known, likeness, chance, felt, at, more)
    if len(np.unique(felt.truths[at])) > 1 and not worse:
        unlike = [replace(one, severity="warning") for one in unlike]
    if not unlike:
        by_gravity, weighed = plain_faults.gravity(known, felt)
        truths = felt.truths[at]
        if by_gravity and likeness.fit(weighed.windows[at], truths) <= likeness.fit(felt.windows[at], truths):
            return found, felt
        return [*found, *by_gravity], weighed
    if not by_ring:
        by_ring, undone = rings.seams(likeness, known, undone, at, chance)
    return [*found, *unlike, *by_ring], undone


def _unlike(
    known: Known, likeness: Likeness, chance: Chance, felt: Felt, at: IntArray, more: Sequence[Cause]
) -> tuple[list[Finding], Felt]:
    """Causes that make the windows unlike the training's: each gains more than clean sessions ever do."""
    windows, truths = felt.windows[at], felt.truths[at]
    came = fit = likeness.fit(windows, truths)
    chain: list[Cause] = []
    causes = (*likeness.causes, *more)
    left = set(range(len(causes)))
    while left and len(chain) < _MOST_CAUSES:
        fits = [*likeness.fits(windows, truths), *(likeness.fit(one.undo(windows), truths) for one in more)]
        best = max(left, key=lambda k: fits[k])
        if fits[best] - fit <= chance.limit:
            break
        cause = causes[best]
        windows, fit = cause.undo(windows), float(fits[best])
        rivals = [causes[k].name or causes[k].said for k in left - {best} if fits[k] > fit - _AS_LIKELY]
        chain.append(cause if not rivals else replace(cause, said=f"{cause.said} (or with {'; '.join(rivals[:2])})"))
        left = {k for k in left if causes[k].code != cause.code or cause.code in _SEVERAL}
    if not chain or not chance.explains(came, fit):
        return [], felt
    found, undone = [], felt.windows
    for cause in chain:
        before, undone = undone, cause.undo(undone)
        found.append(_unlike_finding(known, likeness, felt, cause, before[at], undone[at], truths))
    return found, replace(felt, windows=undone)


def _unlike_finding(
    known: Known,
    likeness: Likeness,
    felt: Felt,
    cause: Cause,
    before: Float32Array,
    after: Float32Array,
    truths: IntArray,
) -> Finding:
    nearer = float(np.mean(likeness.each(after, truths) > likeness.each(before, truths)))
    came, undone = (float(np.mean(known.classify(windows) == truths)) for windows in (before, after))
    fact = (
        f"{cause.said}; with that undone {percent(nearer)} of the windows are more like the training's, and "
        f"{percent(undone)} are right, as they came {percent(came)}"
    )
    return finding(felt, cause.code, fact, cause.way_out, before=came, undone=undone, nearer=nearer)


def _by_answers(known: Known, felt: Felt, *, worse: bool, named: bool) -> list[Finding]:
    """One cause after the other, each tried on what the one before left.

    Args:
        known, felt: as of :func:`examine`, with what the windows show by themselves undone.
        worse: whether the answers are worse than on the test windows.
        named: whether that was something, which may be all.
    """
    at = _tried_windows(felt)
    windows, truths = felt.windows[at], felt.truths[at]
    if not worse:
        return []
    if len(np.unique(truths)) < 2:
        return [] if named else [_one_truth(known, felt, int(truths[0]))]
    causes = list(sensor_causes(known.channels, known.units))
    family = _Family(known)
    found: list[Finding] = []
    for _ in range(_MOST_CAUSES):
        said = _tried(known, felt, windows, truths, family, causes)
        if said is None:
            break
        cause, finding = said
        found.append(finding)
        if cause is None:
            return found
        windows = cause.undo(windows)
        causes = [one for one in causes if one.code != cause.code or cause.code in _SEVERAL]
    return found or _pace(known, felt, family)


def _borne(
    felt: Felt, windows: Float32Array, truths: IntArray, family: _Family, causes: Sequence[Cause]
) -> list[Finding]:
    """What is wrong though the answers do not show it: the windows say so by themselves."""
    far = float(family.distance(windows, truths).mean())
    distances = [(float(family.distance(one.undo(windows), truths).mean()), one) for one in causes]
    if not distances or far <= family.limit:
        return []
    nearest, cause = min(distances, key=lambda one: one[0] * (_COMMONER if one[1].code == "wrong_unit" else 1))
    if nearest > _MUCH_NEARER * far:
        return []
    fact = (
        f"{cause.said}: without that the windows lie {nearest:.1f} widths from the training's, as they came {far:.1f}"
    )
    evidence = {"before": far, "undone": nearest}
    return [Finding(cause.code, felt.rung, "warning", fact, cause.way_out, evidence)]


def _one_truth(known: Known, felt: Felt, truth: int) -> Finding:
    fact = (
        f'only "{known.labels[truth]}" was true: what would put that right cannot be told from what always answers so'
    )
    return Finding("unexplained", felt.rung, "warning", fact, "do two movements at least in a session", {})


class _Family:
    """How far windows lie from the training's of their class: in level, spread and speed of each channel."""

    def __init__(self, known: Known) -> None:
        numbers = self._numbers(known.windows)
        classes = len(known.labels)
        whole = numbers.mean(axis=0)
        rows = [numbers[known.targets == k] for k in range(classes)]
        self._middle = np.stack([row.mean(axis=0) if len(row) else whole for row in rows])
        widths = [row.std(axis=0) if len(row) > 1 else numbers.std(axis=0) for row in rows]
        self._width = np.maximum(np.stack(widths), _LEAST_WIDTH * np.maximum(numbers.std(axis=0), 1e-9))
        self.limit = float(np.percentile(self.distance(known.windows, known.targets), 95))

    @staticmethod
    def _numbers(windows: Float32Array) -> Float64Array:
        wide = windows.astype(np.float64)
        speed = np.abs(np.diff(wide, axis=1)).mean(axis=1) if wide.shape[1] > 1 else wide[:, 0] * 0
        return np.concatenate([wide.mean(axis=1), np.log(wide.std(axis=1) + 1e-6), np.log(speed + 1e-6)], axis=1)

    def distance(self, windows: Float32Array, classes: IntArray) -> Float64Array:
        """In widths of the class, [window]."""
        apart = np.abs(self._numbers(windows) - self._middle[classes]) / self._width[classes]
        mean: Float64Array = np.minimum(apart, _FARTHEST).mean(axis=1)
        return mean


def _tried(
    known: Known, felt: Felt, windows: Float32Array, truths: IntArray, family: _Family, causes: Sequence[Cause]
) -> tuple[Cause | None, Finding] | None:
    """The cause that explains most, or other names for the answers; None where nothing does."""
    answers = known.classify(windows)
    before = _Outcome(answers == truths, family.distance(windows, truths))
    best: tuple[Cause, _Outcome] | None = None
    for cause in causes:
        undone = cause.undo(windows)
        apart = family.distance(undone, truths)
        if apart.mean() > before.apart.mean() * _NO_FARTHER:
            continue
        after = _Outcome(known.classify(undone) == truths, apart)
        if best is None or best[1].beaten_by(after):
            best = (cause, after)
    renamed = _renamed(known, felt, answers, truths)
    if (
        best is not None
        and before.regained(best[1], known.accuracy)
        and before.explained_by(best[1], felt.overlap, len(causes))
    ):
        cause, after = best
        if renamed is None or float(after.right.mean()) >= renamed[0]:
            return cause, _cause_finding(felt, cause, before, after)
    return None if renamed is None else (None, renamed[1])


@dataclass(frozen=True, eq=False, slots=True)
class _Outcome:
    """What windows give.

    Attributes:
        right: bool [window], whether the network answers them so.
        apart: float64 [window], how far they lie from the training's of their class.
    """

    right: Flags
    apart: Float64Array

    def beaten_by(self, other: _Outcome) -> bool:
        """Whether another cause, not simpler than this one, explains more."""
        more = float(other.right.mean() - self.right.mean())
        return more > _AS_GOOD or (more >= -_AS_GOOD and other.apart.mean() < (1 - _AS_NEAR) * self.apart.mean())

    def regained(self, after: _Outcome, accuracy: float) -> bool:
        """Whether most of what is lost of ``accuracy`` comes back."""
        return bool(after.right.mean() - self.right.mean() >= _REGAINED * (accuracy - self.right.mean()))

    def explained_by(self, after: _Outcome, overlap: int, tried: int) -> bool:
        """Whether so many more right windows are no chance; ``overlap`` windows count as one."""
        gained = int((after.right & ~self.right).sum()) // overlap
        lost = -(-int((self.right & ~after.right).sum()) // overlap)
        if after.right.mean() - self.right.mean() < CAUSE_GAIN or gained <= lost:
            return False
        p_value = mcnemar(gained, lost)
        much_nearer = after.apart.mean() < _MUCH_NEARER * self.apart.mean()
        much_nearer = bool(much_nearer and (after.apart < self.apart).mean() >= _MUCH_NEARER_SHARE)
        return p_value * tried < CAUSE_P or (much_nearer and p_value < _LIKELY_P)


def _cause_finding(felt: Felt, cause: Cause, before: _Outcome, after: _Outcome) -> Finding:
    came, undone = float(before.right.mean()), float(after.right.mean())
    fact = (
        f"{cause.said}; with that undone the same windows are right in {percent(undone)}, "
        f"as they came in {percent(came)}"
    )
    return finding(felt, cause.code, fact, cause.way_out, before=came, undone=undone)


def _renamed(known: Known, felt: Felt, answers: IntArray, truths: IntArray) -> tuple[float, Finding] | None:
    """Whether each answer stands for one truth, but for another than its name says."""
    classes = len(known.labels)
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (answers, truths), 1)
    given = [k for k in range(classes) if counts[k].any()]
    stands = {k: int(counts[k].argmax()) for k in given}
    moved = {k: to for k, to in stands.items() if to != k}
    if len(set(stands.values())) != len(given) or len(given) < len(np.unique(truths)) or len(moved) < 2:
        return None
    right_now = np.array([stands[int(k)] for k in answers]) == truths
    level = np.ones(len(truths))
    if not _Outcome(answers == truths, level).explained_by(
        _Outcome(right_now, level), felt.overlap, math.factorial(min(classes, _MOST_FACTORIAL))
    ):
        return None
    said = ", ".join(f'"{known.labels[k]}" is answered for "{known.labels[to]}"' for k, to in moved.items())
    fact = f"labels are in another order: {said}, in {percent(float(right_now.mean()))} of the windows"
    way_out = f"the order of the outputs is {', '.join(known.labels)}: take the names from `<model>_labels`"
    return float(right_now.mean()), finding(felt, "label_order", fact, way_out, undone=float(right_now.mean()))


def _pace(known: Known, felt: Felt, family: _Family) -> list[Finding]:
    """Whether movements are faster or slower than they are said to be: by the person, where a clock says the rate."""
    timed = abs(felt.measured_hz / known.rate_hz - 1) <= plain_faults.RATE_TOLERANCE
    best: tuple[_Outcome, Finding] | None = None
    for factor in _PACES:
        windows, at = _recut(felt, factor)
        if not len(at):
            continue
        truths = felt.truths[at]
        came = felt.windows[at]
        before = _Outcome(known.classify(came) == truths, family.distance(came, truths))
        after = _Outcome(known.classify(windows) == truths, family.distance(windows, truths))
        if not before.regained(after, known.accuracy) or not before.explained_by(after, felt.overlap, len(_PACES)):
            continue
        if best is not None and not best[0].beaten_by(after):
            continue
        rate_hz = (felt.stated_hz or known.rate_hz) * factor
        cause = Cause(
            "wrong_pace",
            f"movements are {'slower' if factor > 1 else 'faster'} than in the recordings, as if some {rate_hz:.0f} "
            f"samples came a second, not {known.rate_hz:g}",
            "move as in the recordings, or record takes at this pace and train again: the rate is right by the clock"
            if timed
            else "set the sensor to the model's rate, and read each sample once: by its data-ready, not by a delay",
            lambda same: same,
        )
        named = _cause_finding(felt, cause, before, after)
        best = (after, replace(named, severity="warning") if timed else named)
    return [] if best is None else [best[1]]


def _recut(felt: Felt, factor: float) -> tuple[Float32Array, IntArray]:
    """Windows of ``factor`` times the length at the same starts, squeezed; and which they are.

    Only those with a truth that holds to their new end.
    """
    if felt.starts is None:
        return felt.windows[:0], np.zeros(0, np.int64)
    length = felt.windows.shape[1]
    first = int(felt.starts.min())
    series = np.full((int(felt.starts.max()) - first + length, felt.windows.shape[2]), np.nan, np.float32)
    truths = np.full(len(series), -1, np.int64)
    for start, window, truth in zip(felt.starts - first, felt.windows, felt.truths, strict=True):
        series[start : start + length] = window
        if truth >= 0:
            truths[start : start + length] = truth
    places = np.arange(length) * factor
    left = places.astype(np.int64)
    share = (places - left).astype(np.float32)[:, None]
    windows, at = [], []
    for k, start in enumerate(felt.starts - first):
        end = start + int(left[-1]) + 2
        if felt.truths[k] < 0 or end > len(series) or (truths[start:end] != felt.truths[k]).any():
            continue
        cut = series[start + left] * (1 - share) + series[start + left + 1] * share
        if np.isfinite(cut).all():
            windows.append(cut)
            at.append(k)
    if not at:
        return felt.windows[:0], np.zeros(0, np.int64)
    return np.stack(windows), np.array(at, np.int64)


def _with_experiment(known: Known, felt: Felt, judged: Flags, found: Sequence[Finding]) -> list[Finding]:
    """What would tell more, added to what is said where nothing explains the answers."""
    asked = experiment(known, likeness_of(known), felt.truths[judged], felt.overlap)
    if not asked:
        return list(found)
    return [replace(one, way_out=f"{one.way_out}; {asked}") if one.code in _NOTHING else one for one in found]


def _no_cause(known: Known, felt: Felt, judged: Flags) -> list[Finding]:
    count = int(judged.sum())
    if count < _FEWEST * felt.overlap:
        shared = f" of which {felt.overlap} share a sample" if felt.overlap > 1 else ""
        fact = f"{count} windows of a known label{shared} are too few to tell why answers are wrong"
        return [Finding("unexplained", felt.rung, "warning", fact, "do each movement for some 20 windows", {})]
    family = _Family(known)
    here = float(np.median(family.distance(felt.windows[judged], felt.truths[judged])))
    evidence = {"distance": here, "limit": family.limit}
    if here > family.limit:
        fact = (
            f"units, axes, ranges, rate and labels explain nothing; the windows lie {here:.1f} widths from the "
            f"training's of their class, of which 95 % lie below {family.limit:.1f}: other movements, or worn otherwise"
        )
        way_out = "record some takes with this board as it is worn (`tinyforge capture`), and train again"
        return [Finding("unlike_training", felt.rung, "warning", fact, way_out, evidence)]
    fact = "units, axes, ranges, rate and labels explain nothing, and the windows look like the training's"
    way_out = (
        "the network does not know this person, or the truth came late: `tinyforge train --cv loso` says how well it "
        "does for new people; --settle is for slow hands"
    )
    return [Finding("unexplained", felt.rung, "warning", fact, way_out, evidence)]
