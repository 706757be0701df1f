"""add in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("add")
def add(layer: Layer) -> Printed:
    """Sizes."""
    size = layer.params
    return Printed(f"[{size['size_0']}][{size['size_1']}][{size['size_2']}][{size['size_3']}]")
