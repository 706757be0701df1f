"""Five strokes of a hand that holds a board, as in the public Nano 33 sets, and rest.

punch       the forearm thrusts forwards and comes back, 1 to 1.8 times a second
flex        the forearm is curled up to the shoulder and let down, 0.7 to 1.1 times a second
circle      the hand draws a circle in front of the body, 0.9 to 1.4 times a second
horizontal  the arm sweeps from side to side, 0.8 to 1.3 times a second
vertical    the arm sweeps up and down, 0.8 to 1.3 times a second
rest        as among the police signals
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinyforge.virtual.motion.people import Subject
from tinyforge.virtual.motion.police import rest
from tinyforge.virtual.motion.rhythm import Angles, Beat, Float64Array, about


def _held(rng: np.random.Generator, who: Subject, elevation: float, elbow: float) -> dict[str, float]:
    """The arm before the stroke: forwards, elbow bent, as this person holds it."""
    return {
        "azimuth": about(rng, -15.0, 8.0),
        "elevation": about(rng, elevation, 7.0) + 0.7 * who.raise_deg,
        "roll": about(rng, -10.0, 9.0),
        "elbow": about(rng, elbow, 8.0),
        "pronation": about(rng, 10.0, 10.0),
    }


def _stroke(
    rng: np.random.Generator,
    who: Subject,
    held: dict[str, float],
    rate_hz: tuple[float, float],
    size_deg: dict[str, tuple[float, float]],
    sharpness: float = 0.0,
) -> Callable[[Float64Array], Angles]:
    """A repeated movement of some joints: ``size_deg`` holds amplitude and lag (radians of the beat) of each."""
    beat = Beat(rng, rng.uniform(*rate_hz) * who.tempo, who.sharpness + sharpness)
    sizes = {name: size * who.amplitude * rng.uniform(0.85, 1.15) for name, (size, _) in size_deg.items()}

    def angles(time_s: Float64Array) -> Angles:
        moved = {name: np.full_like(time_s, value) for name, value in held.items()}
        for name, (_, lag) in size_deg.items():
            moved[name] = moved[name] + sizes[name] * beat.swing(time_s, lag)
        return moved

    return angles


def _punch(rng: np.random.Generator, who: Subject) -> Callable[[Float64Array], Angles]:
    sizes = {"elbow": (-33.0, 0.0), "elevation": (16.0, 0.3), "pronation": (10.0, 0.2)}
    return _stroke(rng, who, _held(rng, who, -25.0, 75.0), (1.15, 1.5), sizes, sharpness=0.2)


def _flex(rng: np.random.Generator, who: Subject) -> Callable[[Float64Array], Angles]:
    sizes = {"elbow": (52.0, 0.0), "elevation": (4.0, 0.4), "pronation": (6.0, 0.2)}
    return _stroke(rng, who, _held(rng, who, -68.0, 70.0), (0.75, 1.0), sizes)


def _circle(rng: np.random.Generator, who: Subject) -> Callable[[Float64Array], Angles]:
    sizes = {"azimuth": (17.0, 0.0), "elevation": (17.0, float(np.pi / 2)), "elbow": (5.0, 0.7)}
    return _stroke(rng, who, _held(rng, who, -5.0, 35.0), (1.0, 1.3), sizes, sharpness=-0.2)


def _horizontal(rng: np.random.Generator, who: Subject) -> Callable[[Float64Array], Angles]:
    sizes = {"azimuth": (30.0, 0.0), "elbow": (9.0, 0.4), "pronation": (6.0, 0.3)}
    return _stroke(rng, who, _held(rng, who, -8.0, 35.0), (0.9, 1.2), sizes)


def _vertical(rng: np.random.Generator, who: Subject) -> Callable[[Float64Array], Angles]:
    sizes = {"elevation": (28.0, 0.0), "elbow": (10.0, 0.4), "pronation": (3.0, 0.3)}
    return _stroke(rng, who, _held(rng, who, -5.0, 30.0), (0.9, 1.2), sizes)


SIGNALS = {
    "circle": _circle,
    "flex": _flex,
    "horizontal": _horizontal,
    "punch": _punch,
    "rest": rest,
    "vertical": _vertical,
}
