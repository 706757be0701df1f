"""People: limbs, tempo, amplitude, and the sensor each was given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyforge.virtual.motion.rhythm import abouts, word


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
    rng = np.random.default_rng([word("subject"), number])
    mount_x, mount_y, mount_z = abouts(rng, (10.0, 5.0, 6.0))
    ax, ay, az = abouts(rng, (0.008, 0.008, 0.008))
    gx, gy, gz = abouts(rng, (0.8, 0.8, 0.8))
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
