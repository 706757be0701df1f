"""mean in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("mean")
def mean(layer: Layer) -> Printed:
    """Numbers averaged and kept."""
    size = layer.params
    return Printed(
        f"[{size['kept_0']}][{size['kept_1']}][{size['kept_2']}] means of "
        f"{size['count_0']} x {size['count_1']} x {size['count_2']}"
    )
