"""Smooth random functions of time: what makes two repetitions of one movement differ."""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt

Float64Array = npt.NDArray[np.float64]
Angles = dict[str, Float64Array]
TWO_PI = 2 * np.pi
JOINTS = ("azimuth", "elevation", "roll", "elbow", "pronation")


def about(rng: np.random.Generator, middle: float, spread: float) -> float:
    """A normally distributed number, at most 1.8 standard deviations off: people differ, but none is absurd."""
    return float(middle + spread * np.clip(rng.standard_normal(), -1.8, 1.8))


def abouts(rng: np.random.Generator, spreads: tuple[float, ...]) -> tuple[float, ...]:
    """Such a number about 0 for each spread."""
    return tuple(about(rng, 0.0, spread) for spread in spreads)


def word(text: str) -> int:
    """A number for the seed of a generator: the same for the same text, everywhere."""
    return zlib.crc32(text.encode())


class Wander:
    """A smooth random function of time: sines of random frequency and phase, standard deviation ``size`` in all."""

    def __init__(self, rng: np.random.Generator, size: float, low_hz: float, high_hz: float, terms: int = 5) -> None:
        self._rate = TWO_PI * rng.uniform(low_hz, high_hz, terms)
        self._phase = rng.uniform(0.0, TWO_PI, terms)
        self._size = float(size * np.sqrt(2.0 / terms))

    def __call__(self, time_s: Float64Array) -> Float64Array:
        """Its value at each moment [n]."""
        total = np.zeros_like(time_s)
        for rate, phase in zip(self._rate, self._phase, strict=True):
            total += np.sin(rate * time_s + phase)
        total *= self._size
        return total


class Fidgets:
    """Small deliberate movements at random moments: one every ``every_s`` on average, Gaussian in time.

    Each cell of ``every_s`` seconds holds one, drawn from the cell's own seed: any moment can be asked for by itself.
    """

    def __init__(self, seed: tuple[int, ...], every_s: float) -> None:
        self._seed = seed
        self._every_s = every_s
        self._cells: dict[int, tuple[float, float, dict[str, float]]] = {}

    def _cell(self, index: int) -> tuple[float, float, dict[str, float]]:
        if index not in self._cells:
            rng = np.random.default_rng([*self._seed, word("fidget"), index + (1 << 20)])
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
        """How far each joint is moved at each moment, degrees [n]."""
        total = {name: np.zeros_like(time_s) for name in JOINTS}
        reach_s = 6 * 0.4  # where the widest Gaussian has fallen to 1e-8
        first = int(np.floor((time_s.min() - reach_s) / self._every_s))
        last = int(np.floor((time_s.max() + reach_s) / self._every_s))
        for index in range(first, last + 1):
            centre_s, width_s, size = self._cell(index)
            bump = np.exp(-0.5 * ((time_s - centre_s) / width_s) ** 2)
            for name, degrees in size.items():
                total[name] += degrees * bump
        return total


class Beat:
    """The phase of a repeated signal, in radians, growing all the time with a tempo that wanders by some per cent."""

    def __init__(self, rng: np.random.Generator, rate_hz: float, sharpness: float) -> None:
        self._rate = TWO_PI * rate_hz
        self._start = rng.uniform(0.0, TWO_PI)
        self._wander = Wander(rng, 0.22, 0.05, 0.3)
        self._sharpness = max(sharpness, 1e-3)
        self._skew = rng.uniform(-0.35, 0.35)

    def phase(self, time_s: Float64Array) -> Float64Array:
        """The phase at each moment, radians [n]."""
        return self._rate * time_s + self._start + self._wander(time_s)

    def swing(self, time_s: Float64Array, lag: float = 0.0) -> Float64Array:
        """Back and forth between -1 and 1, held at the ends by ``sharpness``, one way quicker than the other.

        Args:
            time_s: moments, seconds [n].
            lag: behind the beat, radians.
        """
        phase = self.phase(time_s) - lag
        return np.asarray(
            np.tanh(self._sharpness * np.sin(phase + self._skew * np.sin(phase))) / np.tanh(self._sharpness)
        )
