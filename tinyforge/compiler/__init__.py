"""``.tflite`` -> ``Graph`` -> passes -> kernel calls -> memory plan. Needs no TensorFlow."""

from __future__ import annotations

from tinyforge.compiler.forms import Lowered, lower
from tinyforge.compiler.goal import Goal
from tinyforge.compiler.memory_plan import plan_memory
from tinyforge.compiler.passes import run_passes
from tinyforge.compiler.passes.settle_shapes import settle_shapes
from tinyforge.compiler.reader import read_model
from tinyforge.core.errors import UnsupportedModelError
from tinyforge.core.files import sha256_bytes
from tinyforge.core.graph import Compiled, Graph
from tinyforge.core.model_info import METADATA_NAME, info_from_json
from tinyforge.core.names import c_identifier

__all__ = ["Goal", "compile_model", "read_model"]


def compile_model(data: bytes, *, name: str, place: str, goal: Goal = Goal.BALANCED) -> Compiled:
    """Read, rewrite, lower and plan a model.

    Args:
        data: content of the ``.tflite``.
        name: what the generated code is called; anything that is no plain C identifier is encoded.
        place: its path, for messages.
        goal: what a faster form of a kernel may cost.

    Raises:
        ModelFormatError: the bytes are no valid model.
        UnsupportedModelError: an operator, type or option is not supported; nothing has been written.
    """
    graph = read_model(data, place)
    _check_boundary(graph)
    info = info_from_json(graph.metadata[METADATA_NAME], place) if METADATA_NAME in graph.metadata else None
    operators = tuple(op.kind for op in graph.ops)
    try:
        lowered, log = _lowered(graph, goal)
    except UnsupportedModelError:
        settled, lines = settle_shapes(graph)
        if not lines:
            raise
        lowered, log = _lowered(settled, goal)
        log = (*(f"settle_shapes: {line}" for line in lines), *log)
    graph, layers = lowered.graph, lowered.layers
    log = (*log, *(f"fuse: {line}" for line in lowered.log))
    plan = plan_memory(graph, layers, graph.tensors)
    verdict = "optimal" if plan.optimal else f"lower bound {plan.lower_bound_bytes} B"
    return Compiled(
        name=c_identifier(name),
        graph=graph,
        layers=tuple(layers),
        plan=plan,
        states=tuple(lowered.lowering.states),
        info=info,
        digest=sha256_bytes(data),
        model=data,
        operators=operators,
        log=(*log, f"plan_memory: arena of {plan.arena_bytes} B, {verdict}, peak at call #{plan.peak_op}"),
    )


def _lowered(graph: Graph, goal: Goal) -> tuple[Lowered, tuple[str, ...]]:
    graph, log = run_passes(graph, goal)
    return lower(graph, goal), log


def _check_boundary(graph: Graph) -> None:
    for what, indices in (("input", graph.inputs), ("output", graph.outputs)):
        if not indices:
            raise UnsupportedModelError(graph.place, f"has no {what}", "convert the model again")
        for index in indices:
            tensor = graph.tensors[index]
            if tensor.bytes == 0:
                raise UnsupportedModelError(
                    f'{graph.place}: tensor "{tensor.name}"', f"is an {what} without elements", "convert it again"
                )
            if tensor.data is not None or tensor.variable:
                raise UnsupportedModelError(
                    f'{graph.place}: tensor "{tensor.name}"', f"is an {what} and a constant", "convert it again"
                )
