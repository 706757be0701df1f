"""strided_slice in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("strided_slice")
def strided_slice(layer: Layer) -> Printed:
    """Sizes."""
    size = layer.params
    return Printed(f"-> [{size['count_0']}][{size['count_1']}][{size['count_2']}][{size['count_3']}]")
