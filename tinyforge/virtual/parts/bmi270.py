"""BMI270 (Nano 33 BLE Sense, revision 2): Bosch BST-BMI270-DS000, section 4.4 (initialisation) and 5 (registers).

It answers sensor data only after its 8192 bytes of configuration were loaded and INTERNAL_STATUS says so.
"""

from __future__ import annotations

import struct

from tinyforge.virtual.parts.imu import SampledImu, to_counts

ADDRESS, CHIP_ID = 0x68, 0x24
MAGNETOMETER_ADDRESS, MAGNETOMETER_ID = 0x10, 0x32
CONFIGURATION_BYTES = 8192
(ID, STATUS, DATA, INTERNAL_STATUS, ACC_CONF, ACC_RANGE, GYR_CONF, GYR_RANGE) = (
    0x00,
    0x03,
    0x0C,
    0x21,
    0x40,
    0x41,
    0x42,
    0x43,
)
(INIT_CTRL, INIT_DATA, PWR_CONF, PWR_CTRL, CMD) = (0x59, 0x5E, 0x7C, 0x7D, 0x7E)
_RATES_MHZ = {6: 25_000, 7: 50_000, 8: 100_000, 9: 200_000, 10: 400_000, 11: 800_000, 12: 1_600_000}
_SOFT_RESET = 0xB6


class Bmi270(SampledImu):
    """The part's registers."""

    def power_on(self) -> None:
        """Registers as after power-on or a soft reset (the data sheet's reset values)."""
        self.registers = {ACC_CONF: 0xA8, ACC_RANGE: 0x02, GYR_CONF: 0xA9, GYR_RANGE: 0x00, PWR_CONF: 0x03}
        self.set_rate(0)
        self._loaded = 0
        self._status = 0
        self._data = bytes(12)
        self._ready = 0
        self.on_sample = self._take

    def _take(self, index: int) -> None:
        felt = self.feel(index)
        per_g = (2 << (self.registers[ACC_RANGE] & 3)) / 32768
        per_dps = (2000 >> (self.registers[GYR_RANGE] & 7)) / 32768
        counts = [to_counts(value, per_g) for value in felt[:3]] + [to_counts(value, per_dps) for value in felt[3:]]
        self._data = struct.pack("<6h", *counts)
        self._ready = 0xC0  # drdy_acc, drdy_gyr

    def write(self, address: int, value: int) -> None:
        """One register; INIT_DATA takes the configuration."""
        self.advance()
        if address == CMD and value == _SOFT_RESET:
            self.power_on()
            return
        if address == INIT_DATA:
            self._loaded += 1
            return
        if address == INIT_CTRL:
            if value == 0:
                self._loaded = 0
            elif not self.registers[PWR_CONF] & 1:
                self._status = 1 if self._loaded == CONFIGURATION_BYTES else 2  # init_ok, init_err
        self.registers[address] = value
        if address in {PWR_CTRL, ACC_CONF, GYR_CONF} and self._status == 1:
            is_on = self.registers.get(PWR_CTRL, 0) & 0x04
            self.set_rate(_RATES_MHZ.get(self.registers[ACC_CONF] & 15, 0) if is_on else 0)

    def read(self, address: int) -> int:
        """One register; reading data clears its data-ready flag."""
        self.advance()
        if address == ID:
            return CHIP_ID
        if address == STATUS:
            return self._ready | 0x10
        if address == INTERNAL_STATUS:
            return self._status
        if DATA <= address < DATA + 12:
            offset = address - DATA
            self._ready &= ~(0x80 if offset < 6 else 0x40)
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
