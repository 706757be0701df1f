"""Why a board that computes right answers wrong: what its sensor, or a sketch, gave the network.

The windows a network was fed on the board are held against those it was trained on. What needs no network is said at
once: nothing is measured, gravity is in another unit, the ends of the range are reached. Then causes are tried: the
windows as they would be without one go through the same network, and the one that puts most of them right is named,
when that is no chance and the windows lie no farther from the training's. What is left is tried again.

Codes of findings:
    one_class          one answer whatever happens
    not_finite         NaN or infinity among the samples
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

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tinyforge.core.types import Float32Array, Float64Array, IntArray
from tinyforge.evaluate.intervals import mcnemar, wilson
from tinyforge.evaluate.ladder import Finding

Classify = Callable[[Float32Array], IntArray]
Undo = Callable[[Float32Array], Float32Array]
Flags = npt.NDArray[np.bool_]

STUCK_SHARE, STUCK_EXCESS = 0.8, 0.2  # one_class, as on the ladder
CAUSE_P = 0.01  # for all that is tried together
CAUSE_GAIN = 0.1  # share of the windows that a cause puts right, at least
RATE_TOLERANCE = 0.03  # sensors are a percent or two off
_RATE_BORNE = 0.1  # training varies the tempo by as much: no error while the answers are right
GRAVITY_TOLERANCE = 0.15
_MOST_WINDOWS = 160  # that are tried under each cause
_MOST_CAUSES = 3
_SEVERAL = ("wrong_unit", "other_range")  # each sensor may have its own
_MUCH_NEARER = 0.67  # of the distance to the training's windows, is what is left
_MUCH_NEARER_SHARE = 0.8  # of the windows that are nearer
_LIKELY_P = 0.05  # for a cause that brings the windows so much nearer, too
_AS_GOOD, _AS_NEAR = 0.02, 0.25  # share of right windows, share of the distance: the simpler of two causes is named
_NO_FARTHER = 1.002  # of the distance, for what leaves level, spread and speed as they are
_PACES = (0.25, 0.33, 0.5, 0.67, 0.8, 1.25, 1.5, 2.0, 3.0, 4.0)
_TRAINED = 0.02  # of the training's windows of the same classes that are so, too: then it is no fault
_STILL = 1e-6  # of the training's spread
_CLIPPED_SHARE, _CLIPPED_BEYOND = 0.01, 0.001  # of the samples at one end for three in a row; of training's beyond it
_NEAR_END = (
    0.02  # of all that came: a sensor that clips does so at its range, and the training's may be of another part
)
_CUT_WINDOWS, _CUT_WINDOWS_SHARE = 3, 0.1  # at least, in which a movement is cut
_CONVERTED = 16  # values of a channel, at least, of a sensor that measures
_COMMONER = 0.8  # a unit is mistaken more often than a range: it may lie so much farther off
_REGAINED = 0.5  # of the right windows that are lost, at least, by undoing one cause
_MOST_FACTORIAL = 100  # 170! is the largest that a float holds
_LEAST_WIDTH, _FARTHEST = 0.1, 5.0
_STANDARD_GRAVITY = 9.80665
_DEGREES = 180.0 / math.pi
_ACCELERATION, _ANGULAR_RATE = ("ax", "ay", "az"), ("gx", "gy", "gz")


@dataclass(frozen=True, eq=False, slots=True)
class Known:
    """What the network was trained on, and the network.

    Attributes:
        windows: float32 [window, time, channel], in the channels' units.
        targets: int64 [window], their classes.
        labels: names of the classes.
        channels: names of the channels.
        units: theirs, as the model takes them.
        rate_hz: samples a second.
        classify: answers, int64 [n], to float32 windows [n, time, channel].
        accuracy: share of the test windows that the network answers right.
    """

    windows: Float32Array
    targets: IntArray
    labels: tuple[str, ...]
    channels: tuple[str, ...]
    units: tuple[str, ...]
    rate_hz: float
    classify: Classify
    accuracy: float


@dataclass(frozen=True, eq=False, slots=True)
class Felt:
    """What the board fed it.

    Attributes:
        windows: float32 [window, time, channel], in the units that the channels are said to have.
        answers: int64 [window], of the board.
        truths: int64 [window], what was true; -1 where nobody said, or it changed inside the window.
        starts: int64 [window], sample at which each began; None where windows do not follow each other.
        overlap: windows that share a sample, at least 1: how many count as one.
        stated_hz, measured_hz: rate that the board says, and that its clock says; 0 for unknown.
        whole_range: whether samples are as the sensor gave them; not, where an int8 has cut them.
        rung: name of it in findings.
    """

    windows: Float32Array
    answers: IntArray
    truths: IntArray
    starts: IntArray | None = None
    overlap: int = 1
    stated_hz: float = 0.0
    measured_hz: float = 0.0
    whole_range: bool = True
    rung: str = "live"


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that may have happened to samples.

    Attributes:
        code: of the finding.
        said: what it is, as a sentence about the windows.
        way_out: what to do.
        undo: float32 windows [n, time, channel] as they would be without it.
    """

    code: str
    said: str
    way_out: str
    undo: Undo


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
    broken = list(_broken(known, felt))
    if broken:
        return tuple(broken)
    stuck = list(_stuck(known, felt))
    found = [*_still(known, felt)]
    whole = not found
    judged = felt.truths >= 0
    right = int((felt.answers == felt.truths)[judged].sum())
    worse = bool(judged.any()) and wilson(right, int(judged.sum())).high < known.accuracy
    found += [*_rates(known, felt, worse=worse), *_clipped(known, felt)]
    said = _handed_over(known, felt, more, worse=worse) if more and judged.any() else []
    if said:
        found = said
    elif whole:
        found += beside
    if whole and not said and felt.whole_range:
        by_gravity, felt = _gravity(known, felt)
        found += by_gravity
        if judged.any():
            found += _causes(known, felt, worse=worse)
    if worse and not found and felt.whole_range:
        found += _no_cause(known, felt, judged)
    why = "the next line says why" if found else "look at the windows that are kept; with a truth, more can be said"
    named = any(one.severity == "error" for one in found)
    return (*(replace(one, way_out=why, severity="error" if named else "warning") for one in stuck), *found)


def _finding(felt: Felt, code: str, fact: str, way_out: str, **evidence: float | str) -> Finding:
    return Finding(code, felt.rung, "error", fact, way_out, evidence)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


# ---- what needs no network ----


def _broken(known: Known, felt: Felt) -> Iterator[Finding]:
    broken = ~np.isfinite(felt.windows)
    if broken.any():
        names = [known.channels[c] for c in np.flatnonzero(broken.any(axis=(0, 1)))]
        count = int(broken.any(axis=(1, 2)).sum())
        fact = f"NaN or infinity in {', '.join(names)}, in {count} of {len(broken)} windows"
        yield _finding(felt, "not_finite", fact, "look where the sensor is read: its registers, and a division by zero")


def _stuck(known: Known, felt: Felt) -> Iterator[Finding]:
    counts = np.bincount(felt.answers, minlength=len(known.labels))
    label, share = int(counts.argmax()), float(counts.max() / len(felt.answers))
    judged = felt.truths >= 0
    truth = float(np.mean(felt.truths[judged] == label)) if judged.any() else 1.0
    if share >= STUCK_SHARE and share - truth >= STUCK_EXCESS:
        fact = f'answers "{known.labels[label]}" for {_percent(share)} of the windows, where {_percent(truth)} are'
        yield _finding(felt, "one_class", fact, "", label=known.labels[label], share=share, truth=truth)


def _rates(known: Known, felt: Felt, *, worse: bool) -> Iterator[Finding]:
    for rate_hz, who in ((felt.measured_hz, "by its clock"), (felt.stated_hz, "as the board says")):
        off = abs(rate_hz / known.rate_hz - 1)
        if rate_hz > 0 and off > RATE_TOLERANCE:
            fact = f"{rate_hz:.1f} samples a second come {who}, where the model takes {known.rate_hz:g}"
            way_out = (
                "set the sensor to the model's rate and read every sample; or train with window.rate_hz at this one"
            )
            found = _finding(felt, "other_rate", fact, way_out, rate_hz=rate_hz)
            yield found if worse or off > _RATE_BORNE else replace(found, severity="warning")
            return


def _still(known: Known, felt: Felt) -> list[Finding]:
    moves = known.windows.std(axis=(0, 1))
    held = np.ptp(felt.windows, axis=(0, 1))
    held_in_training = np.ptp(known.windows, axis=1) <= _STILL * moves
    classes = np.intersect1d(felt.truths, known.targets)
    shares = [held_in_training[known.targets == k].mean(axis=0) for k in classes] or [np.zeros(len(moves))]
    usual = np.min(shares, axis=0) > _TRAINED  # a hand at rest, in int8 or another coarse unit
    still = (held <= _STILL * moves) & (moves > 0) & ~usual
    names = [name for name, one in zip(known.channels, still, strict=True) if one]
    if not names:
        return []
    at = felt.windows[0, 0, [known.channels.index(name) for name in names]]
    fact = (
        f"{', '.join(names)}: one value throughout ({', '.join(f'{value + 0.0:.3g}' for value in at)}), not even noise"
    )
    way_out = "the sensor is not read there: its start, its bus and address, data-ready, and the copy into the window"
    return [_finding(felt, "still_channels", fact, way_out, channels=", ".join(names))]


def _clipped(known: Known, felt: Felt) -> list[Finding]:
    alone = len(known.channels) == 1
    moving = (np.diff(felt.windows, axis=1) != 0).any(axis=2) | alone
    for channel, name in enumerate(known.channels):
        values = felt.windows[:, :, channel]
        near = _NEAR_END * float(np.ptp(values))
        for end, sign in ((float(values.max()), 1.0), (float(values.min()), -1.0)):
            share = _cut_share(values, end, near, moving)
            beyond = float((sign * (known.windows[:, :, channel] - end) > near).mean())
            if share > _CLIPPED_SHARE and beyond > _CLIPPED_BEYOND and len(np.unique(values)) > _CONVERTED:
                fact = f"{name} stays at {end:g}, the end of its range, in {_percent(share)} of the samples; "
                fact += f"{_percent(beyond)} of the training's lie beyond"
                way_out = "the sensor is set to a smaller range than in the recordings: set the same"
                return [_finding(felt, "clipped", fact, way_out, channel=name, end=end)]
    return []


def _cut_share(values: Float32Array, end: float, near: float, moving: Flags) -> float:
    """Share of samples at ``end`` for three in a row while another channel moves, in windows that come there in a leap.

    A movement that is cut comes and goes by leaps of more than ``near``, in many windows. A hand that rests is at the
    end, too, where samples are coarse and the session has no pose beyond: it stays, or comes by a converter's step. All
    channels hold where samples were lost and the last one repeated.
    """
    at_end = values == end
    crossed = at_end[:, 1:] != at_end[:, :-1]
    leaps = crossed & (np.abs(np.diff(values, axis=1)) > near)
    runs = at_end[:, 2:] & at_end[:, 1:-1] & at_end[:, :-2] & moving[:, 1:]
    cut = leaps.any(axis=1) & runs.any(axis=1)
    if int(cut.sum()) < max(_CUT_WINDOWS, _CUT_WINDOWS_SHARE * len(cut)) or 2 * leaps.sum() < crossed.sum():
        return 0.0
    return float((runs & cut[:, None]).mean())


_IN_G = (
    (_STANDARD_GRAVITY, "m/s^2 where the model takes g: divide accelerations by 9.80665"),
    (1000.0, "milli-g where the model takes g: divide accelerations by 1000"),
    (1e-3, "a thousandth of the model's unit: multiply accelerations by 1000"),
)
_IN_M_S2 = (
    (1 / _STANDARD_GRAVITY, "g where the model takes m/s^2: multiply accelerations by 9.80665"),
    (1000 / _STANDARD_GRAVITY, "milli-g where the model takes m/s^2: multiply accelerations by 0.00980665"),
    (1e-3, "a thousandth of the model's unit: multiply accelerations by 1000"),
)
_GRAVITY_HOLDS = 0.5  # of the median level are 95 % of the windows above, where the training feels gravity
_BETWEEN_G_AND_M_S2 = 3.0  # a training's level: its own unit may be stated wrong
_NO_GRAVITY, _FAR_APART = 0.35, 3.0  # of training's level; how much more of movement's spread is left
_RANGES = (2.0, 4.0, 8.0, 16.0, 0.5, 0.25, 0.125, 0.0625)


def _columns(names: Sequence[str], wanted: Sequence[str]) -> list[int]:
    return [list(names).index(name) for name in wanted] if all(name in names for name in wanted) else []


def _gravity(known: Known, felt: Felt) -> tuple[list[Finding], Felt]:
    """What the median of |a| says of unit and range, and the windows with that undone."""
    columns = _columns(known.channels, _ACCELERATION)
    if not columns:
        return [], felt
    trained, usual_spread = _levels(known.windows[:, :, columns])
    there, spread = _levels(felt.windows[:, :, columns])
    same = np.isin(known.targets, felt.truths[felt.truths >= 0])
    trained = trained[same] if same.any() else trained
    usual, here = float(np.median(trained)), float(np.median(there))
    as_far = trained >= here if here > usual else trained <= here
    feels_gravity = float(np.percentile(trained, 5)) > _GRAVITY_HOLDS * usual > 0
    if not feels_gravity or here <= 0 or float(as_far.mean()) > _TRAINED:
        return [], felt
    ratio, unit = here / usual, known.units[columns[0]]
    measured = f"acceleration is {here:.3g} {unit} on average of a window, where it is {usual:.3g} in training: "
    if ratio < _NO_GRAVITY and spread / usual_spread > _FAR_APART * ratio:
        fact = measured + "gravity is missing, though movement is there"
        way_out = "give the accelerometer's own values, not a phone's linear acceleration or what a high pass left"
        return [_finding(felt, "no_gravity", fact, way_out, ratio=ratio)], felt
    known_units = _IN_G if usual < _BETWEEN_G_AND_M_S2 else _IN_M_S2
    factors = [(factor, "wrong_unit", text) for factor, text in known_units]
    factors += [(factor, "other_range", _range_text("accelerations", factor)) for factor in _RANGES]
    fitting = [one for one in factors if abs(math.log(ratio / one[0])) <= GRAVITY_TOLERANCE]
    if not fitting:
        return [], felt
    # a unit is mistaken more often than a range
    units = [one for one in fitting if one[1] == "wrong_unit"]
    factor, code, text = min(units or fitting, key=lambda one: abs(math.log(ratio / one[0])))
    said, _, way_out = text.partition(": ")
    undone = felt.windows.copy()
    undone[:, :, columns] /= np.float32(factor)
    return [_finding(felt, code, measured + said, way_out, factor=factor)], replace(felt, windows=undone)


def _levels(windows: Float32Array) -> tuple[Float64Array, float]:
    """Length of the mean acceleration of each window, which is gravity's; and median spread around it."""
    wide = windows.astype(np.float64)
    length: Float64Array = np.linalg.norm(wide.mean(axis=1), axis=1)
    return length, float(np.median(np.linalg.norm(wide.std(axis=1), axis=1))) + 1e-9


def _range_text(what: str, factor: float) -> str:
    way = f"divide by {factor:g}" if factor > 1 else f"multiply by {1 / factor:g}"
    return (
        f"{what} {factor:g} times what they are, as if another range were set than counts are converted with: "
        f"convert with the range that is set ({way})"
    )


# ---- causes that are tried ----


Turn = tuple[int, ...]
#: Which axis each is taken from, and its sign: every way to hold a board, and its mirror images, that which changes
#: least first; without the one that changes nothing.
_TURNS: Sequence[tuple[Turn, Turn]] = sorted(
    itertools.product(itertools.permutations(range(3)), itertools.product((1, -1), repeat=3)),
    key=lambda way: (sum(k != j for k, j in enumerate(way[0])) + way[1].count(-1), way),
)[1:]


def sensor_causes(channels: Sequence[str], units: Sequence[str]) -> Iterator[Cause]:
    """What happens between a sensor and a window of these channels."""
    acceleration, turning = _columns(channels, _ACCELERATION), _columns(channels, _ANGULAR_RATE)
    triples = [one for one in (acceleration, turning) if one]
    if len(triples) == 2:
        unit = units[turning[0]]
        to_unit = {"dps": 1 / _DEGREES, "rad/s": _DEGREES}.get(unit)
        if to_unit is not None:
            other = "rad/s" if unit == "dps" else "dps"
            yield _scaled(
                "wrong_unit",
                f"angular rates in {other} where the model takes {unit}",
                f"multiply angular rates by {1 / to_unit:.6g}",
                turning,
                to_unit,
            )
        for factor in (*_RANGES, 1000.0):
            said, _, way_out = _range_text("angular rates", factor).partition(": ")
            yield _scaled("other_range", said, way_out, turning, factor)
        order = np.arange(len(channels))
        order[acceleration], order[turning] = turning, acceleration
        yield Cause(
            "sensors_exchanged",
            "the gyroscope's values stand where the accelerometer's belong, and the other way round",
            f"write the channels in the order {', '.join(channels)}",
            _reordered(order, np.ones(len(channels))),
        )
    for turn, signs in _TURNS:
        if triples:
            yield _turned(channels, triples, turn, signs)
        for one in triples if len(triples) > 1 else []:
            yield _turned(channels, [one], turn, signs)


def _scaled(code: str, said: str, way_out: str, columns: list[int], factor: float) -> Cause:
    def undo(windows: Float32Array) -> Float32Array:
        undone = windows.copy()
        undone[:, :, columns] /= np.float32(factor)
        return undone

    return Cause(code, said, way_out, undo)


def _reordered(order: IntArray, signs: Float64Array) -> Undo:
    def undo(windows: Float32Array) -> Float32Array:
        undone: Float32Array = windows[:, :, order] * signs.astype(np.float32)
        return undone

    return undo


def _turned(channels: Sequence[str], triples: Sequence[list[int]], turn: Turn, signs: Turn) -> Cause:
    """Axes of these sensors held, or written down, in another way."""
    order, factors = np.arange(len(channels)), np.ones(len(channels))
    for triple in triples:
        order[triple] = [triple[k] for k in turn]
        factors[triple] = signs
    moved = [c for triple in triples for c in triple if order[c] != c or factors[c] < 0]
    said = ", ".join(f"{channels[c]} = {'-' if factors[c] < 0 else ''}{channels[order[c]]}" for c in moved)
    return Cause(
        "swapped_axes",
        f"axes are not those of the recordings: with {said} they are",
        "hold or mount the board as in the recordings, or turn the axes where the sensor is read (`axes` in the "
        "board's TOML; in a sketch of your own before the window)",
        _reordered(order, factors),
    )


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


def _causes(known: Known, felt: Felt, *, worse: bool) -> list[Finding]:
    """One cause after the other, each tried on what the one before left; then what the answers bear all the same."""
    at = _tried_windows(felt)
    windows, truths = felt.windows[at], felt.truths[at]
    causes = list(sensor_causes(known.channels, known.units))
    family = _Family(known)
    found: list[Finding] = []
    if worse and len(np.unique(truths)) < 2:
        found.append(_one_truth(known, felt, int(truths[0])))
    elif worse:
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
        if not found:
            found += _pace(known, felt, family)
    if not found or found[-1].code != "wrong_pace":
        found += _borne(felt, windows, truths, family, [one for one in causes if one.code in _SEVERAL])
    return found


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
        f"{cause.said}; with that undone the same windows are right in {_percent(undone)}, "
        f"as they came in {_percent(came)}"
    )
    return _finding(felt, cause.code, fact, cause.way_out, before=came, undone=undone)


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
    fact = f"labels are in another order: {said}, in {_percent(float(right_now.mean()))} of the windows"
    way_out = f"the order of the outputs is {', '.join(known.labels)}: take the names from `<model>_labels`"
    return float(right_now.mean()), _finding(felt, "label_order", fact, way_out, undone=float(right_now.mean()))


def _pace(known: Known, felt: Felt, family: _Family) -> list[Finding]:
    """Whether movements are faster or slower than they are said to be."""
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
            "set the sensor to the model's rate, and read each sample once: by its data-ready, not by a delay",
            lambda same: same,
        )
        best = (after, _cause_finding(felt, cause, before, after))
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


def _no_cause(known: Known, felt: Felt, judged: Flags) -> list[Finding]:
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
