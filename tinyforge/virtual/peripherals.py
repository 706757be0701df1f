"""The registers of the virtual board: CMSDK UARTs and timer of the AN386, the core's own, and our block.

The map is that of ``firmware/virtual_m4/src/virtual_m4.h``.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable
from typing import Protocol

TIMER_BASE = 0x40000000
UART_BASES = (0x40004000, 0x40005000)
BLOCK_BASE = 0x40030000
SYSTEM_BASE = 0xE000E000
DWT_BASE = 0xE0001000
PAGE_BYTES = 0x1000

BOARD_ID = 0x31564654  # "TFV1"
IMU_QUEUE = 32


class Motion(Protocol):
    """What the IMU feels (``tinyforge.virtual.motion.MotionSource``)."""

    @property
    def rate_hz(self) -> float:
        """Samples a second."""

    def sample(self, i: int) -> tuple[float, ...]:
        """Six values, ax ay az in g and gx gy gz in degrees a second, of sample ``i``."""


class Uart:
    """A CMSDK UART (Arm DDI 0479, 4.3) with queues of any length to and from the outside."""

    def __init__(self, sent: Callable[[], None]) -> None:
        self.received = bytearray()  # on the way to the program
        self.output = bytearray()  # what the program sent
        self._sent = sent
        self._control = 0
        self.divider = 0  # clock / baud

    def read(self, offset: int, _count: int) -> int:
        """DATA, STATE, CTRL, INTSTATUS, BAUDDIV."""
        if offset == 0x00:
            return self.received.pop(0) if self.received else 0
        if offset == 0x04:
            return 2 if self.received else 0
        return {0x08: self._control, 0x0C: 0, 0x10: self.divider}[offset]

    def write(self, offset: int, _count: int, value: int) -> None:
        """DATA sends a byte; overrun flags and interrupts can be cleared but are never set; a KeyError elsewhere."""
        if offset == 0x00:
            self.output.append(value & 0xFF)
            self._sent()
        elif offset == 0x08:
            self._control = value
        elif offset == 0x10:
            self.divider = value
        elif offset not in {0x04, 0x0C}:
            raise KeyError(offset)

    def reset(self) -> None:
        """Power-on state; what is under way in the queues stays."""
        self._control = self.divider = 0


class Timer:
    """A CMSDK timer (Arm DDI 0479, 4.4): counts down from RELOAD while enabled."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Off, at 0."""
        self._control = 0
        self._reload = 0
        self._value = 0
        self.started_at = 0

    def _now(self) -> int:
        if not self._control & 1:
            return self._value
        gone = self._clock() - self.started_at
        if gone <= self._value:
            return self._value - gone
        return self._reload - (gone - self._value - 1) % (self._reload + 1)

    def read(self, offset: int, _count: int) -> int:
        """CTRL, VALUE, RELOAD, INTSTATUS."""
        if offset == 0x04:
            return self._now()
        return {0x00: self._control, 0x08: self._reload, 0x0C: 0}[offset]

    def write(self, offset: int, _count: int, value: int) -> None:
        """CTRL starts and stops it; VALUE and RELOAD set it; a KeyError elsewhere."""
        if offset == 0x00:
            self._value = self._now()
            self._control = value & 0xF
            self.started_at = self._clock()
        elif offset == 0x04:
            self._value = value
            self.started_at = self._clock()
        elif offset == 0x08:
            self._reload = value
        elif offset != 0x0C:
            raise KeyError(offset)


class Imu:
    """Accelerometer and gyroscope behind a queue of 32 samples; of a full queue the oldest is lost and counted.

    Sample ``i`` since the start is taken ``(i + 1) / rate`` after it, and is ``motion.sample(i)``; at another rate than
    the motion's it is the motion's sample nearest in time.

    Args:
        clock: ticks since reset.
        clock_hz: of those ticks.
        rates_hz: rates the sensor has; the first is its usual one; empty: there is no sensor.
        motion: what it feels; None: it lies still.
    """

    def __init__(
        self, clock: Callable[[], int], clock_hz: int, rates_hz: tuple[float, ...], motion: Motion | None
    ) -> None:
        self._clock = clock
        self._clock_hz = clock_hz
        self._rates_mhz = tuple(round(rate * 1000) for rate in rates_hz)
        self.motion = motion
        self.rate_mhz = 0
        self._started_at = 0
        self._taken = 0
        self.overruns = 0
        self._queue: deque[tuple[int, int]] = deque()

    @property
    def usual_mhz(self) -> int:
        """Usual rate in milli-hertz; 0 without a sensor."""
        return self._rates_mhz[0] if self._rates_mhz else 0

    def start(self, wanted_mhz: int) -> None:
        """Start anew at one of the sensor's rates (within 0.5 %); any other, and 0, stops it."""
        near = [rate for rate in self._rates_mhz if abs(rate - wanted_mhz) * 200 <= rate]
        self.rate_mhz = near[0] if near and wanted_mhz else 0
        self._started_at = self._clock()
        self._taken = 0
        self.overruns = 0
        self._queue.clear()

    def _moment(self, index: int) -> int:
        """Tick at which sample ``index`` is taken."""
        return self._started_at + (index + 1) * self._clock_hz * 1000 // self.rate_mhz

    def next_moment(self) -> int | None:
        """Tick of the next sample; None while stopped."""
        return self._moment(self._taken) if self.rate_mhz else None

    def waiting(self) -> int:
        """Samples in the queue now."""
        if self.rate_mhz:
            now = self._clock()
            while (moment := self._moment(self._taken)) <= now:
                if len(self._queue) == IMU_QUEUE:
                    self._queue.popleft()
                    self.overruns += 1
                self._queue.append((self._taken, moment))
                self._taken += 1
        return len(self._queue)

    def fetch(self, ticks_from: int) -> bytes:
        """The oldest sample as ``imu_sample_t``, its time counted from ``ticks_from``; empty when there is none."""
        if not self.waiting():
            return b""
        index, moment = self._queue.popleft()
        values = self._feel(index)
        return struct.pack("<IQ6f", index, max(moment - ticks_from, 0), *values)

    def _feel(self, index: int) -> tuple[float, ...]:
        if self.motion is None:
            return (0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
        motion_mhz = round(self.motion.rate_hz * 1000)
        if motion_mhz == self.rate_mhz:
            return self.motion.sample(index)
        return self.motion.sample((2 * index * motion_mhz + self.rate_mhz) // (2 * self.rate_mhz))


class SystemSpace:
    """The core's own registers: FPU access, reset request, DWT's cycle counter; the rest keeps what is written."""

    def __init__(self, clock: Callable[[], int], reset_wanted: Callable[[], None]) -> None:
        self._clock = clock
        self._reset_wanted = reset_wanted
        self.reset()

    def reset(self) -> None:
        """Power-on values (Arm DDI 0439, table 4-1)."""
        self._kept: dict[int, int] = {0xD0C: 0xFA050000}
        self._dwt: dict[int, int] = {}
        self._cycles_from = 0

    def read(self, offset: int, _count: int) -> int:
        """System control space, 0xE000E000."""
        return 0x410FC241 if offset == 0xD00 else self._kept.get(offset & ~3, 0) >> (8 * (offset & 3))

    def write(self, offset: int, count: int, value: int) -> None:
        """AIRCR with its key and SYSRESETREQ resets the board."""
        if offset == 0xD0C:
            if value >> 16 == 0x05FA and value & 4:
                self._reset_wanted()
            return
        shift, mask = 8 * (offset & 3), (1 << (8 * count)) - 1
        old = self._kept.get(offset & ~3, 0)
        self._kept[offset & ~3] = (old & ~(mask << shift)) | ((value & mask) << shift)

    def read_dwt(self, offset: int, _count: int) -> int:
        """DWT, 0xE0001000."""
        if offset == 0x04:
            return (self._clock() - self._cycles_from) & 0xFFFFFFFF
        return self._dwt.get(offset, 0)

    def write_dwt(self, offset: int, _count: int, value: int) -> None:
        """CYCCNT can be set; the rest keeps what is written."""
        if offset == 0x04:
            self._cycles_from = self._clock() - value
        else:
            self._dwt[offset] = value
