"""quantize and dequantize in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.ops.elementwise import elementwise
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("quantize")
def quantize(layer: Layer) -> Printed:
    """Elements, from what to what."""
    if layer.kernel == "tfg_quantize_f32":
        return Printed(f"[{layer.params['elements']}] of float")
    return elementwise(layer)


@printer("dequantize")
def dequantize(layer: Layer) -> Printed:
    """Elements."""
    return Printed(f"[{layer.params['elements']}] to float")
