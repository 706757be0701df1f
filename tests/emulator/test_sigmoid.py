"""The int16 logistic and tanh on all 65 536 inputs: the table, the computed form, portable C and the Cortex-M4's."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

pytest.importorskip("unicorn", reason="the virtual board needs `pip install tinyforge[virtual]`")

from tinyforge.compiler.sigmoid import SEGMENT, sigmoid, sigmoid_table
from tinyforge.core.resources import csrc_dir, firmware_dir
from tinyforge.runtimes import gru
from tinyforge.toolchain import find_arm_toolchain, read_image
from tinyforge.toolchain.host import build_shared
from tinyforge.virtual.machine import Machine

INPUTS = np.arange(-(1 << 15), 1 << 15, dtype=np.int64)
FUNCTIONS = ("logistic", *(f"tanh{bits}" for bits in range(7)))


def expected(function: str) -> np.ndarray:
    """gemmlowp's function as ``runtimes.gru`` transcribes it; int64 [65536]."""
    if function == "logistic":
        return gru.logistic(INPUTS)
    magnitude = np.minimum((gru._sigmoid(-np.abs(INPUTS), int(function[4:]) + 1) - (1 << 13)) * 4, 32767)
    return np.where(INPUTS == 0, 0, np.sign(INPUTS) * magnitude)


def program(header: str, call: str, *, export: str) -> str:
    """C that writes all outputs of each function, with the table and without."""
    lines, residues = sigmoid_table()
    table = f"static const int32_t lines[] = {{{','.join(map(str, lines))}}};\n"
    table += f"static const uint8_t residues[] = {{{','.join(map(str, residues))}}};\n"
    text = [f'#include "{header}"\n', table]
    for tabulated in (0, 1):
        for function in FUNCTIONS:
            stem, bits = function[:4] if function[:4] == "tanh" else function, function[4:]
            one = call.format(stem=stem, bits=f", {bits}" if stem == "tanh" else "", tabulated=tabulated)
            text.append(
                f"{export} void {function}_{tabulated}(int16_t *out)\n"
                f"{{ for (int32_t a = -32768; a < 32768; a++) {{ *out++ = (int16_t)({one}); }} }}\n"
            )
    return "".join(text)


def test_the_table_is_the_function():
    lines, residues = (array.astype(np.int64) for array in sigmoid_table())
    k = np.arange((1 << 15) + 1)
    line, pair = lines[k // SEGMENT], residues[k // 2]
    slope = (line & 0xFFFF ^ 0x8000) - 0x8000
    found = k // 2 + ((line + slope * (k % SEGMENT)) >> 16) + np.where(k & 1, pair >> 4, pair & 15)
    assert np.array_equal(found[1:], sigmoid(k[1:]))
    assert found[0] == 1 << 13
    tail = sigmoid(np.arange(1 << 15, 1 << 20))
    assert np.unique(tail).tolist() == [16378, 16379, 16383, 16384]
    assert (np.flatnonzero(np.diff(tail)) + (1 << 15)).tolist() == [34336, 35607, 37458]


def test_portable(tmp_path):
    call = "tfg_{stem}_s16({tabulated} ? lines : NULL, residues, a{bits})"
    source = tmp_path / "all.c"
    source.write_text(program("tfg_internal.h", call, export='__attribute__((visibility("default")))'))
    library = csrc_dir()
    built = build_shared([source], [library / "include", library / "src"], tmp_path / "all.so")
    functions = ctypes.CDLL(str(built))
    for function in FUNCTIONS:
        for tabulated in (0, 1):
            found = np.zeros(1 << 16, np.int16)
            functions[f"{function}_{tabulated}"](found.ctypes.data_as(ctypes.c_void_p))
            assert np.array_equal(found, expected(function)), (function, tabulated)


@pytest.mark.emulator
def test_cortex_m4(tmp_path):
    call = "tfg_{stem}_dsp(&table, a{bits}, {tabulated})"
    text = program("dsp/tfg_sigmoid.h", call, export="")
    text = text.replace("void logistic_0", "static const tfg_sigmoid_t table = {lines, residues};\nvoid logistic_0", 1)
    names = [f"{function}_{tabulated}" for function in FUNCTIONS for tabulated in (0, 1)]
    text += f"void (*volatile all[])(int16_t *) = {{{', '.join(names)}}};\n"
    text += "int main(void) { all[0] = all[1]; for (;;) { } }\n"
    (tmp_path / "all.c").write_text(text)
    home, library, toolchain = firmware_dir() / "virtual_m4", csrc_dir(), find_arm_toolchain()
    sources = [tmp_path / "all.c", home / "src/startup.c", home / "src/memory.c"]
    includes = [library / "include", library / "src", home / "src"]
    objects = toolchain.compile_objects(sources, tmp_path, ("-O2", "-std=c99"), includes)
    image = read_image(toolchain.link(objects, home / "virtual_m4.ld", tmp_path / "all.elf"))
    machine = Machine(image, flash_bytes=4 << 20, ram_bytes=8 << 20, traced=False)
    machine.reset()
    machine.run_to(image.symbol("main").address)
    place = 0x2040_0000
    for function in FUNCTIONS:
        for tabulated in (0, 1):
            machine.call(image.symbol(f"{function}_{tabulated}").address, place)
            found = np.frombuffer(machine.read(place, 2 << 16), np.int16)
            assert np.array_equal(found, expected(function)), (function, tabulated)
