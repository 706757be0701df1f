"""batch_matmul in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("batch_matmul")
def batch_matmul(layer: Layer) -> Printed:
    """Batches and matrices."""
    size = layer.params
    return Printed(
        f"[{size['batch_0']}][{size['batch_1']}][{size['batch_2']}] products "
        f"{size['rows']}x{size['depth']} by {size['depth']}x{size['columns']}"
    )
