"""The virtual board: the machine with UARTs, timer, IMU and a clock of its own, and a host at the link's other end.

Time is the clock of the processor: it passes by the estimated cycles of what is executed (``virtual.cycles``), and when
the program has nothing to do it goes straight on to the next event. So a run is as fast as this machine allows, and
the same bytes sent at the same virtual times give the same bytes back.
"""

from __future__ import annotations

import enum
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from tinyforge.boards import load_board
from tinyforge.core.errors import BoardFault
from tinyforge.toolchain import read_image
from tinyforge.virtual.machine import Machine, Peripheral, Stop
from tinyforge.virtual.parts.flash import Flash, update_region
from tinyforge.virtual.parts.wiring import MASKED_RETRY_TICKS, SECOND_RAM, WIRINGS, WiredParts
from tinyforge.virtual.peripherals import (
    BLOCK_BASE,
    BOARD_ID,
    PAGE_BYTES,
    TIMER_BASE,
    UART_BASES,
    Imu,
    Motion,
    Timer,
    Uart,
)

if TYPE_CHECKING:
    from tinyforge.boards import Board

FLASH_PAGE_BYTES = {"sensortile": 2048, "b_l475e_iot01a": 2048}  # by the firmware's folder; 4096 elsewhere
_LONGEST_SLEEP_S = 60  # the 32-bit timer wraps after 171 s at 25 MHz; the program must see it more often
RESET_POWER_ON, RESET_SOFTWARE, RESET_WATCHDOG = 1, 3, 4  # of firmware/common/tfw_protocol.h


class State(enum.Enum):
    """Why ``VirtualBoard.run`` came back."""

    OUTPUT = "as many bytes as wanted are there"
    TIME = "the time is over"
    WAITING = "the program waits for the host, and nothing else will happen"
    DARK = "the power failed"


class VirtualBoard:
    """An image on the virtual board, from power-on.

    Args:
        elf: the linked image.
        board: sizes, clock and sensor rates; ``virtual`` when None.
        motion: what the IMU feels; None: it lies still.

    Raises:
        ToolError: the image cannot be read, or Unicorn is not installed.
        BoardFault: the image does not fit the board.
    """

    def __init__(self, elf: Path, *, board: Board | None = None, motion: Motion | None = None) -> None:
        self.board = load_board("virtual") if board is None else board
        self.image = read_image(elf)
        second_ram = SECOND_RAM.get(self.board.id)
        self.machine = Machine(
            self.image,
            flash_bytes=self.board.flash_bytes,
            ram_bytes=self.board.ram_bytes - (second_ram[1] if second_ram is not None else 0),
            flash_base=self.board.flash_origin,
            second_ram=second_ram,
        )
        self.clock_hz = self.board.clock_hz
        self.resets = 0
        self._reset_wanted = False
        self._reset_reason = RESET_POWER_ON
        self._wanted = 1
        self._waiting = False
        self._dma_address = 0
        self._dma_moved = 0
        self.led: deque[tuple[int, bool]] = deque(maxlen=1000)  # when the program switched it, newest last
        self.pin: deque[tuple[int, bool]] = deque(maxlen=1000)  # the same of the pin for time stamps
        self._deadline = 0  # of the host
        self.has_power = True
        self._flash_source = self._flash_target = 0
        self.flash = Flash(
            self.machine.read,
            self.machine.write_flash,
            update_region(self.board.id, self.board.flash_origin + self.board.flash_bytes),
            FLASH_PAGE_BYTES.get(self.board.firmware, 4096),
            lambda microseconds: self.pass_ticks(microseconds * self.clock_hz // 1_000_000),
            self._lose_power,
        )
        self._watchdog_ticks = 0  # 0: not started
        self._fed_at = 0
        rates = tuple(rate for sensor in self.board.sensors[:1] for rate in sensor.rates_hz)
        self.link = Uart(self._on_sent)
        self.log_uart = Uart(lambda: None)
        self.timer = Timer(self.clock)
        self.parts = WiredParts(self, self.board.id, motion) if self.board.id in WIRINGS else None
        self.imu = Imu(self.clock, self.clock_hz, rates if self.parts is None else (), motion)
        self.machine.on_reset_request = self._on_reset_wanted
        for peripheral in (
            Peripheral("timer 0", TIMER_BASE, PAGE_BYTES, self.timer.read, self.timer.write),
            Peripheral("UART 0", UART_BASES[0], PAGE_BYTES, self.link.read, self.link.write),
            Peripheral("UART 1", UART_BASES[1], PAGE_BYTES, self.log_uart.read, self.log_uart.write),
            Peripheral("board block", BLOCK_BASE, PAGE_BYTES, self._read_block, self._write_block),
            *(self.parts.peripherals() if self.parts is not None else ()),
        ):
            self.machine.map_peripheral(peripheral)
        self.machine.reset()

    # ---- for the host -----------------------------------------------------------------------------------------------

    @property
    def time_s(self) -> float:
        """Virtual seconds since power-on."""
        return self.clock() / self.clock_hz

    @property
    def log(self) -> str:
        """What the program wrote to its second UART."""
        return self.log_uart.output.decode("utf-8", errors="replace")

    @property
    def available(self) -> int:
        """Bytes the program sent that nobody took yet."""
        return len(self.link.output)

    def send(self, data: bytes) -> None:
        """Bytes from the host, at the present virtual time."""
        self.link.received += data

    def take(self, count: int) -> bytes:
        """Up to ``count`` of the bytes the program sent."""
        taken = bytes(self.link.output[:count])
        del self.link.output[:count]
        return taken

    def run(self, seconds: float, *, wanted: int = 1) -> State:
        """Execute until ``wanted`` bytes wait for the host, or for so many virtual seconds.

        A program that waits for the host while nothing else can happen sleeps through the rest of the time at once.

        Raises:
            BoardFault: the program did what no board allows.
        """
        deadline = self._deadline = self.clock() + max(0, round(seconds * self.clock_hz))
        self._wanted = wanted
        while len(self.link.output) < wanted:
            if not self.has_power:
                self.machine.trace.clock = max(self.clock(), deadline)
                return State.DARK
            self._waiting = False
            if self.clock() >= deadline:
                return State.TIME
            self._happen()
            stop = self.machine.run(self._next_event(deadline))
            if self._reset_wanted:
                self._reset(RESET_SOFTWARE)
            elif self._waiting:
                trace = self.machine.trace
                trace.clock = min(deadline, trace.clock + self._longest_sleep())
                if trace.clock >= deadline:
                    return State.WAITING
            elif stop is Stop.RETURNED:
                raise BoardFault(str(self.image.path), "the program ended", "main must not return")
        return State.OUTPUT

    def reset(self) -> None:
        """Press the reset button: the RAM and the virtual time stay, everything else starts anew."""
        self._reset(RESET_POWER_ON)

    def power_on(self) -> None:
        """The power comes back: the flash is as it was, the RAM holds anything, what was under way is gone."""
        for base, count in self.machine.ram:
            self.machine.write(base, self.flash.chance.randbytes(count))
        self.has_power = True
        self.link.received.clear()
        self.link.output.clear()
        self._reset(RESET_POWER_ON)

    # ---- for the program --------------------------------------------------------------------------------------------

    def clock(self) -> int:
        """Ticks since power-on."""
        return self.machine.trace.clock

    def pass_ticks(self, count: int) -> None:
        """So much time goes by while the processor waits for a part."""
        self.machine.trace.clock += count

    def reschedule(self) -> None:
        """A part acts at another time than before."""
        self.machine.stop_now()

    def _lose_power(self) -> None:
        self.has_power = False
        self.machine.stop_now()

    def start_watchdog(self, milliseconds: int) -> None:
        """From now on the board resets when nobody feeds it for so long."""
        self._watchdog_ticks = milliseconds * self.clock_hz // 1000
        self.feed_watchdog()
        self.machine.stop_now()

    def feed_watchdog(self) -> None:
        """Start its time anew."""
        self._fed_at = self.clock()

    def _next_event(self, deadline: int) -> int:
        """Until when the program can run without anything happening to it."""
        if self._watchdog_ticks:
            deadline = min(deadline, self._fed_at + self._watchdog_ticks)
        if self.parts is None:
            return deadline
        if self.parts.is_due:  # and masked
            return min(deadline, self.clock() + MASKED_RETRY_TICKS)
        moment = self.parts.next_moment()
        return deadline if moment is None else min(deadline, moment)

    def _happen(self) -> None:
        """Watchdog and interrupts whose time has come."""
        if self._watchdog_ticks and self.clock() >= self._fed_at + self._watchdog_ticks:
            self._reset(RESET_WATCHDOG)
        if self.parts is None:
            return
        self.parts.advance()
        while self.parts.is_due and not self.machine.interrupts_masked:
            self.machine.interrupt(0)
            if self._reset_wanted:
                self._reset(RESET_SOFTWARE)
                return
            self.parts.advance()

    def _longest_sleep(self) -> int:
        ticks = _LONGEST_SLEEP_S * self.clock_hz
        return min(ticks, self._watchdog_ticks // 2) if self._watchdog_ticks else ticks

    def _reset(self, reason: int) -> None:
        self._reset_wanted = False
        self._reset_reason = reason
        self.resets += 1
        for part in (self.link, self.log_uart, self.timer):
            part.reset()
        self.imu.start(0)
        self._watchdog_ticks = 0
        if self.parts is not None:
            self.parts.reset(reason)
        self.machine.reset()

    def _on_reset_wanted(self) -> None:
        self._reset_wanted = True
        self.machine.stop_now()

    def _on_sent(self) -> None:
        if len(self.link.output) >= self._wanted:
            self.machine.stop_now()

    def _idle(self) -> None:
        """The clock goes on to the next sample; with nothing to come, the host has its turn."""
        trace = self.machine.trace
        if self.link.received or self.log_uart.received or self.imu.waiting():
            return
        if self.parts is not None:
            self._idle_with_parts()
            return
        moment = self.imu.next_moment()
        if moment is None:
            self._waiting = True
            self.machine.stop_now()
        else:
            trace.clock = max(trace.clock, min(moment, trace.deadline))

    def _idle_with_parts(self) -> None:
        """As WFI does: the clock goes on to the next interrupt, or to the host's deadline."""
        trace = self.machine.trace
        if self.parts is None or self.parts.is_due:
            return
        if self.parts.next_moment() is None:
            self._waiting = True
            self.machine.stop_now()
        else:
            trace.clock = max(trace.clock, self._next_event(self._deadline))
            self.machine.stop_now()

    def _read_block(self, offset: int, _count: int) -> int:
        if offset == 0x204:
            return self._dma_moved
        if offset == 0x410:
            return int(self.flash.failed)
        if offset == 0x104:
            return self.imu.waiting()
        return {
            0x000: BOARD_ID,
            0x008: self._reset_reason,
            0x100: self.imu.rate_mhz,
            0x10C: self.imu.overruns,
            0x110: self.imu.usual_mhz,
        }[offset]

    def _write_block(self, offset: int, _count: int, value: int) -> None:
        if offset == 0x200:
            self._dma_address = value
        elif offset == 0x204:
            moved = bytes(self.link.received[:value])
            del self.link.received[: len(moved)]
            self.to_ram(self._dma_address, moved)
            self._dma_moved = len(moved)
        elif offset == 0x208:
            self.link.output += self.from_memory(self._dma_address, value)
            self._on_sent()
        elif offset == 0x004:
            self._idle()
        elif offset == 0x400:
            self.flash.erase(value)
        elif offset == 0x404:
            self._flash_source = value
        elif offset == 0x408:
            self._flash_target = value
        elif offset == 0x40C:
            self.flash.program(self._flash_target, self.from_memory(self._flash_source, value))
        elif offset == 0x00C:
            self.led.append((self.clock(), bool(value)))
        elif offset == 0x010:
            self.pin.append((self.clock(), bool(value)))
        elif offset == 0x300:
            self.start_watchdog(value)
        elif offset == 0x304:
            self.feed_watchdog()
        elif offset == 0x100:
            self.imu.start(value)
        elif offset == 0x108:
            self.to_ram(value, self.imu.fetch(self.timer.started_at))
        else:
            raise KeyError(offset)

    def to_ram(self, address: int, data: bytes) -> None:
        """Put bytes into the program's RAM.

        Raises:
            BoardFault: no RAM is there.
        """
        if not data:
            return
        if not self.machine.is_ram(address, len(data)):
            raise BoardFault("board block", f"was told to write {len(data)} bytes to 0x{address:08x}: no RAM", "")
        self.machine.write(address, data)

    def from_memory(self, address: int, count: int) -> bytes:
        """Bytes of the program's RAM or flash.

        Raises:
            BoardFault: no memory is there.
        """
        flash = self.board.flash_origin
        if not self.machine.is_ram(address, count) and not flash <= address <= flash + self.board.flash_bytes - count:
            raise BoardFault("board block", f"was told to send {count} bytes from 0x{address:08x}: no memory", "")
        return self.machine.read(address, count)
