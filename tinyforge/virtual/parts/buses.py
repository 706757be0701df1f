"""I2C with several parts, and SPI over three wires clocked by software."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from tinyforge.virtual.parts.lsm6ds import Lsm6ds

I2C_OK, I2C_NO_ADDRESS = 0, 2  # what Arduino's Wire.endTransmission returns
_BITS_A_BYTE = 9  # with the acknowledge bit


class RegisterPart(Protocol):
    """A part with registers of one byte at addresses of one byte."""

    def power_on(self) -> None:
        """As after power-on."""

    def write(self, address: int, value: int) -> None:
        """One register."""

    def read(self, address: int) -> int:
        """One register."""

    def after(self, address: int) -> int:
        """Address of the next byte in a burst."""


class I2cBus:
    """One bus. A write sets the address of the part's register and then writes on from there; a read reads from there.

    Args:
        parts: by their 7-bit address.
        pass_time: told how many seconds a transfer took on the wire.
    """

    def __init__(self, parts: Mapping[int, RegisterPart], pass_time: Callable[[float], None]) -> None:
        self._parts = parts
        self._at = dict.fromkeys(parts, 0)
        self._pass_time = pass_time
        self.clock_hz = 100_000

    def power_on(self) -> None:
        """Every part as after power-on."""
        for part in self._parts.values():
            part.power_on()

    def write(self, address: int, data: bytes) -> int:
        """Returns what Arduino's ``endTransmission`` does."""
        part = self._parts.get(address)
        self._pass_time(_BITS_A_BYTE * (1 + (len(data) if part is not None else 0)) / self.clock_hz)
        if part is None:
            return I2C_NO_ADDRESS
        if data:
            at = data[0]
            for value in data[1:]:
                part.write(at & 0x7F, value)
                at = part.after(at)
            self._at[address] = at
        return I2C_OK

    def read(self, address: int, count: int) -> bytes:
        """Bytes from where the last write left; none when nobody is at this address."""
        part = self._parts.get(address)
        self._pass_time(_BITS_A_BYTE * (1 + (count if part is not None else 0)) / self.clock_hz)
        if part is None:
            return b""
        at, values = self._at[address], bytearray()
        for _ in range(count):
            values.append(part.read(at))
            at = part.after(at)
        self._at[address] = at
        return bytes(values)


class ThreeWireSpi:
    """An LSM6DS behind chip select, clock and one data line (DocID028165, 6.4.2 and 6.4.3): mode 3, high bit first.

    Args:
        part: what is there.
        select, clock, data: masks of the three pins in their port.
    """

    def __init__(self, part: Lsm6ds, *, select: int, clock: int, data: int) -> None:
        self._part = part
        self.select, self.clock, self.data = select, clock, data
        self.mask = select | clock | data
        self.clashes = 0  # clocks at which part and processor both drove the data line
        self._end()

    def _end(self) -> None:
        self._bits = self._shift = self._address = self._out = 0
        self._reads = False
        self.drives_high: bool | None = None  # None: the part does not drive the line

    def change(self, before: int, now: int, host_drives: bool) -> None:
        """The pins went from ``before`` to ``now``; ``host_drives`` says whether the data pin is an output."""
        if now & self.select:
            if not before & self.select:
                self._end()
            return
        if before & self.select:
            return  # selected: the clock rests high
        fell, rose = before & ~now & self.clock, now & ~before & self.clock
        if fell and self._reads:
            self._drive_bit(host_drives)
        elif rose:
            self._take_bit(bool(now & self.data))

    def _drive_bit(self, host_drives: bool) -> None:
        bit = self._bits & 7
        if bit == 0:
            self._out = self._part.read(self._address)
            self._address = self._part.after(self._address)
        if self._part.is_three_wire:
            self.drives_high = bool(self._out >> (7 - bit) & 1)
            self.clashes += host_drives
        self._bits += 1

    def _take_bit(self, high: bool) -> None:
        if self._reads:
            return
        self._shift = (self._shift << 1 | high) & 0xFF
        self._bits += 1
        if self._bits & 7:
            return
        if self._bits == 8:
            self._reads, self._address = bool(self._shift & 0x80), self._shift & 0x7F
            self._bits = 0 if self._reads else 8
        else:
            self._part.write(self._address, self._shift)
            self._address = self._part.after(self._address)
