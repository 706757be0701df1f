"""Runs PlatformIO, keeps its log, and turns its failures into errors that say what to do."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tinyforge.boards import Board
from tinyforge.core.errors import ToolError
from tinyforge.toolchain import find_arm_toolchain
from tinyforge.toolchain.run import relevant_lines

_REGISTRY = ("api.registry.platformio.org", 443)
_CONNECT_S = 4.0
_MARK = "tinyforge-core"
_OFFLINE = re.compile(
    r"HTTPClientError|InternetConnectionError|Could not find the package|UnknownPackageError|registry|"
    r"Temporary failure in name resolution|UnknownPlatform",
    re.IGNORECASE,
)
_NO_PORT = re.compile(r"Please specify `?upload_port|could not open port|No device found|couldn't find", re.IGNORECASE)

LineHandler = Callable[[str], None]


def uses_registry(project_dir: Path) -> bool:
    """Whether a project wants anything from PlatformIO's registry."""
    return "symlink://" not in (project_dir / "platformio.ini").read_text(encoding="utf-8")


def _core_dir(project_dir: Path) -> Path:
    """A PlatformIO home of the project's own, made anew when the project was moved.

    A platform given by symlink is remembered there by its path, for ever and for all projects.
    """
    core = project_dir.resolve() / ".pio" / "core"
    said = str(core)
    mark = core / _MARK
    if not mark.is_file() or mark.read_text(encoding="utf-8") != said:
        shutil.rmtree(core, ignore_errors=True)
        core.mkdir(parents=True)
        mark.write_text(said, encoding="utf-8")
    return core


def _environment(project_dir: Path) -> dict[str, str]:
    said = {
        **os.environ,
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
        "PLATFORMIO_DISABLE_UPGRADE_CHECK": "true",
        "PLATFORMIO_NO_ANSI": "true",
    }
    if uses_registry(project_dir):
        return said
    if importlib.util.find_spec("SCons") is None:
        raise ToolError("PlatformIO", "the Python package SCons is missing", 'pip install "scons~=4.11.0"')
    # Folders of another project must not get into this one.
    said = {key: value for key, value in said.items() if not re.fullmatch(r"PLATFORMIO_\w+_DIR", key)}
    said["PLATFORMIO_CORE_DIR"] = str(_core_dir(project_dir))
    command = find_arm_toolchain().command
    said["TINYFORGE_ARM_CC"] = command[0] if len(command) == 1 else shlex.join(command)
    return said


def _installed_platforms() -> set[str]:
    core = Path(os.environ.get("PLATFORMIO_CORE_DIR") or Path.home() / ".platformio")
    folder = core / "platforms"
    return {path.name.split("@")[0] for path in folder.iterdir()} if folder.is_dir() else set()


def _check_registry(board: Board, project_dir: Path) -> None:
    """Fail at once, not after PlatformIO's minutes of retries, when a platform is missing and there is no network."""
    text = (project_dir / "platformio.ini").read_text(encoding="utf-8")
    wanted = re.search(r"^\s*platform\s*=\s*(?:\w+/)?(\w+)", text, re.MULTILINE)
    if wanted is None or wanted[1] in _installed_platforms():
        return
    try:
        socket.create_connection(_REGISTRY, timeout=_CONNECT_S).close()
    except OSError as error:
        raise ToolError(
            "PlatformIO",
            f'the platform "{wanted[1]}" for {board.name} is not installed, '
            f"and {_REGISTRY[0]} cannot be reached ({error})",
            f"connect to the internet once and run `pio pkg install -g -p {wanted[1]}`, or use `--board virtual`",
        ) from error


def run_pio(
    board: Board,
    project_dir: Path,
    targets: Sequence[str],
    *,
    log: Path,
    options: Sequence[str] = (),
    on_line: LineHandler | None = None,
) -> None:
    """``pio run -e <env>`` with some targets, its output going to ``log`` line by line.

    Raises:
        ToolError: PlatformIO is missing or fails; carries the lines that say why.
    """
    if importlib.util.find_spec("platformio") is None:
        raise ToolError("PlatformIO", "the Python package platformio is missing", 'pip install "platformio>=6.2,<7"')
    environment = _environment(project_dir)
    if uses_registry(project_dir):
        _check_registry(board, project_dir)
    argv = [sys.executable, "-m", "platformio", "run", "-d", str(project_dir), "-e", board.pio_env, *options]
    argv += [part for target in targets for part in ("-t", target)]
    log.parent.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    with (
        log.open("w", encoding="utf-8") as kept,
        subprocess.Popen(
            argv,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        try:
            for line in process.stdout or ():
                kept.write(line)
                lines.append(line.rstrip("\n"))
                if on_line is not None:
                    on_line(lines[-1])
            code = process.wait()
        except BaseException:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
            raise
    if code != 0:
        raise _failure(board, "\n".join(lines), code, log)


def _failure(board: Board, output: str, code: int, log: Path) -> ToolError:
    told = relevant_lines(output)
    fact = f"`pio run -e {board.pio_env}` failed (exit code {code}):\n{told}\n"
    if _OFFLINE.search(told):
        return ToolError("PlatformIO", fact, f"a package could not be had: check the internet connection; log: {log}")
    if _NO_PORT.search(output):
        return ToolError("PlatformIO", fact, f"is {board.name} plugged in? name its port with --port; log: {log}")
    return ToolError("PlatformIO", fact, f"the whole log is {log}")
