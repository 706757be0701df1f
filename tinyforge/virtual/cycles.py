"""Cycles of Cortex-M4 code, estimated from the instruction timings Arm publishes.

Source: Arm Cortex-M4 Processor Technical Reference Manual (DDI 0439), section 3.3.1 "Cortex-M4 instructions"
(table of cycle counts), 3.3.2 "Load/store timings" and 7.2.3 "FPU instruction set" (FPv4-SP timings).

Assumptions, which every figure made from this table carries:

- memories answer without wait states, and code and data do not meet on one bus;
- a taken branch costs 1 + P cycles with P = 2, the middle of the 1 to 3 the manual gives (the pipeline's refill);
- SDIV and UDIV take 7 cycles, the middle of 2 to 12 (they end early by the operands' leading zeros);
- words and halfwords are aligned; an unaligned access would cost 1 or 2 cycles more;
- an IT instruction takes its own cycle (the processor can fold it onto a 16-bit instruction before it);
- loads pipeline with the load before them inside a basic block, not across its border.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from tinyforge.core.errors import ToolError
from tinyforge.virtual.trace import BlockCost

REFILL_CYCLES = 2
DIVIDE_CYCLES = 7


def instruction_bytes(halfword: int) -> int:
    """Length of a Thumb instruction: 4 when its first halfword begins 0b11101, 0b1111x, else 2 (DDI 0403, A5.1)."""
    return 4 if halfword >> 11 in {0b11101, 0b11110, 0b11111} else 2


def count_instructions(code: bytes) -> int:
    """Instructions in a run of Thumb code without data in it."""
    place = count = 0
    while place < len(code):
        place += instruction_bytes(int.from_bytes(code[place : place + 2], "little"))
        count += 1
    return count


class _Decoder:
    """Capstone for Thumb code of M-profile processors, and the tables keyed by its instruction numbers."""

    def __init__(self) -> None:
        try:
            import capstone
            from capstone import arm
        except ImportError as error:
            raise ToolError(
                "virtual board", "the Python package capstone is missing", 'pip install "tinyforge[virtual]"'
            ) from error
        self.arm: Any = arm
        self.disassembler: Any = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
        self.disassembler.detail = True

        def ids(*names: str) -> frozenset[int]:
            return frozenset(getattr(arm, f"ARM_INS_{name}") for name in names if hasattr(arm, f"ARM_INS_{name}"))

        self.loads = ids(
            "LDR", "LDRB", "LDRH", "LDRSB", "LDRSH", "LDREX", "LDREXB", "LDREXH", "LDRT", "LDRBT", "LDRHT", "VLDR"
        )
        self.stores = ids("STR", "STRB", "STRH", "STREX", "STREXB", "STREXH", "STRT", "STRBT", "STRHT", "VSTR")
        self.pairs = ids("LDRD", "STRD")
        self.lists = ids(
            *("LDM", "LDMDB", "STM", "STMDB", "PUSH", "POP", "VLDMIA", "VLDMDB", "VSTMIA", "VSTMDB", "VPUSH", "VPOP")
        )
        self.divisions = ids("SDIV", "UDIV")
        self.branches = ids("B", "BL", "BX", "BLX", "CBZ", "CBNZ")
        self.tables = ids("TBB", "TBH")
        self.long_float = ids("VDIV", "VSQRT")  # 14 cycles
        self.fused_float = ids("VMLA", "VMLS", "VNMLA", "VNMLS", "VFMA", "VFMS", "VFNMA", "VFNMS")  # 3 cycles


@cache
def _decoder() -> _Decoder:
    return _Decoder()


def block_cost(code: bytes, address: int) -> BlockCost:
    """Cost of one basic block.

    Args:
        code: its machine code (Thumb).
        address: of its first byte.
    """
    decoder = _decoder()
    arm = decoder.arm
    cycles = taken = decoded = 0
    loaded = -1  # register the instruction before loads, when the next access may pipeline behind it
    for instruction in decoder.disassembler.disasm(code, address):
        decoded += 1
        operands = instruction.operands
        pipelined, taken = False, 0
        writes_pc = bool(operands) and _writes_pc(arm, instruction)
        number = instruction.id
        if number in decoder.loads or number in decoder.stores:
            memory = next((part.mem for part in operands if part.type == arm.ARM_OP_MEM), None)
            behind = loaded >= 0 and (memory is None or loaded not in {memory.base, memory.index})
            if number in decoder.loads:
                cost = 1 if behind else 2
                pipelined = not writes_pc
            else:
                # `STR Rx, [Ry, #imm]` is always one cycle; with a register offset two, unless it follows a load.
                cost = 1 if behind or memory is None or not memory.index else 2
            if instruction.mnemonic.startswith(("vldr.64", "vstr.64")):
                cost = 3
        elif number in decoder.pairs:
            cost = 3
        elif number in decoder.lists:
            cost = 1 + _list_words(arm, instruction)
        elif number in decoder.divisions:
            cost = DIVIDE_CYCLES
        elif number in decoder.long_float:
            cost = 14
        elif number in decoder.fused_float:
            cost = 3
        elif number in decoder.tables:
            cost, writes_pc = 2, True
        else:
            cost = 1
            writes_pc = writes_pc or number in decoder.branches
        if writes_pc:
            taken = REFILL_CYCLES
        cycles += cost
        loaded = operands[0].reg if pipelined and operands[0].type == arm.ARM_OP_REG else -1
    instructions = count_instructions(code)
    return BlockCost(instructions, cycles + (instructions - decoded), taken)


def _writes_pc(arm: Any, instruction: Any) -> bool:
    return any(
        part.type == arm.ARM_OP_REG and part.reg == arm.ARM_REG_PC and part.access & 2 for part in instruction.operands
    )


def _list_words(arm: Any, instruction: Any) -> int:
    """Words a load or store of several registers moves."""
    registers = [part for part in instruction.operands if part.type == arm.ARM_OP_REG]
    if not instruction.mnemonic.startswith(("push", "pop", "vpush", "vpop")):
        registers = registers[1:]  # the base
    words = 0
    for part in registers:
        words += 2 if instruction.reg_name(part.reg).startswith("d") else 1
    return words
