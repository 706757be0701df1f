"""What moves the IMU of the virtual board: people whom a kinematic model of an arm imitates, and recordings.

``police`` are traffic signals, ``wand`` strokes of a hand, ``activities`` what a watch feels all day; ``arm`` is the
model that they share, ``people`` are who they are, ``playback`` is a recording.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from tinyforge.core.errors import UsageError, did_you_mean
from tinyforge.core.recording_csv import read_recording
from tinyforge.virtual.motion import activities, police, wand
from tinyforge.virtual.motion.arm import GRAVITY_M_S2, ArmMotion, MotionSource, Movement, Sample6, read_motion
from tinyforge.virtual.motion.people import Subject, police_subject
from tinyforge.virtual.motion.playback import Playback

__all__ = [
    "GRAVITY_M_S2",
    "LABELS",
    "MOVEMENTS",
    "ArmMotion",
    "MotionSource",
    "Playback",
    "Sample6",
    "Subject",
    "motion_kinds",
    "motion_labels",
    "motion_spec",
    "open_motion",
    "police_spec",
    "police_subject",
    "read_motion",
]

MOVEMENTS: Mapping[str, Mapping[str, Movement]] = {
    "police": police.SIGNALS,
    "wand": wand.SIGNALS,
    "activities": activities.SIGNALS,
}
LABELS = tuple(sorted(police.SIGNALS))
_FILE = "file"
_FORM = "a motion is police:label=stop,subject=7,take=3,seed=1 or file:/path/to/recording.csv"
_HANDS = ("right", "left")


def motion_kinds() -> tuple[str, ...]:
    """Names of the generators."""
    return tuple(MOVEMENTS)


def motion_labels(kind: str) -> tuple[str, ...]:
    """What a generator can imitate.

    Raises:
        UsageError: there is no such generator.
    """
    if kind not in MOVEMENTS:
        raise UsageError("motion", f"unknown kind {kind!r}", did_you_mean(kind, MOVEMENTS))
    return tuple(sorted(MOVEMENTS[kind]))


def motion_spec(kind: str, label: str, subject: int, take: int = 0, seed: int = 1, rate_hz: float = 100.0) -> str:
    """The spec that :func:`open_motion` reads back."""
    rate = "" if rate_hz == 100.0 else f",rate={rate_hz:g}"
    return f"{kind}:label={label},subject={subject},take={take},seed={seed}{rate}"


def police_spec(label: str, subject: int, take: int = 0, seed: int = 1, rate_hz: float = 100.0) -> str:
    """The same for a traffic signal."""
    return motion_spec("police", label, subject, take, seed, rate_hz)


def open_motion(spec: str) -> MotionSource:
    """The motion a text describes.

    ``KIND:label=L,subject=N,take=N,seed=N,rate=HZ,hand=H,noise=X``, KIND one of ``police``, ``wand``, ``activities``
        Person ``subject`` (0) makes the movement ``label`` (needed; see :func:`motion_labels`); ``take`` (0) and
        ``seed`` (1) choose which time it is; ``rate`` (100) samples a second; ``hand`` (right) or left; ``noise`` (1)
        factor on noise and bias.
    ``file:PATH``
        Playback of a recording file, over and over.

    Raises:
        UsageError: the text is neither, or names an unknown key, label or value.
        DataError: the file is no recording with six IMU channels.
    """
    kind, colon, rest = spec.partition(":")
    place = f"motion {spec!r}"
    kinds = (*MOVEMENTS, _FILE)
    if not colon or kind not in kinds:
        advice = did_you_mean(kind, kinds) if kind and colon else ""
        raise UsageError(place, f"unknown kind {kind!r}" if colon else "has no kind", f"{advice} {_FORM}".strip())
    if kind == _FILE:
        if not rest:
            raise UsageError(place, "names no file", _FORM)
        return Playback(read_recording(Path(rest)), rest)
    movements = MOVEMENTS[kind]
    given = _options(rest, place)
    label = given.get("label", "")
    if label not in movements:
        fact = f"unknown label {label!r}" if label else "has no label"
        raise UsageError(place, fact, did_you_mean(label, movements))
    hand = given.get("hand", "right")
    if hand not in _HANDS:
        raise UsageError(place, f"unknown hand {hand!r}", did_you_mean(hand, _HANDS))
    subject = _whole(given, "subject", 0, place)
    rate_hz = _real(given, "rate", 100.0, place)
    if not 1.0 <= rate_hz <= 10_000.0:
        raise UsageError(place, f"rate is {rate_hz:g}", "it must be between 1 and 10000 samples a second")
    noise = _real(given, "noise", 1.0, place)
    if not 0.0 <= noise <= 1000.0:
        raise UsageError(place, f"noise is {noise:g}", "it must be between 0 and 1000")
    who = police_subject(subject)
    if hand == "left":
        who = dataclasses.replace(who, left_handed=True)
    seed = (_whole(given, "seed", 1, place), subject, _whole(given, "take", 0, place))
    return ArmMotion(label, movements[label], who, seed, rate_hz, noise)


_OPTIONS = ("label", "subject", "take", "seed", "rate", "hand", "noise")


def _options(text: str, place: str) -> dict[str, str]:
    given: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        key = key.strip()
        if key not in _OPTIONS:
            raise UsageError(place, f"unknown key {key!r}", did_you_mean(key, _OPTIONS))
        if not equals or not value.strip():
            raise UsageError(place, f"{key} has no value", f"write {key}=...")
        if key in given:
            raise UsageError(place, f"{key} is given twice", "give it once")
        given[key] = value.strip()
    return given


def _whole(given: Mapping[str, str], key: str, default: int, place: str) -> int:
    text = given.get(key)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) < 1 << 32):
        raise UsageError(place, f"{key} is {text!r}", f"it must be a whole number from 0 to {(1 << 32) - 1}")
    return int(text)


def _real(given: Mapping[str, str], key: str, default: float, place: str) -> float:
    text = given.get(key)
    if text is None:
        return default
    try:
        return float(text)
    except ValueError as error:
        raise UsageError(place, f"{key} is {text!r}", "it must be a number") from error
