"""What a network was trained on, what a board fed it, and what may have happened between: for :mod:`.senses`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.core.types import Float32Array, IntArray
from tinyforge.evaluate.ladder import Finding
from tinyforge.evaluate.moments import Change

Classify = Callable[[Float32Array], IntArray]
Undo = Callable[[Float32Array], Float32Array]
Flags = npt.NDArray[np.bool_]

ACCELERATION, ANGULAR_RATE = ("ax", "ay", "az"), ("gx", "gy", "gz")
RANGES = (2.0, 4.0, 8.0, 16.0, 0.5, 0.25, 0.125, 0.0625)
_STANDARD_GRAVITY = 9.80665
#: By the model's unit: factor of another one, what is said of it; after the colon, what to do.
ACCELERATION_UNITS = {
    "g": (
        (_STANDARD_GRAVITY, "m/s^2 where the model takes g: divide accelerations by 9.80665"),
        (1000.0, "milli-g where the model takes g: divide accelerations by 1000"),
        (1e-3, "a thousandth of the model's unit: multiply accelerations by 1000"),
    ),
    "m/s^2": (
        (1 / _STANDARD_GRAVITY, "g where the model takes m/s^2: multiply accelerations by 9.80665"),
        (1000 / _STANDARD_GRAVITY, "milli-g where the model takes m/s^2: multiply accelerations by 0.00980665"),
        (1e-3, "a thousandth of the model's unit: multiply accelerations by 1000"),
    ),
}
TRAINED = 0.02  # of the training's windows of the same classes that are so, too: then it is no fault


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
        people: text [window], the group (person, session, recording) that the split kept together; None for unknown.
        takes: text [window], the recording each was cut from; None for unknown.
    """

    windows: Float32Array
    targets: IntArray
    labels: tuple[str, ...]
    channels: tuple[str, ...]
    units: tuple[str, ...]
    rate_hz: float
    classify: Classify
    accuracy: float
    people: npt.NDArray[np.str_] | None = None
    takes: npt.NDArray[np.str_] | None = None


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
        change: the same, where undoing only picks and multiplies channels.
        name: the cause in a few words.
    """

    code: str
    said: str
    way_out: str
    undo: Undo
    change: Change | None = None
    name: str = ""


def changed_back(code: str, said: str, way_out: str, change: Change, name: str = "") -> Cause:
    """A cause that such a change of the channels undoes."""
    return Cause(code, said, way_out, change.of, change, name or said.partition(", as if")[0])


def finding(felt: Felt, code: str, fact: str, way_out: str, **evidence: float | str) -> Finding:
    """An error, named after the windows' rung."""
    return Finding(code, felt.rung, "error", fact, way_out, evidence)


def percent(share: float) -> str:
    """With one digit."""
    return f"{100 * share:.1f} %"


def columns_of(names: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Where these channels are; none unless all are there."""
    return [list(names).index(name) for name in wanted] if all(name in names for name in wanted) else []


def range_text(what: str, factor: float) -> str:
    """What is said where counts are converted with another range than is set; after the colon, what to do."""
    way = f"divide by {factor:g}" if factor > 1 else f"multiply by {1 / factor:g}"
    return (
        f"{what} {factor:g} times what they are, as if another range were set than counts are converted with: "
        f"convert with the range that is set ({way})"
    )
