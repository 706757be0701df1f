"""Which form the weights of each layer take, plain or packed: a choice that sees the whole network.

A kernel's code is paid once, whoever calls it. So a layer that gains little pays where it is the last one that calls
another kernel, and one that gains much may not pay if it is the only one to need a kernel. The network is lowered once
with every form that its layers offer (``Lowering.form``), and calls are put together (``fuse``); then sets of kernels
are searched (``form_choice.py``). Only a network whose layers offer forms is lowered more than once.

Better is, for

- ``size``: less flash;
- ``speed``: fewer instructions;
- ``balanced``: less flash by 64 bytes for each thousand instructions, where the packed layers together take at most
  twice the instructions of plain ones, and flash is not more than that of the network with plain weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from tinyforge.compiler.code_bytes import code_bytes
from tinyforge.compiler.form_choice import Part, Parts, choose
from tinyforge.compiler.fuse import fuse
from tinyforge.compiler.goal import BALANCED_BYTES_PER_1000, Goal
from tinyforge.compiler.lowering import Lowering, Packs
from tinyforge.compiler.packing import FEW, MANY, PLAIN, SLOWEST_BALANCED
from tinyforge.core.graph import Array, DType, Graph, Layer, Op

_WORD = 4  # bytes of a member of a kernel's structure
_CHOSEN = "chosen"  # the trial with the forms that were chosen
_LEAST_WEIGHTS = 64  # of some layer: fewer take few values however they were trained, and are slower packed


@dataclass(frozen=True, eq=False, slots=True)
class Lowered:
    """A network as calls.

    Attributes:
        lowering: states, tensors, and what forms the layers offer.
        forms: of operators' weights, by index, those that are not plain.
        graph: with the tensors that lowerings added.
        layers: the calls, put together where that pays.
        log: what was put together.
    """

    lowering: Lowering
    forms: Mapping[int, str]
    graph: Graph
    layers: list[Layer]
    log: list[str]


def lower(graph: Graph, goal: Goal) -> Lowered:
    """Lower a graph with the forms that the goal wants.

    Which calls become one is decided before forms are, and what a layer takes alone before others are known: under
    ``size``, what the other goals chose may be smaller.

    Args:
        graph: after the passes.
        goal: what a faster form may cost.

    Raises:
        UnsupportedModelError: an operator cannot be lowered.
    """
    packs: Packs = {}
    found = _searched(graph, goal, packs)
    if goal is not Goal.SIZE:
        return found
    return min(found, *(_searched(graph, other, packs) for other in (Goal.BALANCED, Goal.SPEED)), key=_size)


def _size(one: Lowered) -> int:
    """Flash, with arrays that several calls hold counted once."""
    arrays = {value.tobytes(): value.nbytes for value in _arrays(one.layers)}
    twice = sum(value.nbytes for value in _arrays(one.layers)) - sum(arrays.values())
    return _flash_bytes(one.layers) - twice


def _arrays(layers: list[Layer]) -> Iterator[Array]:
    return (value for layer in layers for value in layer.params.values() if isinstance(value, np.ndarray))


def _searched(graph: Graph, goal: Goal, packs: Packs) -> Lowered:
    """With the forms that a goal wants, as far as they are searched."""
    plain = lowered(graph, goal, {}, packs)
    offers = plain.lowering.offers
    most = max((_weights(op, graph) for op in graph.ops if op.index in offers), default=0)
    if most < _LEAST_WEIGHTS and goal is not Goal.SIZE:
        kept = ((op, tuple(form for form in forms if form in {FEW, MANY})) for op, forms in offers.items())
        offers = {op: forms for op, forms in kept if forms}
    trials = {PLAIN: plain}
    for form in sorted({form for forms in offers.values() for form in forms}):
        trials[form] = lowered(graph, goal, {op: form for op, forms in offers.items() if form in forms}, packs)
    chosen = {op: form for op, form in choose(_parts(trials), goal).items() if form != PLAIN}
    if chosen:
        trials[_CHOSEN] = lowered(graph, goal, chosen, packs)
    return _best(trials, goal)


def _weights(op: Op, graph: Graph) -> int:
    """Of all its matrices: a recurrent layer has one for each gate and source."""
    inputs = (graph.tensors[index] for index in op.inputs if index >= 0)
    return sum(one.elements for one in inputs if one.data is not None and one.dtype is DType.INT8)


def _best(trials: Mapping[str, Lowered], goal: Goal) -> Lowered:
    """The best network as a whole: with other forms beside it, a plain layer may call another kernel than it did."""
    plain = trials[PLAIN]
    return min(trials.values(), key=lambda trial: _cost(trial, plain, goal))


def _cost(trial: Lowered, plain: Lowered, goal: Goal) -> tuple[float, ...]:
    """What the goal wants least of."""
    flash, instructions = _flash_bytes(trial.layers), sum(layer.instructions for layer in trial.layers)
    if goal is Goal.SIZE:
        return flash, instructions
    if goal is Goal.SPEED:
        return instructions, flash
    packed = {*trial.forms}.union(part.op for layer in trial.layers if layer.op in trial.forms for part in layer.parts)
    taken, most = (sum(layer.instructions for layer in one.layers if layer.op in packed) for one in (trial, plain))
    breaks = taken > SLOWEST_BALANCED * most or flash > _flash_bytes(plain.layers)
    return breaks, 1000 * flash + BALANCED_BYTES_PER_1000 * instructions, flash


def _flash_bytes(layers: list[Layer]) -> int:
    """Of calls: constants, parameters, and code as far as it is listed."""
    return sum(map(_own_bytes, layers)) + code_bytes({layer.kernel for layer in layers})


def _own_bytes(layer: Layer) -> int:
    return layer.const_bytes + _WORD * len(layer.params)


def lowered(graph: Graph, goal: Goal, forms: Mapping[int, str], packs: Packs) -> Lowered:
    """The calls of a graph with some forms.

    Args:
        graph: after the passes.
        goal: decides all else.
        forms: of operators' weights, by index; of others plain ones.
        packs: what was packed before, to which more is added.
    """
    lowering = Lowering(graph, goal, forms, packs)
    lowering.run()
    graph = replace(graph, tensors=tuple(lowering.tensors))
    return Lowered(lowering, forms, graph, *fuse(graph, lowering.layers, goal))


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
            if form == PLAIN or op in trial.forms:
                found.setdefault(op, {})[form] = Part(
                    sum(map(_own_bytes, layers)),
                    sum(layer.instructions for layer in layers),
                    frozenset(layer.kernel for layer in layers),
                )
    return found
