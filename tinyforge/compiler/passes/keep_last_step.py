"""An LSTM whose only reader takes the last time step need not write the others."""

from __future__ import annotations

from dataclasses import replace

from tinyforge.compiler.operators import OpView
from tinyforge.compiler.ops.strided_slice import slice_of
from tinyforge.core.graph import Graph, Op

_LSTM = "UNIDIRECTIONAL_SEQUENCE_LSTM"


def keep_last_step(graph: Graph) -> tuple[Graph, list[str]]:
    """Fuse ``LSTM -> STRIDED_SLICE of the last step`` into an LSTM with the option ``last_step``."""
    ops: list[Op] = list(graph.ops)
    lines: list[str] = []
    for op in graph.ops:
        if op.kind != _LSTM or not op.outputs:
            continue
        output = op.outputs[0]
        readers = [other for other in ops if any(graph.root(index) == output for index in other.inputs if index >= 0)]
        if len(readers) != 1 or any(graph.root(index) == output for index in graph.outputs):
            continue
        reader = readers[0]
        if reader.kind != "STRIDED_SLICE" or reader.inputs[0] != output or op.options.get("time_major"):
            continue
        shape = graph.tensors[output].shape
        found = slice_of(OpView(graph, reader))
        last = (0, shape[1] - 1, 0) if len(shape) == 3 else ()
        if found.start != last or found.count != (shape[0], 1, shape[2]):
            continue
        if graph.tensors[graph.root(reader.outputs[0])].variable:
            continue  # a state must not be written earlier than it was
        fused = replace(op, outputs=reader.outputs, options={**op.options, "last_step": True})
        ops = [fused if other is op else other for other in ops if other is not reader]
        lines.append(f"op #{reader.index} STRIDED_SLICE takes the last step of op #{op.index}: the others are not kept")
    return replace(graph, ops=tuple(ops)), lines
