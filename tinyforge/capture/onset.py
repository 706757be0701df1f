"""When a movement begins and when it is over, whatever the units are."""

from __future__ import annotations

import numpy as np

from tinyforge.core.types import Channel, Float32Array

_FLOORS = {"g": 0.03, "mg": 30.0, "m/s^2": 0.3, "dps": 5.0, "mdps": 5000.0, "rad/s": 0.09}
"""Least deviation of a channel that counts as rest: a hand at rest trembles so much."""

_REST_S = 0.5
_QUIET_S = 0.3
_SUSTAINED_S = 0.03
_ADAPT_S = 2.0


class Onset:
    """Watches a stream for movement.

    Rest is learnt from the first half second: mean and deviation of each channel. A channel that is further from its
    mean than ``factor`` deviations (and than what a resting hand does) for 30 ms is movement; 0.3 s without is rest, in
    which the mean follows slowly, so that a turned wrist becomes the new rest.

    Args:
        channels: columns; their units give the least deviation.
        rate_hz: samples a second.
        factor: how many deviations are movement; smaller is more sensitive.
    """

    def __init__(self, channels: tuple[Channel, ...], rate_hz: float, factor: float = 4.0) -> None:
        self._floor = np.array([_FLOORS.get(channel.unit, 0.0) for channel in channels], np.float64)
        self._factor = factor
        self._rest_count = max(round(_REST_S * rate_hz), 4)
        self._sustained = max(round(_SUSTAINED_S * rate_hz), 1)
        self._quiet_count = max(round(_QUIET_S * rate_hz), 2)
        self._adapt = 1.0 / (_ADAPT_S * rate_hz)
        self._learnt: list[Float32Array] = []
        self._mean = np.zeros(len(channels))
        self._deviation = np.ones(len(channels))
        self._above = 0
        self._below = 0
        self.moving = False

    @property
    def is_ready(self) -> bool:
        """Rest has been learnt."""
        return len(self._learnt) >= self._rest_count

    def push(self, sample: Float32Array) -> bool:
        """Look at the next sample, float32 [channel].

        Returns:
            Whether it is the one by which a movement is sure to have begun.
        """
        if not self.is_ready:
            self._learn(sample)
            return False
        away = np.abs(sample - self._mean)
        if bool((away > self._factor * self._deviation).any()):
            self._above += 1
            self._below = 0
        else:
            self._below += 1
            self._above = 0
        if self.moving:
            if self._below >= self._quiet_count:
                self.moving = False
            return False
        if self._above >= self._sustained:
            self.moving = True
            return True
        if not self._above:
            self._mean += self._adapt * (sample - self._mean)
        return False

    def _learn(self, sample: Float32Array) -> None:
        self._learnt.append(sample)
        if self.is_ready:
            rest = np.array(self._learnt, np.float64)
            self._mean = np.median(rest, axis=0)
            spread = 1.4826 * np.median(np.abs(rest - self._mean), axis=0)
            self._deviation = np.maximum(spread, np.where(self._floor > 0, self._floor, 1e-3 * np.abs(self._mean)))

    def relearn(self) -> None:
        """Learn rest anew: the stream was interrupted, or the hand came to rest elsewhere."""
        self._learnt.clear()
        self._above = self._below = 0
        self.moving = False
