"""conv_1d in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("conv_1d")
def conv_1d(layer: Layer) -> Printed:
    """Lengths and channels."""
    size = layer.params
    if layer.kernel == "tfg_conv_1d_point_s8":
        return Printed(f"[{size['places']}][1] -> [{size['places']}][{size['out_ch']}], kernel 1")
    if "in_len" not in size:  # a kernel for two dimensions
        lengths = f"[{size['in_w']}][{size.get('in_ch', 1)}] -> [{size['out_w']}][{size.get('out_ch', 1)}]"
        return Printed(f"{lengths}, kernel {size['kernel_w']}")
    if "pool" in size:
        outputs = -(-int(size["places"] or 0) // int(size["pool"] or 1))
        lengths = f"[{size['in_len']}][{size['in_ch']}] -> [{outputs}][{size['out_ch']}]"
        greatest = f", greatest of {size['pool']}" if size["pool"] != 1 else ""
        return Printed(f"{lengths}, kernel {size['kernel']}{greatest}")
    return Printed(
        f"[{size['in_len']}][{size['in_ch']}] -> [{size['out_len']}][{size['out_ch']}], kernel {size['kernel']}"
    )
