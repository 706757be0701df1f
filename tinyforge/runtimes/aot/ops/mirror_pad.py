"""mirror_pad in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("mirror_pad")
def mirror_pad(layer: Layer) -> Printed:
    """Sizes and mode."""
    size = layer.params
    loops = "".join(f"[{size[f'size_{loop}']}]" for loop in range(4))
    return Printed(f"{loops} of {size['run']} B, {'reflect' if size['reflect'] else 'symmetric'}")
