"""Variables become memory that lives between inferences; reading and assigning cost nothing where they can.

A streaming layer reads its buffer, joins it with the new samples, and assigns what is to be remembered. The tensor it
reads *is* the state as long as nothing has been assigned since; the operator that computes what is assigned writes it
straight into the state once nobody needs the old content any more. Otherwise a copy is made.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from tinyforge.compiler.operators import OpView
from tinyforge.compiler.passes.fold_constants import fold_constants
from tinyforge.core.graph import Array, DType, Graph, Op, Tensor

Key = tuple[str, str]
_RESOLVED = frozenset({"VAR_HANDLE", "CALL_ONCE", "READ_VARIABLE", "ASSIGN_VARIABLE"})


@dataclass(slots=True)
class Variable:
    """A variable of the model.

    Attributes:
        name: container and shared name.
        tensor: index of the state's tensor, once its shape is known; -1 before.
        initial: content that CALL_ONCE gives it.
        used: positions (among the main graph's operators) and operators that read (READ_VARIABLE) or assign.
    """

    name: Key
    tensor: int = -1
    initial: Array | None = None
    used: list[tuple[int, Op]] = field(default_factory=list)


def resolve_variables(graph: Graph) -> tuple[Graph, list[str]]:
    """Replace VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE and CALL_ONCE.

    Raises:
        UnsupportedModelError: a variable whose type or shape changes, that is read before it has a content, or that
            starts from different values.
    """
    if not any(op.kind in _RESOLVED for op in graph.ops):
        return graph, []
    found = _variables(graph)
    lines: list[str] = []
    kept: dict[int, list[Op]] = {position: [op] for position, op in enumerate(graph.ops) if op.kind not in _RESOLVED}
    declared: list[Op] = []
    for variable in found.values():
        if not variable.used:
            continue
        graph, op = _declare(graph, variable)
        declared.append(op)
        state = graph.tensors[variable.tensor]
        lines.append(f'variable "{variable.name[1]}" is {state.bytes} B of state')
    for step in (_read, _assign):
        for variable in found.values():
            graph = step(graph, variable, kept)
    ops = [op for position in sorted(kept) for op in kept[position]]
    return replace(graph, ops=(*declared, *ops)), lines


def _handles(graph: Graph) -> dict[int, Key]:
    found: dict[int, Key] = {}
    for op in graph.ops:
        if op.kind == "VAR_HANDLE":
            view = OpView(graph, op)
            view.counts((0,))
            view.require(
                view.output().dtype is DType.RESOURCE, "is no handle", "convert the model again", view.output()
            )
            found[op.outputs[0]] = (str(op.options["container"]), str(op.options["shared_name"]))
    return found


def _key(view: OpView, handles: dict[int, Key]) -> Key:
    key = handles.get(view.op.inputs[0]) if view.op.inputs else None
    if key is None:
        view.refuse("uses a handle that no VAR_HANDLE gives", "convert the model again")
    return key


def _variables(graph: Graph) -> dict[Key, Variable]:
    handles = _handles(graph)
    found: dict[Key, Variable] = {key: Variable(key) for key in handles.values()}
    for position, op in enumerate(graph.ops):
        view = OpView(graph, op)
        if op.kind == "CALL_ONCE":
            if any(variable.used for variable in found.values()):
                view.refuse("comes after a use of a variable", "convert the model again")
            _initialize(view, found)
        elif op.kind == "READ_VARIABLE":
            view.counts((1,))
            found[_key(view, handles)].used.append((position, op))
        elif op.kind == "ASSIGN_VARIABLE":
            view.counts((2,), 0)
            found[_key(view, handles)].used.append((position, op))
    return found


def _initialize(view: OpView, found: dict[Key, Variable]) -> None:
    """Take over what the subgraph of a CALL_ONCE assigns."""
    view.counts((0,), 0)
    number = view.option("init_subgraph_index")
    subgraphs = view.graph.subgraphs
    if not 1 <= number <= len(subgraphs):
        view.refuse(f"calls subgraph {number} of {len(subgraphs) + 1}", "convert the model again")
    inner, _ = fold_constants(subgraphs[number - 1])
    handles = _handles(inner)
    for op in inner.ops:
        if op.kind == "VAR_HANDLE":
            continue
        step = OpView(inner, op)
        if op.kind != "ASSIGN_VARIABLE":
            step.refuse("is in the subgraph of a CALL_ONCE", "initialize variables by constants")
        step.counts((2,), 0)
        data = step.input(1).data
        if data is None:
            step.refuse("is computed", "initialize variables by constants", step.input(1))
        variable = found.setdefault(_key(step, handles), Variable(_key(step, handles)))
        variable.initial = data


def _declare(graph: Graph, variable: Variable) -> tuple[Graph, Op]:
    """Give the variable its tensor; checks that everybody agrees on type and shape."""
    position, op = variable.used[0]
    del position
    view = OpView(graph, op)
    like = view.output() if op.kind == "READ_VARIABLE" else view.input(1)
    if variable.initial is None and op.kind == "READ_VARIABLE":
        view.refuse("reads a variable that nothing has assigned", "convert the model again with its initial value")
    if like.dtype is DType.RESOURCE or like.elements == 0:
        view.refuse("is a variable without elements", "convert the model again", like)
    for _, other in variable.used:
        use = OpView(graph, other)
        value = use.output() if other.kind == "READ_VARIABLE" else use.input(1)
        use.is_dtype(value, like.dtype)
        use.shape_is(value, like.shape)
    initial = np.zeros(1, like.dtype.numpy) if variable.initial is None else variable.initial
    if variable.initial is not None and (initial.shape != like.shape or initial.dtype != like.dtype.numpy):
        view.refuse(f"starts as {initial.dtype} {list(initial.shape)}", "convert the model again", like)
    first = initial.reshape(-1)[0]
    if not np.isfinite(first) or np.any(initial != first) or first != int(first):
        view.refuse("starts from different values", "start from a constant, such as its zero point", like)
    tensor = Tensor(len(graph.tensors), variable.name[1], like.shape, like.dtype, like.quant, variable=True)
    variable.tensor = tensor.index
    declared = Op(op.index, "VARIABLE", (), (tensor.index,), {"reset_value": int(first)})
    return replace(graph, tensors=(*graph.tensors, tensor)), declared


def _readers(graph: Graph, kept: dict[int, list[Op]], tensor: int) -> list[int]:
    """Positions of the operators that read the storage of ``tensor``, assignments of it among them."""
    root = graph.root(tensor)
    here = [(position, op) for position, ops in kept.items() for op in ops]
    here.extend((position, op) for position, op in enumerate(graph.ops) if op.kind == "ASSIGN_VARIABLE")
    return [position for position, op in here if any(graph.root(index) == root for index in op.inputs if index >= 0)]


def _read(graph: Graph, variable: Variable, kept: dict[int, list[Op]]) -> Graph:
    """Let what is read be the state itself, or a copy where it is still needed after the next assignment."""
    end = max(kept, default=0) + len(graph.ops) + 1
    outputs = {graph.root(index) for index in graph.outputs}
    for position, op in variable.used:
        if op.kind != "READ_VARIABLE":
            continue
        target = op.outputs[0]
        later = [at for at, other in variable.used if other.kind == "ASSIGN_VARIABLE" and at > position]
        limit = min(later, default=end)
        last = max(_readers(graph, kept, target), default=position)
        if last < limit and target not in outputs:
            graph = replace(graph, aliases={**graph.aliases, target: variable.tensor})
        else:
            kept.setdefault(position, []).append(Op(op.index, "COPY", (variable.tensor,), (target,)))
    return graph


def _assign(graph: Graph, variable: Variable, kept: dict[int, list[Op]]) -> Graph:
    """Let the operator that computes what is assigned write into the state, or copy it there."""
    outside = {graph.root(index) for index in (*graph.inputs, *graph.outputs)}
    assigns = [(at, op) for at, op in variable.used if op.kind == "ASSIGN_VARIABLE"]
    for position, op in assigns:
        value = graph.root(op.inputs[1])
        if value == variable.tensor:
            continue  # assigns what it holds
        tensor = graph.tensors[value]
        made = [at for at, ops in kept.items() if any(value in other.outputs for other in ops)]
        users = [at for at in _readers(graph, kept, variable.tensor) if at < position]
        direct = (
            len(assigns) == 1
            and len(made) == 1
            and value not in outside
            and tensor.data is None
            and not tensor.variable
            and tensor.bytes == graph.tensors[variable.tensor].bytes
            and all(at < made[0] for at in users)
            and len(kept[made[0]]) == 1
            and not any(at > position for at, other in variable.used if other.kind == "READ_VARIABLE")
        )
        if direct:
            graph = replace(graph, aliases={**graph.aliases, value: variable.tensor})
        else:
            kept.setdefault(position, []).append(Op(op.index, "COPY", (value,), (variable.tensor,)))
    return graph
