"""Every output of the model is a buffer of its own that some kernel writes."""

from __future__ import annotations

from dataclasses import replace

from tinyforge.core.graph import Graph, Op, Tensor


def own_outputs(graph: Graph) -> tuple[Graph, list[str]]:
    """Copy outputs that share their bytes with an input, a constant, a state or another output."""
    tensors, ops, outputs = list(graph.tensors), list(graph.ops), list(graph.outputs)
    lines: list[str] = []
    taken: set[int] = {graph.root(index) for index in graph.inputs}
    for position, index in enumerate(graph.outputs):
        root = graph.root(index)
        tensor = tensors[index]
        if root not in taken and tensors[root].data is None and not tensors[root].variable:
            taken.add(root)
            continue
        copy = Tensor(len(tensors), tensor.name, tensor.shape, tensor.dtype, tensor.quant)
        tensors.append(copy)
        ops.append(Op(ops[-1].index if ops else 0, "COPY", (index,), (copy.index,)))
        outputs[position] = copy.index
        taken.add(copy.index)
        lines.append(f"output {position} shares its bytes with another buffer: copied")
    return replace(graph, tensors=tuple(tensors), ops=tuple(ops), outputs=tuple(outputs)), lines
