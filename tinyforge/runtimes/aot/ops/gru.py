"""gru in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("gru")
def gru(layer: Layer) -> Printed:
    """Steps, features and units."""
    size = layer.params
    written = "every step" if size["every_step"] else "last step"
    return Printed(f"[{size['steps']}][{size['features']}] -> {size['units']} units, {written}")
