"""What is wrong with a board's windows and seen without the network: dead channels, rates, ends of a range, gravity."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tinyforge.core.types import Float32Array, Float64Array
from tinyforge.evaluate.felt import (
    ACCELERATION,
    ACCELERATION_UNITS,
    RANGES,
    TRAINED,
    Felt,
    Flags,
    Known,
    columns_of,
    finding,
    percent,
    range_text,
)
from tinyforge.evaluate.ladder import Finding

STUCK_SHARE, STUCK_EXCESS = 0.8, 0.2  # one_class, as on the ladder
RATE_TOLERANCE = 0.03  # sensors are a percent or two off
_RATE_BORNE = 0.1  # training varies the tempo by as much: no error while the answers are right
GRAVITY_TOLERANCE = 0.15
_LARGEST = 1e30  # of a sample: ten thousand times as much still fits a float
_STILL = 1e-6  # of the training's spread
_CLIPPED_SHARE = 0.01  # of the samples at one end for three in a row
_CLIPPED_P = 0.1  # for windows that none goes beyond an end, were they the training's: of all ends together
_TINY = 1e-12
_NEAR_END = 0.02  # of all that came: ranges of two parts of a kind differ a little
_CUT_WINDOWS, _CUT_WINDOWS_SHARE = 3, 0.1  # at least, in which a movement is cut
_CONVERTED = 16  # values of a channel, at least, of a sensor that measures
_GRAVITY_HOLDS = 0.5  # of the median level are 95 % of the windows above, where the training feels gravity
_BETWEEN_G_AND_M_S2 = 3.0  # a training's level: its own unit may be stated wrong
_NO_GRAVITY, _FAR_APART = 0.35, 3.0  # of training's level; how much more of movement's spread is left


def not_finite(known: Known, felt: Felt) -> Iterator[Finding]:
    """NaN or infinity among the samples, or numbers that no sensor gives."""
    broken = ~(np.abs(felt.windows) < _LARGEST)
    if broken.any():
        names = [known.channels[c] for c in np.flatnonzero(broken.any(axis=(0, 1)))]
        count = int(broken.any(axis=(1, 2)).sum())
        finite = np.isfinite(felt.windows).all()
        what = f"numbers beyond {_LARGEST:g}" if finite else "NaN or infinity"
        fact = f"{what} in {', '.join(names)}, in {count} of {len(broken)} windows"
        way_out = "look where the sensor is read: its registers, and a division by zero"
        if finite:
            way_out = "look where the sensor is read: bytes that are no floats, or a window that was never filled"
        yield finding(felt, "not_finite", fact, way_out)


def one_class(known: Known, felt: Felt) -> Iterator[Finding]:
    """One answer for most of the windows, where the truth has others; its way out is left to who knows the cause."""
    counts = np.bincount(felt.answers, minlength=len(known.labels))
    label, share = int(counts.argmax()), float(counts.max() / len(felt.answers))
    judged = felt.truths >= 0
    truth = float(np.mean(felt.truths[judged] == label)) if judged.any() else 1.0
    if share >= STUCK_SHARE and share - truth >= STUCK_EXCESS:
        fact = f'answers "{known.labels[label]}" for {percent(share)} of the windows, where {percent(truth)} are'
        yield finding(felt, "one_class", fact, "", label=known.labels[label], share=share, truth=truth)


def other_rate(known: Known, felt: Felt, *, worse: bool) -> Iterator[Finding]:
    """Samples at another rate than the model's; only a warning where it is little and the answers are not ``worse``."""
    for rate_hz, who in ((felt.measured_hz, "by its clock"), (felt.stated_hz, "as the board says")):
        off = abs(rate_hz / known.rate_hz - 1)
        if rate_hz > 0 and off > RATE_TOLERANCE:
            fact = f"{rate_hz:.1f} samples a second come {who}, where the model takes {known.rate_hz:g}"
            way_out = (
                "set the sensor to the model's rate and read every sample; or train with window.rate_hz at this one"
            )
            found = finding(felt, "other_rate", fact, way_out, rate_hz=rate_hz)
            yield found if worse or off > _RATE_BORNE else replace(found, severity="warning")
            return


def still_channels(known: Known, felt: Felt) -> list[Finding]:
    """Channels that hold one value, where those of the training move."""
    moves = known.windows.std(axis=(0, 1))
    held = np.ptp(felt.windows, axis=(0, 1))
    held_in_training = np.ptp(known.windows, axis=1) <= _STILL * moves
    classes = np.intersect1d(felt.truths, known.targets)
    shares = [held_in_training[known.targets == k].mean(axis=0) for k in classes] or [np.zeros(len(moves))]
    usual = np.min(shares, axis=0) > TRAINED  # a hand at rest, in int8 or another coarse unit
    still = (held <= _STILL * moves) & (moves > 0) & ~usual
    names = [name for name, one in zip(known.channels, still, strict=True) if one]
    if not names:
        return []
    at = felt.windows[0, 0, [known.channels.index(name) for name in names]]
    fact = (
        f"{', '.join(names)}: one value throughout ({', '.join(f'{value + 0.0:.3g}' for value in at)}), not even noise"
    )
    way_out = "the sensor is not read there: its start, its bus and address, data-ready, and the copy into the window"
    return [finding(felt, "still_channels", fact, way_out, channels=", ".join(names))]


def clipped(known: Known, felt: Felt) -> list[Finding]:
    """The first channel that stays at an end of its range, where the training's go on."""
    alone = len(known.channels) == 1
    moving = (np.diff(felt.windows, axis=1) != 0).any(axis=2) | alone
    for channel, name in enumerate(known.channels):
        values = felt.windows[:, :, channel]
        near = _NEAR_END * float(np.ptp(values))
        for end, sign in ((float(values.max()), 1.0), (float(values.min()), -1.0)):
            share = _cut_share(values, end, near, moving)
            beyond: Flags = np.any(sign * (known.windows[:, :, channel] - end) > near, axis=1)
            chance = 2 * len(known.channels) * _chance_within(known, felt, beyond)
            if share > _CLIPPED_SHARE and chance < _CLIPPED_P and len(np.unique(values)) > _CONVERTED:
                fact = f"{name} stays at {end:g}, the end of its range, in {percent(share)} of the samples; "
                fact += f"{percent(float(beyond.mean()))} of the training's windows go beyond"
                way_out = "the sensor is set to a smaller range than in the recordings: set the same"
                return [finding(felt, "clipped", fact, way_out, channel=name, end=end)]
    return []


def _chance_within(known: Known, felt: Felt, beyond: Flags) -> float:
    """How likely none of the windows would go beyond, were they the training's of the same classes."""
    log_chance = 0.0
    for truth, count in zip(*np.unique(felt.truths, return_counts=True), strict=True):
        same = known.targets == truth
        share = float(beyond[same].mean()) if same.any() else float(beyond.mean())
        log_chance += int(count) / felt.overlap * math.log1p(-min(share, 1 - _TINY))
    return math.exp(log_chance)


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


def gravity(known: Known, felt: Felt) -> tuple[list[Finding], Felt]:
    """What the median of |a| says of unit and range, and the windows with that undone."""
    columns = columns_of(known.channels, ACCELERATION)
    if not columns:
        return [], felt
    trained, usual_spread = _levels(known.windows[:, :, columns])
    there, spread = _levels(felt.windows[:, :, columns])
    same = np.isin(known.targets, felt.truths[felt.truths >= 0])
    trained = trained[same] if same.any() else trained
    usual, here = float(np.median(trained)), float(np.median(there))
    as_far = trained >= here if here > usual else trained <= here
    feels_gravity = float(np.percentile(trained, 5)) > _GRAVITY_HOLDS * usual > 0
    if not feels_gravity or here <= 0 or float(as_far.mean()) > TRAINED:
        return [], felt
    ratio, unit = here / usual, known.units[columns[0]]
    measured = f"acceleration is {here:.3g} {unit} on average of a window, where it is {usual:.3g} in training: "
    if ratio < _NO_GRAVITY and spread / usual_spread > _FAR_APART * ratio:
        fact = measured + "gravity is missing, though movement is there"
        way_out = "give the accelerometer's own values, not a phone's linear acceleration or what a high pass left"
        return [finding(felt, "no_gravity", fact, way_out, ratio=ratio)], felt
    known_units = ACCELERATION_UNITS["g" if usual < _BETWEEN_G_AND_M_S2 else "m/s^2"]
    factors = [(factor, "wrong_unit", text) for factor, text in known_units]
    factors += [(factor, "other_range", range_text("accelerations", factor)) for factor in RANGES]
    fitting = [one for one in factors if abs(math.log(ratio / one[0])) <= GRAVITY_TOLERANCE]
    if not fitting:
        return [], felt
    # a unit is mistaken more often than a range
    units = [one for one in fitting if one[1] == "wrong_unit"]
    factor, code, text = min(units or fitting, key=lambda one: abs(math.log(ratio / one[0])))
    said, _, way_out = text.partition(": ")
    undone = felt.windows.copy()
    undone[:, :, columns] /= np.float32(factor)
    return [finding(felt, code, measured + said, way_out, factor=factor)], replace(felt, windows=undone)


def _levels(windows: Float32Array) -> tuple[Float64Array, float]:
    """Length of the mean acceleration of each window, which is gravity's; and median spread around it."""
    wide = windows.astype(np.float64)
    length: Float64Array = np.linalg.norm(wide.mean(axis=1), axis=1)
    return length, float(np.median(np.linalg.norm(wide.std(axis=1), axis=1))) + 1e-9
