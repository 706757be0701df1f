"""copy in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("copy")
def copy(layer: Layer) -> Printed:
    """Bytes."""
    size = layer.params
    return Printed(f"{size['bytes']} B as they are")
