"""resize_nearest_neighbor in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("resize_nearest_neighbor")
def resize_nearest_neighbor(layer: Layer) -> Printed:
    """Sizes."""
    size = layer.params
    return Printed(f"[{size['in_h']}][{size['in_w']}] -> [{size['out_h']}][{size['out_w']}] of {size['run']} B")
