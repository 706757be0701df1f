"""Packages: what the aot runtime generated, wrapped for a build system. One file a kind, known by its stem.

``cmsis_pack.py`` is the kind ``cmsis-pack``: its ``pack(generated)`` gives the package's files by path. Files are
generated in memory of a temporary folder first, so what is refused leaves nothing behind.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from tinyforge.core.errors import UsageError, did_you_mean
from tinyforge.core.files import write_bytes
from tinyforge.core.graph import Compiled
from tinyforge.runtimes.base import Manifest
from tinyforge.runtimes.package._layout import Generated, generate

__all__ = ["Generated", "list_packages", "write_package"]


def list_packages() -> list[str]:
    """Kinds that ``write_package`` knows, sorted."""
    stems = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(stem.replace("_", "-") for stem in stems if not stem.startswith("_"))


def write_package(kind: str, compiled: Compiled, out_dir: Path) -> tuple[Manifest, list[Path]]:
    """Generate a model's C and wrap it.

    Args:
        kind: one of ``list_packages()``.
        compiled: the model.
        out_dir: gets the package's files, or the one archive it is.

    Returns:
        The manifest of the C inside, and what was written, relative to ``out_dir``, sorted. The same model gives the
        same bytes.

    Raises:
        UsageError: there is no such kind, or the folder cannot be written.
        UnsupportedModelError: see ``AotRuntime.generate``.
    """
    if kind not in list_packages():
        raise UsageError("--package", f'"{kind}": unknown kind of package', did_you_mean(kind, list_packages()))
    module = importlib.import_module(f"{__name__}.{kind.replace('-', '_')}")
    generated = generate(compiled)
    files = module.pack(generated)
    for name, data in sorted(files.items()):
        write_bytes(out_dir / name, data)
    return generated.manifest, [Path(name) for name in sorted(files)]
