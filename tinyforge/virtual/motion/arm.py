"""A kinematic model of an arm with an IMU on its wrist.

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

Tempo and amplitude wander from one repetition to the next, the person turns, sways and breathes. What a movement is
stands in ``police``, ``wand`` and ``activities``: angles, and where the whole body moves, these besides:

    heading     of the body about z, degrees, positive to the left
    lean        of the torso about y, degrees, positive forwards
    lift        of the shoulder, metres
    forward     of the shoulder along x, metres
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np

from tinyforge.core.types import Float32Array
from tinyforge.virtual.motion.people import Subject
from tinyforge.virtual.motion.rhythm import JOINTS, Angles, Float64Array, Wander, word

GRAVITY_M_S2 = 9.80665

Sample6 = tuple[float, float, float, float, float, float]

_BLOCK = 1024  # samples generated at once
_KEPT_BLOCKS = 16
_GRID_HZ = 200.0  # poses are computed at least this often
# seven-point central differences: error (w h)^6 / 140 and (w h)^6 / 560 of the value at the angular frequency w
_FIRST = (-1 / 60, 3 / 20, -3 / 4, 0.0, 3 / 4, -3 / 20, 1 / 60)
_SECOND = (1 / 90, -3 / 20, 3 / 2, -49 / 18, 3 / 2, -3 / 20, 1 / 90)


Movement = Callable[[np.random.Generator, Subject], Callable[[Float64Array], Angles]]


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
        label: what the movement is called.
        movement: draws one take of it: joint angles (and movements of the body) as functions of time.
        who: the person.
        seed: numbers that choose this take: posture, tempo, wander, noise.
        rate_hz: samples a second.
        noise: factor on the sensor's noise and bias; 0 for an ideal sensor.
    """

    def __init__(
        self,
        label: str,
        movement: Movement,
        who: Subject,
        seed: tuple[int, ...],
        rate_hz: float = 100.0,
        noise: float = 1.0,
    ) -> None:
        rng = np.random.default_rng([word("take"), word(label), *seed])
        self.label = label
        self.who = who
        self._rate_hz = float(rate_hz)
        self._noise = noise
        self._noise_seed = [word("noise"), word(label), *seed]
        self._angles = movement(rng, who)
        self._breath = Wander(rng, 0.05, 0.03, 0.2)
        wander_deg = (2.0, 2.0, 2.0, 2.5, 2.5)
        self._drift = {name: Wander(rng, size, 0.03, 0.35) for name, size in zip(JOINTS, wander_deg, strict=True)}
        self._tremor = {
            "elbow": Wander(rng, who.tremor_deg, 8.0, 11.0),
            "elevation": Wander(rng, 0.4 * who.tremor_deg, 8.0, 11.0),
            "pronation": Wander(rng, 0.7 * who.tremor_deg, 8.0, 11.0),
        }
        self._heading = Wander(rng, 9.0, 0.02, 0.25)
        self._lean = (Wander(rng, 1.2, 0.1, 0.5), Wander(rng, 1.2, 0.1, 0.5))
        self._sway = tuple(Wander(rng, size, 0.1, 0.5) for size in (0.006, 0.008, 0.003))
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
        zero = np.zeros_like(time_s)
        heading, lean = angles.get("heading", zero), angles.get("lean", zero)
        rad = {name: np.radians(angles[name]) for name in JOINTS}
        side = -1.0 if self.who.left_handed else 1.0
        torso = (
            _about_z(np.radians(self._heading(time_s) + heading))
            @ _about_y(np.radians(self._lean[0](time_s) + lean))
            @ _about_x(np.radians(self._lean[1](time_s)))
        )
        upper = torso @ _about_z(side * rad["azimuth"]) @ _about_y(-rad["elevation"]) @ _about_x(side * rad["roll"])
        forearm = upper @ _about_y(-rad["elbow"]) @ _about_x(side * rad["pronation"])
        shoulder = torso @ np.array([0.0, -0.2 * side, 0.45]) + np.stack([one(time_s) for one in self._sway], axis=-1)
        shoulder[:, 2] += 0.05 * self._breath(time_s) + angles.get("lift", zero)
        shoulder[:, 0] += angles.get("forward", zero)
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
