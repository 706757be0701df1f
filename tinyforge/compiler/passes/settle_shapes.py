"""Shapes that a model leaves open, as they follow from its inputs.

A converter that was given a batch of any size writes 1 where it knows no size, and so may call a tensor [1, 1, 1, 1]
that LiteRT makes [1, 1, 12, 4] when it allocates. The input is taken as it is stated; from there each operator says
what follows. This runs only for a model that is refused as it stands: where all guesses fit each other, they are right.
"""

from __future__ import annotations

from dataclasses import replace

from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.operators import OpenShapeError, OpView, find_operator
from tinyforge.compiler.ops.reshape import check_reshape
from tinyforge.compiler.passes.drop_reshapes import RESHAPES
from tinyforge.compiler.passes.fold_constants import fold_constants
from tinyforge.core.errors import UnsupportedModelError
from tinyforge.core.graph import Graph, Op

_BY_PASSES = frozenset({"SHAPE", "FILL", "REDUCE_PROD", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE"})


def settle_shapes(graph: Graph) -> tuple[Graph, list[str]]:
    """Give every tensor whose shape is open the shape that its operator computes.

    Returns:
        The graph with those shapes, and a line for each that was another; operators are not changed.
    """
    working = graph
    if any(tensor.open_shape for tensor in graph.tensors):
        for op in graph.ops:
            working = _settled(working, op)
    tensors = []
    lines = []
    for before, after in zip(graph.tensors, working.tensors, strict=True):
        tensors.append(replace(before, shape=after.shape))
        if before.shape != after.shape:
            lines.append(f'tensor "{before.name}" has shape {list(after.shape)}, not {list(before.shape)}')
    return replace(graph, tensors=tuple(tensors)), lines


def _settled(graph: Graph, op: Op) -> Graph:
    """The graph with the operator's outputs in their shapes, and their content where it is known."""
    for _ in range(len(op.outputs) + 1):
        try:
            alone, known = fold_constants(replace(graph, ops=(op,)))
            if not known:
                _try(graph, op)
            return replace(graph, tensors=alone.tensors)
        except OpenShapeError as found:
            tensors = list(graph.tensors)
            tensors[found.tensor] = replace(tensors[found.tensor], shape=found.shape)
            graph = replace(graph, tensors=tuple(tensors))
        except UnsupportedModelError:
            break  # for which the model was, or will be, refused
    return graph


def _try(graph: Graph, op: Op) -> None:
    """Lower one operator for what it says of its output."""
    if op.kind in RESHAPES:
        check_reshape(OpView(graph, op))
    elif op.kind not in _BY_PASSES and find_operator(op.kind) is not None:
        Lowering(replace(graph, ops=(op,))).run()
