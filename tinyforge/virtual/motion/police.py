"""Three traffic-police signals and rest.

Each is repeated as long as it is given:

    stop        raised forearm, palm to the traffic, pushed forward and held, 0.6 to 1.3 times a second
    accelerate  upper arm out, forearm waved across the body, 0.9 to 1.7 times a second
    slow_down   arm stretched out, palm down, pressed down and lifted, 0.7 to 1.3 times a second
    rest        hanging, on the belt, folded, looking at a watch or holding the arm half raised: still but for tremor,
                sway, shifts of weight and a fidget every few seconds
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinyforge.virtual.motion.people import Subject
from tinyforge.virtual.motion.rhythm import JOINTS, Angles, Beat, Fidgets, Float64Array, Wander, about, abouts


def _stop(rng: np.random.Generator, who: Subject) -> Callable[[Float64Array], Angles]:
    beat = Beat(rng, rng.uniform(0.78, 1.05) * who.tempo, who.sharpness + 0.3)
    azimuth, roll = about(rng, -12.0, 9.0), about(rng, -8.0, 9.0)
    elevation = about(rng, 12.0, 7.0) + who.raise_deg
    elbow, pronation = about(rng, 58.0, 9.0), about(rng, 8.0, 9.0)
    push = rng.uniform(17.0, 26.0) * who.amplitude
    lift = rng.uniform(4.0, 9.0) * who.amplitude

    def angles(time_s: Float64Array) -> Angles:
        swing = beat.swing(time_s)
        return {
            "azimuth": azimuth + 2.0 * beat.swing(time_s, 0.5),
            "elevation": elevation + lift * swing,
            "roll": np.full_like(time_s, roll),
            "elbow": elbow - push * swing,
            "pronation": pronation + 3.0 * beat.swing(time_s, 0.3),
        }

    return angles


def _accelerate(rng: np.random.Generator, who: Subject) -> Callable[[Float64Array], Angles]:
    beat = Beat(rng, rng.uniform(1.05, 1.4) * who.tempo, who.sharpness)
    azimuth, roll = about(rng, -25.0, 10.0), about(rng, -66.0, 10.0)
    elevation = about(rng, -18.0, 8.0) + who.raise_deg
    elbow, pronation = about(rng, 72.0, 8.0), about(rng, 33.0, 10.0)
    wave = rng.uniform(26.0, 38.0) * who.amplitude
    follow = rng.uniform(4.0, 10.0) * who.amplitude

    def angles(time_s: Float64Array) -> Angles:
        swing = beat.swing(time_s)
        return {
            "azimuth": azimuth + follow * beat.swing(time_s, 0.4),
            "elevation": elevation + 3.0 * beat.swing(time_s, 0.8),
            "roll": roll + 6.0 * beat.swing(time_s, 0.6),
            "elbow": elbow + wave * swing,
            "pronation": pronation + 8.0 * beat.swing(time_s, 0.5),
        }

    return angles


def _slow_down(rng: np.random.Generator, who: Subject) -> Callable[[Float64Array], Angles]:
    beat = Beat(rng, rng.uniform(0.82, 1.12) * who.tempo, who.sharpness)
    azimuth, roll = about(rng, -45.0, 14.0), about(rng, -8.0, 10.0)
    elevation = about(rng, -8.0, 6.0) + 0.7 * who.raise_deg
    elbow, pronation = about(rng, 24.0, 8.0), about(rng, 8.0, 9.0)
    press = rng.uniform(11.0, 18.0) * who.amplitude
    bend = rng.uniform(2.0, 12.0) * who.amplitude

    def angles(time_s: Float64Array) -> Angles:
        swing = beat.swing(time_s)
        return {
            "azimuth": azimuth + 2.0 * beat.swing(time_s, 0.7),
            "elevation": elevation + press * swing,
            "roll": np.full_like(time_s, roll),
            "elbow": elbow + bend * beat.swing(time_s, 0.4),
            "pronation": pronation + 3.0 * beat.swing(time_s, 0.3),
        }

    return angles


# azimuth, elevation, roll, elbow, pronation in degrees
_POSTURES: tuple[tuple[float, float, float, float, float], ...] = (
    (-20.0, -82.0, 0.0, 14.0, 10.0),  # hanging
    (-35.0, -66.0, -45.0, 85.0, 15.0),  # hand on the belt
    (-5.0, -58.0, -70.0, 100.0, 20.0),  # arms folded
    (-10.0, -55.0, -35.0, 80.0, 5.0),  # looking at a watch
    (-25.0, -50.0, -15.0, 45.0, 15.0),  # arm half raised, between two signals
)


def rest(rng: np.random.Generator, who: Subject) -> Callable[[Float64Array], Angles]:
    """One of five postures, with fidgets and shifts of weight: joint angles in degrees [n] at times [n]."""
    posture = _POSTURES[int(rng.integers(len(_POSTURES)))]
    held = dict(zip(JOINTS, np.array(posture) + abouts(rng, (8.0, 6.0, 8.0, 9.0, 12.0)), strict=True))
    held["elevation"] += 0.5 * who.raise_deg
    fidgets = Fidgets(tuple(int(k) for k in rng.integers(1 << 31, size=3)), float(rng.uniform(1.6, 4.0)))
    shifts = {name: Wander(rng, size, 0.05, 0.6) for name, size in zip(JOINTS, (2.0, 1.5, 2.0, 2.5, 3.0), strict=True)}

    def angles(time_s: Float64Array) -> Angles:
        moved = fidgets(time_s)
        return {name: held[name] + shifts[name](time_s) + moved[name] for name in JOINTS}

    return angles


SIGNALS = {"accelerate": _accelerate, "rest": rest, "slow_down": _slow_down, "stop": _stop}
