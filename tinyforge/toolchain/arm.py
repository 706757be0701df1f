"""The C compiler for the board: PlatformIO's gcc, the system's, or clang out of the ``ziglang`` wheel."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tinyforge.core.errors import ToolError
from tinyforge.core.resources import firmware_dir
from tinyforge.toolchain.run import run_tool

OVERRIDE = "TINYFORGE_ARM_CC"
_GCC = "arm-none-eabi-gcc"

#: What both compilers get for a Cortex-M4F; fused multiply-add stays off so that float results equal those of the host.
_COMMON_FLAGS = ("-std=c99", "-ffp-contract=off", "-ffunction-sections", "-fdata-sections", "-fno-common", "-g")
_NO_UNWINDING = ("-fno-unwind-tables", "-fno-asynchronous-unwind-tables")
_GCC_CPU = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
_ZIG_CPU = (
    "-target",
    "thumb-freestanding-eabihf",
    "-mcpu=cortex_m4+vfp4d16sp",
    "-fomit-frame-pointer",
    "-fno-sanitize=all",
)


@dataclass(frozen=True, slots=True)
class ArmToolchain:
    """A compiler that makes Cortex-M4F code.

    Attributes:
        kind: ``gcc``, or ``zig`` for clang as the ``ziglang`` wheel brings it (it has no C library).
        command: the program and its first arguments.
        origin: where it was found, for messages and reports.
    """

    kind: Literal["gcc", "zig"]
    command: tuple[str, ...]
    origin: str

    @property
    def cpu_flags(self) -> tuple[str, ...]:
        """Flags that name the processor: Cortex-M4 with single-precision FPU, hard-float calls."""
        return _GCC_CPU if self.kind == "gcc" else _ZIG_CPU

    @property
    def version(self) -> str:
        """First line of what the compiler says of itself, for instance ``arm-none-eabi-gcc (...) 12.2.1``."""
        if self.kind == "zig":
            return "zig " + run_tool([*self.command[:-1], "version"], doing="asking for its version").strip()
        return run_tool([*self.command, "--version"], doing="asking for its version").splitlines()[0]

    def compile_objects(
        self, sources: Sequence[Path], objects_dir: Path, flags: Sequence[str] = ("-O2",), includes: Sequence[Path] = ()
    ) -> list[Path]:
        """Compile C files, each to ``objects_dir/<number>_<stem>.o``.

        Raises:
            ToolError: the compiler fails; the message carries its complaint.
        """
        objects_dir.mkdir(parents=True, exist_ok=True)
        search = [part for folder in includes for part in ("-I", str(folder))]
        if self.kind == "zig":
            search += ["-isystem", str(firmware_dir() / "virtual_m4" / "libc")]

        def one(numbered: tuple[int, Path]) -> Path:
            number, source = numbered
            target = objects_dir / f"{number:03d}_{source.stem}.o"
            argv = [
                *self.command,
                *self.cpu_flags,
                *_COMMON_FLAGS,
                *_NO_UNWINDING,
                *flags,
                *search,
                "-c",
                str(source),
                "-o",
                str(target),
            ]
            run_tool(argv, doing=f"compiling {source.name}")
            return target

        with ThreadPoolExecutor(max_workers=max(1, min(4, os.cpu_count() or 1))) as pool:
            return list(pool.map(one, enumerate(sources)))

    def link(self, objects: Sequence[Path], script: Path, out: Path, flags: Sequence[str] = ()) -> Path:
        """Link objects with a linker script; unused sections are dropped, no C library is used.

        Raises:
            ToolError: an undefined symbol, or the image does not fit.
        """
        out.parent.mkdir(parents=True, exist_ok=True)
        argv = [*self.command, *self.cpu_flags, *flags, *map(str, objects), f"-Wl,-T,{script}", "-Wl,--gc-sections"]
        if self.kind == "gcc":
            argv += ["-nostdlib", "-lgcc"]
        run_tool([*argv, "-o", str(out)], doing=f"linking {out.name}")
        return out


def _from_override() -> ArmToolchain | None:
    text = os.environ.get(OVERRIDE, "").strip()
    if not text:
        return None
    command = (text,) if Path(text).is_file() else tuple(shlex.split(text))
    if not command or shutil.which(command[0]) is None:
        raise ToolError(
            OVERRIDE, f'"{text}" cannot be run', f"set it to a {_GCC} or to `python -m ziglang cc`, or unset it"
        )
    is_zig = command[-1] == "cc" and len(command) > 1
    return ArmToolchain("zig" if is_zig else "gcc", command, OVERRIDE)


def _platformio_packages() -> list[Path]:
    """Folders where PlatformIO keeps its packages, ours first."""
    core = os.environ.get("PLATFORMIO_CORE_DIR", "").strip()
    homes = [Path(core)] if core else []
    with contextlib.suppress(RuntimeError):  # no home folder
        homes.append(Path.home() / ".platformio")
    return [home / "packages" for home in homes]


def _from_platformio() -> ArmToolchain | None:
    for packages in _platformio_packages():
        for gcc in sorted(packages.glob(f"toolchain-gccarmnoneeabi*/bin/{_GCC}")):
            if os.access(gcc, os.X_OK):
                return ArmToolchain("gcc", (str(gcc),), "PlatformIO")
    return None


def _from_path() -> ArmToolchain | None:
    gcc = shutil.which(_GCC)
    return ArmToolchain("gcc", (gcc,), "PATH") if gcc else None


def _from_ziglang() -> ArmToolchain | None:
    if importlib.util.find_spec("ziglang") is None:
        return None
    return ArmToolchain("zig", (sys.executable, "-m", "ziglang", "cc"), "ziglang wheel")


def find_arm_toolchain() -> ArmToolchain:
    """The compiler used for boards.

    Looked for in this order: the command in ``TINYFORGE_ARM_CC``, PlatformIO's packages,
    ``arm-none-eabi-gcc`` on PATH, the ``ziglang`` package of this Python.

    Raises:
        ToolError: there is none; names what was looked for and how to get one.
    """
    for look in (_from_override, _from_platformio, _from_path, _from_ziglang):
        found = look()
        if found is not None:
            return found
    packages = ", ".join(str(folder) for folder in _platformio_packages())
    raise ToolError(
        "C compiler for Cortex-M4",
        f"none found: looked at ${OVERRIDE}, in PlatformIO's packages ({packages}), for {_GCC} on PATH "
        "and for the ziglang package",
        f'install one: `pip install "tinyforge[virtual]"` (brings ziglang) or `apt install gcc-arm-none-eabi`, '
        f"or set {OVERRIDE}",
    )
