"""Which board carries which parts, and the registers through which firmware reaches them on the virtual platform.

``firmware/arduino_api`` is the other side: its ``Wire`` is the I2C block, its ``attachInterrupt`` the interrupt block,
and the ports of STM32 chips lie where the chip has them, so drivers that clock pins themselves run unchanged.

    0x40031000  I2C        bus, address, buffer, write, read, status, moved, clock
    0x40031100  interrupts enable, pending (reading clears), alarm in so many ticks, pin that rose
    0x40032000  nRF52840 POWER: RESETREAS at 0x400, GPREGRET2 at 0x520
    0x40031200  clock      microseconds, milliseconds
    0x40021000  STM32L4 RCC: CSR at 0x94
    0x40003000  STM32L4 IWDG: KR PR RLR
    0x48000000  STM32L4 ports A to H: MODER IDR ODR BSRR BRR
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tinyforge.virtual.machine import Peripheral
from tinyforge.virtual.parts import bmi270, lsm9ds1
from tinyforge.virtual.parts.buses import I2cBus, RegisterPart, ThreeWireSpi
from tinyforge.virtual.parts.imu import SampledImu
from tinyforge.virtual.parts.lsm6ds import Lsm6ds
from tinyforge.virtual.peripherals import PAGE_BYTES, Motion

BLOCK_BASE = 0x40031000
POWER_BASE, RCC_BASE, IWDG_BASE, PORTS_BASE = 0x40032000, 0x40021000, 0x40003000, 0x48000000
_LSI_HZ = 32_000
_PORTS_BYTES, _PORT_BYTES = 0x2000, 0x400
ALARM, PIN = 1, 2  # bits of "pending"
MASKED_RETRY_TICKS = 64  # how soon a masked interrupt is tried again

# Reset reasons (firmware/common/tfw_protocol.h) as the chips' registers tell them.
_NRF_RESETREAS = {1: 0, 2: 1, 3: 4, 4: 2}
_RCC_CSR = {1: 0x0C00_0000, 2: 0x0400_0000, 3: 0x1400_0000, 4: 0x2400_0000}


class Host(Protocol):
    """What the parts need of the board around them."""

    clock_hz: int

    def clock(self) -> int:
        """Ticks since power-on."""

    def pass_ticks(self, count: int) -> None:
        """So much time goes by while the processor waits."""

    def reschedule(self) -> None:
        """Something happens at another time than before: look again."""

    def start_watchdog(self, milliseconds: int) -> None:
        """Reset the board when nobody feeds it for so long."""

    def to_ram(self, address: int, data: bytes) -> None:
        """Put bytes into the program's RAM."""

    def from_memory(self, address: int, count: int) -> bytes:
        """Bytes of the program's RAM or flash."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """What is on a board.

    Attributes:
        buses: for each I2C bus, by number, the parts by address; made anew for each board.
        sensor: the one that feels the motion.
        spi: the sensor behind software SPI, and the port it hangs on.
        interrupt_pin: which pin the sensor's data-ready raises, as port * 16 + pin; None: it is asked.
    """

    buses: dict[int, I2cBus]
    sensor: SampledImu
    spi: tuple[int, ThreeWireSpi] | None = None
    interrupt_pin: tuple[int, int] | None = None  # line of the part, pin


Wire = Callable[[Host, "Motion | None"], Wiring]


def _bus(host: Host, parts: dict[int, RegisterPart]) -> I2cBus:
    return I2cBus(parts, lambda seconds: host.pass_ticks(round(seconds * host.clock_hz)))


def _nano33(host: Host, motion: Motion | None) -> Wiring:
    part = lsm9ds1.Lsm9ds1(host.clock, host.clock_hz, motion, host.reschedule)
    magnetometer = lsm9ds1.Lsm9ds1Magnetometer()
    parts: dict[int, RegisterPart] = {lsm9ds1.IMU_ADDRESS: part, lsm9ds1.MAGNETOMETER_ADDRESS: magnetometer}
    return Wiring({1: _bus(host, parts)}, part)


def _nano33_rev2(host: Host, motion: Motion | None) -> Wiring:
    part = bmi270.Bmi270(host.clock, host.clock_hz, motion, host.reschedule)
    parts: dict[int, RegisterPart] = {bmi270.ADDRESS: part, bmi270.MAGNETOMETER_ADDRESS: bmi270.Bmm150()}
    return Wiring({1: _bus(host, parts)}, part)


def _sensortile(host: Host, motion: Motion | None) -> Wiring:
    part = Lsm6ds(host.clock, host.clock_hz, motion, host.reschedule)
    spi = ThreeWireSpi(part, select=1 << 12, clock=1 << 13, data=1 << 15)
    return Wiring({}, part, spi=(1, spi), interrupt_pin=(2, 2))  # INT2 on PA2


def _b_l475e(host: Host, motion: Motion | None) -> Wiring:
    part = Lsm6ds(host.clock, host.clock_hz, motion, host.reschedule)
    return Wiring({2: _bus(host, {0x6A: part})}, part)


#: By the board's identifier.
WIRINGS: dict[str, Wire] = {
    "nano33": _nano33,
    "nano33_rev2": _nano33_rev2,
    "sensortile": _sensortile,
    "b_l475e_iot01a": _b_l475e,
}

#: Pieces of RAM beside the first, by the board's identifier.
SECOND_RAM = {"sensortile": (0x1000_0000, 32 * 1024), "b_l475e_iot01a": (0x1000_0000, 32 * 1024)}


class WiredParts:
    """The parts of one board, their registers, and the moments at which they want the processor."""

    def __init__(self, host: Host, board_id: str, motion: Motion | None) -> None:
        self._host = host
        self.wiring = WIRINGS[board_id](host, motion)
        self._power = {0x520: 0}
        # Of pins that are no bus: when, which (port * 16 + pin), whether it rose; newest last.
        self.edges: deque[tuple[int, int, bool]] = deque(maxlen=1000)
        for bus in self.wiring.buses.values():
            bus.power_on()
        self.wiring.sensor.power_on()
        self.reset(1)

    def reset(self, reason: int) -> None:
        """The processor's own registers start anew; the parts keep their power and what was written to them."""
        self._reason = reason
        self._i2c = {0x00: 0, 0x04: 0, 0x08: 0, 0x14: 0, 0x18: 0}
        self.enabled = self.pending = 0
        self._alarm: int | None = None
        self._rose = 0
        self._power = {0x400: _NRF_RESETREAS.get(reason, 0), 0x520: self._power[0x520]}
        self._iwdg = {0x04: 0, 0x08: 0xFFF}
        self._csr = _RCC_CSR.get(reason, 0)
        self._ports: dict[int, dict[int, int]] = {number: {} for number in range(8)}

    def peripherals(self) -> list[Peripheral]:
        """What to map."""
        return [
            Peripheral("wiring block", BLOCK_BASE, PAGE_BYTES, self._read_block, self._write_block),
            Peripheral("nRF POWER", POWER_BASE, PAGE_BYTES, self._read_power, self._write_power),
            Peripheral("STM32 RCC", RCC_BASE, PAGE_BYTES, self._read_rcc, self._write_rcc),
            Peripheral("STM32 IWDG", IWDG_BASE, PAGE_BYTES, self._read_iwdg, self._write_iwdg),
            Peripheral("STM32 ports", PORTS_BASE, _PORTS_BYTES, self._read_port, self._write_port),
        ]

    # ---- time ----

    def next_moment(self) -> int | None:
        """Tick at which the processor must be interrupted, as far as is known now."""
        moments = [self._alarm] if self._alarm is not None else []
        if self.wiring.interrupt_pin is not None and (moment := self.wiring.sensor.next_moment()) is not None:
            moments.append(moment)
        return min(moments, default=None)

    def advance(self) -> None:
        """What is due now becomes pending."""
        if self._alarm is not None and self._alarm <= self._host.clock():
            self._alarm = None
            self.pending |= ALARM
        before = self.wiring.sensor.taken
        self.wiring.sensor.advance()
        if self.wiring.interrupt_pin is not None and self.wiring.sensor.taken != before:
            line, pin = self.wiring.interrupt_pin
            if self.wiring.sensor.announces_on(line):
                self._rose = pin
                self.pending |= PIN

    @property
    def is_due(self) -> bool:
        """Whether an interrupt that the program wants waits."""
        return bool(self.pending & self.enabled)

    # ---- registers ----

    def _read_block(self, offset: int, _count: int) -> int:
        if offset == 0x104:
            pending, self.pending = self.pending & self.enabled, self.pending & ~self.enabled
            return pending
        if offset in {0x200, 0x204}:
            return self._host.clock() * (1_000_000 if offset == 0x200 else 1000) // self._host.clock_hz
        if offset == 0x100:
            return self.enabled
        return self._rose if offset == 0x10C else self._i2c[offset]

    def _write_block(self, offset: int, _count: int, value: int) -> None:
        bus = self.wiring.buses.get(self._i2c[0x00])
        if offset in {0x00, 0x04, 0x08}:
            self._i2c[offset] = value
        elif offset == 0x0C:
            data = self._host.from_memory(self._i2c[0x08], value)
            self._i2c[0x14] = bus.write(self._i2c[0x04], data) if bus is not None else 2
        elif offset == 0x10:
            data = bus.read(self._i2c[0x04], value) if bus is not None else b""
            self._host.to_ram(self._i2c[0x08], data)
            self._i2c[0x18] = len(data)
        elif offset == 0x1C:
            if bus is not None:
                bus.clock_hz = value
        elif offset == 0x100:
            self.enabled = value
            self._host.reschedule()
        elif offset == 0x108:
            self._alarm = self._host.clock() + value if value else None
            self._host.reschedule()
        else:
            raise KeyError(offset)

    def _read_power(self, offset: int, _count: int) -> int:
        return self._power[offset]

    def _write_power(self, offset: int, _count: int, value: int) -> None:
        self._power[offset] = self._power[offset] & ~value if offset == 0x400 else value

    def _read_rcc(self, offset: int, _count: int) -> int:
        return {0x94: self._csr}[offset]

    def _write_rcc(self, offset: int, _count: int, value: int) -> None:
        if offset != 0x94:
            raise KeyError(offset)
        if value & 0x0080_0000:  # RMVF
            self._csr = 0

    def _read_iwdg(self, offset: int, _count: int) -> int:
        return self._iwdg.get(offset, 0) if offset != 0x0C else 0  # SR: nothing is under way

    def _write_iwdg(self, offset: int, _count: int, value: int) -> None:
        """KR: 0xCCCC starts, 0xAAAA feeds (RM0351, 42.4); PR and RLR make the time out of the 32 kHz oscillator."""
        if offset != 0:
            self._iwdg[offset] = value
        elif value in {0xCCCC, 0xAAAA}:  # both reload the counter from RLR
            divider = 4 << min(self._iwdg[0x04], 6)
            self._host.start_watchdog(1000 * divider * (self._iwdg[0x08] + 1) // _LSI_HZ)

    def _read_port(self, offset: int, _count: int) -> int:
        number, register = divmod(offset, _PORT_BYTES)
        port = self._ports[number]
        if register != 0x10:
            return port.get(register, 0)
        seen = port.get(0x14, 0)
        if self.wiring.spi is not None and self.wiring.spi[0] == number:
            spi = self.wiring.spi[1]
            if spi.drives_high is not None and not self._is_output(port, spi.data):
                seen = seen | spi.data if spi.drives_high else seen & ~spi.data
        return seen

    @staticmethod
    def _is_output(port: dict[int, int], pin_mask: int) -> bool:
        return port.get(0x00, 0) >> (2 * (pin_mask.bit_length() - 1)) & 3 == 1

    def _write_port(self, offset: int, _count: int, value: int) -> None:
        number, register = divmod(offset, _PORT_BYTES)
        port = self._ports[number]
        before = port.get(0x14, 0)
        if register == 0x18:
            now = before & ~(value >> 16) | value & 0xFFFF
        elif register == 0x28:
            now = before & ~value
        elif register == 0x14:
            now = value
        else:
            port[register] = value
            return
        port[0x14] = now
        changed = before ^ now
        if self.wiring.spi is not None and self.wiring.spi[0] == number:
            spi = self.wiring.spi[1]
            if changed & spi.mask:
                spi.change(before, now, self._is_output(port, spi.data))
                return
        for pin in range(16):
            if changed >> pin & 1:
                self.edges.append((self._host.clock(), 16 * number + pin, bool(now >> pin & 1)))
