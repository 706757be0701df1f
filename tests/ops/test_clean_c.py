"""Kernels and generated code: no compiler has anything to say, nothing but <string.h> is needed, nothing is kept."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest
from test_zoo_sanitizers import SAMPLE, YARDSTICKS, ZOO, path_of

from tinyforge.compiler import compile_model
from tinyforge.core.resources import csrc_dir
from tinyforge.runtimes.aot.generate import ModelView

INCLUDE = csrc_dir() / "include"
HEADERS = sorted(INCLUDE.rglob("*.h"))
PORTABLE = sorted((csrc_dir() / "src" / "portable").glob("*.c"))
DSP = sorted((csrc_dir() / "src" / "dsp").glob("*.c"))

PROMISED = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-std=c99", "-O2")
BOTH = (
    "-Wsign-conversion",
    "-Wshadow",
    "-Wstrict-prototypes",
    "-Wmissing-prototypes",
    "-Wcast-qual",
    "-Wundef",
    "-Wvla",
)
BOTH = (*BOTH, "-Wdouble-promotion", "-Wwrite-strings", "-Wredundant-decls", "-Wformat=2", "-Wswitch-enum")
GCC = ("-Wcast-align=strict", "-Wduplicated-cond", "-Wlogical-op", "-Wnull-dereference")
CLANG = (
    "-Wcast-align",
    "-Wcomma",
    "-Wextra-semi",
    "-Wunreachable-code",
    "-Wconditional-uninitialized",
    "-Wassign-enum",
)
CORTEX = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
ZIG = (sys.executable, "-m", "ziglang", "cc")
ZIG_CORTEX = ("-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m4+vfp4d16sp")

COMPILERS = {
    "gcc": (("gcc",), GCC),
    "clang": (("clang",), CLANG),
    "zig": (ZIG, CLANG),
    "arm gcc": (("arm-none-eabi-gcc", *CORTEX), GCC),
    "arm gcc M0": (("arm-none-eabi-gcc", "-mcpu=cortex-m0", "-mthumb"), GCC),
}


def compiler(name):
    command, warnings = COMPILERS[name]
    if name == "zig":
        pytest.importorskip("ziglang")
    elif shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]}")
    return (*command, *PROMISED, *BOTH, *warnings)


def compiled(command, sources, folder, *includes):
    """Objects of sources; nothing may be said."""
    folder.mkdir(exist_ok=True)
    search = [f"-I{path}" for path in (*includes, INCLUDE)]
    done = subprocess.run(
        [*command, *search, "-c", *map(str, sources)], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr[-4000:]
    return [folder / f"{source.stem}.o" for source in sources]


@pytest.mark.parametrize("name", COMPILERS)
def test_portable_kernels(name, tmp_path):
    assert len(PORTABLE) > 40
    compiled(compiler(name), PORTABLE, tmp_path)


def test_dsp_kernels(tmp_path):
    assert len(DSP) > 5
    compiled(compiler("arm gcc"), DSP, tmp_path)


def test_dsp_kernels_with_clang(tmp_path):
    command = compiler("zig")
    compiled((*command, *ZIG_CORTEX, "-isystem", str(libc())), DSP, tmp_path)


def libc():
    from tinyforge.core.resources import firmware_dir

    return firmware_dir() / "virtual_m4" / "libc"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The sample of the zoo as C."""
    if not ZOO.is_dir() or not YARDSTICKS.is_dir():
        pytest.skip(f"no models in {ZOO}")
    folder = tmp_path_factory.mktemp("models")
    sources = []
    for number, name in enumerate(SAMPLE):
        view = ModelView(compile_model(path_of(name).read_bytes(), name=f"model_{number}", place=name))
        (folder / f"model_{number}.h").write_text(view.header())
        sources.append(folder / f"model_{number}.c")
        sources[-1].write_text(view.source())
    return sources


@pytest.mark.parametrize("name", COMPILERS)
def test_models(name, models, tmp_path):
    compiled((*compiler(name), "-DTFG_TRACE"), models, tmp_path, models[0].parent)


@pytest.mark.parametrize("standard", ["-std=c++11", "-std=gnu++14", "-std=c++20"])
@pytest.mark.parametrize("name", ["g++", "arm-none-eabi-g++", "clang++"])
def test_headers_as_cpp(name, standard, models, tmp_path):
    if shutil.which(name) is None:
        pytest.skip(f"no {name}")
    texts = [*(f"tfg/{path.name}" for path in HEADERS if path.name != "tfg.h"), "tfg.h"]
    user = tmp_path / "user.cpp"
    user.write_text(
        "".join(f'#include "{text}"\n' for text in (*texts, *(model.with_suffix(".h") for model in models)))
    )
    flags = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wold-style-cast", "-Wundef", "-Werror", "-DTFG_TRACE"]
    subprocess.run([name, standard, *flags, f"-I{INCLUDE}", "-fsyntax-only", str(user)], check=True)


def test_each_header_stands_alone(tmp_path):
    sources = []
    for number, path in enumerate(HEADERS):
        sources.append(tmp_path / f"alone_{number}.c")
        sources[-1].write_text(
            f'#include "{path.relative_to(INCLUDE)}"\n#include "{path.relative_to(INCLUDE)}"\nint x;\n'
        )
    compiled(("cc", "-std=c99", "-Wall", "-Wextra", "-Werror"), sources, tmp_path / "o")


def test_only_three_headers_of_the_system(models):
    for path in (*HEADERS, *PORTABLE, *DSP, *csrc_dir().rglob("src/*.h"), *models):
        found = set(re.findall(r"#include <(.*?)>", path.read_text()))
        assert found <= {"stdint.h", "stddef.h", "string.h"}, path.name


@pytest.mark.skipif(shutil.which("arm-none-eabi-nm") is None, reason="no arm-none-eabi-gcc")
def test_nothing_is_needed_and_nothing_is_kept(models, tmp_path):
    """Kernels call memcpy and its like and the compiler's helpers; a model keeps its arena and states."""
    kernels = compiled(compiler("arm gcc"), PORTABLE, tmp_path / "portable")
    kernels += compiled(compiler("arm gcc"), DSP, tmp_path / "dsp")
    generated = compiled(compiler("arm gcc"), models, tmp_path / "models", models[0].parent)
    allowed = re.compile(r"mem(cpy|set|move|cmp)|__aeabi_\w+|tfg_\w+")
    for path in (*kernels, *generated):
        said = subprocess.run(["arm-none-eabi-nm", str(path)], capture_output=True, text=True, check=True).stdout
        symbols = [(line.split()[-2], line.split()[-1]) for line in said.splitlines()]
        assert all(allowed.fullmatch(name) for kind, name in symbols if kind == "U"), path.name
        written = {name for kind, name in symbols if kind in "bBdDcC"}
        kept = {name for name in written if name == "arena" or re.fullmatch(r"state_\d+", name)}
        assert written == (kept if path in generated else set()), path.name
