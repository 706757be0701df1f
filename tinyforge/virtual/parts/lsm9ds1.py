"""LSM9DS1 (Nano 33 BLE Sense, revision 1): ST DocID025715, table 3 (sensitivities) and sections 6 to 8 (registers)."""

from __future__ import annotations

import struct

from tinyforge.virtual.parts.imu import SampledImu, to_counts

IMU_ADDRESS, MAGNETOMETER_ADDRESS = 0x6B, 0x1E
WHO_AM_I, WHO_AM_I_MAGNETOMETER = 0x68, 0x3D
_RATES_MHZ = {1: 14_900, 2: 59_500, 3: 119_000, 4: 238_000, 5: 476_000, 6: 952_000}
# Full scale / 32768: what libraries divide by; the table's figures are 0.1 % to 14 % larger for the gyroscope.
_G_FULL = {0: 2.0, 1: 16.0, 2: 4.0, 3: 8.0}
_DPS_FULL = {0: 245.0, 1: 500.0, 3: 2000.0}
(WHO, CTRL_REG1_G, STATUS, OUT_G, CTRL_REG6_XL, CTRL_REG8, STATUS_XL, OUT_XL) = (
    0x0F,
    0x10,
    0x17,
    0x18,
    0x20,
    0x22,
    0x27,
    0x28,
)
_SW_RESET, _IF_ADD_INC = 0x01, 0x04


class Lsm9ds1(SampledImu):
    """Accelerometer and gyroscope; with the gyroscope on, both sample at its rate."""

    def power_on(self) -> None:
        """Registers as after power-on or SW_RESET."""
        self.registers = {CTRL_REG8: _IF_ADD_INC}
        self.set_rate(0)
        self._g = self._xl = bytes(6)
        self.is_new = {"g": False, "xl": False}
        self.on_sample = self._take

    def _take(self, index: int) -> None:
        felt = self.feel(index)
        per_g = _G_FULL[self.registers.get(CTRL_REG6_XL, 0) >> 3 & 3] / 32768
        per_dps = _DPS_FULL.get(self.registers.get(CTRL_REG1_G, 0) >> 3 & 3, 2000.0) / 32768
        self._xl = struct.pack("<3h", *(to_counts(value, per_g) for value in felt[:3]))
        self._g = struct.pack("<3h", *(to_counts(value, per_dps) for value in felt[3:]))
        self.is_new = {"g": True, "xl": True}

    def write(self, address: int, value: int) -> None:
        """One register."""
        self.advance()
        if address == CTRL_REG8 and value & _SW_RESET:
            self.power_on()
            return
        self.registers[address] = value
        if address in {CTRL_REG1_G, CTRL_REG6_XL}:
            gyroscope, accelerometer = (self.registers.get(at, 0) >> 5 for at in (CTRL_REG1_G, CTRL_REG6_XL))
            self.set_rate(_RATES_MHZ.get(gyroscope or accelerometer, 0))

    def read(self, address: int) -> int:
        """One register; outputs clear their data-ready flag when their last byte is read."""
        self.advance()
        if address == WHO:
            return WHO_AM_I
        if address in {STATUS, STATUS_XL}:
            return (1 if self.is_new["xl"] else 0) | (2 if self.is_new["g"] else 0)
        for kind, start, data in (("g", OUT_G, self._g), ("xl", OUT_XL, self._xl)):
            if start <= address < start + 6:
                if address == start + 5:
                    self.is_new[kind] = False
                return data[address - start]
        return self.registers.get(address, 0)

    def after(self, address: int) -> int:
        """Address of the next byte in a burst."""
        return address + 1 & 0x7F if self.registers.get(CTRL_REG8, 0) & _IF_ADD_INC else address


class Lsm9ds1Magnetometer:
    """The other half of the package: it answers at its address and holds still."""

    def __init__(self) -> None:
        self.power_on()

    def power_on(self) -> None:
        """Registers as after power-on."""
        self.registers: dict[int, int] = {}

    def write(self, address: int, value: int) -> None:
        """One register; bit 7 of an address only says that it counts on."""
        self.registers[address & 0x7F] = value

    def read(self, address: int) -> int:
        """One register."""
        return WHO_AM_I_MAGNETOMETER if address & 0x7F == WHO else self.registers.get(address & 0x7F, 0)

    def after(self, address: int) -> int:
        """Address of the next byte in a burst: it counts on when its bit 7 is set."""
        return address + 1 if address & 0x80 else address
