"""BMI270 (Nano 33 BLE Sense, revision 2): Bosch BST-BMI270-DS000, section 4.4 (initialisation) and 5 (registers).

It samples only after its program was loaded and INTERNAL_STATUS says so. It is deaf for 2 ms after a reset, and to what
is written within 450 us of the last access while it saves power. It takes the program only 450 us after power save was
switched off, from the word on that INIT_ADDR says at the start of each burst, and has started 20 ms after INIT_CTRL.
Its gyroscope shows some of the rotation about z about x, too, and says in GYR_CAS how much; it gives samples 45 ms
after it was switched on.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from tinyforge.virtual.parts.imu import Clock, SampledImu, to_counts

if TYPE_CHECKING:
    from tinyforge.virtual.peripherals import Motion

ADDRESS, CHIP_ID = 0x68, 0x24
MAGNETOMETER_ADDRESS, MAGNETOMETER_ID = 0x10, 0x32
#: What it wants to be loaded with; the firmware has it from ``firmware/arduino_api/bmi270_maximum_fifo.c``.
PROGRAM = bytes((73 * i + i // 7 + 41) % 256 for i in range(328))
INIT_OK, INIT_ERROR = 1, 2
(ID, STATUS, DATA, GYR_CAS, INTERNAL_STATUS, ACC_CONF, ACC_RANGE, GYR_CONF, GYR_RANGE) = (
    0x00,
    0x03,
    0x0C,
    0x1E,
    0x21,
    0x40,
    0x41,
    0x42,
    0x43,
)
(INIT_CTRL, INIT_ADDR_0, INIT_ADDR_1, INIT_DATA, PWR_CONF, PWR_CTRL, CMD) = (0x59, 0x5B, 0x5C, 0x5E, 0x7C, 0x7D, 0x7E)
_PROGRAM_MEMORY_BYTES = 8192
_RATES_MHZ = {6: 25_000, 7: 50_000, 8: 100_000, 9: 200_000, 10: 400_000, 11: 800_000, 12: 1_600_000}
_SOFT_RESET, _POWER_SAVE, _GYROSCOPE_ON, _ACCELEROMETER_ON = 0xB6, 0x01, 0x02, 0x04
_ACCELEROMETER_READY, _GYROSCOPE_READY = 0x80, 0x40
_RESET_US, _WAKE_US, _START_US, _GYROSCOPE_US = 2_000, 450, 20_000, 45_000


class Bmi270(SampledImu):
    """The part's registers.

    Args:
        clock, clock_hz, motion, changed: see ``SampledImu``; the motion is on the board's axes.
        cross_axis: what GYR_CAS says, -64..63 in 1/512 of the rotation about z.
    """

    def __init__(
        self, clock: Clock, clock_hz: int, motion: Motion | None, changed: Callable[[], None], *, cross_axis: int = -9
    ) -> None:
        super().__init__(clock, clock_hz, motion, changed)
        self._cross_axis = cross_axis
        self._deaf_until = 0

    def power_on(self) -> None:
        """Registers as after power-on or a soft reset (the data sheet's reset values)."""
        self.registers = {ACC_CONF: 0xA8, ACC_RANGE: 0x02, GYR_CONF: 0xA9, GYR_RANGE: 0x00, PWR_CONF: 0x03}
        self.set_rate(0)
        self._memory = bytearray(_PROGRAM_MEMORY_BYTES)
        self._at = 0
        self._burst_at = -1
        self._last_access = -1 << 62
        self._awake_from: int | None = None
        self._started_from: int | None = None
        self._is_loading = False  # between INIT_CTRL 0 and 1
        self._gyroscope_from = 0
        self._data = bytes(12)
        self._ready = 0
        self.on_sample = self._take

    def _is_deaf(self) -> bool:
        now, last = self._clock(), self._last_access
        self._last_access = now
        saves_power = self.registers[PWR_CONF] & _POWER_SAVE
        is_soon = 0 < now - last < _WAKE_US * self._clock_hz // 1_000_000  # the bytes of one burst come at one moment
        return now < self._deaf_until or (bool(saves_power) and is_soon)

    def _in(self, microseconds: int) -> int:
        return self._clock() + -(-microseconds * self._clock_hz // 1_000_000)

    @property
    def _is_awake(self) -> bool:
        return self._awake_from is not None and self._awake_from <= self._clock()

    @property
    def _status(self) -> int:
        if self._started_from is None or self._started_from > self._clock():
            return 0
        return INIT_OK if self._memory.startswith(PROGRAM) else INIT_ERROR

    def _take(self, index: int) -> None:
        ax, ay, az, gx, gy, gz = self.feel(index)
        per_g = (2 << (self.registers[ACC_RANGE] & 3)) / 32768
        per_dps = (2000 >> (self.registers[GYR_RANGE] & 7)) / 32768
        # On this board its x is -y of revision 1's part and its y is -x, as Arduino's library turns them back.
        rotation = (-gy + self._cross_axis / 512 * gz, -gx, gz)
        counts = [to_counts(value, per_g) for value in (-ay, -ax, az)]
        self._ready |= _ACCELEROMETER_READY
        if self._clock() >= self._gyroscope_from:
            counts += [to_counts(value, per_dps) for value in rotation]
            self._ready |= _GYROSCOPE_READY
        self._data = struct.pack("<6h", *counts, *(0,) * (6 - len(counts)))

    def write(self, address: int, value: int) -> None:
        """One register; INIT_DATA takes the program."""
        self.advance()
        if self._is_deaf():
            return
        if address == CMD and value == _SOFT_RESET:
            self.power_on()
            self._deaf_until = self._in(_RESET_US)
        elif address == PWR_CONF:
            self._awake_from = None if value & _POWER_SAVE else self._in(_WAKE_US)
            self.registers[address] = value
        elif address in {INIT_CTRL, INIT_DATA}:
            if self._is_awake:
                self._load(address, value)
        else:
            self._set(address, value)

    def _load(self, address: int, value: int) -> None:
        if address == INIT_CTRL:
            self._is_loading = not value & 1
            self._started_from = None if self._is_loading else self._in(_START_US)
            return
        if not self._is_loading:
            return
        if self._clock() != self._burst_at:
            self._burst_at = self._clock()
            self._at = 2 * (self.registers.get(INIT_ADDR_0, 0) & 15 | self.registers.get(INIT_ADDR_1, 0) << 4)
        self._memory[self._at % _PROGRAM_MEMORY_BYTES] = value
        self._at += 1

    def _set(self, address: int, value: int) -> None:
        was_on = self.registers.get(PWR_CTRL, 0) & _GYROSCOPE_ON
        self.registers[address] = value
        is_on = self.registers.get(PWR_CTRL, 0)
        if is_on & _GYROSCOPE_ON and not was_on:
            self._gyroscope_from = self._in(_GYROSCOPE_US)
        elif not is_on & _GYROSCOPE_ON:
            self._gyroscope_from = 1 << 62
        if address in {PWR_CTRL, ACC_CONF} and self._status == INIT_OK:
            self.set_rate(_RATES_MHZ.get(self.registers[ACC_CONF] & 15, 0) if is_on & _ACCELEROMETER_ON else 0)

    def read(self, address: int) -> int:
        """One register; reading data clears its data-ready flag."""
        self.advance()
        self._last_access = self._clock()
        if self._clock() < self._deaf_until:
            return 0
        if address == ID:
            return CHIP_ID
        if address == STATUS:
            return self._ready | 0x10
        if address == INTERNAL_STATUS:
            return self._status
        if address == GYR_CAS:
            return self._cross_axis & 0x7F if self._status == INIT_OK else 0
        if DATA <= address < DATA + 12:
            offset = address - DATA
            self._ready &= ~(_ACCELEROMETER_READY if offset < 6 else _GYROSCOPE_READY)
            return self._data[offset]
        return self.registers.get(address, 0)

    def after(self, address: int) -> int:
        """Address of the next byte in a burst; INIT_DATA takes all of it."""
        return address if address == INIT_DATA else address + 1 & 0x7F


class Bmm150:
    """The magnetometer beside it: asleep until its power bit is set, then it answers its identity and holds still."""

    def __init__(self) -> None:
        self.power_on()

    def power_on(self) -> None:
        """Suspended."""
        self.registers: dict[int, int] = {}

    def write(self, address: int, value: int) -> None:
        """One register."""
        self.registers[address] = value

    def read(self, address: int) -> int:
        """One register; the identity reads 0 while suspended."""
        if address == 0x40:
            return MAGNETOMETER_ID if self.registers.get(0x4B, 0) & 1 else 0
        return self.registers.get(address, 0)

    def after(self, address: int) -> int:
        """Address of the next byte in a burst."""
        return address + 1 & 0x7F
