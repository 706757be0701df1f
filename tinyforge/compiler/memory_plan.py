"""Where activations lie in the arena: first fit over several orders, then a bounded exact search.

Two buffers may share bytes when no call needs both, or when one is a call's output, the other an input that nobody
reads after that call, and the kernel allows it (``core.graph.Overlap``): then the output may follow so many bytes
behind the input. Inputs and outputs of the model are the caller's buffers, constants are in flash, states are static:
none of them is in the arena. How small an arena can be is proven by ``compiler.lower_bound``.
"""

from __future__ import annotations

import bisect
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tinyforge.compiler.lower_bound import bytes_at, lower_bound
from tinyforge.core.graph import Graph, Layer, MemoryPlan, Slot, Tensor

ALIGN = 4
_MOST_STEPS = 40_000
_MOST_SEARCHED = 64
_MOST_PLACED = 2_000_000  # steps of first fits around pivots
_MOST_EXCHANGES = 1000
_MOST_ORDERED = 1024  # above, one order must do: placing n blocks takes n * n steps


@dataclass(frozen=True, slots=True)
class Block:
    """A tensor or a scratch buffer.

    Attributes:
        name: C identifier.
        tensor: tensor index; -1 for scratch.
        bytes: what is used.
        first, last: calls between which it is in use, inclusive.
        room: bytes it takes: ``bytes`` up to a multiple of the alignment; set by the planner.
    """

    name: str
    tensor: int
    bytes: int
    first: int
    last: int
    room: int = 0


@dataclass(frozen=True, slots=True)
class Pair:
    """Two blocks in use at one call that may share bytes.

    Attributes:
        input, output: positions of the blocks.
        distance: the input begins at least so many bytes behind the output's begin (less than 0: it may begin before).
        multiple: of the distance.
    """

    input: int
    output: int
    distance: int
    multiple: int


@dataclass(frozen=True, slots=True)
class Problem:
    """What is to be placed.

    Attributes:
        blocks: all buffers.
        pairs: those that may overlap.
        calls: how many there are.
        align: every offset is a multiple of it.
    """

    blocks: tuple[Block, ...]
    pairs: tuple[Pair, ...]
    calls: int
    align: int = ALIGN
    partners: Mapping[int, Mapping[int, Pair]] = field(init=False)

    def __post_init__(self) -> None:
        """Round to the alignment; a distance at which the two lie apart is none."""
        rooms = tuple(replace(block, room=_up(block.bytes, self.align)) for block in self.blocks)
        partners: dict[int, dict[int, Pair]] = {}
        kept = []
        for pair in self.pairs:
            multiple = math.lcm(pair.multiple, self.align)
            rounded = replace(pair, distance=_up(pair.distance, multiple), multiple=multiple)
            if rounded.distance < rooms[pair.output].room:
                kept.append(rounded)
                partners.setdefault(pair.input, {})[pair.output] = rounded
                partners.setdefault(pair.output, {})[pair.input] = rounded
        object.__setattr__(self, "blocks", rooms)
        object.__setattr__(self, "pairs", tuple(kept))
        object.__setattr__(self, "partners", partners)


def plan_memory(graph: Graph, layers: Sequence[Layer], tensors: Sequence[Tensor]) -> MemoryPlan:
    """Place every activation and scratch buffer.

    Args:
        graph: for aliases, inputs and outputs.
        layers: the calls, in order.
        tensors: the graph's, with those lowering added.
    """
    return solve(_problem(graph, layers, tensors))


def _up(size: int, multiple: int) -> int:
    return -(-size // multiple) * multiple


def _problem(graph: Graph, layers: Sequence[Layer], tensors: Sequence[Tensor]) -> Problem:
    outside = {graph.root(index) for index in (*graph.inputs, *graph.outputs)}
    outside.update(tensor.index for tensor in tensors if tensor.data is not None or tensor.variable)
    life: dict[int, list[int]] = {}
    names: dict[int, str] = {}
    for layer in layers:
        for index in (*layer.inputs, *layer.outputs):
            root = graph.root(index)
            if root not in outside and tensors[root].bytes:
                life.setdefault(root, [layer.index, layer.index])[1] = layer.index
        for position, index in enumerate(layer.outputs):
            tail = "out" if len(layer.outputs) == 1 else f"out{position}"
            names.setdefault(graph.root(index), f"{layer.name}_{tail}")
    number = {root: position for position, root in enumerate(life)}
    blocks = [Block(names[root], root, tensors[root].bytes, *life[root]) for root in life]
    blocks.extend(
        Block(f"{layer.name}_scratch", -1, layer.scratch_bytes, layer.index, layer.index)
        for layer in layers
        if layer.scratch_bytes
    )
    pairs = []
    for layer in layers:
        for overlap in layer.overlaps:
            source, target = graph.root(layer.inputs[overlap.input]), graph.root(layer.outputs[overlap.output])
            if (
                source in life
                and target in life
                and life[source][1] == layer.index
                and life[target][0] == layer.index
                and [graph.root(index) for index in layer.inputs].count(source) == 1
            ):
                pairs.append(Pair(number[source], number[target], overlap.distance_bytes, overlap.multiple_bytes))
    align = max([ALIGN, *(tensors[root].dtype.bytes for root in life)])
    return Problem(tuple(blocks), tuple(pairs), len(layers), align)


def solve(problem: Problem) -> MemoryPlan:
    """The smallest plan found, and what is proven about how small one can be."""
    blocks = problem.blocks
    in_use = bytes_at(problem)
    bound = lower_bound(problem)
    peak = in_use.index(max(in_use)) if in_use else 0
    best_offsets: list[int] = []
    best = -1
    best_order: list[int] = []
    for order in _orders(problem):
        offsets, size = _first_fit(problem, order)
        if best < 0 or size < best:
            best, best_offsets, best_order = size, offsets, order
        if best == bound:
            break
    if best > bound:
        best, best_offsets = _exchanged(problem, best_order, best, best_offsets, bound)
    if best > bound and len(blocks) <= _MOST_SEARCHED:
        search = _Search(problem, best, bound)
        search.run()
        best, best_offsets = search.limit, search.offsets or best_offsets
        if search.complete:
            bound = best
    slots = [
        Slot(block.name, block.tensor, best_offsets[number], block.bytes, block.first, block.last)
        for number, block in enumerate(blocks)
    ]
    slots.sort(key=lambda slot: (slot.offset, slot.first, slot.name))
    return MemoryPlan(tuple(slots), max(best, 0), bound, peak)


def _exchanged(problem: Problem, order: list[int], best: int, offsets: list[int], bound: int) -> tuple[int, list[int]]:
    """A better plan by exchanging two blocks of an order at a time; the same turns for the same problem."""
    turn = random.Random(0)  # noqa: S311  # no secret
    for _ in range(min(_MOST_EXCHANGES, _MOST_PLACED // max(len(order), 1) ** 2)):
        one, two = turn.randrange(len(order)), turn.randrange(len(order))
        other = list(order)
        other[one], other[two] = other[two], other[one]
        found, size = _first_fit(problem, other)
        if size <= best:
            best, offsets, order = size, found, other
        if best == bound:
            break
    return best, offsets


def _orders(problem: Problem) -> Iterator[list[int]]:
    """Orders in which blocks are placed, the likeliest first."""
    blocks = problem.blocks
    for key in _KEYS if len(blocks) <= _MOST_ORDERED else _KEYS[:1]:
        yield sorted(range(len(blocks)), key=lambda number: key(blocks[number]))
    # what is in use at one call, then outwards from it: inputs behind their outputs
    needs = bytes_at(problem)
    pivots = sorted(range(problem.calls), key=lambda call: -needs[call])
    for pivot in pivots[: _MOST_PLACED // max(len(blocks), 1) ** 2]:
        around = [number for number, block in enumerate(blocks) if block.first <= pivot <= block.last]
        before = [number for number, block in enumerate(blocks) if block.last < pivot]
        after = [number for number, block in enumerate(blocks) if block.first > pivot]
        around.sort(key=lambda number: (-blocks[number].first, -blocks[number].room))
        before.sort(key=lambda number: (-blocks[number].last, -blocks[number].room))
        after.sort(key=lambda number: (blocks[number].first, -blocks[number].room))
        for order in ([*around, *before, *after], [*around, *after, *before]):
            yield order
            yield sorted(order, key=lambda number: blocks[number].tensor < 0)  # scratch into what is left between


_KEYS: tuple[Callable[[Block], tuple[int, ...]], ...] = (
    # what is later goes lower: an input lies behind the output that overlaps it
    lambda block: (-block.room, -block.first),
    lambda block: (-block.first, -block.room),
    lambda block: (-block.last, -block.room),
    lambda block: (block.tensor < 0, -block.last, -block.room),
    lambda block: (block.tensor < 0, -block.room, -block.first),
    lambda block: (-(block.last - block.first), -block.room, -block.first),
    lambda block: (-block.room * (block.last - block.first + 1), -block.first),
    lambda block: (block.first, -block.room),
)


def _first_fit(problem: Problem, order: list[int]) -> tuple[list[int], int]:
    """Place blocks in an order, each at the lowest offset at which it fits among those before; offsets and size."""
    offsets = [-1] * len(problem.blocks)
    placed: list[tuple[int, int, int, int, int]] = []  # offset, end, first, last, block; by offset
    for number in order:
        at = _lowest(problem, number, placed)
        offsets[number] = at
        block = problem.blocks[number]
        bisect.insort(placed, (at, at + block.room, block.first, block.last, number))
    return offsets, max((end for _, end, _, _, _ in placed), default=0)


def _lowest(problem: Problem, number: int, placed: list[tuple[int, int, int, int, int]]) -> int:
    """The lowest offset at which a block fits among those placed."""
    block = problem.blocks[number]
    room, first_call, last_call = block.room, block.first, block.last
    partners = problem.partners.get(number)
    at = 0
    while True:
        before = at
        for start, end, first, last, other in placed:
            if first <= last_call and first_call <= last and end > at and start < at + room:
                pair = partners.get(other) if partners else None
                at = end if pair is None else _beside(pair, at, start, end, behind=pair.input == number)
        if at == before or partners is None:
            break
    return at


def _beside(pair: Pair, at: int, start: int, end: int, *, behind: bool) -> int:
    """The lowest offset from ``at`` on of a block whose partner lies at ``start`` to ``end``.

    Args:
        pair: how near they may lie.
        at: not apart from the partner.
        start, end: of the partner.
        behind: the block is the pair's input.
    """
    if behind:
        found = max(at, start + pair.distance)
        found += (start - found) % pair.multiple
    else:
        found = at + (start - at) % pair.multiple
        if found > start - pair.distance:
            return end
    return min(found, end)


class _Search:
    """Depth-first over orders of first fit, cut at the best size so far; a fixed number of steps, so deterministic.

    Attributes:
        limit: the best size so far.
        offsets: that reach it; empty when nothing better than the given limit was found.
        complete: whether every order was tried or could not be better, and some order gives the smallest plan there
            is: when no input may begin before its output and no distance is a multiple of more than the alignment.
    """

    def __init__(self, problem: Problem, limit: int, bound: int) -> None:
        self.limit = limit
        self.offsets: list[int] = []
        self._problem = problem
        self._bound = bound
        self._steps = 0
        self._placed: list[tuple[int, int, int, int, int]] = []

    @property
    def complete(self) -> bool:
        return self._steps < _MOST_STEPS and all(
            pair.distance >= 0 and pair.multiple == self._problem.align for pair in self._problem.pairs
        )

    def run(self) -> None:
        blocks = self._problem.blocks
        self._visit(sorted(range(len(blocks)), key=lambda number: (-blocks[number].room, -blocks[number].first)))

    def _visit(self, left: list[int]) -> None:
        if not left:
            self.offsets = [-1] * len(self._placed)
            for at, _, _, _, number in self._placed:
                self.offsets[number] = at
            self.limit = max(end for _, end, _, _, _ in self._placed)
            return
        tried: set[tuple[int, int, int, int]] = set()
        for number in left:
            if self._steps >= _MOST_STEPS or self.limit == self._bound:
                return
            self._steps += 1
            block = self._problem.blocks[number]
            at = _lowest(self._problem, number, self._placed)
            if at + block.room >= self.limit:
                continue
            if number not in self._problem.partners:  # equal blocks need be tried once
                key = (block.room, block.first, block.last, at)
                if key in tried:
                    continue
                tried.add(key)
            entry = (at, at + block.room, block.first, block.last, number)
            bisect.insort(self._placed, entry)
            self._visit([other for other in left if other != number])
            self._placed.remove(entry)
