"""svdf in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("svdf")
def svdf(layer: Layer) -> Printed:
    """Sizes and memory."""
    size = layer.params
    return Printed(f"[{size['in_len']}] -> [{size['units']}], rank {size['rank']}, memory of {size['memory']}")
