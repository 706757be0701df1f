"""depthwise_conv_2d in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("depthwise_conv_2d")
def depthwise_conv_2d(layer: Layer) -> Printed:
    """Sizes and kernel."""
    size = layer.params
    height, width = size.get("kernel_h", 3), size.get("kernel_w", 3)
    out_ch = size.get("out_ch", 1)
    return Printed(
        f"[{size['in_h']}][{size['in_w']}][{size.get('in_ch', out_ch)}] -> "
        f"[{size['out_h']}][{size['out_w']}][{out_ch}], kernel {height}x{width}"
    )
