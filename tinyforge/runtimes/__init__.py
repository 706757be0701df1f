"""Runtimes: what a compiled model becomes. Equals behind one contract: ``generate(compiled, out_dir) -> Manifest``."""

from __future__ import annotations

import importlib

from tinyforge.core.errors import UsageError, did_you_mean
from tinyforge.runtimes.base import Manifest, Runtime

__all__ = ["Manifest", "Runtime", "get_runtime", "list_runtimes"]

_RUNTIMES = {
    "aot": ("tinyforge.runtimes.aot", "AotRuntime"),
    "tflm": ("tinyforge.runtimes.tflm", "TflmRuntime"),
}


def list_runtimes() -> list[str]:
    """Names that ``get_runtime`` knows, sorted."""
    return sorted(_RUNTIMES)


def get_runtime(name: str) -> Runtime:
    """The runtime called ``name``.

    Raises:
        UsageError: there is none of this name.
    """
    if name not in _RUNTIMES:
        raise UsageError("runtime", f'"{name}": unknown runtime', did_you_mean(name, _RUNTIMES))
    module, attribute = _RUNTIMES[name]
    runtime: Runtime = getattr(importlib.import_module(module), attribute)()
    return runtime
