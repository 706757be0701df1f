"""Counts what the emulated processor executes, block by block: instructions, cycles, and by which call they ran.

Two equal forms: hooks in C (:mod:`tinyforge.virtual.native_trace`) and hooks in Python, which serve where no C compiler
is found or ``TINYFORGE_VIRTUAL_NATIVE=0``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from tinyforge.core.errors import ToolError
from tinyforge.toolchain import find_host_cc

NEVER = (1 << 64) - 1

STOP_NONE, STOP_DEADLINE, STOP_WANTED, STOP_BAD_FETCH, STOP_TABLE_FULL = range(5)


@dataclass(frozen=True, slots=True)
class BlockCost:
    """What one basic block costs.

    Attributes:
        instructions: in the block.
        cycles: when it falls through to the block behind it.
        taken_cycles: more when its last instruction jumps.
    """

    instructions: int
    cycles: int
    taken_cycles: int


@dataclass(frozen=True, slots=True)
class BlockCount:
    """How often one basic block ran.

    Attributes:
        layer: 0 for the caller itself (see ``Trace.watch_calls``), 1, 2, ... for the calls it made, in order.
        address: of the first instruction.
        bytes: length of the code.
        cost: of one execution.
        count: executions.
        taken: of them, those followed by a jump.
        order: how many other blocks ran before this one ran first.
    """

    layer: int
    address: int
    bytes: int
    cost: BlockCost
    count: int
    taken: int
    order: int

    @property
    def instructions(self) -> int:
        """Instructions of all executions."""
        return self.count * self.cost.instructions

    @property
    def cycles(self) -> int:
        """Estimated cycles of all executions."""
        return self.count * self.cost.cycles + self.taken * self.cost.taken_cycles


Resolve = Callable[[int, int], BlockCost]


class Trace(Protocol):
    """What a machine wants of its hooks."""

    clock: int
    deadline: int
    stop_wanted: bool
    stop_reason: int
    stop_address: int

    @property
    def instructions(self) -> int:
        """Instructions executed since ``clear``."""

    def limit_code(self, low: int, high: int) -> None:
        """Blocks outside [low, high) stop the run with ``STOP_BAD_FETCH``."""

    def watch_calls(self, *ranges: tuple[int, int]) -> None:
        """Each call out of these (at most two) ranges [low, high) begins a layer. Clears the counts."""

    def clear(self) -> None:
        """Forget all counts; the clock goes on."""

    def counts(self) -> list[BlockCount]:
        """How often each block ran, ordered by layer and address."""

    def grow(self) -> None:
        """After ``STOP_TABLE_FULL``: make room."""

    def lowest_sp(self, run: Callable[[], None]) -> tuple[int, int]:
        """Run something instruction by instruction.

        Returns:
            The lowest value the stack pointer had, and the number of instructions executed.
        """


class PythonTrace:
    """The same hooks in Python."""

    def __init__(self, uc: Any, resolve: Resolve) -> None:
        from unicorn import UC_HOOK_BLOCK

        self.clock = 0
        self.deadline = NEVER
        self.stop_wanted = False
        self.stop_reason = STOP_NONE
        self.stop_address = 0
        self._instructions = 0
        self._uc = uc
        self._resolve = resolve
        self._code = (0, 0xFFFFFFFF)
        self._callers: tuple[tuple[int, int], ...] = ()
        self._costs: dict[tuple[int, int], BlockCost] = {}
        self._entries: dict[tuple[int, int, int], list[int]] = {}
        self._last: list[int] | None = None
        self._last_cost = BlockCost(0, 0, 0)
        self._last_end = 0
        self._in_caller = False
        self._layer = 0
        self._layers = 0
        uc.hook_add(UC_HOOK_BLOCK, self._on_block)

    @property
    def instructions(self) -> int:
        """See ``Trace``."""
        return self._instructions

    def _stop(self, reason: int, address: int) -> None:
        self.stop_reason = reason
        self.stop_address = address
        self._uc.emu_stop()

    def _on_block(self, _uc: Any, address: int, count: int, _user: object) -> None:
        if self.stop_wanted:
            self._stop(STOP_WANTED, address)
            return
        if self.clock >= self.deadline:
            self._stop(STOP_DEADLINE, address)
            return
        if not self._code[0] <= address < self._code[1]:
            self._stop(STOP_BAD_FETCH, address)
            return
        if self._last is not None and self._last_end != address:
            self._last[1] += 1
            self.clock += self._last_cost.taken_cycles
        if any(low <= address < high for low, high in self._callers):
            self._in_caller = True
            self._layer = 0
        elif self._in_caller:
            self._in_caller = False
            self._layers += 1
            self._layer = self._layers
        cost = self._costs.get((address, count))
        if cost is None:
            cost = self._costs[address, count] = self._resolve(address, count)
        entry = self._entries.setdefault((self._layer, address, count), [0, 0])
        entry[0] += 1
        self._instructions += cost.instructions
        self.clock += cost.cycles
        self._last = entry
        self._last_cost = cost
        self._last_end = address + count

    def limit_code(self, low: int, high: int) -> None:
        """See ``Trace``."""
        self._code = (low, high)

    def watch_calls(self, *ranges: tuple[int, int]) -> None:
        """See ``Trace``."""
        self._callers = ranges
        self.clear()

    def clear(self) -> None:
        """See ``Trace``."""
        self._entries = {}
        self._instructions = 0
        self._last = None
        self._in_caller = False
        self._layer = 0
        self._layers = 0

    def counts(self) -> list[BlockCount]:
        """See ``Trace``."""
        found = [
            BlockCount(layer, address, size, self._costs[address, size], count, taken, order)
            for order, ((layer, address, size), (count, taken)) in enumerate(self._entries.items())
        ]
        return sorted(found, key=lambda count: (count.layer, count.address, count.bytes))

    def grow(self) -> None:
        """A dict has no end."""

    def lowest_sp(self, run: Callable[[], None]) -> tuple[int, int]:
        """See ``Trace``."""
        from unicorn import UC_HOOK_CODE
        from unicorn.arm_const import UC_ARM_REG_SP

        lowest, steps = 0xFFFFFFFF, 0

        def on_instruction(uc: Any, _address: int, _count: int, _user: object) -> None:
            nonlocal lowest, steps
            steps += 1
            lowest = min(lowest, uc.reg_read(UC_ARM_REG_SP))

        self._uc.ctl_flush_tb()  # what was translated without this hook would run without it
        handle = self._uc.hook_add(UC_HOOK_CODE, on_instruction)
        try:
            run()
        finally:
            self._uc.hook_del(handle)
            self._uc.ctl_flush_tb()
        return lowest, steps


class NoTrace:
    """Counts nothing and stops nothing; the clock stands still."""

    def __init__(self) -> None:
        self.clock = 0
        self.deadline = NEVER
        self.stop_wanted = False
        self.stop_reason = STOP_NONE
        self.stop_address = 0

    @property
    def instructions(self) -> int:
        """See ``Trace``."""
        return 0

    def limit_code(self, low: int, high: int) -> None:
        """Code runs where it can be read."""

    def watch_calls(self, *ranges: tuple[int, int]) -> None:
        """There is nothing to watch with."""

    def clear(self) -> None:
        """There is nothing to forget."""

    def counts(self) -> list[BlockCount]:
        """See ``Trace``."""
        return []

    def grow(self) -> None:
        """There is nothing to grow."""

    def lowest_sp(self, run: Callable[[], None]) -> tuple[int, int]:
        """See ``Trace``."""
        run()
        return 0, 0


def make_trace(uc: Any, resolve: Resolve) -> Trace:
    """Hooks on a Unicorn engine: in C where that can be, else in Python."""
    from tinyforge.virtual.native_trace import NativeTrace, native_library

    if os.environ.get("TINYFORGE_VIRTUAL_NATIVE", "1") != "0":
        try:
            find_host_cc()
            return NativeTrace(uc, resolve, native_library())
        except (ToolError, OSError):
            pass  # no compiler here, or a library that cannot be loaded: slower, but equal
    return PythonTrace(uc, resolve)
