"""What accelerometer-gyroscopes have in common: samples at a rate of their own, ranges that clip, a data-ready flag."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinyforge.virtual.peripherals import Motion

_REST = (0.0, 0.0, 1.0, 0.0, 0.0, 0.0)

Clock = Callable[[], int]


def to_counts(value: float, per_count: float) -> int:
    """The 16-bit number a converter gives for ``value``: rounded to the nearest, clipped at the ends of its range."""
    return max(-32768, min(32767, math.floor(value / per_count + 0.5)))


class SampledImu:
    """A part that takes one sample of six values each period of its own clock, and says when one is new.

    A subclass has the registers: it calls ``set_rate`` when the program writes its rate and asks ``newest``.

    Args:
        clock: ticks of the board.
        clock_hz: of those ticks.
        motion: what it feels, ax ay az in g and gx gy gz in degrees a second; None: it lies still.
        changed: called when the moment of the next sample is another one than before.
    """

    def __init__(self, clock: Clock, clock_hz: int, motion: Motion | None, changed: Callable[[], None]) -> None:
        self._clock = clock
        self._clock_hz = clock_hz
        self.motion = motion
        self._changed = changed
        self.rate_mhz = 0
        self._started_at = 0
        self.taken = 0  # samples since the rate was set
        self.on_sample: Callable[[int], None] = lambda _index: None

    def power_on(self) -> None:
        """Registers as after power-on; a subclass has them."""
        raise NotImplementedError

    def announces_on(self, line: int) -> bool:
        """Whether each sample raises the part's interrupt line of this number."""
        del line
        return False

    def set_rate(self, rate_mhz: int) -> None:
        """Sample at this rate from now on; 0 stops. Setting the same rate again changes nothing, as in the parts."""
        if rate_mhz == self.rate_mhz:
            return
        self.advance()
        self.rate_mhz = rate_mhz
        self._started_at = self._clock()
        self.taken = 0
        self._changed()

    def next_moment(self) -> int | None:
        """Tick of the next sample; None while stopped."""
        if not self.rate_mhz:
            return None
        return self._started_at + (self.taken + 1) * self._clock_hz * 1000 // self.rate_mhz

    def advance(self) -> None:
        """Take the samples whose time has come."""
        now = self._clock()
        while (moment := self.next_moment()) is not None and moment <= now:
            self.taken += 1
            self.on_sample(self.taken - 1)

    def feel(self, index: int) -> tuple[float, ...]:
        """What the part feels at sample ``index`` since its rate was set."""
        if self.motion is None:
            return _REST
        motion_mhz = round(self.motion.rate_hz * 1000)
        if motion_mhz == self.rate_mhz or not self.rate_mhz:
            return self.motion.sample(index)
        return self.motion.sample((2 * index * motion_mhz + self.rate_mhz) // (2 * self.rate_mhz))
