"""conv_2d in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("conv_2d")
def conv_2d(layer: Layer) -> Printed:
    """Sizes and kernel."""
    size = layer.params
    pooled = ", greatest of 2x2" if layer.parts else ""
    return Printed(
        f"[{size['in_h']}][{size['in_w']}][{size.get('in_ch', 1)}] -> "
        f"[{size['out_h']}][{size['out_w']}][{size.get('out_ch', 1)}], "
        f"kernel {size.get('kernel_h', 3)}x{size.get('kernel_w', 3)}{pooled}"
    )
