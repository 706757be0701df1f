"""strided_copy in generated code, under the name of each operator that becomes one."""

from __future__ import annotations

from tinyforge.core.graph import Layer
from tinyforge.runtimes.aot.printers import Printed, printer


@printer("strided_slice")
@printer("slice")
@printer("split")
@printer("split_v")
@printer("unpack")
@printer("transpose")
@printer("space_to_depth")
@printer("depth_to_space")
@printer("space_to_batch_nd")
@printer("batch_to_space_nd")
@printer("reverse_v2")
@printer("tile")
@printer("broadcast_to")
def strided_copy(layer: Layer) -> Printed:
    """Loops and bytes in a row."""
    size = layer.params
    loops = "".join(f"[{size[f'count_{loop}']}]" for loop in range(5) if size[f"count_{loop}"] != 1)
    return Printed(f"-> {loops}{' of ' if loops else ''}{size.get('run', 1)} B in a row")
