"""MIRROR_PAD: a tensor mirrored at its edges."""

from __future__ import annotations

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.movement import movable, same_scale
from tinyforge.compiler.operators import Option, OpView, operator
from tinyforge.compiler.ops.pad import paddings_of
from tinyforge.core.graph import Param

REFLECT, SYMMETRIC = 0, 1
MOST_GROUPS = 4


@operator("MIRROR_PAD", mode=Option(0, "int8", 0))
def mirror_pad(view: OpView, low: Lowering) -> None:
    """Lower to ``tfg_mirror_pad``."""
    view.counts((2,))
    input_, output = view.activation(0), view.output()
    movable(view, input_, output)
    same_scale(view, input_, output)
    view.require(view.option("mode") in {REFLECT, SYMMETRIC}, f"has mode {view.option('mode')}", "convert it again")
    reflect = int(view.option("mode") == REFLECT)
    pairs = paddings_of(view)
    for size, (before, after) in zip(input_.shape, pairs, strict=True):
        view.require(
            max(before, after) <= size - reflect, f"mirrors {max(before, after)} of {size}", "pad by less", input_
        )
    groups: list[tuple[int, int, int]] = []
    run = input_.dtype.bytes
    for size, (before, after) in zip(reversed(input_.shape), reversed(pairs), strict=True):
        if before or after:
            groups.insert(0, (size, before, after))
        elif not groups:
            run *= size
        elif not groups[0][1] and not groups[0][2]:
            groups[0] = (groups[0][0] * size, 0, 0)
        else:
            groups.insert(0, (size, 0, 0))
    view.require(len(groups) <= MOST_GROUPS, f"mirrors {len(groups)} dimensions", "pad in two steps", output)
    params: dict[str, Param] = {"run": run, "reflect": reflect}
    for number, (size, before, after) in enumerate([(1, 0, 0)] * (MOST_GROUPS - len(groups)) + groups):
        params[f"size_{number}"] = size
        params[f"before_{number}"] = before
        params[f"after_{number}"] = after
    low.layer("mirror_pad", "tfg_mirror_pad", params, inputs=(input_,), outputs=(output,))
