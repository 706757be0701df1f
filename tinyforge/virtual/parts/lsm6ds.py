"""LSM6DSM (SensorTile) and LSM6DSL (B-L475E-IOT01A): one register map, ST DocID028165 and DocID028475.

Table 3 gives the sensitivities, section 9 the registers, section 5.5 the FIFO (continuous mode, no decimation,
gyroscope before accelerometer).
"""

from __future__ import annotations

import struct
from collections import deque

from tinyforge.virtual.parts.imu import SampledImu, to_counts

WHO_AM_I = 0x6A
_RATES_MHZ = {1: 12_500, 2: 26_000, 3: 52_000, 4: 104_000, 5: 208_000, 6: 416_000, 7: 833_000, 8: 1_660_000}
_G_PER_COUNT = {0: 0.000061, 1: 0.000488, 2: 0.000122, 3: 0.000244}
_DPS_PER_COUNT = {0: 0.00875, 1: 0.0175, 2: 0.035, 3: 0.070}
_DPS_PER_COUNT_125 = 0.004375
FIFO_WORDS = 2048  # 4096 bytes

(FIFO_CTRL3, FIFO_CTRL5, DRDY_PULSE_CFG, INT1_CTRL, INT2_CTRL) = (0x08, 0x0A, 0x0B, 0x0D, 0x0E)
(WHO, CTRL1_XL, CTRL2_G, CTRL3_C, STATUS) = (0x0F, 0x10, 0x11, 0x12, 0x1E)
(OUTX_L_G, OUTX_L_XL, OUT_END) = (0x22, 0x28, 0x2E)
(FIFO_STATUS1, FIFO_STATUS2, FIFO_DATA_L, FIFO_DATA_H) = (0x3A, 0x3B, 0x3E, 0x3F)
_SW_RESET, _IF_INC, _SIM, _BDU = 0x01, 0x04, 0x08, 0x40


class Lsm6ds(SampledImu):
    """The part's registers. ``read`` and ``write`` are what a bus does; the bus itself is in ``parts.buses``."""

    def power_on(self) -> None:
        """Registers as after power-on or SW_RESET."""
        self.registers = {CTRL3_C: _IF_INC}
        self.set_rate(0)
        self.is_new = {"g": False, "xl": False}
        self._sample = bytes(12)
        self._fifo: deque[int] = deque()
        self.fifo_lost = False
        self.on_sample = self._take

    @property
    def is_three_wire(self) -> bool:
        """Whether the data line goes both ways (SIM)."""
        return bool(self.registers.get(CTRL3_C, 0) & _SIM)

    @property
    def counts_on(self) -> bool:
        """Whether the address counts on in a burst (IF_INC)."""
        return bool(self.registers.get(CTRL3_C, 0) & _IF_INC)

    def announces_on(self, line: int) -> bool:
        """Whether the gyroscope's data-ready goes to INT1 or INT2 as a pulse each sample."""
        control = self.registers.get(INT1_CTRL if line == 1 else INT2_CTRL, 0)
        return bool(control & 0x02) and bool(self.registers.get(DRDY_PULSE_CFG, 0) & 0x80)

    def _take(self, index: int) -> None:
        accelerometer, gyroscope = self.registers.get(CTRL1_XL, 0), self.registers.get(CTRL2_G, 0)
        per_g = _G_PER_COUNT[accelerometer >> 2 & 3]
        per_dps = _DPS_PER_COUNT_125 if gyroscope & 2 else _DPS_PER_COUNT[gyroscope >> 2 & 3]
        felt = self.feel(index)
        counts = [to_counts(value, per_dps) for value in felt[3:]] + [to_counts(value, per_g) for value in felt[:3]]
        self._sample = struct.pack("<6h", *counts)
        self.is_new = {"g": True, "xl": True}
        if self.registers.get(FIFO_CTRL5, 0) & 7 == 6 and self.registers.get(FIFO_CTRL3, 0) & 0x3F == 0x09:
            self._fifo.extend(struct.unpack("<6H", self._sample))
            while len(self._fifo) > FIFO_WORDS:
                self._fifo.popleft()
                self.fifo_lost = True

    def write(self, address: int, value: int) -> None:
        """One register. SW_RESET clears all; unknown addresses keep what is written."""
        self.advance()
        if address == CTRL3_C and value & _SW_RESET:
            self.power_on()
            return
        self.registers[address] = value
        if address == FIFO_CTRL5 and value & 7 == 0:
            self._fifo.clear()  # bypass mode
            self.fifo_lost = False
        if address in {CTRL1_XL, CTRL2_G}:
            # Both on: they sample together at the gyroscope's rate.
            gyroscope = self.registers.get(CTRL2_G, 0) >> 4
            accelerometer = self.registers.get(CTRL1_XL, 0) >> 4
            self.set_rate(_RATES_MHZ.get(gyroscope or accelerometer, 0))

    def read(self, address: int) -> int:
        """One register; outputs clear their data-ready flag when their high byte is read."""
        self.advance()
        if address == WHO:
            return WHO_AM_I
        if address == STATUS:
            return (1 if self.is_new["xl"] else 0) | (2 if self.is_new["g"] else 0)
        if OUTX_L_G <= address < OUT_END:
            if address in {OUTX_L_XL - 1, OUT_END - 1}:
                self.is_new["g" if address < OUTX_L_XL else "xl"] = False
            return self._sample[address - OUTX_L_G]
        if address == FIFO_STATUS1:
            return len(self._fifo) & 0xFF
        if address == FIFO_STATUS2:
            status = len(self._fifo) >> 8 & 7 | (0x40 if self.fifo_lost else 0) | (0 if self._fifo else 0x10)
            self.fifo_lost = False
            return status
        if address == FIFO_DATA_L:
            return self._fifo[0] & 0xFF if self._fifo else 0
        if address == FIFO_DATA_H:
            return self._fifo.popleft() >> 8 if self._fifo else 0
        return self.registers.get(address, 0)

    def after(self, address: int) -> int:
        """Address of the next byte in a burst; the FIFO's two bytes go round."""
        if address == FIFO_DATA_H:
            return FIFO_DATA_L
        return address + 1 & 0x7F if self.counts_on else address
