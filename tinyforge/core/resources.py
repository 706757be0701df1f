"""Where the data files of the package are, in a checkout and in an installed wheel."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def package_dir() -> Path:
    """Folder of the installed ``tinyforge`` package."""
    return _PACKAGE


def firmware_dir() -> Path:
    """Folder with ``common/``, ``virtual_m4/``, ``arduino_nano33/``, ``sensortile/`` and ``platform/``."""
    installed = _PACKAGE / "_data" / "firmware"
    return installed if installed.is_dir() else _PACKAGE.parent / "firmware"


def datasets_dir() -> Path:
    """Folder with the cards of public and synthetic sets, ``<name>/dataset.toml`` each."""
    installed = _PACKAGE / "_data" / "datasets"
    return installed if installed.is_dir() else _PACKAGE.parent / "datasets"


def csrc_dir() -> Path:
    """Folder of the C kernel library: ``include/``, ``src/portable/``, ``src/dsp/``."""
    return _PACKAGE / "csrc"


def cache_dir() -> Path:
    """Folder for what can be made again: ``$TINYFORGE_CACHE``, else ``tinyforge`` in the user's cache folder."""
    chosen = os.environ.get("TINYFORGE_CACHE", "").strip()
    if chosen:
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME", "").strip()
    return (Path(base) if base else Path.home() / ".cache") / "tinyforge"


@cache
def code_digest(*parts: str) -> str:
    """SHA-256 over the sources of parts of the package (``compiler``, ``csrc``): they decide outputs as inputs do.

    An installed release has one digest; in a checkout it changes with the code.
    """
    digest = hashlib.sha256()
    for part in parts:
        for file in sorted((_PACKAGE / part).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file.relative_to(_PACKAGE).as_posix()}\0".encode() + file.read_bytes())
    return digest.hexdigest()
