"""How much stack a function of a linked image can take, over all its paths, read off its machine code.

Works for any compiler and for hand-written assembly, which ``-fstack-usage`` does not see. Thumb only.
"""

from __future__ import annotations

import importlib.util
import re
from typing import Any

from tinyforge.core.errors import ToolError
from tinyforge.toolchain.elf import Image

_LONGEST = 4  # bytes of an instruction
_LOOK_BACK = 34  # bytes before a table branch in which its table's place and length are looked for
_IMMEDIATE = re.compile(r"#(-?(?:0x)?[0-9a-f]+)")
_CONDITIONS = ("eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", "cs", "cc")
_MATTERS = {"b", "bl", "bx", "blx", "mov", "pop", "push", "vpop", "vpush", "add", "addw", "sub", "subw"}
_MATTERS |= {"ldr", "ldrd", "str", "strd", "ldm", "ldmdb", "stm", "stmdb"}


def stack_bytes(image: Image, function: str) -> int:
    """Deepest the stack pointer gets below its value at the call, whichever way the code goes.

    Args:
        image: linked for a Cortex-M.
        function: its name.

    Raises:
        ToolError: Capstone is missing, there is no such function, or the code calls through a pointer, calls itself or
            takes an amount of stack that it computes: then there is no such number.
    """
    if importlib.util.find_spec("capstone") is None:
        raise ToolError("capstone", "the Python package is missing", 'pip install "tinyforge[virtual]"')
    return _Walk(image).deepest(image.symbol(function).address)


class _Walk:
    def __init__(self, image: Image) -> None:
        import capstone

        self._image = image
        self._decoder: Any = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
        self._known: dict[int, int] = {}
        self._open: list[int] = []

    def deepest(self, entry: int) -> int:
        """Of the function at an address."""
        if entry in self._known:
            return self._known[entry]
        if entry in self._open:
            raise self._no(entry, "calls itself")
        self._open.append(entry)
        deepest, seen = 0, set()
        waiting = [(entry, 0)]  # address, depth
        while waiting:
            address, depth = waiting.pop()
            if address in seen:
                continue
            seen.add(address)
            depth, follow, called = self._step(address, depth)
            deepest = max(deepest, depth, *(below + self.deepest(target) for target, below in called))
            waiting.extend(follow)
        self._open.pop()
        self._known[entry] = deepest
        return deepest

    def _step(self, address: int, depth: int) -> tuple[int, list[tuple[int, int]], list[tuple[int, int]]]:
        """Deepest point of an instruction, what may come next, and what it calls, each with its depth."""
        one = self._decode(address)
        if one is None:
            raise self._no(address, "holds no instruction")
        name, operands = str(one.mnemonic).split(".")[0], str(one.op_str)
        after = (address + one.size, depth)
        if re.fullmatch("it[te]{0,3}", name):
            return self._block("t" + name[2:], address + one.size, depth)
        if len(name) == 3 and name[0] == "b" and name[1:] in _CONDITIONS:
            return depth, [after, (self._target(operands), depth)], []
        if name in {"cbz", "cbnz"}:
            return depth, [after, (self._target(operands.split(",")[1]), depth)], []
        if name[:-2] in _MATTERS and name[-2:] in _CONDITIONS:
            name = name[:-2]
        if name == "b":
            return depth, [(self._target(operands), depth)], []
        if name == "bl":
            return depth, [after], [(self._target(operands), depth)]
        if name in {"bx", "mov"} and operands.replace(" ", "") in {"lr", "pc,lr"}:
            return depth, [], []
        if name in {"tbb", "tbh"}:
            return depth, [(target, depth) for target in self._table(address, name, operands)], []
        if name in {"bx", "blx"}:
            raise self._no(address, "calls through a pointer")
        if name in {"udf", "bkpt"}:
            return depth, [], []
        change = self._change(address, name, operands)
        returns = name in {"pop", "ldm", "ldr"} and bool(re.search(r"\bpc\b", operands.split("[", maxsplit=1)[0]))
        if returns and name == "ldr" and "[sp], " not in operands:
            return depth, [(target, depth) for target in self._addresses(address, operands)], []
        return max(depth, depth + change), [] if returns else [(after[0], depth + change)], []

    def _block(
        self, pattern: str, address: int, depth: int
    ) -> tuple[int, list[tuple[int, int]], list[tuple[int, int]]]:
        """As ``_step`` for up to four instructions, of which those of ``t`` or those of ``e`` are executed."""
        addresses = [address]
        for _ in pattern:
            one = self._decode(addresses[-1])
            if one is None:
                raise self._no(addresses[-1], "holds no instruction")
            addresses.append(addresses[-1] + one.size)
        deepest, follow, called = depth, [], []
        ends: set[int] = set()
        for way in "te":
            now, goes_on = depth, True
            for part, at, after in zip(pattern, addresses[:-1], addresses[1:], strict=True):
                if part != way or not goes_on:
                    continue
                deep, next_, calls = self._step(at, now)
                deepest = max(deepest, deep)
                called += calls
                through = [reached for place, reached in next_ if place == after]
                follow += [jump for jump in next_ if jump[0] != after]
                now, goes_on = (through[0], True) if through else (now, False)
            ends |= {now} if goes_on else set()
        if len(ends) > 1:
            raise self._no(address, "takes stack under a condition")
        return deepest, [*follow, *((addresses[-1], end) for end in ends)], called

    def _change(self, address: int, name: str, operands: str) -> int:
        """Bytes an instruction takes from the stack; less than 0 for what it gives back."""
        if name in {"push", "pop", "vpush", "vpop"}:
            return _registers(operands) * (1 if name in {"push", "vpush"} else -1)
        immediate = _IMMEDIATE.search(operands)
        if re.fullmatch(r"sp(, sp)?, #\S+", operands) and immediate and name in {"sub", "subw", "add", "addw"}:
            return int(immediate[1], 0) * (1 if name.startswith("sub") else -1)
        if "[sp" in operands and immediate and (operands.endswith("]!") or "[sp], #" in operands):
            return -int(immediate[1], 0)  # str r0, [sp, #-4]! and ldr r0, [sp], #4
        if re.match(r"sp!", operands):
            sign = 1 if name.endswith("db") else -1
            return _registers(operands) * sign
        if re.match(r"sp\b", operands) and name not in {"cmp", "tst", "ldm", "stm"}:
            raise self._no(address, "computes its stack pointer")
        return 0

    def _table(self, address: int, name: str, operands: str) -> list[int]:
        """Targets of a table branch: the table lies behind it, and a comparison before it says how long it is."""
        entries = self._entries(address, operands.strip("[]").split(",")[1].strip())
        width, base = (1 if name == "tbb" else 2), address + _LONGEST
        data = self._bytes(base, width * entries)
        return [base + 2 * int.from_bytes(data[at : at + width], "little") for at in range(0, len(data), width)]

    def _addresses(self, address: int, operands: str) -> list[int]:
        """Targets of ``ldr pc, [table, index, lsl #2]``, whose table ``adr`` took a few instructions before."""
        found = re.fullmatch(r"pc, \[(\w+), (\w+), lsl #2\]", operands)
        if found is None:
            raise self._no(address, "jumps to an address that it computes")
        base = self._before(address, {"adr", "adr.w", "addw", "add.w"}, (f"{found[1]}, #", f"{found[1]}, pc, #"))
        if base is None:
            raise self._no(address, "jumps through a table of unknown place")
        table = (base[0] + _LONGEST & ~3) + base[1]
        data = self._bytes(table, 4 * self._entries(address, found[2]))
        return [int.from_bytes(data[at : at + 4], "little") & ~1 for at in range(0, len(data), 4)]

    def _entries(self, address: int, index: str) -> int:
        """Of the table at an address: ``cmp index, #last`` and ``bhi`` stand a few instructions before it."""
        compared = self._before(address, {"cmp", "cmp.w"}, (f"{index}, #",))
        if compared is None:
            raise self._no(address, "jumps through a table of unknown length")
        return compared[1] + 1

    def _before(self, address: int, names: set[str], operands: tuple[str, ...]) -> tuple[int, int] | None:
        """Address and constant of the nearest such instruction before an address."""
        for back in range(2, _LOOK_BACK, 2):
            if not self._holds(address - back):
                break
            one = self._decode(address - back)
            if one is not None and one.mnemonic in names and one.op_str.startswith(operands):
                return address - back, int(one.op_str.split("#")[1], 0)
        return None

    def _decode(self, address: int) -> Any:
        return next(self._decoder.disasm(self._bytes(address, _LONGEST), address, 1), None)

    def _holds(self, address: int) -> bool:
        return any(0 <= address - segment.address < len(segment.data) for segment in self._image.segments)

    def _bytes(self, address: int, count: int) -> bytes:
        for segment in self._image.segments:
            start = address - segment.address
            if 0 <= start < len(segment.data):
                return segment.data[start : start + count]
        raise self._no(address, "lies outside of the image")

    @staticmethod
    def _target(operand: str) -> int:
        return int(operand.strip().removeprefix("#"), 0)

    def _no(self, address: int, fact: str) -> ToolError:
        where = self._image.function_at(address) or "code"
        return ToolError(str(self._image.path), f"{where} at {address:#x} {fact}: its stack cannot be bounded")


def _registers(operands: str) -> int:
    """Bytes of a list of registers: {r4, r5, lr}, {d8, d9}, {s16}; Capstone may write ranges."""
    total = 0
    inside = operands[operands.index("{") + 1 : operands.index("}")]
    for part in inside.split(","):
        first, _, last = (word.strip() for word in part.partition("-"))
        width = 8 if first.startswith("d") else 4
        count = int(last[1:]) - int(first[1:]) + 1 if last else 1
        total += width * count
    return total
