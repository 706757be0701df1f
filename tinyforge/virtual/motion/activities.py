"""What a watch feels all day: sitting, walking, turning round, getting up and down.

seated      hands on the lap, the desk or crossed, with fidgets, the torso leaning
walking     1.6 to 2.2 steps a second: the arm swings once for two steps, the body bounces and surges with each
turning     walking in a small circle or on the spot, back and forth by half a turn
transfer    up from a chair and down again, every 3 to 5 seconds
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinyforge.virtual.motion.people import Subject
from tinyforge.virtual.motion.rhythm import JOINTS, Angles, Beat, Fidgets, Float64Array, Wander, about, abouts

# azimuth, elevation, roll, elbow, pronation in degrees
_LAP = (-15.0, -62.0, -20.0, 62.0, 12.0)
_DESK = (-25.0, -52.0, -40.0, 78.0, 20.0)
_CROSSED = (-5.0, -60.0, -68.0, 98.0, 20.0)
_HANGING = (-12.0, -84.0, 0.0, 18.0, 8.0)


def _posture(rng: np.random.Generator, posture: tuple[float, ...]) -> dict[str, float]:
    spread = abouts(rng, (8.0, 5.0, 8.0, 8.0, 10.0))
    return dict(zip(JOINTS, (float(a + b) for a, b in zip(posture, spread, strict=True)), strict=True))


def _seated(rng: np.random.Generator, who: Subject) -> Callable[[Float64Array], Angles]:
    held = _posture(rng, (_LAP, _DESK, _CROSSED)[int(rng.integers(3))])
    fidgets = Fidgets(tuple(int(k) for k in rng.integers(1 << 31, size=3)), float(rng.uniform(2.0, 5.0)))
    shifts = {name: Wander(rng, 1.5, 0.05, 0.5) for name in JOINTS}
    lean = about(rng, 6.0, 4.0) + 0.2 * who.raise_deg  # who holds the arm high sits upright, or not

    def angles(time_s: Float64Array) -> Angles:
        moved = fidgets(time_s)
        said = {name: held[name] + shifts[name](time_s) + 0.7 * moved[name] for name in JOINTS}
        return said | {"lean": np.full_like(time_s, lean)}

    return angles


def _gait(rng: np.random.Generator, who: Subject, pace: float) -> Callable[[Float64Array], Angles]:
    """Steps: the arm swings with half their frequency, the shoulder bounces and surges with each."""
    held = _posture(rng, _HANGING)
    stride = Beat(rng, 0.5 * rng.uniform(1.75, 2.0) * who.tempo**0.5 * pace, 0.2)
    swing_deg = rng.uniform(14.0, 26.0) * who.amplitude
    bounce_m, surge_m = rng.uniform(0.016, 0.028), rng.uniform(0.006, 0.014)
    yaw_deg, impact = rng.uniform(2.0, 5.0), rng.uniform(0.15, 0.45)
    bend_deg = rng.uniform(4.0, 12.0)

    def angles(time_s: Float64Array) -> Angles:
        phase = stride.phase(time_s)
        swing = np.sin(phase)
        said = {name: np.full_like(time_s, held[name]) for name in JOINTS}
        said["elevation"] = said["elevation"] + swing_deg * swing
        said["elbow"] = said["elbow"] + bend_deg * np.sin(phase - 0.5)
        said["pronation"] = said["pronation"] + 4.0 * np.sin(phase - 0.3)
        # the second harmonic is the heel: steeper on one side of the bounce
        said["lift"] = bounce_m * (np.sin(2 * phase) + impact * np.sin(4 * phase + 0.8))
        said["forward"] = surge_m * np.sin(2 * phase + 1.2)
        said["heading"] = yaw_deg * np.sin(phase + 0.4)
        said["lean"] = np.full_like(time_s, 3.0)
        return said

    return angles


def _walking(rng: np.random.Generator, who: Subject) -> Callable[[Float64Array], Angles]:
    return _gait(rng, who, 1.0)


def _turning(rng: np.random.Generator, who: Subject) -> Callable[[Float64Array], Angles]:
    gait = _gait(rng, who, float(rng.uniform(0.75, 0.95)))
    turn = Beat(rng, rng.uniform(0.16, 0.24), 0.1)
    size_deg = rng.uniform(75.0, 105.0)

    def angles(time_s: Float64Array) -> Angles:
        said = gait(time_s)
        said["heading"] = said["heading"] + size_deg * turn.swing(time_s)
        return said

    return angles


def _transfer(rng: np.random.Generator, who: Subject) -> Callable[[Float64Array], Angles]:
    low, high = _posture(rng, _LAP), _posture(rng, _HANGING)
    beat = Beat(rng, rng.uniform(0.22, 0.3) * who.tempo, 0.8 + 0.5 * who.sharpness)
    rise_m, lean_deg = rng.uniform(0.32, 0.44), rng.uniform(22.0, 38.0)

    def angles(time_s: Float64Array) -> Angles:
        up = 0.5 + 0.5 * beat.swing(time_s)
        between = 4.0 * up * (1.0 - up)  # 0 at both ends, 1 half way: the torso leans over the feet
        said = {name: low[name] + (high[name] - low[name]) * up for name in JOINTS}
        said["elevation"] = said["elevation"] + 14.0 * between
        return said | {"lift": rise_m * up, "forward": 0.18 * between, "lean": 4.0 + lean_deg * between}

    return angles


SIGNALS = {"seated": _seated, "transfer": _transfer, "turning": _turning, "walking": _walking}
