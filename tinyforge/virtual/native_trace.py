"""Hooks in C (``native/trace.c``): compiled once for this machine, kept in the cache folder, called by Unicorn."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tinyforge.core.files import sha256_file
from tinyforge.core.resources import cache_dir
from tinyforge.toolchain import build_shared
from tinyforge.virtual.trace import NEVER, BlockCost, BlockCount, Resolve


class _Entry(ctypes.Structure):
    _fields_ = [
        ("address", ctypes.c_uint32),
        ("bytes", ctypes.c_uint32),
        ("layer", ctypes.c_uint32),
        ("instructions", ctypes.c_uint32),
        ("cycles", ctypes.c_uint32),
        ("taken_cycles", ctypes.c_uint32),
        ("order", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
        ("count", ctypes.c_uint64),
        ("taken", ctypes.c_uint64),
    ]


class _State(ctypes.Structure):
    _fields_ = [
        ("clock", ctypes.c_uint64),
        ("deadline", ctypes.c_uint64),
        ("instructions", ctypes.c_uint64),
        ("entries", ctypes.POINTER(_Entry)),
        ("emu_stop", ctypes.c_void_p),
        ("resolve", ctypes.c_void_p),
        ("reg_read", ctypes.c_void_p),
        ("capacity", ctypes.c_uint32),
        ("used", ctypes.c_uint32),
        ("stop_wanted", ctypes.c_uint32),
        ("stop_reason", ctypes.c_uint32),
        ("stop_address", ctypes.c_uint32),
        ("code_low", ctypes.c_uint32),
        ("code_high", ctypes.c_uint32),
        ("caller_low", ctypes.c_uint32 * 2),
        ("caller_high", ctypes.c_uint32 * 2),
        ("in_caller", ctypes.c_uint32),
        ("layer", ctypes.c_uint32),
        ("layers", ctypes.c_uint32),
        ("last_end", ctypes.c_uint32),
        ("last_slot", ctypes.c_uint32),
        ("lowest_sp", ctypes.c_uint32),
        ("sp_register", ctypes.c_int32),
        ("single_steps", ctypes.c_uint64),
    ]


_RESOLVE_TYPE = ctypes.CFUNCTYPE(None, ctypes.c_uint32, ctypes.c_uint32, ctypes.POINTER(ctypes.c_uint32))
_CAPACITY = 1 << 14


def _address_of(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def native_library() -> Path:
    """The compiled hooks, built now if this machine does not have them yet.

    Raises:
        ToolError: no C compiler, or it fails.
    """
    source = Path(__file__).parent / "native" / "trace.c"
    key = f"{sha256_file(source)[:16]}_{platform.system().lower()}_{platform.machine()}"
    library = cache_dir() / "native" / f"tfv_trace_{key}.so"
    if not library.is_file():
        build_shared([source], [], library)
    return library


class NativeTrace:
    """Hooks in C. The attributes live in memory both sides see."""

    def __init__(self, uc: Any, resolve: Resolve, library: Path) -> None:
        from unicorn import UC_HOOK_BLOCK, UC_HOOK_CODE
        from unicorn.arm_const import UC_ARM_REG_SP
        from unicorn.unicorn_py3.unicorn import uclib

        self._hook_code = UC_HOOK_CODE
        self._uclib = uclib
        self._uc = uc
        self._lib = ctypes.CDLL(str(library))
        self._resolve = resolve
        self._callback = _RESOLVE_TYPE(self._on_resolve)
        self._failure: BaseException | None = None
        self._table = (_Entry * _CAPACITY)()
        self._state = _State(
            deadline=NEVER,
            entries=ctypes.cast(self._table, ctypes.POINTER(_Entry)),
            emu_stop=_address_of(uclib.uc_emu_stop),
            resolve=_address_of(self._callback),
            reg_read=_address_of(uclib.uc_reg_read),
            capacity=_CAPACITY,
            last_slot=_CAPACITY,
            code_high=0xFFFFFFFF,
            sp_register=UC_ARM_REG_SP,
        )
        self._hook(UC_HOOK_BLOCK, self._lib.tfv_on_block)

    def _hook(self, kind: int, function: Any) -> Any:
        handle = ctypes.c_size_t()
        status = self._uclib.uc_hook_add(
            self._uc._uch,  # noqa: SLF001  (the engine's handle; the binding has no public name for it)
            ctypes.byref(handle),
            kind,
            ctypes.cast(function, ctypes.c_void_p),
            ctypes.cast(ctypes.byref(self._state), ctypes.c_void_p),
            ctypes.c_uint64(1),
            ctypes.c_uint64(0),
        )
        if status != 0:
            raise OSError(status, f"uc_hook_add fails: {status}")
        return handle

    def _on_resolve(self, address: int, count: int, cost: Any) -> None:
        try:
            found = self._resolve(address, count)
        except BaseException as error:  # noqa: BLE001  (must not unwind through C; raised again by the machine)
            self._failure = error
            self._state.stop_wanted = 1
            return
        cost[0], cost[1], cost[2] = found.instructions, found.cycles, found.taken_cycles

    @property
    def clock(self) -> int:
        """See ``Trace``."""
        return int(self._state.clock)

    @clock.setter
    def clock(self, value: int) -> None:
        self._state.clock = value

    @property
    def deadline(self) -> int:
        """See ``Trace``."""
        return int(self._state.deadline)

    @deadline.setter
    def deadline(self, value: int) -> None:
        self._state.deadline = value

    @property
    def stop_wanted(self) -> bool:
        """See ``Trace``."""
        return bool(self._state.stop_wanted)

    @stop_wanted.setter
    def stop_wanted(self, value: bool) -> None:
        self._state.stop_wanted = int(value)

    @property
    def stop_reason(self) -> int:
        """See ``Trace``."""
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        return int(self._state.stop_reason)

    @stop_reason.setter
    def stop_reason(self, value: int) -> None:
        self._state.stop_reason = value

    @property
    def stop_address(self) -> int:
        """See ``Trace``."""
        return int(self._state.stop_address)

    @stop_address.setter
    def stop_address(self, value: int) -> None:
        self._state.stop_address = value

    @property
    def instructions(self) -> int:
        """See ``Trace``."""
        return int(self._state.instructions)

    def limit_code(self, low: int, high: int) -> None:
        """See ``Trace``."""
        self._state.code_low, self._state.code_high = low, high

    def watch_calls(self, *ranges: tuple[int, int]) -> None:
        """See ``Trace``."""
        for place, (low, high) in enumerate((*ranges, (0, 0), (0, 0))[:2]):
            self._state.caller_low[place], self._state.caller_high[place] = low, high
        self.clear()

    def clear(self) -> None:
        """See ``Trace``."""
        ctypes.memset(self._table, 0, ctypes.sizeof(self._table))
        self._state.instructions = 0
        self._state.used = 0
        self._state.in_caller = 0
        self._state.layer = 0
        self._state.layers = 0
        self._state.last_slot = self._state.capacity

    def counts(self) -> list[BlockCount]:
        """See ``Trace``."""
        found = [
            BlockCount(
                entry.layer,
                entry.address,
                entry.bytes,
                BlockCost(entry.instructions, entry.cycles, entry.taken_cycles),
                entry.count,
                entry.taken,
                entry.order,
            )
            for entry in self._table
            if entry.bytes
        ]
        return sorted(found, key=lambda count: (count.layer, count.address, count.bytes))

    def grow(self) -> None:
        """See ``Trace``."""
        old, state = self._table, self._state
        last = old[state.last_slot] if state.last_slot < state.capacity else None
        capacity = state.capacity * 2
        table = (_Entry * capacity)()
        state.last_slot = capacity
        for entry in old:
            if entry.bytes == 0:
                continue
            slot = (((entry.address >> 1) * 2654435761 & 0xFFFFFFFF) ^ (entry.layer * 40503 & 0xFFFFFFFF)) & (
                capacity - 1
            )
            while table[slot].bytes:
                slot = (slot + 1) & (capacity - 1)
            table[slot] = entry
            if last is not None and (entry.address, entry.bytes, entry.layer) == (last.address, last.bytes, last.layer):
                state.last_slot = slot
        self._table = table
        state.entries = ctypes.cast(table, ctypes.POINTER(_Entry))
        state.capacity = capacity

    def lowest_sp(self, run: Callable[[], None]) -> tuple[int, int]:
        """See ``Trace``."""
        self._state.lowest_sp = 0xFFFFFFFF
        self._state.single_steps = 0
        self._uc.ctl_flush_tb()  # what was translated without this hook would run without it
        handle = self._hook(self._hook_code, self._lib.tfv_on_instruction)
        try:
            run()
        finally:
            self._uclib.uc_hook_del(self._uc._uch, handle)  # noqa: SLF001
            self._uc.ctl_flush_tb()
        return int(self._state.lowest_sp), int(self._state.single_steps)
