"""pad in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("pad")
def pad(layer: Layer) -> Printed:
    """Sizes and value."""
    size = layer.params
    loops = "".join(f"[{size[f'count_{loop}']}]" for loop in range(4))
    return Printed(f"{loops}[{size['run']}] B, around it {size['value']}")
