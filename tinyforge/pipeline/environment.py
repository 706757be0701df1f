"""``tinyforge doctor``: what this machine has of what is needed; ``tinyforge lock``: the environment as a file."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import tinyforge
from tinyforge.core.errors import ToolError
from tinyforge.core.files import write_json
from tinyforge.pipeline.runs import Run

ENVIRONMENT = "environment.json"
"""In a run's folder: the environment it was begun in."""
OK, MISSING, FAULT = "ok", "missing", "fault"
_LEAST_FREE_BYTES = 500_000_000
_EXTRAS = {"train": "training and compression", "virtual": "the virtual board"}
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9._-]+)\s*(?:\[[^]]*\])?\s*([^;]*?)\s*(?:;(.*))?$")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: its name.
        state: ``ok``; ``missing``: something does not work, but the rest does; ``fault``: what there is does not work.
        fact: what was found.
        way_out: what to do; empty when it is ok.
    """

    what: str
    state: str
    fact: str
    way_out: str = ""


def examine() -> list[Finding]:
    """Look at everything; what cannot be looked at is a finding, not an error."""
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _python,
        _packages,
        _board_compiler,
        _host_compiler,
        _virtual_board,
        _qemu,
        _platformio,
        _ports,
        _folders,
        _terminal,
    )
    return [finding for look in looks for finding in look()]


def _python() -> Iterator[Finding]:
    said = f"{platform.python_version()} ({sys.executable}), {platform.system()} {platform.machine()}"
    yield Finding("Python", OK, said)
    yield Finding("tinyforge", OK, tinyforge.__version__)


def requirements() -> list[tuple[str, str, str]]:
    """What tinyforge asks pip for: name, version wanted, extra (empty for what it always needs)."""
    found = []
    for line in metadata.requires("tinyforge") or []:
        parsed = _REQUIREMENT.match(line)
        if parsed is None or parsed[1] == "tinyforge":
            continue
        extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", parsed[3] or "")
        if extra is None or extra[1] in _EXTRAS:
            found.append((parsed[1], parsed[2].strip("() "), extra[1] if extra else ""))
    return found


def _packages() -> Iterator[Finding]:
    from packaging.specifiers import SpecifierSet

    for extra in ("", *_EXTRAS):
        absent, wrong, there = [], [], 0
        for name, wanted, of in requirements():
            if of != extra:
                continue
            try:
                version = metadata.version(name)
            except metadata.PackageNotFoundError:
                absent.append(name)
                continue
            there += 1
            if not SpecifierSet(wanted).contains(version, prereleases=True):
                wrong.append(f"{name} {version} (wanted {wanted})")
        what = f"packages [{extra}]" if extra else "packages"
        install = f'pip install "tinyforge[{extra}]"' if extra else "pip install tinyforge"
        if wrong:
            yield Finding(what, FAULT, ", ".join(wrong), f"`{install}` installs versions that fit")
        elif absent:
            why = f"; {_EXTRAS[extra]} needs them" if extra else ""
            yield Finding(what, MISSING if extra else FAULT, f"not installed: {', '.join(absent)}{why}", f"`{install}`")
        else:
            yield Finding(what, OK, f"{there} installed, all of a version that fits")


def _board_compiler() -> Iterator[Finding]:
    from tinyforge.toolchain import find_arm_toolchain

    try:
        found = find_arm_toolchain()
        said = f"{found.version} ({found.origin})"
    except ToolError as error:
        yield Finding("Cortex-M4 compiler", MISSING, error.fact, error.way_out)
        return
    with tempfile.TemporaryDirectory(prefix="tinyforge_doctor_") as folder:
        source = Path(folder) / "one.c"
        source.write_text("#include <stdint.h>\nint32_t one(int32_t x);\nint32_t one(int32_t x) { return x + 1; }\n")
        try:
            found.compile_objects([source], Path(folder) / "out")
        except ToolError as error:
            yield Finding("Cortex-M4 compiler", FAULT, f"{said}: {error.fact}", error.way_out)
            return
    if found.kind == "zig":
        yield Finding("Cortex-M4 compiler", OK, f"{said}; flash figures differ from those of gcc")
    else:
        yield Finding("Cortex-M4 compiler", OK, said)


def _host_compiler() -> Iterator[Finding]:
    from tinyforge.toolchain import find_host_cc

    try:
        found = find_host_cc()
    except ToolError as error:
        yield Finding("C compiler of this machine", MISSING, error.fact, error.way_out)
        return
    yield Finding("C compiler of this machine", OK, f"{' '.join(found.command)} ({found.origin})")


def _virtual_board() -> Iterator[Finding]:
    try:
        import capstone
        import unicorn

        core: Any = unicorn  # its names come from star imports
        core.Uc(core.UC_ARCH_ARM, core.UC_MODE_THUMB | core.UC_MODE_MCLASS)
        capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
    except ImportError as error:
        fact = f"{error.name} is not installed; without it no virtual board"
        yield Finding("virtual board", MISSING, fact, '`pip install "tinyforge[virtual]"`')
    except Exception as error:  # noqa: BLE001  a broken native library says it in its own way
        yield Finding(
            "virtual board", FAULT, f"does not start: {error}", "`pip install --force-reinstall unicorn capstone`"
        )
    else:
        yield Finding("virtual board", OK, f"Unicorn {core.__version__}, Capstone {capstone.__version__}")


def _qemu() -> Iterator[Finding]:
    found = shutil.which("qemu-system-arm")
    if found:
        yield Finding("QEMU", OK, found)
    else:
        yield Finding("QEMU", OK, "not installed; only tests use it, as a second opinion")


def _platformio() -> Iterator[Finding]:
    if shutil.which("pio", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}") is None:
        yield Finding("PlatformIO", FAULT, "`pio` is not on the PATH", "`pip install platformio`")
        return
    home = Path(os.environ.get("PLATFORMIO_CORE_DIR") or Path.home() / ".platformio")
    platforms = home / "platforms"
    names = sorted(folder.name.split("@")[0] for folder in platforms.iterdir()) if platforms.is_dir() else []
    for board, wanted in (("nano33", "nordicnrf52"), ("sensortile", "ststm32")):
        what = f"PlatformIO for {board}"
        if wanted in names:
            yield Finding(what, OK, f"{wanted} in {platforms}")
        else:
            fact = f"{wanted} is not in {platforms}; the first build downloads it"
            yield Finding(what, MISSING, fact, f"`pio pkg install -g -p {wanted}`, once, with internet")


def _ports() -> Iterator[Finding]:
    from tinyforge.boards import list_boards
    from tinyforge.link.ports import list_ports

    try:
        ports = list_ports()
    except Exception as error:  # noqa: BLE001  each system lists its ports in its own way
        yield Finding("serial ports", FAULT, f"cannot be listed: {error}", "check the USB drivers")
        return
    known = {usb_id: board.name for board in list_boards() for usb_id in board.usb_ids}
    if not ports:
        yield Finding("serial ports", OK, "none; plug a board in, or use --board virtual")
    for port in ports:
        name = known.get(port.usb_id, port.description or "unknown device") if port.usb_id else port.description
        if os.name == "posix" and Path(port.path).exists() and not os.access(port.path, os.R_OK | os.W_OK):
            way_out = (
                "`sudo usermod -a -G dialout $USER` and log in again, or install PlatformIO's 99-platformio-udev.rules"
            )
            yield Finding(f"port {port.path}", FAULT, f"{name}: no permission", way_out)
        else:
            yield Finding(f"port {port.path}", OK, name)


def _folders() -> Iterator[Finding]:
    from tinyforge.core.resources import cache_dir

    for what, folder in (("cache folder", cache_dir()), ("this folder", Path.cwd())):
        place = folder
        while not place.exists():
            place = place.parent
        if not os.access(place, os.W_OK):
            way_out = (
                "set TINYFORGE_CACHE to one that can be written" if what == "cache folder" else "go to another one"
            )
            yield Finding(what, FAULT, f"{folder} cannot be written", way_out)
            continue
        free = shutil.disk_usage(place).free
        said = f"{folder}, {free / 1e9:.1f} GB free"
        if free < _LEAST_FREE_BYTES:
            yield Finding(what, MISSING, said, "free some space: a run takes up to 0.5 GB")
        else:
            yield Finding(what, OK, said)


def _terminal() -> Iterator[Finding]:
    encoding = (getattr(sys.stdout, "encoding", "") or "").lower().replace("-", "")
    if encoding in {"utf8", "utf16", "utf32"} or not sys.stdout.isatty():
        yield Finding("terminal", OK, "NO_COLOR is set: no colour" if os.environ.get("NO_COLOR") else "UTF-8")
    else:
        yield Finding(
            "terminal", MISSING, f"shows {encoding or 'no known encoding'}", "set PYTHONUTF8=1 for full tables"
        )


def locked() -> dict[str, Any]:
    """The environment that decides results, as plain data.

    Returns:
        ``tinyforge``, ``python``, ``machine``, ``cortex_m4_compiler`` and ``packages``: every installed distribution
        that tinyforge or one of its dependencies asks for, name to version.
    """
    from tinyforge.toolchain import find_arm_toolchain

    try:
        compiler = find_arm_toolchain().version
    except ToolError:
        compiler = ""
    return {
        "tinyforge": tinyforge.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "cortex_m4_compiler": compiler,
        "packages": dict(sorted(_closure().items())),
    }


def _closure() -> dict[str, str]:
    """Installed distributions reached from tinyforge's requirements."""
    seen: dict[str, str] = {}
    waiting = [name for name, _, _ in requirements()]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in seen:
            continue
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        seen[name] = found.version
        for line in found.requires or []:
            parsed = _REQUIREMENT.match(line)
            if parsed and "extra" not in (parsed[3] or ""):
                waiting.append(parsed[1])
    return seen


def keep_environment(run: Run) -> None:
    """Write down the environment a run is begun in, once."""
    path = run.folder / ENVIRONMENT
    if not path.exists():
        write_json(path, locked())


def differences(wanted: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What differs between two environments, as texts; empty when nothing does."""
    keys = ("tinyforge", "python", "machine", "cortex_m4_compiler")
    pairs = [(key, wanted.get(key) or "none", now.get(key) or "none") for key in keys]
    old, new = wanted.get("packages", {}), now.get("packages", {})
    pairs += [(name, old.get(name, "not there"), new.get(name, "not there")) for name in sorted({*old, *new})]
    return [f"{name}: {one} in the lock, {two} here" for name, one, two in pairs if one != two]


def as_requirements(lock: dict[str, Any]) -> str:
    """The lock as a ``requirements.txt`` that pip installs the same versions from."""
    head = [
        f"# tinyforge {lock['tinyforge']}, Python {lock['python']}, {lock['machine']}",
        f"# Cortex-M4 compiler: {lock['cortex_m4_compiler'] or 'none'}",
    ]
    return "\n".join([*head, *(f"{name}=={version}" for name, version in lock["packages"].items())]) + "\n"
