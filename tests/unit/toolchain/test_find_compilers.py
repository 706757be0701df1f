"""Compilers are found in a fixed order, and a missing one is an error that says what to install."""

from __future__ import annotations

import ctypes
import importlib.util
import sys
from pathlib import Path

import pytest

from tinyforge.core.errors import ToolError
from tinyforge.toolchain import build_shared, find_arm_toolchain, find_host_cc
from tinyforge.toolchain.run import relevant_lines, run_tool


@pytest.fixture
def nothing(monkeypatch, tmp_path):
    """A machine without any compiler."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("TINYFORGE_ARM_CC", "CC", "PLATFORMIO_CORE_DIR"):
        monkeypatch.delenv(name, raising=False)
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "ziglang" else found(name, *a))
    return tmp_path


def program(path: Path, text: str = "exit 0") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_missing_arm_compiler(nothing):
    with pytest.raises(ToolError) as caught:
        find_arm_toolchain()
    message = str(caught.value)
    assert caught.value.exit_code == 6
    assert message.startswith(
        "C compiler for Cortex-M4: none found: looked at $TINYFORGE_ARM_CC, in PlatformIO's packages"
    )
    assert "arm-none-eabi-gcc on PATH and for the ziglang package" in message
    assert 'pip install "tinyforge[virtual]"' in message
    assert "apt install gcc-arm-none-eabi" in message


def test_missing_host_compiler(nothing):
    with pytest.raises(ToolError, match=r"none found: looked at \$CC, for cc, gcc and clang on PATH") as caught:
        find_host_cc()
    assert caught.value.exit_code == 6


def test_order(nothing, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("PATH", str(nothing / "bin"))
    monkeypatch.setenv("HOME", str(nothing / "home"))
    for name in ("TINYFORGE_ARM_CC", "PLATFORMIO_CORE_DIR"):
        monkeypatch.delenv(name, raising=False)
    if importlib.util.find_spec("ziglang") is not None:
        assert find_arm_toolchain().origin == "ziglang wheel"
        assert find_arm_toolchain().kind == "zig"
    system = program(nothing / "bin" / "arm-none-eabi-gcc")
    assert (find_arm_toolchain().origin, find_arm_toolchain().command) == ("PATH", (str(system),))
    packages = nothing / "home" / ".platformio" / "packages"
    package = program(packages / "toolchain-gccarmnoneeabi" / "bin" / "arm-none-eabi-gcc")
    assert (find_arm_toolchain().origin, find_arm_toolchain().command) == ("PlatformIO", (str(package),))
    own = program(nothing / "my compilers" / "gcc")
    monkeypatch.setenv("TINYFORGE_ARM_CC", str(own))
    assert find_arm_toolchain().command == (str(own),)
    monkeypatch.setenv("TINYFORGE_ARM_CC", f"{sys.executable} -m ziglang cc")
    assert find_arm_toolchain().kind == "zig"


@pytest.mark.parametrize(("variable", "find"), [("TINYFORGE_ARM_CC", find_arm_toolchain), ("CC", find_host_cc)])
def test_override_that_cannot_run(nothing, monkeypatch, variable, find):
    monkeypatch.setenv(variable, "/no/such/gcc")
    with pytest.raises(ToolError, match=f'{variable}: "/no/such/gcc" cannot be run; set it to'):
        find()


def test_shared_library(tmp_path):
    (tmp_path / "s p").mkdir()
    source, header = tmp_path / "s p" / "twice.c", tmp_path / "s p" / "twice.h"
    header.write_text("int twice(int x);\n")
    source.write_text('#include "twice.h"\nint twice(int x) { return 2 * x; }\n')
    library = build_shared([source], [tmp_path / "s p"], tmp_path / "out" / "twice.so")
    assert ctypes.CDLL(str(library)).twice(21) == 42
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["twice.so"]


def test_shared_library_that_does_not_compile(tmp_path):
    source = tmp_path / "bad.c"
    source.write_text("int f(void) { return missing; }\n")
    with pytest.raises(ToolError, match=r"(?s)failed \(exit code \d+\) while building bad\.so:.*bad\.c:1.*missing"):
        build_shared([source], [], tmp_path / "bad.so")
    assert not (tmp_path / "bad.so").exists()


def test_program_that_is_not_there():
    with pytest.raises(ToolError, match="/no/such: cannot be started while testing: No such file"):
        run_tool(["/no/such"], doing="testing")


def test_relevant_lines_prefers_errors_over_the_last_lines():
    noise = [f"Compiling {i}" for i in range(50)]
    told = relevant_lines("\n".join([*noise, "a.c:1:2: error: no", "collect2: error: ld returned 1", *noise]))
    assert told.splitlines() == ["a.c:1:2: error: no", "collect2: error: ld returned 1"]
    assert relevant_lines("\n".join(noise), limit=2) == "Compiling 48\nCompiling 49"
