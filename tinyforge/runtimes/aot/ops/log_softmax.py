"""log_softmax in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("log_softmax")
def log_softmax(layer: Layer) -> Printed:
    """Rows and classes."""
    size = layer.params
    return Printed(f"[{size['rows']}][{size['depth']}]")
