"""reduce_max, reduce_min and sum in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("reduce_max")
@printer("reduce_min")
@printer("sum")
def reduce_max(layer: Layer) -> Printed:
    """Numbers kept and reduced."""
    size = layer.params
    note = ", bytes taken for uint8 as LiteRT's reference does" if layer.kernel == "tfg_sum_u8" else ""
    return Printed(
        f"[{size['kept_0']}][{size['kept_1']}][{size['kept_2']}] of "
        f"{size['count_0']} x {size['count_1']} x {size['count_2']}{note}"
    )
