"""How each stem's calls are printed: the registry that ``runtimes/aot/ops/*.py`` fill when they are imported.

A printer describes its layer in one line and may replace the arguments of the call; what most kernels need (the
parameter structure, inputs, outputs, states, scratch) is filled in for it::

    @printer("softmax")
    def softmax(layer: Layer) -> Printed:
        return Printed(f"{layer.params['rows']} x {layer.params['depth']}")
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from tinyforge.core.graph import Layer


@dataclass(frozen=True, slots=True)
class Printed:
    """How a layer is printed.

    Attributes:
        description: one line for the comment above its parameters: sizes, then what is special.
        arguments: the call's arguments after the structure; None for inputs, outputs, states, scratch. Places
            ``{input0}``, ``{output0}``, ``{state0}``, ``{scratch}`` are filled in.
    """

    description: str
    arguments: tuple[str, ...] | None = None


Printer = Callable[[Layer], Printed]
_REGISTRY: dict[str, Printer] = {}


def printer(stem: str) -> Callable[[Printer], Printer]:
    """Register the printer of a stem."""

    def register(function: Printer) -> Printer:
        _REGISTRY[stem] = function
        return function

    return register


@cache
def _load() -> None:
    package = importlib.import_module("tinyforge.runtimes.aot.ops")
    for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        importlib.import_module(f"{package.__name__}.{module}")


def print_layer(layer: Layer) -> Printed:
    """Run the printer of a layer's stem; a stem without a file is described by its name alone."""
    _load()
    found = _REGISTRY.get(layer.stem)
    return Printed("") if found is None else found(layer)
