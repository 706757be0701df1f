"""concatenation in generated code, which PACK is as well."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("concatenation")
@printer("pack")
def concatenation(layer: Layer) -> Printed:
    """Places and bytes."""
    size = layer.params
    return Printed(f"[{size['count']}] of {size['chunk']} B to byte {size['offset']} of each {size['stride']}")
