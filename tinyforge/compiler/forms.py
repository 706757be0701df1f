"""Which form the weights of each layer take, plain or packed: a choice that sees the whole network.

A kernel's code is paid once, whoever calls it. So a layer that gains little pays where it is the last one that calls
another kernel, and one that gains much may not pay if it is the only one to need a kernel. The network is lowered once
with every form that its layers offer (``Lowering.form``), and calls are put together (``fuse``); then layers change
their form one at a time, from all plain and from all packed, as long as the network gets better. Only a network with
weights that can be packed is lowered more than once.

Better is, for

- ``size``: less flash;
- ``speed``: fewer instructions;
- ``balanced``: less flash by 64 bytes for each thousand instructions, where the packed layers together take at most
  twice the instructions of plain ones, and flash is not more than that of the network with plain weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from tinyforge.compiler.code_bytes import code_bytes
from tinyforge.compiler.fuse import fuse, saved_instructions
from tinyforge.compiler.goal import BALANCED_BYTES_PER_1000, Goal
from tinyforge.compiler.lowering import Lowering
from tinyforge.compiler.packing import PLAIN, SLOWEST_BALANCED, Packs
from tinyforge.core.graph import DType, Graph, Layer, Op

_WORD = 4  # bytes of a member of a kernel's structure
_CHOSEN = "chosen"  # the trial with the forms that were chosen
_LEAST_WEIGHTS = 64  # of some layer: fewer take few values however they were trained, and are slower packed


@dataclass(frozen=True, eq=False, slots=True)
class Lowered:
    """A network as calls.

    Attributes:
        lowering: states, tensors, and what forms the layers offer.
        graph: with the tensors that lowerings added.
        layers: the calls, put together where that pays.
        log: what was put together.
    """

    lowering: Lowering
    graph: Graph
    layers: list[Layer]
    log: list[str]


@dataclass(frozen=True, slots=True)
class Part:
    """What an operator costs in one form.

    Attributes:
        bytes: flash of its constants and parameters.
        instructions: of an inference, about; only differences between its forms count.
        kernels: what it calls.
    """

    bytes: int
    instructions: int
    kernels: frozenset[str]


Parts = Mapping[int, Mapping[str, Part]]
"""What each operator costs in each form that it can take, of which ``PLAIN`` is one."""


def lower(graph: Graph, goal: Goal) -> Lowered:
    """Lower a graph with the forms that the goal wants.

    Args:
        graph: after the passes.
        goal: what a faster form may cost.

    Raises:
        UnsupportedModelError: an operator cannot be lowered.
    """
    packs: Packs = {}
    plain = _lowered(graph, goal, {}, packs)
    offers = plain.lowering.offers
    if max((_weights(op, graph) for op in graph.ops if op.index in offers), default=0) < _LEAST_WEIGHTS:
        return plain
    trials = {PLAIN: plain}
    for form in sorted({form for forms in offers.values() for form in forms}):
        trials[form] = _lowered(graph, goal, {op: form for op, forms in offers.items() if form in forms}, packs)
    chosen = {op: form for op, form in choose(_parts(trials), goal).items() if form != PLAIN}
    return _best({**trials, _CHOSEN: _lowered(graph, goal, chosen, packs)}, goal) if chosen else plain


def _weights(op: Op, graph: Graph) -> int:
    """Of all its matrices: a recurrent layer has one for each gate and source."""
    inputs = (graph.tensors[index] for index in op.inputs if index >= 0)
    return sum(one.elements for one in inputs if one.data is not None and one.dtype is DType.INT8)


def _best(trials: Mapping[str, Lowered], goal: Goal) -> Lowered:
    """The best network as a whole: with other forms beside it, a plain layer may call another kernel than it did."""
    parts = _parts(trials)
    cost = _cost(parts, goal)
    return trials[min(trials, key=lambda trial: cost({op: _of(forms, trial) for op, forms in parts.items()}))]


def _of(forms: Mapping[str, Part], trial: str) -> str:
    return trial if trial in forms else PLAIN


def choose(parts: Parts, goal: Goal) -> dict[int, str]:
    """The form of each operator.

    Args:
        parts: what they cost.
        goal: which costs count, and how.
    """
    cost = _cost(parts, goal)
    starts = [
        {op: form if form in forms else list(forms)[-1] for op, forms in parts.items()}
        for form in sorted({form for forms in parts.values() for form in forms})
    ]
    plain = dict.fromkeys(parts, PLAIN)
    return min((_improved(parts, start, cost) for start in (plain, *starts)), key=cost)


def _cost(parts: Parts, goal: Goal) -> Callable[[Mapping[int, str]], tuple[float, ...]]:
    """What the goal wants least of, of the forms of all operators."""
    most_bytes = _bytes(parts, dict.fromkeys(parts, PLAIN))

    def cost(forms: Mapping[int, str]) -> tuple[float, ...]:
        flash, instructions = _bytes(parts, forms), _instructions(parts, forms)
        if goal is Goal.SIZE:
            return flash, instructions
        if goal is Goal.SPEED:
            return instructions, flash
        packed = {op: form for op, form in forms.items() if form != PLAIN}
        slow = _instructions(parts, packed) > SLOWEST_BALANCED * _instructions(parts, dict.fromkeys(packed, PLAIN))
        return slow or flash > most_bytes, 1000 * flash + BALANCED_BYTES_PER_1000 * instructions, flash

    return cost


def _improved(
    parts: Parts, start: Mapping[int, str], cost: Callable[[Mapping[int, str]], tuple[float, ...]]
) -> dict[int, str]:
    """Forms of which none is better alone in another one."""
    best = dict(start)
    while True:
        others = [best | {op: form} for op, forms in parts.items() for form in forms if form != best[op]]
        found = min(others, key=cost, default=best)
        if cost(found) >= cost(best):
            return best
        best = found


def _bytes(parts: Parts, forms: Mapping[int, str]) -> int:
    taken = [parts[op][form] for op, form in forms.items()]
    return sum(part.bytes for part in taken) + code_bytes(frozenset().union(*(part.kernels for part in taken)))


def _instructions(parts: Parts, forms: Mapping[int, str]) -> int:
    return sum(parts[op][form].instructions for op, form in forms.items())


def _lowered(graph: Graph, goal: Goal, forms: Mapping[int, str], packs: Packs) -> Lowered:
    lowering = Lowering(graph, goal, forms, packs)
    lowering.run()
    graph = replace(graph, tensors=tuple(lowering.tensors))
    return Lowered(lowering, graph, *fuse(graph, lowering.layers, goal))


def _parts(trials: Mapping[str, Lowered]) -> Parts:
    """What operators cost, as the network was lowered with each form.

    A pooling that is one call with the convolution before it in some trial counts to that in all of them.
    """
    fused = [layer for trial in trials.values() for layer in trial.layers if layer.parts]
    owners = {part.op: layer.op for layer in fused for part in layer.parts}
    found: dict[int, dict[str, Part]] = {}
    for form, trial in trials.items():
        calls: dict[int, list[Layer]] = {}
        for layer in trial.layers:
            calls.setdefault(owners.get(layer.op, layer.op), []).append(layer)
        for op, layers in calls.items():
            part = Part(
                sum(layer.const_bytes + _WORD * len(layer.params) for layer in layers),
                trial.lowering.instructions.get(op, 0) - sum(saved_instructions(trial.graph, one) for one in layers),
                frozenset(layer.kernel for layer in layers),
            )
            forms = found.setdefault(op, {})
            if form == PLAIN or part != forms[PLAIN]:
                forms[form] = part
    return found
