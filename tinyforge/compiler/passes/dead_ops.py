"""Drop operators whose outputs nothing reads."""

from __future__ import annotations

from dataclasses import replace

from tinyforge.core.graph import Graph

SIDE_EFFECTS = frozenset({"VARIABLE"})


def drop_dead_ops(graph: Graph) -> tuple[Graph, list[str]]:
    """Drop operators that no output and no state depends on."""
    needed = {graph.root(index) for index in graph.outputs}
    kept = []
    lines = []
    for op in reversed(graph.ops):
        stateful = any(graph.tensors[graph.root(index)].variable for index in op.outputs)
        stateful |= any(index >= 0 and graph.tensors[index].variable for index in op.inputs)
        if op.kind in SIDE_EFFECTS or stateful or any(graph.root(index) in needed for index in op.outputs):
            needed.update(graph.root(index) for index in op.inputs if index >= 0)
            kept.append(op)
        else:
            lines.append(f"op #{op.index} {op.kind} computes what nothing reads: dropped")
    return replace(graph, ops=tuple(reversed(kept))), list(reversed(lines))
