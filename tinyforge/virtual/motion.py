"""What a virtual IMU feels: a kinematic model of an arm that gives traffic-police signals, and playback of recordings.

The arm
-------
World axes: x where the person faces, y to the person's left, z up. Gravity is ``(0, 0, -9.80665)`` m/s^2.
Five joint angles, all functions of time, describe a right arm:

    azimuth    of the upper arm about z, positive to the left
    elevation  of the upper arm, 0 horizontal, +90 deg up, -90 deg hanging
    roll       of the upper arm about its own axis: the plane in which the elbow bends (0: upwards, -90 deg: inwards)
    elbow      flexion, 0 straight
    pronation  of the forearm about its own axis

    R_upper   = Rz(azimuth) Ry(-elevation) Rx(roll)
    R_forearm = R_upper Ry(-elbow) Rx(pronation)
    p_sensor  = p_shoulder + R_upper (upper_arm, 0, 0) + R_forearm (forearm - back, 0, height)
    R_sensor  = R_forearm R_mount

The sensor lies on the back of the wrist, x along the forearm to the hand, z out of the back of the wrist;
``R_mount`` is how crookedly this person straps it on. What an accelerometer and a gyroscope then feel (Titterton and
Weston, "Strapdown Inertial Navigation Technology", ch. 3):

    specific force  a = R_sensor^T (p_sensor'' - gravity) / 9.80665                 in g; at rest |a| = 1
    angular rate    w = vee(R_sensor^T R_sensor')                                   in degrees a second

Every angle is a smooth closed-form function of time, so poses are exact at any moment, and both derivatives are taken
by seven-point differences of poses at most 5 ms apart: at the quickest tremor, 11 Hz, their error is below 1e-5.
A left arm is the mirror image (``y -> -y``) of a right one; its sensor stays as it is.

The signals, each repeated as long as it is given:

    stop        raised forearm, palm to the traffic, pushed forward and held, 0.6 to 1.3 times a second
    accelerate  upper arm out, forearm waved across the body, 0.9 to 1.7 times a second
    slow_down   arm stretched out, palm down, pressed down and lifted, 0.7 to 1.3 times a second
    rest        hanging, on the belt, folded, looking at a watch or holding the arm half raised: still but for tremor,
                sway, shifts of weight and a fidget every few seconds

Tempo and amplitude wander from one repetition to the next, the person turns, sways and breathes.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import DataError, UsageError, did_you_mean
from tinyforge.core.recording_csv import read_recording
from tinyforge.core.types import IMU_CHANNELS, Channel, Float32Array, Recording

GRAVITY_M_S2 = 9.80665
LABELS = ("accelerate", "rest", "slow_down", "stop")

Sample6 = tuple[float, float, float, float, float, float]
Float64Array = npt.NDArray[np.float64]
Angles = dict[str, Float64Array]

_BLOCK = 1024  # samples generated at once
_KEPT_BLOCKS = 16
_GRID_HZ = 200.0  # poses are computed at least this often
# seven-point central differences: error (w h)^6 / 140 and (w h)^6 / 560 of the value at the angular frequency w
_FIRST = (-1 / 60, 3 / 20, -3 / 4, 0.0, 3 / 4, -3 / 20, 1 / 60)
_SECOND = (1 / 90, -3 / 20, 3 / 2, -49 / 18, 3 / 2, -3 / 20, 1 / 90)
_TWO_PI = 2 * np.pi


@runtime_checkable
class MotionSource(Protocol):
    """What a virtual IMU is moved by.

    Attributes:
        rate_hz: samples a second.
    """

    @property
    def rate_hz(self) -> float:
        """Samples a second."""
        ...

    def sample(self, i: int) -> Sample6:
        """Sample ``i >= 0``: ax ay az in g, gx gy gz in degrees a second. The same ``i`` always gives the same."""
        ...


def read_motion(source: MotionSource, start: int, count: int) -> Float32Array:
    """Samples ``start`` to ``start + count - 1`` of a source, float32 [count, 6], g and degrees a second."""
    return np.array([source.sample(i) for i in range(start, start + count)], dtype=np.float32).reshape(count, 6)


# -- people -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Subject:
    """A person. Everything that stays when the same one gives another signal on another day.

    Attributes:
        upper_arm_m: shoulder to elbow, 0.27 to 0.34 m.
        forearm_m: elbow to wrist, 0.22 to 0.28 m.
        tempo: factor on how fast signals are repeated, 0.82 to 1.2.
        amplitude: factor on how far the arm moves, 0.8 to 1.25.
        sharpness: how long the ends of a movement are held: 0 a sine, 2 nearly a square wave; 0.2 to 1.3.
        raise_deg: how much higher (or lower) this person holds the arm, -12 to 12 deg.
        mount_deg: rotation of the sensor against the forearm, about x, y, z: standard deviations 10, 5 and 6 deg.
        back_m: the sensor's distance from the wrist towards the elbow, 0.01 to 0.05 m.
        height_m: the sensor's distance from the forearm's axis, 0.025 to 0.035 m.
        tremor_deg: physiological tremor (8 to 11 Hz) at the elbow, standard deviation 0.003 to 0.015 deg, which the
            sensor feels as 5 to 30 mg.
        accel_bias_g, gyro_bias_dps: offset of the sensor this person was given; standard deviations 8 mg and 0.8 dps.
        accel_noise_g, gyro_noise_dps: white noise, standard deviation a sample at 100 Hz; 2 to 5 mg, 0.08 to 0.2 dps.
        left_handed: whether signals are given with the left arm. No generated person is unless a spec says so.
    """

    upper_arm_m: float
    forearm_m: float
    tempo: float
    amplitude: float
    sharpness: float
    raise_deg: float
    mount_deg: tuple[float, float, float]
    back_m: float
    height_m: float
    tremor_deg: float
    accel_bias_g: tuple[float, float, float]
    gyro_bias_dps: tuple[float, float, float]
    accel_noise_g: float
    gyro_noise_dps: float
    left_handed: bool = False


def police_subject(number: int) -> Subject:
    """Person ``number`` (>= 0): drawn once, the same in every run, for every seed."""
    rng = np.random.default_rng([_word("subject"), number])
    mount_x, mount_y, mount_z = _abouts(rng, (10.0, 5.0, 6.0))
    ax, ay, az = _abouts(rng, (0.008, 0.008, 0.008))
    gx, gy, gz = _abouts(rng, (0.8, 0.8, 0.8))
    return Subject(
        upper_arm_m=float(rng.uniform(0.27, 0.34)),
        forearm_m=float(rng.uniform(0.22, 0.28)),
        tempo=float(rng.uniform(0.82, 1.2)),
        amplitude=float(rng.uniform(0.8, 1.25)),
        sharpness=float(rng.uniform(0.2, 1.3)),
        raise_deg=float(rng.uniform(-12.0, 12.0)),
        mount_deg=(mount_x, mount_y, mount_z),
        back_m=float(rng.uniform(0.01, 0.05)),
        height_m=float(rng.uniform(0.025, 0.035)),
        tremor_deg=float(rng.uniform(0.003, 0.015)),
        accel_bias_g=(ax, ay, az),
        gyro_bias_dps=(gx, gy, gz),
        accel_noise_g=float(rng.uniform(0.002, 0.005)),
        gyro_noise_dps=float(rng.uniform(0.08, 0.2)),
    )


def _about(rng: np.random.Generator, middle: float, spread: float) -> float:
    """A normally distributed number, at most 1.8 standard deviations off: people differ, but none is absurd."""
    return float(middle + spread * np.clip(rng.standard_normal(), -1.8, 1.8))


def _abouts(rng: np.random.Generator, spreads: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(_about(rng, 0.0, spread) for spread in spreads)


def _word(text: str) -> int:
    return zlib.crc32(text.encode())


# -- smooth functions of time -----------------------------------------------------------------------------------------


class _Wander:
    """A smooth random function of time: sines of random frequency and phase, standard deviation ``size`` in all."""

    def __init__(self, rng: np.random.Generator, size: float, low_hz: float, high_hz: float, terms: int = 5) -> None:
        self._rate = _TWO_PI * rng.uniform(low_hz, high_hz, terms)
        self._phase = rng.uniform(0.0, _TWO_PI, terms)
        self._size = float(size * np.sqrt(2.0 / terms))

    def __call__(self, time_s: Float64Array) -> Float64Array:
        total = np.zeros_like(time_s)
        for rate, phase in zip(self._rate, self._phase, strict=True):
            total += np.sin(rate * time_s + phase)
        total *= self._size
        return total


class _Fidgets:
    """Small deliberate movements at random moments: one every ``every_s`` on average, Gaussian in time.

    Each cell of ``every_s`` seconds holds one, drawn from the cell's own seed: any moment can be asked for by itself.
    """

    def __init__(self, seed: tuple[int, ...], every_s: float) -> None:
        self._seed = seed
        self._every_s = every_s
        self._cells: dict[int, tuple[float, float, dict[str, float]]] = {}

    def _cell(self, index: int) -> tuple[float, float, dict[str, float]]:
        if index not in self._cells:
            rng = np.random.default_rng([*self._seed, _word("fidget"), index + (1 << 20)])
            centre_s = (index + rng.uniform(0.0, 1.0)) * self._every_s
            width_s = rng.uniform(0.12, 0.4)
            size = {
                "azimuth": rng.normal(0.0, 6.0),
                "elevation": rng.normal(0.0, 7.0),
                "roll": rng.normal(0.0, 8.0),
                "elbow": rng.normal(0.0, 16.0),
                "pronation": rng.normal(0.0, 18.0),
            }
            self._cells[index] = (centre_s, width_s, size)
        return self._cells[index]

    def __call__(self, time_s: Float64Array) -> Angles:
        total = {name: np.zeros_like(time_s) for name in _JOINTS}
        reach_s = 6 * 0.4  # where the widest Gaussian has fallen to 1e-8
        first = int(np.floor((time_s.min() - reach_s) / self._every_s))
        last = int(np.floor((time_s.max() + reach_s) / self._every_s))
        for index in range(first, last + 1):
            centre_s, width_s, size = self._cell(index)
            bump = np.exp(-0.5 * ((time_s - centre_s) / width_s) ** 2)
            for name, degrees in size.items():
                total[name] += degrees * bump
        return total


_JOINTS = ("azimuth", "elevation", "roll", "elbow", "pronation")


class _Beat:
    """The phase of a repeated signal, in radians, growing all the time with a tempo that wanders by some per cent."""

    def __init__(self, rng: np.random.Generator, rate_hz: float, sharpness: float) -> None:
        self._rate = _TWO_PI * rate_hz
        self._start = rng.uniform(0.0, _TWO_PI)
        self._wander = _Wander(rng, 0.22, 0.05, 0.3)
        self._sharpness = max(sharpness, 1e-3)
        self._skew = rng.uniform(-0.35, 0.35)

    def phase(self, time_s: Float64Array) -> Float64Array:
        return self._rate * time_s + self._start + self._wander(time_s)

    def swing(self, time_s: Float64Array, lag: float = 0.0) -> Float64Array:
        """Back and forth between -1 and 1, held at the ends by ``sharpness``, one way quicker than the other."""
        phase = self.phase(time_s) - lag
        return np.asarray(
            np.tanh(self._sharpness * np.sin(phase + self._skew * np.sin(phase))) / np.tanh(self._sharpness)
        )


# -- the four labels --------------------------------------------------------------------------------------------------


def _stop(rng: np.random.Generator, who: Subject) -> Callable[[Float64Array], Angles]:
    beat = _Beat(rng, rng.uniform(0.78, 1.05) * who.tempo, who.sharpness + 0.3)
    azimuth, roll = _about(rng, -12.0, 9.0), _about(rng, -8.0, 9.0)
    elevation = _about(rng, 12.0, 7.0) + who.raise_deg
    elbow, pronation = _about(rng, 58.0, 9.0), _about(rng, 8.0, 9.0)
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
    beat = _Beat(rng, rng.uniform(1.05, 1.4) * who.tempo, who.sharpness)
    azimuth, roll = _about(rng, -25.0, 10.0), _about(rng, -66.0, 10.0)
    elevation = _about(rng, -18.0, 8.0) + who.raise_deg
    elbow, pronation = _about(rng, 72.0, 8.0), _about(rng, 33.0, 10.0)
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
    beat = _Beat(rng, rng.uniform(0.82, 1.12) * who.tempo, who.sharpness)
    azimuth, roll = _about(rng, -45.0, 14.0), _about(rng, -8.0, 10.0)
    elevation = _about(rng, -8.0, 6.0) + 0.7 * who.raise_deg
    elbow, pronation = _about(rng, 24.0, 8.0), _about(rng, 8.0, 9.0)
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


def _rest(rng: np.random.Generator, who: Subject) -> Callable[[Float64Array], Angles]:
    posture = _POSTURES[int(rng.integers(len(_POSTURES)))]
    held = dict(zip(_JOINTS, np.array(posture) + _abouts(rng, (8.0, 6.0, 8.0, 9.0, 12.0)), strict=True))
    held["elevation"] += 0.5 * who.raise_deg
    fidgets = _Fidgets(tuple(int(k) for k in rng.integers(1 << 31, size=3)), float(rng.uniform(1.6, 4.0)))
    shifts = {
        name: _Wander(rng, size, 0.05, 0.6) for name, size in zip(_JOINTS, (2.0, 1.5, 2.0, 2.5, 3.0), strict=True)
    }

    def angles(time_s: Float64Array) -> Angles:
        moved = fidgets(time_s)
        return {name: held[name] + shifts[name](time_s) + moved[name] for name in _JOINTS}

    return angles


_SIGNALS: Mapping[str, Callable[[np.random.Generator, Subject], Callable[[Float64Array], Angles]]] = {
    "accelerate": _accelerate,
    "rest": _rest,
    "slow_down": _slow_down,
    "stop": _stop,
}


# -- the arm ----------------------------------------------------------------------------------------------------------


def _about_x(angle: Float64Array) -> Float64Array:
    return _rotation(angle, 1, 2)


def _about_y(angle: Float64Array) -> Float64Array:
    return _rotation(angle, 2, 0)


def _about_z(angle: Float64Array) -> Float64Array:
    return _rotation(angle, 0, 1)


def _rotation(angle: Float64Array, i: int, j: int) -> Float64Array:
    """Rotation matrices [n, 3, 3] that turn axis ``i`` towards axis ``j`` by ``angle`` [n], in radians."""
    angle = np.atleast_1d(np.asarray(angle, dtype=np.float64))
    matrix = np.zeros((*angle.shape, 3, 3))
    k = 3 - i - j
    matrix[..., k, k] = 1.0
    matrix[..., i, i] = matrix[..., j, j] = np.cos(angle)
    matrix[..., j, i] = np.sin(angle)
    matrix[..., i, j] = -matrix[..., j, i]
    return matrix


def _differentiated(values: Float64Array, weights: tuple[float, ...], every: int) -> Float64Array:
    """Weighted sum of seven neighbours, at every ``every``-th value but the outer three."""
    last = len(values) - 6
    total = np.zeros_like(values[3:-3:every])
    for k, weight in enumerate(weights):
        if weight:
            total += weight * values[k : k + last : every]
    return total


class ArmMotion:
    """One person giving one signal for ever: a `MotionSource`.

    Args:
        label: one of `LABELS`.
        who: the person.
        seed: numbers that choose this take: posture, tempo, wander, noise.
        rate_hz: samples a second.
        noise: factor on the sensor's noise and bias; 0 for an ideal sensor.
    """

    def __init__(
        self, label: str, who: Subject, seed: tuple[int, ...], rate_hz: float = 100.0, noise: float = 1.0
    ) -> None:
        rng = np.random.default_rng([_word("take"), _word(label), *seed])
        self.label = label
        self.who = who
        self._rate_hz = float(rate_hz)
        self._noise = noise
        self._noise_seed = [_word("noise"), _word(label), *seed]
        self._angles = _SIGNALS[label](rng, who)
        self._breath = _Wander(rng, 0.05, 0.03, 0.2)
        wander_deg = (2.0, 2.0, 2.0, 2.5, 2.5)
        self._drift = {name: _Wander(rng, size, 0.03, 0.35) for name, size in zip(_JOINTS, wander_deg, strict=True)}
        self._tremor = {
            "elbow": _Wander(rng, who.tremor_deg, 8.0, 11.0),
            "elevation": _Wander(rng, 0.4 * who.tremor_deg, 8.0, 11.0),
            "pronation": _Wander(rng, 0.7 * who.tremor_deg, 8.0, 11.0),
        }
        self._heading = _Wander(rng, 9.0, 0.02, 0.25)
        self._lean = (_Wander(rng, 1.2, 0.1, 0.5), _Wander(rng, 1.2, 0.1, 0.5))
        self._sway = tuple(_Wander(rng, size, 0.1, 0.5) for size in (0.006, 0.008, 0.003))
        mount = np.radians(who.mount_deg)
        self._mount = (_about_z(mount[2]) @ _about_y(mount[1]) @ _about_x(mount[0]))[0]
        self._blocks: OrderedDict[int, list[Sample6]] = OrderedDict()

    @property
    def rate_hz(self) -> float:
        """Samples a second."""
        return self._rate_hz

    def pose(self, time_s: Float64Array) -> tuple[Float64Array, Float64Array]:
        """Where the sensor is and how it is turned.

        Args:
            time_s: [n], seconds.

        Returns:
            R_sensor [n, 3, 3] (columns: the sensor's axes in the world) and p_sensor [n, 3] in metres.
        """
        angles = self._angles(time_s)
        for name, drift in self._drift.items():
            angles[name] = angles[name] + drift(time_s)
        for name, tremor in self._tremor.items():
            angles[name] = angles[name] + tremor(time_s)
        rad = {name: np.radians(value) for name, value in angles.items()}
        side = -1.0 if self.who.left_handed else 1.0
        torso = (
            _about_z(np.radians(self._heading(time_s)))
            @ _about_y(np.radians(self._lean[0](time_s)))
            @ _about_x(np.radians(self._lean[1](time_s)))
        )
        upper = torso @ _about_z(side * rad["azimuth"]) @ _about_y(-rad["elevation"]) @ _about_x(side * rad["roll"])
        forearm = upper @ _about_y(-rad["elbow"]) @ _about_x(side * rad["pronation"])
        shoulder = torso @ np.array([0.0, -0.2 * side, 0.45]) + np.stack([one(time_s) for one in self._sway], axis=-1)
        shoulder[:, 2] += 0.05 * self._breath(time_s)
        wrist = np.array([self.who.forearm_m - self.who.back_m, 0.0, self.who.height_m])
        place = shoulder + upper[..., 0] * self.who.upper_arm_m + forearm @ wrist
        return forearm @ self._mount, place

    def ideal(self, first: int, count: int) -> Float64Array:
        """What an ideal sensor reads: ``count`` samples from ``first`` on, [count, 6], g and degrees a second."""
        finer = max(1, int(np.ceil(_GRID_HZ / self._rate_hz)))
        step = 1.0 / (self._rate_hz * finer)
        grid = (first * finer + np.arange(-3, (count - 1) * finer + 4)) * step
        turns, places = self.pose(np.asarray(grid, dtype=np.float64))
        turn_rate = _differentiated(turns, _FIRST, finer) / step
        accel = _differentiated(places, _SECOND, finer) / (step * step)
        accel[:, 2] += GRAVITY_M_S2
        back = turns[3:-3:finer].transpose(0, 2, 1)
        skew = back @ turn_rate
        rate = np.stack(
            [skew[:, 2, 1] - skew[:, 1, 2], skew[:, 0, 2] - skew[:, 2, 0], skew[:, 1, 0] - skew[:, 0, 1]], axis=-1
        )
        force = (back @ accel[:, :, None])[:, :, 0]
        return np.concatenate([force / GRAVITY_M_S2, np.degrees(0.5 * rate)], axis=1)

    def _block(self, index: int) -> list[Sample6]:
        first = index * _BLOCK
        values = self.ideal(first, _BLOCK)
        if self._noise:
            rng = np.random.default_rng([*self._noise_seed, index])
            # white noise: its standard deviation grows with the square root of the bandwidth
            spread = np.repeat([self.who.accel_noise_g, self.who.gyro_noise_dps], 3) * np.sqrt(self._rate_hz / 100.0)
            bias = np.array([*self.who.accel_bias_g, *self.who.gyro_bias_dps])
            values += self._noise * (bias + spread * rng.standard_normal((_BLOCK, 6)))
        return [(a, b, c, d, e, f) for a, b, c, d, e, f in values.tolist()]

    def sample(self, i: int) -> Sample6:
        """Sample ``i >= 0``: ax ay az in g, gx gy gz in degrees a second."""
        index = i // _BLOCK
        block = self._blocks.get(index)
        if block is None:
            block = self._blocks[index] = self._block(index)
            if len(self._blocks) > _KEPT_BLOCKS:
                self._blocks.popitem(last=False)
        return block[i % _BLOCK]


# -- playback ---------------------------------------------------------------------------------------------------------

_TO_CANONICAL: Mapping[str, tuple[str, float]] = {
    "g": ("g", 1.0),
    "mg": ("g", 1e-3),
    "m/s^2": ("g", 1.0 / GRAVITY_M_S2),
    "dps": ("dps", 1.0),
    "rad/s": ("dps", 180.0 / np.pi),
}


class Playback:
    """A recording as a `MotionSource`: it starts again when it ends.

    Args:
        recording: has the channels ax ay az gx gy gz, in any order, among others or not.
        place: what errors name.

    Raises:
        DataError: a channel is missing, its unit is unknown, or there is no sample.
    """

    def __init__(self, recording: Recording, place: str) -> None:
        if len(recording.samples) == 0:
            raise DataError(place, "the recording has no samples", "play another one")
        names = [channel.name for channel in recording.channels]
        columns = []
        for wanted in IMU_CHANNELS:
            if wanted.name not in names:
                raise DataError(place, f"there is no channel {wanted.name} to play", f"it has: {', '.join(names)}")
            column = names.index(wanted.name)
            columns.append(
                recording.samples[:, column] * np.float32(_factor(recording.channels[column], wanted, place))
            )
        self._rate_hz = recording.rate_hz
        self._samples: list[Sample6] = [
            (a, b, c, d, e, f) for a, b, c, d, e, f in np.stack(columns, axis=1).astype(np.float32).tolist()
        ]

    @property
    def rate_hz(self) -> float:
        """Samples a second."""
        return self._rate_hz

    def sample(self, i: int) -> Sample6:
        """Sample ``i`` modulo the length: ax ay az in g, gx gy gz in degrees a second."""
        return self._samples[i % len(self._samples)]


def _factor(channel: Channel, wanted: Channel, place: str) -> float:
    unit, factor = _TO_CANONICAL.get(channel.unit, ("", 0.0))
    if unit != wanted.unit:
        known = [name for name, (to, _) in _TO_CANONICAL.items() if to == wanted.unit]
        raise DataError(
            place, f"channel {channel.name} has the unit {channel.unit!r}", f"it must be one of: {', '.join(known)}"
        )
    return factor


# -- specs ------------------------------------------------------------------------------------------------------------

_KINDS = ("police", "file")
_FORM = "a motion is police:label=stop,subject=7,take=3,seed=1 or file:/path/to/recording.csv"
_HANDS = ("right", "left")


def open_motion(spec: str) -> MotionSource:
    """The motion a text describes.

    ``police:label=L,subject=N,take=N,seed=N,rate=HZ,hand=H,noise=X``
        Person ``subject`` (0) gives signal ``label`` (needed; see `LABELS`); ``take`` (0) and ``seed`` (1) choose which
        time it is; ``rate`` (100) samples a second; ``hand`` (right) or left; ``noise`` (1) factor on noise and bias.
    ``file:PATH``
        Playback of a recording file, over and over.

    Raises:
        UsageError: the text is neither, or names an unknown key, label or value.
        DataError: the file is no recording with six IMU channels.
    """
    kind, colon, rest = spec.partition(":")
    place = f"motion {spec!r}"
    if not colon or kind not in _KINDS:
        advice = did_you_mean(kind, _KINDS) if kind and colon else ""
        raise UsageError(place, f"unknown kind {kind!r}" if colon else "has no kind", f"{advice} {_FORM}".strip())
    if kind == "file":
        if not rest:
            raise UsageError(place, "names no file", _FORM)
        return Playback(read_recording(Path(rest)), rest)
    given = _police_options(rest, place)
    label = given.get("label", "")
    if label not in LABELS:
        fact = f"unknown label {label!r}" if label else "has no label"
        raise UsageError(place, fact, did_you_mean(label, LABELS))
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
        who = _mirrored(who)
    seed = (_whole(given, "seed", 1, place), subject, _whole(given, "take", 0, place))
    return ArmMotion(label, who, seed, rate_hz, noise)


def police_spec(label: str, subject: int, take: int = 0, seed: int = 1, rate_hz: float = 100.0) -> str:
    """The spec that `open_motion` reads back."""
    rate = "" if rate_hz == 100.0 else f",rate={rate_hz:g}"
    return f"police:label={label},subject={subject},take={take},seed={seed}{rate}"


def _mirrored(who: Subject) -> Subject:
    return dataclasses.replace(who, left_handed=True)


_OPTIONS = ("label", "subject", "take", "seed", "rate", "hand", "noise")


def _police_options(text: str, place: str) -> dict[str, str]:
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
