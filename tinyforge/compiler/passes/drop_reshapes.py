"""RESHAPE, SQUEEZE and EXPAND_DIMS cost nothing: their output is their input under another shape."""

from __future__ import annotations

from dataclasses import replace

from tinyforge.compiler.operators import OpView
from tinyforge.compiler.ops.reshape import check_reshape
from tinyforge.core.graph import Graph

RESHAPES = frozenset({"RESHAPE", "SQUEEZE", "EXPAND_DIMS"})


def drop_reshapes(graph: Graph) -> tuple[Graph, list[str]]:
    """Let the output of each reshape share its input's bytes.

    Raises:
        UnsupportedModelError: a reshape that changes the number of elements.
    """
    aliases = dict(graph.aliases)
    lines: list[str] = []
    for op in graph.ops:
        if op.kind in RESHAPES:
            check_reshape(OpView(graph, op))
            aliases[op.outputs[0]] = op.inputs[0]
            lines.append(f"op #{op.index} {op.kind} dropped: its output is its input under another shape")
    kept = tuple(op for op in graph.ops if op.kind not in RESHAPES)
    return replace(graph, ops=kept, aliases=aliases), lines
