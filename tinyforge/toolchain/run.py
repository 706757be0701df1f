"""Running compilers, and saying what they said when they failed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tinyforge.core.errors import ToolError

_TELLING = (
    "error:",
    "error ",
    "undefined reference",
    "undefined symbol",
    "overflowed by",
    "will not fit",
    "cannot find",
)
_LINES_SHOWN = 12


def relevant_lines(output: str, limit: int = _LINES_SHOWN) -> str:
    """The lines of a compiler's or linker's output that say what is wrong, at most ``limit`` of them.

    Falls back to the last lines when none looks like an error.
    """
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if any(word in line.lower() for word in _TELLING)]
    return "\n".join((telling or lines)[-limit:])


def run_tool(
    argv: Sequence[str], *, doing: str, cwd: Path | None = None, env: Mapping[str, str] | None = None, way_out: str = ""
) -> str:
    """Run a program to its end and give back what it printed.

    Args:
        argv: program and arguments.
        doing: what it is for, for the message: ``compiling gesture.c``.
        cwd: where it runs.
        env: variables added to (or replacing) those of this process.
        way_out: advice when it fails.

    Raises:
        ToolError: it cannot be started, or ends with another code than 0.
    """
    try:
        done = subprocess.run(
            list(argv),
            cwd=cwd,
            env=None if env is None else {**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except OSError as error:
        raise ToolError(argv[0], f"cannot be started while {doing}: {error.strerror or error}", way_out) from error
    output = done.stdout.decode("utf-8", errors="replace")
    if done.returncode != 0:
        told = relevant_lines(output) or "it printed nothing"
        raise ToolError(argv[0], f"failed (exit code {done.returncode}) while {doing}:\n{told}\n", way_out)
    return output
