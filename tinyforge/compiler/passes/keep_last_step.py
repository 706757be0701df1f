"""An LSTM whose only reader takes the last time step need not write the others."""

from __future__ import annotations

from dataclasses import replace

from tinyforge.compiler.operators import OpView
from tinyforge.compiler.ops.strided_slice import slice_of
from tinyforge.core.graph import Graph, Op

_LSTM = "UNIDIRECTIONAL_SEQUENCE_LSTM"


def keep_last_step(graph: Graph) -> tuple[Graph, list[str]]:
    """Fuse ``LSTM -> STRIDED_SLICE of the last step`` into an LSTM with the option ``last_step``."""
    if not any(op.kind == _LSTM for op in graph.ops):
        return graph, []
    readers: dict[int, list[Op]] = {}
    for op in graph.ops:
        for root in {graph.root(index) for index in op.inputs if index >= 0}:
            readers.setdefault(root, []).append(op)
    outputs = {graph.root(index) for index in graph.outputs}
    fused: dict[int, Op] = {}
    dropped: set[int] = set()
    lines: list[str] = []
    for op in graph.ops:
        if op.kind != _LSTM or not op.outputs:
            continue
        output = op.outputs[0]
        if len(readers.get(output, ())) != 1 or output in outputs:
            continue
        reader = readers[output][0]
        if reader.kind != "STRIDED_SLICE" or reader.inputs[0] != output or op.options.get("time_major"):
            continue
        shape = graph.tensors[output].shape
        found = slice_of(OpView(graph, reader))
        last = (0, shape[1] - 1, 0) if len(shape) == 3 else ()
        if found.start != last or found.count != (shape[0], 1, shape[2]):
            continue
        if graph.tensors[graph.root(reader.outputs[0])].variable:
            continue  # a state must not be written earlier than it was
        fused[id(op)] = replace(op, outputs=reader.outputs, options={**op.options, "last_step": True})
        dropped.add(id(reader))
        lines.append(f"op #{reader.index} STRIDED_SLICE takes the last step of op #{op.index}: the others are not kept")
    return replace(graph, ops=tuple(fused.get(id(op), op) for op in graph.ops if id(op) not in dropped)), lines
