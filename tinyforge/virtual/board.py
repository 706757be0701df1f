"""The virtual board: the machine with UARTs, timer, IMU and a clock of its own, and a host at the link's other end.

Time is the clock of the processor: it passes by the estimated cycles of what is executed (``virtual.cycles``), and when
the program has nothing to do it goes straight on to the next event. So a run is as fast as this machine allows, and
the same bytes sent at the same virtual times give the same bytes back.
"""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING

from tinyforge.boards import load_board
from tinyforge.core.errors import BoardFault
from tinyforge.toolchain import read_image
from tinyforge.virtual.machine import RAM_BASE, Machine, Peripheral, Stop
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

_LONGEST_SLEEP_S = 60  # the 32-bit timer wraps after 171 s at 25 MHz; the program must see it more often
RESET_POWER_ON, RESET_SOFTWARE = 1, 3  # of firmware/common/tfw_protocol.h


class State(enum.Enum):
    """Why ``VirtualBoard.run`` came back."""

    OUTPUT = "as many bytes as wanted are there"
    TIME = "the time is over"
    WAITING = "the program waits for the host, and nothing else will happen"


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
        self.machine = Machine(self.image, flash_bytes=self.board.flash_bytes, ram_bytes=self.board.ram_bytes)
        self.clock_hz = self.board.clock_hz
        self.resets = 0
        self._reset_wanted = False
        self._reset_reason = RESET_POWER_ON
        self._wanted = 1
        self._waiting = False
        self._dma_address = 0
        self._dma_moved = 0
        rates = tuple(rate for sensor in self.board.sensors[:1] for rate in sensor.rates_hz)
        self.link = Uart(self._on_sent)
        self.log_uart = Uart(lambda: None)
        self.timer = Timer(self._clock)
        self.imu = Imu(self._clock, self.clock_hz, rates, motion)
        self.machine.on_reset_request = self._on_reset_wanted
        for peripheral in (
            Peripheral("timer 0", TIMER_BASE, PAGE_BYTES, self.timer.read, self.timer.write),
            Peripheral("UART 0", UART_BASES[0], PAGE_BYTES, self.link.read, self.link.write),
            Peripheral("UART 1", UART_BASES[1], PAGE_BYTES, self.log_uart.read, self.log_uart.write),
            Peripheral("board block", BLOCK_BASE, PAGE_BYTES, self._read_block, self._write_block),
        ):
            self.machine.map_peripheral(peripheral)
        self.machine.reset()

    # ---- for the host -----------------------------------------------------------------------------------------------

    @property
    def time_s(self) -> float:
        """Virtual seconds since power-on."""
        return self._clock() / self.clock_hz

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
        deadline = self._clock() + max(0, round(seconds * self.clock_hz))
        self._wanted = wanted
        while len(self.link.output) < wanted:
            self._waiting = False
            if self._clock() >= deadline:
                return State.TIME
            stop = self.machine.run(deadline)
            if self._reset_wanted:
                self._reset(RESET_SOFTWARE)
            elif self._waiting:
                trace = self.machine.trace
                trace.clock = min(deadline, trace.clock + _LONGEST_SLEEP_S * self.clock_hz)
                if trace.clock >= deadline:
                    return State.WAITING
            elif stop is Stop.RETURNED:
                raise BoardFault(str(self.image.path), "the program ended", "main must not return")
        return State.OUTPUT

    def reset(self) -> None:
        """Press the reset button: the RAM and the virtual time stay, everything else starts anew."""
        self._reset(RESET_POWER_ON)

    # ---- for the program --------------------------------------------------------------------------------------------

    def _clock(self) -> int:
        return self.machine.trace.clock

    def _reset(self, reason: int) -> None:
        self._reset_wanted = False
        self._reset_reason = reason
        self.resets += 1
        for part in (self.link, self.log_uart, self.timer):
            part.reset()
        self.imu.start(0)
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
        if self.link.received or self.imu.waiting():
            return
        moment = self.imu.next_moment()
        if moment is None:
            self._waiting = True
            self.machine.stop_now()
        else:
            trace.clock = max(trace.clock, min(moment, trace.deadline))

    def _read_block(self, offset: int, _count: int) -> int:
        if offset == 0x204:
            return self._dma_moved
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
            self._to_ram(self._dma_address, moved)
            self._dma_moved = len(moved)
        elif offset == 0x208:
            self.link.output += self._from_memory(self._dma_address, value)
            self._on_sent()
        elif offset == 0x004:
            self._idle()
        elif offset == 0x100:
            self.imu.start(value)
        elif offset == 0x108:
            self._to_ram(value, self.imu.fetch(self.timer.started_at))
        else:
            raise KeyError(offset)

    def _to_ram(self, address: int, data: bytes) -> None:
        if not data:
            return
        if not RAM_BASE <= address <= RAM_BASE + self.board.ram_bytes - len(data):
            raise BoardFault("board block", f"was told to write {len(data)} bytes to 0x{address:08x}: no RAM", "")
        self.machine.write(address, data)

    def _from_memory(self, address: int, count: int) -> bytes:
        in_ram = RAM_BASE <= address <= RAM_BASE + self.board.ram_bytes - count
        if not in_ram and not 0 <= address <= self.board.flash_bytes - count:
            raise BoardFault("board block", f"was told to send {count} bytes from 0x{address:08x}: no memory", "")
        return self.machine.read(address, count)
