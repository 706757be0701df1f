"""l2_normalization in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("l2_normalization")
def l2_normalization(layer: Layer) -> Printed:
    """Rows and their length."""
    size = layer.params
    return Printed(f"[{size['rows']}][{size['depth']}]")
