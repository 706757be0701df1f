"""What one inference costs on a Cortex-M4: runs a bench image (``tinyforge.firmware.build_bench``) call by call.

Instructions are counted exactly, and as the processor counts them: one whose condition fails (in an IT block) takes its
cycle and does nothing; Unicorn's own hook on single instructions leaves those out. Cycles are estimated by
``virtual.cycles``; the stack is the lowest value the stack pointer has at any instruction of the call.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyforge.core.errors import BoardFault, UsageError
from tinyforge.toolchain import Image, read_image
from tinyforge.virtual.machine import RAM_BASE, Machine
from tinyforge.virtual.trace import BlockCount

#: Memories of the machine that measures: those of the AN386, so that a model too large for a board is measured too.
BENCH_FLASH_BYTES = 4 << 20
BENCH_RAM_BYTES = 4 << 20
BENCH_LINKED_RAM_BYTES = 2 << 20  # for the image; inputs and outputs of many inferences lie above
_GLUE = "bench_model_invoke"  # stands before a model with several inputs or outputs
_CALL_CYCLES = 1 << 36  # no inference takes so long (45 minutes at 25 MHz); one that does hangs


_BATCH = 256


def _stride(count: int) -> int:
    """Room of a tensor among many, as STRIDE in ``bench_main.c``."""
    return (count + 15) & ~15


@dataclass(frozen=True, slots=True)
class LayerCost:
    """One call made by ``<name>_invoke``.

    Attributes:
        index: 0 for the first call.
        function: name of the kernel.
        instructions: executed from the call to its return, exactly.
        cycles: estimated.
        jumps: taken branches, calls and returns.
        functions: (name, instructions, cycles) of every function that ran, most cycles first.
    """

    index: int
    function: str
    instructions: int
    cycles: int
    jumps: int = 0
    functions: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ProfileResult:
    """What one inference costs.

    Attributes:
        instructions: executed by ``<name>_invoke`` and all it calls, exactly.
        cycles: estimated for memories without wait states (assumptions in ``virtual.cycles``).
        stack_bytes: deepest use of the stack below the caller's.
        own_instructions, own_cycles: of them, in ``<name>_invoke`` itself.
        layers: the calls it made, in order.
        by_function: (name, instructions, cycles) of every function that ran, most cycles first.
        jumps: taken branches, calls and returns.
    """

    instructions: int
    cycles: int
    stack_bytes: int
    own_instructions: int
    own_cycles: int
    layers: tuple[LayerCost, ...]
    by_function: tuple[tuple[str, int, int], ...]
    jumps: int = 0


@dataclass(frozen=True, slots=True)
class Sides:
    """The inputs and outputs of a model in a bench image: one after the other, each at a multiple of 16 when several.

    Attributes:
        inputs, outputs: bytes of each.
    """

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Sides:
        """Those of a model's ``manifest.json``."""
        inputs = manifest.get("inputs") or [{"bytes": manifest["input_bytes"]}]
        outputs = manifest.get("outputs") or [{"bytes": manifest["output_bytes"]}]
        return cls(tuple(int(side["bytes"]) for side in inputs), tuple(int(side["bytes"]) for side in outputs))

    @property
    def several(self) -> bool:
        """More than one input or output."""
        return len(self.inputs) + len(self.outputs) > 2

    @property
    def input_room(self) -> tuple[int, ...]:
        """Bytes each input takes in the image."""
        return tuple(_stride(size) for size in self.inputs) if self.several else self.inputs

    @property
    def output_room(self) -> tuple[int, ...]:
        """Bytes each output takes in the image."""
        return tuple(_stride(size) for size in self.outputs) if self.several else self.outputs

    def spread(self, data: bytes) -> bytes:
        """Inputs that lie side by side, as the image takes them."""
        if not self.several:
            return data
        parts = []
        for size, room in zip(self.inputs, self.input_room, strict=True):
            parts.append(data[:size].ljust(room, b"\0"))
            data = data[size:]
        return b"".join(parts)

    def gather(self, data: bytes) -> bytes:
        """Outputs as the image gives them, side by side."""
        if not self.several:
            return data
        parts = []
        for size, room in zip(self.outputs, self.output_room, strict=True):
            parts.append(data[:size])
            data = data[room:]
        return b"".join(parts)


class Bench:
    """A bench image, started and ready to be called.

    Args:
        elf: made by ``build_bench``.
        function: the model's ``<name>_invoke``; found by its ending when empty.
        traced: count what is executed; without it calls are several times faster.

    Raises:
        ToolError: the file is no bench image.
    """

    def __init__(self, elf: Path, function: str = "", *, traced: bool = True) -> None:
        self.image: Image = read_image(elf)
        if not function:
            found = [
                symbol.name
                for symbol in self.image.symbols
                if symbol.name.endswith("_invoke") and symbol.is_function and symbol.name != _GLUE
            ]
            if len(found) != 1:
                raise UsageError(str(elf), f"functions named <model>_invoke: {', '.join(found) or 'none'}", "name one")
            function = found[0]
        self.function = self.image.symbol(function)
        self._entry = self.image.by_name.get(_GLUE, self.function)
        stem = function.removesuffix("_invoke")
        self._reset = self.image.by_name.get(f"{stem}_reset")
        self._continue = self.image.by_name.get(f"{stem}_continue")
        self._input = self.image.symbol("bench_input")
        self._output = self.image.symbol("bench_output")
        self._many = self.image.symbol("bench_many")
        self._stack = self.image.symbol("__stack_top").address
        self.machine = Machine(self.image, flash_bytes=BENCH_FLASH_BYTES, ram_bytes=BENCH_RAM_BYTES, traced=traced)
        self.machine.reset()
        self.machine.run_to(self.image.symbol("main").address)

    @property
    def input_bytes(self) -> int:
        """Length of one input."""
        return self._input.bytes

    @property
    def output_bytes(self) -> int:
        """Length of one output."""
        return self._output.bytes

    def prepare(self, data: bytes) -> None:
        """Reset the model's state, if it has one, and put an input in place.

        Raises:
            UsageError: its length is wrong.
        """
        self._check(data)
        self.reset()
        self.machine.write(self._input.address, data)

    def invoke(self) -> bytes:
        """One inference of the input in place.

        Raises:
            BoardFault: a bad access, or it does not return.
        """
        clock = self.machine.trace.clock
        self.machine.call(
            self._entry.address,
            self._input.address,
            self._output.address,
            stack=self._stack,
            deadline=clock + _CALL_CYCLES,
        )
        return self.machine.read(self._output.address, self.output_bytes)

    @property
    def batch_limit(self) -> int:
        """Most inputs ``invoke_many`` takes at once."""
        room = BENCH_RAM_BYTES - BENCH_LINKED_RAM_BYTES
        return min(_BATCH, room // (_stride(self.input_bytes) + _stride(self.output_bytes)))

    def callers(self) -> tuple[tuple[int, int], ...]:
        """Where the calls of the kernels are: the model's function, and the one it may hand on to."""
        parts = [part for part in (self.function, self._continue) if part is not None]
        return tuple((part.address, part.address + part.bytes) for part in parts)

    def reset(self) -> None:
        """Set the model's state to its start, if it has one."""
        if self._reset is not None:
            self.machine.call(self._reset.address, stack=self._stack)

    def invoke_many(self, batch: Sequence[bytes], *, keep_state: bool = False) -> list[bytes]:
        """Outputs of up to ``batch_limit`` inputs; the state is reset before each unless it is to be kept.

        Raises:
            BoardFault: a bad access, or no end.
            UsageError: an input of another length.
        """
        for data in batch:
            self._check(data)
        into, outof = _stride(self.input_bytes), _stride(self.output_bytes)
        inputs = RAM_BASE + BENCH_LINKED_RAM_BYTES
        outputs = inputs + into * len(batch)
        self.machine.write(inputs, b"".join(data.ljust(into, b"\0") for data in batch))
        self.machine.call(self._many.address, inputs, outputs, len(batch), int(keep_state), stack=self._stack)
        answer = self.machine.read(outputs, outof * len(batch))
        return [answer[outof * i : outof * i + self.output_bytes] for i in range(len(batch))]

    def _check(self, data: bytes) -> None:
        if len(data) != self.input_bytes:
            raise UsageError(self.function.name, f"an input of {len(data)} bytes", f"it takes {self.input_bytes}")

    @property
    def stack_top(self) -> int:
        """Value of the stack pointer when the model is called."""
        return self._stack


def run_inferences(
    elf: Path, inputs: Iterable[bytes], function: str = "", *, keep_state: bool = False, sides: Sides | None = None
) -> list[bytes]:
    """Outputs of a bench image for many inputs, in order.

    Args:
        elf: made by ``build_bench``.
        inputs: int8 tensors as bytes, each of the model's input length.
        function: the model's ``<name>_invoke``; found when empty.
        keep_state: a recurrent model goes on from where the inference before left it; else it begins anew each time.
        sides: of a model with several inputs or outputs, which lie side by side in ``inputs`` and in what is returned.

    Raises:
        BoardFault: the program did what no board allows.
        UsageError: an input of another length.
    """
    bench = Bench(elf, function, traced=False)
    bench.reset()
    outputs: list[bytes] = []
    source = iter(inputs)
    while batch := [bytes(data) for data in itertools.islice(source, bench.batch_limit)]:
        if sides is None:
            outputs += bench.invoke_many(batch, keep_state=keep_state)
        else:
            spread = [sides.spread(data) for data in batch]
            outputs += [sides.gather(data) for data in bench.invoke_many(spread, keep_state=keep_state)]
    return outputs


def default_input(count: int) -> bytes:
    """What is measured where no input is given: so many fixed pseudo-random bytes."""
    return random.Random(0).randbytes(count)  # noqa: S311  (any bytes do, as long as they are the same)


def profile(elf: Path, manifest: Mapping[str, Any], data: bytes | None = None) -> ProfileResult:
    """What one inference costs.

    Args:
        elf: made by ``build_bench``.
        manifest: the model's ``manifest.json``; its ``function`` is called.
        data: the input; :func:`default_input` when None.

    Raises:
        BoardFault: the program did what no board allows, or its two runs differ in length.
    """
    bench = Bench(elf, str(manifest["function"]))
    if data is None:
        data = default_input(bench.input_bytes)
    function = bench.function
    trace = bench.machine.trace

    bench.prepare(data)
    trace.watch_calls(*bench.callers())
    bench.invoke()
    counts = trace.counts()
    instructions = trace.instructions

    bench.prepare(data)
    trace.clear()
    lowest, steps = trace.lowest_sp(lambda: _ignore(bench.invoke()))
    if trace.instructions != instructions or steps > instructions:
        raise BoardFault(
            function.name,
            f"{instructions} instructions in one run, {trace.instructions} in the next ({steps} one by one)",
            "the same input must take the same way twice",
        )
    return _summarize(bench, counts, max(0, bench.stack_top - lowest))


def _ignore(_value: object) -> None:
    """For callers that want nothing back."""


def _summarize(bench: Bench, counts: Sequence[BlockCount], stack_bytes: int) -> ProfileResult:
    layers: dict[int, list[BlockCount]] = {}
    for count in counts:
        layers.setdefault(count.layer, []).append(count)
    own = layers.pop(0, [])
    costs = []
    for number, blocks in sorted(layers.items()):
        first = min(blocks, key=lambda block: block.order)
        costs.append(
            LayerCost(
                number - 1,
                bench.image.function_at(first.address),
                sum(block.instructions for block in blocks),
                sum(block.cycles for block in blocks),
                sum(block.taken for block in blocks),
                _by_function(bench, blocks),
            )
        )
    return ProfileResult(
        instructions=sum(count.instructions for count in counts),
        cycles=sum(count.cycles for count in counts),
        stack_bytes=stack_bytes,
        own_instructions=sum(block.instructions for block in own),
        own_cycles=sum(block.cycles for block in own),
        layers=tuple(costs),
        by_function=_by_function(bench, counts),
        jumps=sum(count.taken for count in counts),
    )


def _by_function(bench: Bench, counts: Iterable[BlockCount]) -> tuple[tuple[str, int, int], ...]:
    """Name, instructions and cycles of each function, most cycles first."""
    functions: dict[str, list[int]] = {}
    for count in counts:
        sums = functions.setdefault(bench.image.function_at(count.address) or f"0x{count.address:08x}", [0, 0])
        sums[0] += count.instructions
        sums[1] += count.cycles
    ordered = sorted(functions.items(), key=lambda item: (-item[1][1], item[0]))
    return tuple((name, sums[0], sums[1]) for name, sums in ordered)
