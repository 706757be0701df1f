"""gather in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("gather")
def gather(layer: Layer) -> Printed:
    """Indices and slices."""
    size = layer.params
    return Printed(f"{size['count']} of {size['size']} slices of {size['run']} B")
