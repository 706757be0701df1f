"""fully_connected in generated code."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("fully_connected")
def fully_connected(layer: Layer) -> Printed:
    """Inputs and outputs."""
    size = layer.params
    if "groups" in size:
        return Printed(f"[{4 * int(str(size['groups'])) + int(str(size['rest']))}] -> [1]")
    return Printed(f"[{size['in_len']}] -> [{size['out_len']}]")
