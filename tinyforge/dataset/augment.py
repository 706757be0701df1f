"""Training windows varied on the fly: what another day, another wrist and another tempo would have done to them.

Each variation has a physical cause, so that the network learns to look past that cause and nothing else:

    rotation     the sensor is strapped on a little differently: accelerations and angular rates turn together
    tempo        the same movement quicker or slower by w: time stretches, angular rates grow with w, what of the
                 acceleration is not gravity with w^2
    shift        the window was cut a little earlier or later; the end that is missing is held
    amplitude    the same movement wider or narrower by s: angular rates and non-gravity acceleration grow with s
    bias         the sensor's zero is off, by another constant for every window
    noise        the sensor's white noise
    heading      the sensor sits anywhere around the vertical (a belt, a bottle): everything turns about gravity, which
                 stays where it is
    turned       the strap is on the other way round: half a turn about one of the sensor's axes, drawn for each window
    mirrored     the same movement by the other hand, the sensor worn in its mirrored place: accelerations are mirrored
                 along x, angular rates, which are axial, along y and z
    dropout      samples get lost on the way, three in a row on average, and the one before them is held

The last four are off unless they are asked for: they change a movement more than another day does, and are right only
where both forms are meant to be one class.

Gravity is taken as the window's mean acceleration, which is exact for a sensor that does not turn and keeps |a| at rest
at 1 g in any case. Windows are in physical units (g, dps), before they are standardised. See T. T. Um et al., "Data
augmentation of wearable sensor data for Parkinson's disease monitoring using convolutional neural networks", ICMI 2017,
from whose list scaling is replaced by amplitude, and permutation left out: it makes movements nobody can make.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import ConfigError
from tinyforge.core.types import Float32Array
from tinyforge.dataset.units import ACCELERATION, ANGULAR_RATE

Float64Array = npt.NDArray[np.float64]

_BURST = 3.0  # samples that are lost in a row, on average
_MOST_LOST = 0.7


@dataclass(frozen=True, slots=True)
class AugmentSpec:
    """How far windows are varied; 0 leaves a variation out.

    Numbers are standard deviations, each clipped at 2.5 of itself, unless something else is said.

    Attributes:
        rotation_deg: of the sensor frame, about each axis.
        tempo: of the factor's logarithm.
        shift_samples: of the shift.
        amplitude: of the factor's logarithm.
        accel_bias_g, gyro_bias_dps: of the constant added to each axis.
        accel_noise_g, gyro_noise_dps: of the noise added to each sample.
        heading_deg: the turn about gravity is uniform up to this in both directions.
        turned, mirrored: probability that a window is.
        dropout: share of the samples that are lost, below 1.

    Raises:
        ConfigError: a probability or share is above 1.
    """

    rotation_deg: float = 6.0
    tempo: float = 0.06
    shift_samples: float = 1.5
    amplitude: float = 0.08
    accel_bias_g: float = 0.01
    gyro_bias_dps: float = 1.0
    accel_noise_g: float = 0.004
    gyro_noise_dps: float = 0.2
    heading_deg: float = 0.0
    turned: float = 0.0
    mirrored: float = 0.0
    dropout: float = 0.0

    def __post_init__(self) -> None:
        for name, most in (("turned", 1.0), ("mirrored", 1.0), ("dropout", _MOST_LOST), ("heading_deg", 180.0)):
            if not 0 <= getattr(self, name) <= most:
                raise ConfigError("augmentation", f"{name} is {getattr(self, name):g}", f"it must be 0 to {most:g}")


def augment(
    windows: Float32Array,
    channels: Sequence[str],
    rng: np.random.Generator,
    spec: AugmentSpec | None = None,
    **amounts: float,
) -> Float32Array:
    """Varied copies of windows, each by its own amounts.

    Args:
        windows: float32 [window, time, channel], accelerations in g, angular rates in dps.
        channels: name of each column. ax ay az and gx gy gz are treated as above, where all three are there; other
            columns follow tempo and shift only.
        rng: where the amounts come from: equal state, equal result.
        spec: how far.
        amounts: attributes of ``spec`` that are to be other.

    Returns:
        float32 of the same shape; ``windows`` is left alone.
    """
    spec = dataclasses.replace(spec or AugmentSpec(), **amounts)
    accel, gyro = _triple(channels, ACCELERATION), _triple(channels, ANGULAR_RATE)
    count = len(windows)
    tempo = np.exp(_normal(rng, spec.tempo, (count, 1)))
    shift = _normal(rng, spec.shift_samples, (count, 1))
    out = _retimed(windows, tempo, shift) if spec.tempo or spec.shift_samples else windows.astype(np.float32)
    amplitude = np.exp(_normal(rng, spec.amplitude, (count, 1)))
    turn = _rotations(_normal(rng, np.radians(spec.rotation_deg), (count, 3))).astype(np.float32)
    biases = _normal(rng, spec.accel_bias_g, (count, 1, 3)), _normal(rng, spec.gyro_bias_dps, (count, 1, 3))
    if accel:
        other = _other_ways(out[:, :, accel].mean(axis=1), spec, rng)
        if other is not None:
            place, sign = other
            out[:, :, accel] = out[:, :, accel] @ place
            if gyro:
                out[:, :, gyro] = out[:, :, gyro] @ place * sign
        part = out[:, :, accel]
        gravity = part.mean(axis=1, keepdims=True)
        part = gravity + (part - gravity) * (amplitude * tempo**2)[:, :, None].astype(np.float32)
        out[:, :, accel] = _disturbed(part @ turn, biases[0], spec.accel_noise_g, rng)
    if gyro:
        part = out[:, :, gyro] * (amplitude * tempo)[:, :, None].astype(np.float32)
        out[:, :, gyro] = _disturbed(part @ turn, biases[1], spec.gyro_noise_dps, rng)
    return _with_losses(out, spec.dropout, rng) if spec.dropout else out


def _other_ways(
    gravity: Float32Array, spec: AugmentSpec, rng: np.random.Generator
) -> tuple[Float32Array, Float32Array] | None:
    """How the sensor is worn otherwise; None where it is not.

    Returns:
        Matrices for rows of accelerations, [n, 3, 3]; times the signs, [n, 1, 1], those for angular rates.
    """
    if not (spec.heading_deg or spec.turned or spec.mirrored):
        return None
    count = len(gravity)
    place = np.tile(np.eye(3), (count, 1, 1))
    if spec.mirrored:
        place[rng.random(count) < spec.mirrored, 0, 0] = -1.0
    if spec.turned:
        half = np.where(np.eye(3)[rng.integers(3, size=count)] > 0, 1.0, -1.0)
        half[rng.random(count) >= spec.turned] = 1.0
        place = place * half[:, None, :]
    sign = np.linalg.det(place)[:, None, None]
    if spec.heading_deg:
        angle = np.radians(spec.heading_deg) * rng.uniform(-1, 1, (count, 1))
        up = np.einsum("ni,nij->nj", gravity.astype(np.float64), place)
        up /= np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-9)
        place = place @ _rotations(angle * up)
    return place.astype(np.float32), sign.astype(np.float32)


def _with_losses(windows: Float32Array, share: float, rng: np.random.Generator) -> Float32Array:
    """Windows where that share of the samples is the one before, `_BURST` in a row on average."""
    count, time = windows.shape[:2]
    begin, end = share / ((1 - share) * _BURST), 1 / _BURST  # a Markov chain that is in "lost" that share of the time
    drawn = rng.random((count, time))
    lost = np.zeros((count, time), bool)
    for k in range(1, time):
        lost[:, k] = np.where(lost[:, k - 1], drawn[:, k] >= end, drawn[:, k] < begin)
    held = np.maximum.accumulate(np.where(lost, 0, np.arange(time)), axis=1)
    result: Float32Array = np.take_along_axis(windows, held[:, :, None], axis=1)
    return result


def _triple(channels: Sequence[str], names: Sequence[str]) -> list[int]:
    names_at = list(channels)
    return [names_at.index(name) for name in names] if all(name in names_at for name in names) else []


def _normal(rng: np.random.Generator, size: float, shape: tuple[int, ...]) -> Float64Array:
    values: Float64Array = size * np.clip(rng.standard_normal(shape), -2.5, 2.5)
    return values


def _disturbed(part: Float32Array, bias: Float64Array, noise: float, rng: np.random.Generator) -> Float32Array:
    part = part + bias.astype(np.float32)
    if noise:
        part += np.float32(noise) * rng.standard_normal(part.shape, dtype=np.float32)
    return part


def _retimed(windows: Float32Array, tempo: Float64Array, shift: Float64Array) -> Float32Array:
    """Each window read at other moments, around its middle; linear in between, held beyond the ends."""
    time = windows.shape[1]
    middle = (time - 1) / 2
    moments = np.clip(middle + (np.arange(time) - middle) * tempo + shift, 0, time - 1)
    before = np.minimum(moments.astype(np.int64), max(time - 2, 0))
    after = np.minimum(before + 1, time - 1)
    share = (moments - before).astype(np.float32)[:, :, None]
    rows = np.arange(len(windows))[:, None]
    early = windows[rows, before]
    result: Float32Array = (early + share * (windows[rows, after] - early)).astype(np.float32)
    return result


def _rotations(vectors: Float64Array) -> Float64Array:
    """Rotation matrices [n, 3, 3] about rotation vectors [n, 3] in radians, by Rodrigues' formula."""
    angle = np.linalg.norm(vectors, axis=1)
    axis = vectors / np.maximum(angle, 1e-12)[:, None]
    cross = np.zeros((len(vectors), 3, 3))
    cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = -axis[:, 2], axis[:, 1], -axis[:, 0]
    cross -= cross.transpose(0, 2, 1)
    sine, cosine = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    result: Float64Array = np.eye(3) + sine * cross + (1 - cosine) * (cross @ cross)
    return result
