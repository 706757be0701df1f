"""Element-wise operators in generated code: of one input, of two, or of two that became a table."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer

STEMS = (
    "abs", "add", "ceil", "compare", "cos", "elu", "exp", "floor", "gelu", "hard_swish", "leaky_relu", "log",
    "logistic", "maximum", "minimum", "mul", "neg", "prelu", "relu", "relu6", "relu_0_to_1", "relu_n1_to_1", "round",
    "rsqrt", "select", "sign", "sin", "sqrt", "square", "squared_difference", "sub", "tanh",
)  # fmt: skip


def elementwise(layer: Layer) -> Printed:
    """Sizes, and by which kernel."""
    size = layer.params
    match layer.kernel:
        case "tfg_select":
            return Printed(f"[{size['elements']}] of {size['bytes']} B")
        case "tfg_lookup_s8":
            return Printed(f"[{size['elements']}] by table")
        case "tfg_limit_s8":
            return Printed(f"[{size['elements']}] cut to {size['min']}..{size['max']}")
        case "tfg_flip_s8":
            return Printed(f"[{size['elements']}] with the sign bit flipped")
        case "tfg_logistic_f32":
            return Printed(f"[{size['elements']}] in float")
        case "tfg_copy":
            return Printed(f"{size['bytes']} B as they are")
        case _:
            return Printed(f"[{size['size_0']}][{size['size_1']}][{size['size_2']}][{size['size_3']}]")


for stem in STEMS:
    printer(stem)(elementwise)
