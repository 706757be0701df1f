"""lstm in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("lstm")
def lstm(layer: Layer) -> Printed:
    """Steps, features and units."""
    size = layer.params
    return Printed(
        f"[{size['steps']}][{size['features']}] -> {size['units']} units, {'every step' if size['every_step'] else 'last step'}"
    )
