"""A Cortex-M4F with flash, RAM and peripherals: Unicorn executes, and anything outside the map stops the run."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tinyforge.core.errors import BoardFault, ToolError
from tinyforge.toolchain import Image
from tinyforge.virtual import trace as tracing
from tinyforge.virtual.cycles import block_cost
from tinyforge.virtual.peripherals import DWT_BASE, PAGE_BYTES, SYSTEM_BASE, SystemSpace
from tinyforge.virtual.trace import BlockCost, NoTrace, Trace, make_trace

FLASH_BASE = 0x00000000
RAM_BASE = 0x20000000
_HANG_US = 120_000_000
_STACK_REACH = 1 << 20  # how far below the RAM an access is still called a stack overflow

ReadRegister = Callable[[int, int], int]
WriteRegister = Callable[[int, int, int], None]


class Stop(enum.Enum):
    """Why ``Machine.run`` came back."""

    DEADLINE = "the clock reached the deadline"
    WANTED = "a peripheral asked for it"
    RETURNED = "the function that was called returned"


@dataclass(frozen=True, slots=True)
class Peripheral:
    """A range of registers.

    Attributes:
        name: for messages.
        base: address of the first register.
        bytes: room it takes, a multiple of 4096.
        read: gives the value of (offset, bytes); raises KeyError where there is no register.
        write: takes (offset, bytes, value); raises KeyError where there is no register.
    """

    name: str
    base: int
    bytes: int
    read: ReadRegister
    write: WriteRegister


class Machine:
    """The processor and its memories, not yet a board.

    Args:
        image: loaded by ``load``; also names functions in messages.
        flash_bytes, ram_bytes: sizes, multiples of 1024.
        flash_base: where the flash lies and the processor starts.
        second_ram: base and size of a further piece of RAM, for chips that have two.
        traced: count what is executed. Without it the clock stands still and code runs some ten times faster; a call
            of which there is no return within two minutes of the host's time is a fault.
    """

    def __init__(
        self,
        image: Image,
        *,
        flash_bytes: int,
        ram_bytes: int,
        flash_base: int = FLASH_BASE,
        second_ram: tuple[int, int] | None = None,
        traced: bool = True,
    ) -> None:
        try:
            import unicorn
            from unicorn import arm_const
        except ImportError as error:
            raise ToolError(
                "virtual board", "the Python package unicorn is missing", 'pip install "tinyforge[virtual]"'
            ) from error
        self._unicorn: Any = unicorn
        self._arm: Any = arm_const
        self.image = image
        self.flash_base = flash_base
        self.flash_bytes = flash_bytes
        self.ram_bytes = ram_bytes
        self.ram = [(RAM_BASE, ram_bytes), *([second_ram] if second_ram is not None else [])]
        self._peripherals: list[Peripheral] = []
        self._fault: BoardFault | None = None
        engine: Any = self._unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        self._uc = engine
        self._uc.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M4)
        self._uc.mem_map(flash_base, flash_bytes, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
        for base, count in self.ram:
            self._uc.mem_map(base, count, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE)
        self._before_interrupt: Any = None
        self._flash_is_new = False
        self._reset_requested = False
        self._traced = traced
        self.trace: Trace = make_trace(self._uc, self._resolve) if traced else NoTrace()
        self._uc.hook_add(unicorn.UC_HOOK_MEM_INVALID, self._on_bad_access)
        self._uc.hook_add(unicorn.UC_HOOK_INTR, self._on_exception)
        self.on_reset_request: Callable[[], None] = lambda: None  # the program set SYSRESETREQ
        system = self.system = SystemSpace(lambda: self.trace.clock, self._on_reset_request)
        self.map_peripheral(Peripheral("DWT", DWT_BASE, PAGE_BYTES, system.read_dwt, system.write_dwt))
        self.map_peripheral(Peripheral("system control space", SYSTEM_BASE, PAGE_BYTES, system.read, system.write))
        self.load()

    def load(self) -> None:
        """Program the flash with the image, as a debugger would: everything stored, at its load address.

        Raises:
            BoardFault: the image does not fit the board.
        """
        self._uc.mem_write(self.flash_base, b"\xff" * self.flash_bytes)
        for segment in self.image.segments:
            if not segment.data:
                continue
            last = self.flash_base + self.flash_bytes - len(segment.data)
            if not self.flash_base <= segment.load_address <= last:
                raise BoardFault(
                    str(self.image.path),
                    f"{len(segment.data)} bytes at 0x{segment.load_address:08x} lie outside the flash "
                    f"(0x{self.flash_base:08x}, {self.flash_bytes} bytes)",
                    "build it for this board",
                )
            self._uc.mem_write(segment.load_address, segment.data)
        # Vectors are data: a jump into them (a null function pointer, say) is no program.
        vectors = self.image.by_name.get("__vectors_end")
        low = vectors.address if vectors is not None else self.flash_base + 0x40
        self.trace.limit_code(low, self.flash_base + self.flash_bytes)

    def is_ram(self, address: int, count: int) -> bool:
        """Whether so many bytes of RAM begin there."""
        return any(base <= address <= base + size - count for base, size in self.ram)

    def map_peripheral(self, peripheral: Peripheral) -> None:
        """Put registers into the address space."""

        def read(_uc: Any, offset: int, count: int, _user: object) -> int:
            try:
                return peripheral.read(offset, count) & ((1 << (8 * count)) - 1)
            except KeyError:
                self._stop_at(peripheral, offset, "reads")
                return 0

        def write(_uc: Any, offset: int, count: int, value: int, _user: object) -> None:
            try:
                peripheral.write(offset, count, value)
            except KeyError:
                self._stop_at(peripheral, offset, "writes")

        self._peripherals.append(peripheral)
        self._uc.mmio_map(peripheral.base, peripheral.bytes, read, None, write, None)

    # ---- state ------------------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Start from the reset vector with the RAM as it is, as the processor does."""
        self.system.reset()
        self._reset_requested = False
        stack, entry = (int.from_bytes(self.read(self.flash_base + 4 * i, 4), "little") for i in range(2))
        arm = self._arm
        for number in range(13):
            self._uc.reg_write(getattr(arm, f"UC_ARM_REG_R{number}"), 0)
        self._uc.reg_write(arm.UC_ARM_REG_LR, 0xFFFFFFFF)
        self._uc.reg_write(arm.UC_ARM_REG_SP, stack)
        self._uc.reg_write(arm.UC_ARM_REG_PC, entry | 1)
        self._pc = entry & ~1

    def read(self, address: int, count: int) -> bytes:
        """Bytes of flash or RAM as a debugger sees them."""
        return bytes(self._uc.mem_read(address, count))

    def write(self, address: int, data: bytes) -> None:
        """Change bytes of flash or RAM as a debugger does."""
        self._uc.mem_write(address, bytes(data))

    def write_flash(self, address: int, data: bytes) -> None:
        """What the flash's controller does for the program, which comes back from ``run`` after it."""
        self._uc.mem_write(address, data)
        self._flash_is_new = True
        self.stop_now()

    # ---- running ----------------------------------------------------------------------------------------------------

    def run(self, deadline: int = tracing.NEVER) -> Stop:
        """Execute until the clock reaches ``deadline`` or a peripheral sets ``trace.stop_wanted``.

        Raises:
            BoardFault: the program did what no board allows.
        """
        return self._run(self._pc, 0xFFFFFFFF, deadline)

    def run_to(self, address: int) -> None:
        """Execute from where the program is until it comes to ``address``.

        Raises:
            BoardFault: the program did what no board allows, or never comes there.
        """
        stop = self._run(self._pc, address, tracing.NEVER)
        if stop is not Stop.RETURNED:
            raise BoardFault(self._where(self._pc), f"never came to 0x{address:08x}: {stop.value}", "")
        self._uc.ctl_flush_tb()  # the next run may pass there

    def call(self, address: int, *arguments: int, stack: int | None = None, deadline: int = tracing.NEVER) -> int:
        """Call one function with integer arguments and run it to its return.

        Args:
            address: of the function.
            arguments: 32-bit values: four for r0..r3, the rest for the stack, the fifth lowest (AAPCS32, 6.4).
            stack: value of the stack pointer, a multiple of 8; the top of the image's stack when None.
            deadline: of the clock.

        Returns:
            r0 after the return.

        Raises:
            BoardFault: a fault, or the deadline passed.
        """
        arm = self._arm
        if stack is None:
            stack = int.from_bytes(self.read(self.flash_base, 4), "little")
        # Back to the handler of hard faults, which nothing calls. (Unicorn only stops at an address it has not
        # translated before, so the place must be one that never runs.)
        back = self._never_called()
        for number, value in enumerate(arguments[:4]):
            self._uc.reg_write(getattr(arm, f"UC_ARM_REG_R{number}"), value & 0xFFFFFFFF)
        if others := arguments[4:]:
            stack -= -(-4 * len(others) // 8) * 8  # the stack pointer stays a multiple of 8
            self.write(stack, b"".join((value & 0xFFFFFFFF).to_bytes(4, "little") for value in others))
        self._uc.reg_write(arm.UC_ARM_REG_SP, stack)
        self._uc.reg_write(arm.UC_ARM_REG_LR, back | 1)
        stop = self._run(address & ~1, back, deadline)
        if stop is not Stop.RETURNED:
            name = self.image.function_at(address) or f"0x{address:08x}"
            raise BoardFault(name, f"did not return: {stop.value}", "look for a loop without end")
        return int(self._uc.reg_read(arm.UC_ARM_REG_R0))

    def _never_called(self) -> int:
        return int.from_bytes(self.read(self.flash_base + 12, 4), "little") & ~1

    @property
    def interrupts_masked(self) -> bool:
        """Whether the program has set PRIMASK."""
        return bool(self._uc.reg_read(self._arm.UC_ARM_REG_PRIMASK) & 1)

    def interrupt(self, number: int) -> None:
        """Run the handler of an external interrupt to its end, between two blocks of the program.

        It gets the program's stack below a frame as large as the processor's with floating point (Arm DDI 0439: 104
        bytes, 12 cycles there and back); what it changes in registers is put back. Handlers do not nest.

        Raises:
            BoardFault: the handler did what no board allows.
        """
        arm, state, pc = self._arm, self.trace, self._pc
        if self._before_interrupt is None:
            self._before_interrupt = self._uc.context_save()
        else:
            self._uc.context_update(self._before_interrupt)
        handler = int.from_bytes(self.read(self.flash_base + 4 * (16 + number), 4), "little")
        back = self._never_called()
        self._uc.reg_write(arm.UC_ARM_REG_SP, (int(self._uc.reg_read(arm.UC_ARM_REG_SP)) - 104) & ~7)
        self._uc.reg_write(arm.UC_ARM_REG_LR, back | 1)
        state.clock += 24
        place = handler & ~1
        while self._run(place, back, tracing.NEVER) is not Stop.RETURNED:
            if self._reset_requested:
                return  # it comes now: there is nothing to go back to
            place = self._pc
        self._uc.context_restore(self._before_interrupt)
        self._pc = pc

    def _run(self, start: int, until: int, deadline: int) -> Stop:
        state = self.trace
        if self._flash_is_new:
            self._flash_is_new = False
            self._uc.ctl_flush_tb()
        state.deadline = deadline
        state.stop_wanted = False
        place = start
        while True:
            state.stop_reason = tracing.STOP_NONE
            try:
                self._uc.emu_start(place | 1, until, timeout=0 if self._traced else _HANG_US)
            except self._unicorn.UcError as error:
                self._raise_fault(error)
            if self._fault is not None:
                self._raise_fault(None)
            place = self._pc = int(self._uc.reg_read(self._arm.UC_ARM_REG_PC))
            reason = state.stop_reason
            if reason == tracing.STOP_TABLE_FULL:
                state.grow()
                continue
            if reason == tracing.STOP_BAD_FETCH:
                where = state.stop_address
                raise BoardFault(
                    self._where(where),
                    f"fetch at 0x{where:08x}: no code there"
                    + (" (the vector table: a null function pointer was called)" if where < 0x100 else ""),
                    "look at the function pointers and the stack of the caller" + self._caller(),
                )
            if reason == tracing.STOP_DEADLINE:
                return Stop.DEADLINE
            if reason == tracing.STOP_WANTED:
                return Stop.WANTED
            if place == until & ~1:
                return Stop.RETURNED
            if not self._traced:
                return Stop.DEADLINE
            raise BoardFault(
                self._where(place),
                f"the processor stopped at 0x{place:08x}",
                "the virtual board has no interrupts to wake it",
            )

    # ---- faults -----------------------------------------------------------------------------------------------------

    def _register(self, name: str) -> int:
        return int(self._uc.reg_read(getattr(self._arm, f"UC_ARM_REG_{name}")))

    def _where(self, pc: int) -> str:
        return self.image.function_at(pc) or f"0x{pc:08x}"

    def _caller(self) -> str:
        link = self._register("LR")
        name = self.image.function_at(link - 1) if link < 0xFFFFFF00 else ""
        return f" (last call from {name} near 0x{link & ~1:08x})" if name else ""

    def _on_reset_request(self) -> None:
        self._reset_requested = True
        self.on_reset_request()

    def _on_bad_access(self, _uc: Any, access: int, address: int, count: int, _value: int, _user: object) -> bool:
        unicorn = self._unicorn
        pc = self._register("PC")
        fetches = access in {unicorn.UC_MEM_FETCH_UNMAPPED, unicorn.UC_MEM_FETCH_PROT}
        writes = access in {unicorn.UC_MEM_WRITE_UNMAPPED, unicorn.UC_MEM_WRITE_PROT}
        if fetches:
            fact = f"fetch at 0x{address:08x}: no code there"
            self._fault = BoardFault(self._where(pc), fact, "look at function pointers and the stack" + self._caller())
            return False
        verb = "write of" if writes else "read of"
        fact = f"{verb} {count} bytes at 0x{address:08x} by the instruction at 0x{pc:08x}"
        if writes and access == unicorn.UC_MEM_WRITE_PROT:
            fact += ": that is flash, which a plain write does not change"
            way_out = "look at the pointer it writes through"
        elif RAM_BASE - _STACK_REACH <= address < RAM_BASE and self._register("SP") < RAM_BASE + 1024:
            sp = self._register("SP")
            fact += f": stack overflow, SP is 0x{sp:08x} and the stack ends at 0x{self._stack_floor():08x}"
            way_out = "give the board a larger stack, or use less"
        else:
            fact += ": nothing is there"
            way_out = "look at the pointer it goes through"
        self._fault = BoardFault(self._where(pc), fact, way_out)
        return False

    def _stack_floor(self) -> int:
        limit = self.image.by_name.get("__stack_limit")
        return limit.address if limit is not None else RAM_BASE

    def _on_exception(self, _uc: Any, number: int, _user: object) -> None:
        pc = self._register("PC")
        kinds = {1: "undefined instruction", 2: "SVC", 3: "instruction fetch fault", 4: "data fault", 7: "BKPT"}
        kind = kinds.get(number, f"exception {number}")
        self._fault = BoardFault(
            self._where(pc),
            f"{kind} at 0x{pc:08x}",
            "the program stopped itself" if number == 7 else "" + self._caller(),
        )
        self._uc.emu_stop()

    def _stop_at(self, peripheral: Peripheral, offset: int, verb: str) -> None:
        self._fault = BoardFault(
            "", f"{verb} {peripheral.name} + 0x{offset:x} (0x{peripheral.base + offset:08x}): no register there", ""
        )
        self._uc.emu_stop()

    def stop_now(self) -> None:
        """For peripherals: come back from ``run`` before the next basic block."""
        self.trace.stop_wanted = True

    def _raise_fault(self, error: Exception | None) -> None:
        fault, self._fault = self._fault, None
        pc = self._pc = self._register("PC")
        if fault is not None:
            if not fault.place:  # a register: only now is the place known
                fault = BoardFault(self._where(pc), f"{fault.fact}, at 0x{pc:08x}", "look at the address it uses")
            raise fault from error
        if error is None:
            return
        if getattr(error, "errno", 0) == self._unicorn.UC_ERR_INSN_INVALID and pc & ~1 < 0x40:
            raise BoardFault(
                f"0x{pc:08x}",
                f"fetch at 0x{pc:08x}: a null function pointer was called",
                "look at the caller" + self._caller(),
            ) from error
        if getattr(error, "errno", 0) == self._unicorn.UC_ERR_INSN_INVALID:
            raise BoardFault(
                self._where(pc),
                f"no valid instruction at 0x{pc:08x}",
                "look at function pointers and the stack" + self._caller(),
            ) from error
        raise BoardFault(self._where(pc), f"{error} at 0x{pc:08x}", "") from error

    def _resolve(self, address: int, count: int) -> BlockCost:
        return block_cost(self.read(address, count), address)
