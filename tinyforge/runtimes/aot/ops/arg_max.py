"""arg_max and arg_min in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("arg_min")
@printer("arg_max")
def arg_max(layer: Layer) -> Printed:
    """Sizes; the middle one is searched."""
    size = layer.params
    return Printed(f"along the middle of [{size['outer']}][{size['count']}][{size['inner']}]")
