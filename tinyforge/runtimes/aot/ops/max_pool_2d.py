"""max_pool_2d in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("max_pool_2d")
def max_pool_2d(layer: Layer) -> Printed:
    """Sizes and window."""
    size = layer.params
    return Printed(
        f"[{size['in_h']}][{size['in_w']}] -> [{size['out_h']}][{size['out_w']}] of {size['channels']} channels, "
        f"window {size['kernel_h']}x{size['kernel_w']}"
    )
