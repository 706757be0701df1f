"""transpose_conv in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("transpose_conv")
def transpose_conv(layer: Layer) -> Printed:
    """Sizes and kernel."""
    size = layer.params
    return Printed(
        f"[{size['in_h']}][{size['in_w']}][{size['in_ch']}] -> [{size['out_h']}][{size['out_w']}][{size['out_ch']}], "
        f"kernel {size['kernel_h']}x{size['kernel_w']}"
    )
