"""cast in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("cast")
def cast(layer: Layer) -> Printed:
    """Elements."""
    size = layer.params
    return Printed(f"{size['bytes']} B as they are" if "bytes" in size else f"[{size['elements']}]")
