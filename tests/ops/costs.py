"""What programs cost on the virtual Cortex-M4, many at once: kernels are compiled once, programs linked alone."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from tinyforge.core.graph import Compiled
from tinyforge.core.resources import csrc_dir, firmware_dir
from tinyforge.firmware.linker_script import render_linker_script
from tinyforge.runtimes.aot.generate import DSP_SHARED, ModelView
from tinyforge.toolchain import Image, find_arm_toolchain, read_image
from tinyforge.virtual.machine import Machine
from tinyforge.virtual.trace import BlockCount

FLASH_BYTES, LINKED_RAM_BYTES, RAM_BYTES = 4 << 20, 2 << 20, 4 << 20
_IN, _OUT = 0x2020_0000, 0x2030_0000
_STACK, _BATCH = 1 << 16, 60


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one inference.

    Attributes:
        instructions: exactly.
        calls: kernel and instructions of each call, in order.
        flash_bytes: of the linked image, less one without a model.
        ram_bytes: arena, state, ``.data`` and ``.bss``.
    """

    instructions: int
    calls: tuple[tuple[str, int], ...]
    flash_bytes: int = 0
    ram_bytes: int = 0

    def layers(self, model: Compiled) -> list[int]:
        """Instructions of each of the model's calls; others (of ``memset`` for a state) are left out."""
        calls = iter(self.calls)
        return [next(count for kernel, count in calls if kernel == layer.kernel) for layer in model.layers]


class Costs:
    """Measures programs.

    Args:
        folder: for files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._toolchain = folder, find_arm_toolchain()
        folder.mkdir(parents=True, exist_ok=True)
        self._home, library = firmware_dir() / "virtual_m4", csrc_dir()
        names = sorted({path.name for path in (library / "src").glob("*/*.c")} - set(DSP_SHARED))
        sources = [library / "src/dsp" / name for name in DSP_SHARED]
        for name in names:
            path = library / "src/dsp" / name
            sources.append(path if path.is_file() else library / "src/portable" / name)
        sources += [self._home / "src/startup.c", self._home / "src/memory.c"]
        self._includes = [folder, library / "include", self._home / "src"]
        self._kernels = self._objects(sources, "kernels")
        self._script = folder / "costs.ld"
        text = (self._home / "virtual_m4.ld").read_text("utf-8")
        self._script.write_text(
            render_linker_script(text, flash_bytes=FLASH_BYTES, ram_bytes=LINKED_RAM_BYTES, stack_bytes=_STACK)
        )
        self._number = 0

    def _objects(self, sources: Sequence[Path], into: str) -> list[Path]:
        return self._toolchain.compile_objects(sources, self._folder / into, ("-O2", "-std=c99"), self._includes)

    @cached_property
    def _nothing(self) -> tuple[int, int]:
        return _sizes(self._linked([], []))

    def _linked(self, objects: Sequence[Path], functions: Sequence[str]) -> Image:
        main = self._folder / "main.c"
        called = "".join(f"extern void {function}(void); {function}();" for function in functions)
        main.write_text(f"int main(void) {{ {called} for (;;) {{ }} }}\n")
        found = [*self._kernels, *objects, *self._objects([main], "main")]
        return read_image(self._toolchain.link(found, self._script, self._folder / "one.elf"))

    def of(self, models: Sequence[Compiled], *, calls: int = 1) -> list[Cost]:
        """What one inference of each takes.

        Args:
            models: compiled; names may be alike.
            calls: the last of so many is measured, of a model whose first ones may differ.
        """
        found = []
        for model, source in self._compiled(models):
            image = self._linked([source], [f"{model.name}_invoke"])
            flash, ram = _sizes(image)
            costs = self._called(_machine(image), model, calls)
            found.append(Cost(*costs, flash - self._nothing[0], ram - self._nothing[1]))
        return found

    def calls_of(self, models: Sequence[Compiled]) -> list[Cost]:
        """Instructions alone, quickly: all models are one image, so flash and RAM are 0."""
        sources = self._compiled(models)
        found = []
        for batch in (sources[start : start + _BATCH] for start in range(0, len(sources), _BATCH)):
            machine = _machine(self._linked([one for _, one in batch], [f"{model.name}_invoke" for model, _ in batch]))
            found += [Cost(*self._called(machine, model, 1)) for model, _ in batch]
        return found

    def _compiled(self, models: Sequence[Compiled]) -> list[tuple[Compiled, Path]]:
        """Each under a name of its own, and its object file."""
        named = [replace(model, name=f"m{self._number + number}") for number, model in enumerate(models)]
        self._number += len(models)
        sources = []
        for model in named:
            view = ModelView(model)
            (self._folder / f"{model.name}.h").write_text(view.header())
            sources.append(self._folder / f"{model.name}.c")
            sources[-1].write_text(view.source())
        return list(zip(named, self._objects(sources, "models"), strict=True))

    @staticmethod
    def _called(machine: Machine, model: Compiled, calls: int) -> tuple[int, tuple[tuple[str, int], ...]]:
        """Instructions of the last of some calls, and those of each kernel's call."""
        image, trace = machine.image, machine.trace
        parts = [image.by_name.get(f"{model.name}_{end}") for end in ("invoke", "continue")]
        entry = image.symbol(f"{model.name}_invoke").address
        tensors = model.graph.tensors
        places, values = [], random.Random(0)  # any inputs do
        for base, indices in ((_IN, model.graph.inputs), (_OUT, model.graph.outputs)):
            place = base
            for index in indices:
                places.append(place)
                place += (tensors[index].bytes + 31) // 16 * 16
        stack = image.symbol("__stack_top").address
        for left in range(calls, 0, -1):
            for place, index in zip(places, model.graph.inputs, strict=False):
                machine.write(place, values.randbytes(tensors[index].bytes))
            if left == 1:
                trace.clear()
                trace.watch_calls(*((part.address, part.address + part.bytes) for part in parts if part is not None))
            machine.call(entry, *places, stack=stack)
        layers: dict[int, list[BlockCount]] = {}
        for block in trace.counts():
            layers.setdefault(block.layer, []).append(block)
        own = sum(block.instructions for blocks in layers.values() for block in blocks)
        layers.pop(0, None)
        found = []
        for _, blocks in sorted(layers.items()):
            first = min(blocks, key=lambda block: block.order)
            found.append((image.function_at(first.address), sum(block.instructions for block in blocks)))
        return own, tuple(found)


def _machine(image: Image) -> Machine:
    machine = Machine(image, flash_bytes=FLASH_BYTES, ram_bytes=RAM_BYTES)
    machine.reset()
    machine.run_to(image.symbol("main").address)
    return machine


def _sizes(image: Image) -> tuple[int, int]:
    flash = sum(section.bytes for section in image.sections if section.name in {".text", ".rodata", ".data"})
    return flash, sum(section.bytes for section in image.sections if section.name in {".data", ".bss"})
