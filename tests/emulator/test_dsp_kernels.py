"""The kernels of src/dsp on the virtual Cortex-M4, equal to their portable twins on random shapes to the last bit.

``TINYFORGE_CASES`` sets how many cases each operator gets (25 by default). The portable twins are compared with LiteRT
in ``tests/ops``.
"""

from __future__ import annotations

import itertools
import os
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "ops"))

pytest.importorskip("unicorn", reason="the virtual board needs `pip install tinyforge[virtual]`")
from opbench import CompiledCases, case_files, random_inputs

from tinyforge.core.resources import csrc_dir, firmware_dir
from tinyforge.firmware.linker_script import render_linker_script
from tinyforge.runtimes.aot.generate import DSP_SHARED, ModelView
from tinyforge.toolchain import find_arm_toolchain, read_image
from tinyforge.virtual.machine import Machine

COUNT = int(os.environ.get("TINYFORGE_CASES", "25"))
SEED = int(os.environ.get("TINYFORGE_SEED", "1"))
STEMS = (
    "add",
    "average_pool_2d",
    "batch_matmul",
    "conv_2d",
    "depthwise_conv_2d",
    "fully_connected",
    "max_pool_2d",
    "mean",
    "mul",
    "networks",
    "packed",
    "padded",
    "pooled",
    "sub",
    "transpose_conv",
    "unidirectional_sequence_lstm",
)
FLASH_BYTES, RAM_BYTES, BUFFERS = 8 << 20, 8 << 20, 0x2040_0000


def build(cases: CompiledCases, folder: Path, optimize: str, *, traced: bool = False) -> Machine:
    """All cases in one image; ``main`` keeps their functions."""
    library = csrc_dir()
    views = [ModelView(compiled) for compiled in cases.compiled]
    kernels = sorted({kernel for view in views for kernel in view.kernels()})
    dsp = [library / "src/dsp" / f"{kernel}.c" for kernel in kernels]
    sources = [path if path.is_file() else library / "src/portable" / path.name for path in dsp]
    sources += [library / "src/dsp" / name for name in DSP_SHARED]
    sources += [folder / f"{compiled.name}.c" for compiled in cases.compiled]
    functions = []
    for compiled in cases.compiled:
        functions.append(f"{compiled.name}_invoke")
        functions += [f"{compiled.name}_reset"] if compiled.states else []
        functions += [f"{compiled.name}_continue"] if any(state.per_window for state in compiled.states) else []
        functions += [f"{compiled.name}_slide", f"{compiled.name}_slide_reset"] if compiled.sliding else []
    table = folder / "table.c"
    table.write_text(
        "".join(f"extern void {name}(void);\n" for name in functions)
        + f"void (*volatile table[])(void) = {{ {', '.join(functions)} }};\n"
        + "int main(void) { table[0] = table[1]; for (;;) { } }\n"
    )
    home = firmware_dir() / "virtual_m4"
    sources += [table, home / "src/startup.c", home / "src/memory.c"]
    script = folder / "cases.ld"
    script.write_text(
        render_linker_script(
            (home / "virtual_m4.ld").read_text("utf-8"),
            flash_bytes=FLASH_BYTES,
            ram_bytes=BUFFERS - 0x2000_0000,
            stack_bytes=1 << 16,
        )
    )
    toolchain = find_arm_toolchain()
    objects = toolchain.compile_objects(
        sources, folder / "objects", (optimize, "-std=c99"), [folder, library / "include", home / "src"]
    )
    image = read_image(toolchain.link(objects, script, folder / "cases.elf"))
    machine = Machine(image, flash_bytes=FLASH_BYTES, ram_bytes=RAM_BYTES, traced=traced)
    machine.reset()
    machine.run_to(image.symbol("main").address)
    return machine


@pytest.mark.emulator
@pytest.mark.parametrize("stem", STEMS)
def test_dsp_equals_portable(stem, tmp_path):
    rng = np.random.default_rng([SEED, zlib.crc32(stem.encode())])
    cases = list(itertools.islice(case_files()[stem](rng), COUNT))
    host = CompiledCases(cases, tmp_path)
    machine = build(host, tmp_path, os.environ.get("TINYFORGE_OPTIMIZE", "-O2"))
    stack = machine.image.symbol("__stack_top").address
    lines = []
    for number, case in enumerate(cases):
        compiled = host.compiled[number]
        inputs = random_inputs(compiled, case.inputs, rng)
        expected = host.run(number, inputs, sequence=case.sequence)
        windowed = any(state.per_window for state in compiled.states)
        tail = "continue" if case.sequence and windowed else "invoke"
        function = machine.image.symbol(f"{compiled.name}_{tail}").address
        for inference, (arrays, theirs) in enumerate(zip(inputs, expected, strict=True)):
            if compiled.states and (inference == 0 or not case.sequence):
                machine.call(machine.image.symbol(f"{compiled.name}_reset").address, stack=stack)
            at, places = BUFFERS + 1, []  # odd addresses: the caller's buffers need no alignment
            for array in (*arrays, *theirs):
                places.append(at)
                at += (array.nbytes + 16) // 16 * 16
            for place, array in zip(places, arrays, strict=False):
                machine.write(place, array.tobytes())
            machine.call(function, *places, stack=stack)
            for output, (place, array) in enumerate(zip(places[len(arrays) :], theirs, strict=True)):
                found = np.frombuffer(machine.read(place, array.nbytes), array.dtype)
                wrong = int((found != array.reshape(-1)).sum())
                if wrong:
                    lines.append(f"{case.name}: inference {inference}, output {output}: {wrong} of {array.size} differ")
    assert not lines, "\n".join(lines[:20])
