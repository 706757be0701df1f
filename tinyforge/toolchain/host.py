"""The C compiler of this machine, and libraries made with it for ``ctypes``."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyforge.core.errors import ToolError
from tinyforge.toolchain.run import run_tool

_FLAGS = ("-std=c99", "-O2", "-ffp-contract=off", "-fPIC", "-shared", "-fvisibility=default")


@dataclass(frozen=True, slots=True)
class HostCompiler:
    """A C compiler for this machine.

    Attributes:
        command: the program and its first arguments.
        origin: where it was found.
    """

    command: tuple[str, ...]
    origin: str


def find_host_cc() -> HostCompiler:
    """The C compiler of this machine: ``$CC``, cc, gcc, clang, or ``zig cc`` of the ziglang package.

    Raises:
        ToolError: there is none; names what was looked for and how to get one.
    """
    wanted = os.environ.get("CC", "").strip()
    if wanted:
        command = (wanted,) if Path(wanted).is_file() else tuple(shlex.split(wanted))
        if shutil.which(command[0]) is None:
            raise ToolError("CC", f'"{wanted}" cannot be run', "set it to a C compiler, or unset it")
        return HostCompiler(command, "CC")
    for name in ("cc", "gcc", "clang"):
        path = shutil.which(name)
        if path:
            return HostCompiler((path,), "PATH")
    if importlib.util.find_spec("ziglang") is not None:
        return HostCompiler((sys.executable, "-m", "ziglang", "cc"), "ziglang wheel")
    raise ToolError(
        "C compiler for this machine",
        "none found: looked at $CC, for cc, gcc and clang on PATH and for the ziglang package",
        'install one: `apt install gcc` or `pip install "tinyforge[virtual]"` (brings ziglang)',
    )


def build_shared(sources: Sequence[Path], includes: Sequence[Path], out: Path, flags: Sequence[str] = ()) -> Path:
    """Compile C files of any folder to one shared library for ``ctypes``.

    Args:
        sources: C files.
        includes: folders of their headers.
        out: the library; appears by rename, so that no one loads half of it.
        flags: added after ours (``-O2``, C99, no fused multiply-add).

    Returns:
        ``out``.

    Raises:
        ToolError: no compiler, or it fails.
    """
    compiler = find_host_cc()
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    search = [part for folder in includes for part in ("-I", str(folder))]
    argv = [*compiler.command, *_FLAGS, *flags, *search, *map(str, sources), "-o", str(fresh)]
    try:
        run_tool(argv, doing=f"building {out.name}")
        fresh.replace(out)
    finally:
        fresh.unlink(missing_ok=True)
    return out
