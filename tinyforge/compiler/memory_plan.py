"""Where activations lie in the arena: smallest first fit over several orders, then a bounded exact search.

Two buffers may share bytes when no call needs both. No plan can be smaller than the largest sum of bytes in use at
one call; the plan says whether it reaches that bound. Inputs and outputs of the model are the caller's buffers,
constants are in flash, states are static: none of them is in the arena.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tinyforge.core.graph import Graph, Layer, MemoryPlan, Slot, Tensor

ALIGN = 4
_MOST_STEPS = 40_000
_MOST_SEARCHED = 64
_MOST_ORDERED = 1024  # above, one order must do: placing n blocks takes n * n steps


@dataclass(frozen=True, slots=True)
class Block:
    """Bytes that move as one: tensors that share them in place, or a scratch buffer.

    Attributes:
        bytes: size, a multiple of 4.
        first, last: calls between which they are in use, inclusive.
        members: (name, tensor index, bytes, first, last) of what lies in it, all at its start.
    """

    bytes: int
    first: int
    last: int
    members: tuple[tuple[str, int, int, int, int], ...]


def plan_memory(graph: Graph, layers: Sequence[Layer], tensors: Sequence[Tensor]) -> MemoryPlan:
    """Place every activation and scratch buffer.

    Args:
        graph: for aliases, inputs and outputs.
        layers: the calls, in order.
        tensors: the graph's, with those lowering added.
    """
    shared = _blocks(graph, layers, tensors, in_place=True)
    best = _plan(shared, len(layers))
    if not best.optimal:
        apart = _plan(_blocks(graph, layers, tensors, in_place=False), len(layers))
        if apart.arena_bytes < best.arena_bytes:
            best = replace(apart, lower_bound_bytes=min(best.lower_bound_bytes, apart.lower_bound_bytes))
    return best


def _aligned(size: int) -> int:
    return (size + ALIGN - 1) // ALIGN * ALIGN


def _blocks(graph: Graph, layers: Sequence[Layer], tensors: Sequence[Tensor], *, in_place: bool) -> list[Block]:
    outside = {graph.root(index) for index in (*graph.inputs, *graph.outputs)}
    outside.update(tensor.index for tensor in tensors if tensor.data is not None or tensor.variable)
    life: dict[int, list[int]] = {}
    for layer in layers:
        for index in (*layer.inputs, *layer.outputs):
            root = graph.root(index)
            if root not in outside and tensors[root].bytes:
                life.setdefault(root, [layer.index, layer.index])[1] = layer.index
    group = {root: root for root in life}
    if in_place:
        for layer in layers:
            for source, target in layer.inplace:
                one, two = graph.root(layer.inputs[source]), graph.root(layer.outputs[target])
                if (
                    one in life
                    and two in life
                    and life[one][1] == layer.index
                    and life[two][0] == layer.index
                    and group[two] == two
                    and _aligned(tensors[two].bytes) <= _aligned(tensors[one].bytes)
                    and [graph.root(index) for index in layer.inputs].count(one) == 1
                ):
                    group[two] = group[one]
    members: dict[int, list[int]] = {}
    for root in life:
        members.setdefault(group[root], []).append(root)
    names = _names(graph, layers)
    blocks = [
        Block(
            max(_aligned(tensors[root].bytes) for root in roots),
            min(life[root][0] for root in roots),
            max(life[root][1] for root in roots),
            tuple((names[root], root, tensors[root].bytes, life[root][0], life[root][1]) for root in roots),
        )
        for roots in members.values()
    ]
    blocks.extend(
        Block(
            _aligned(layer.scratch_bytes),
            layer.index,
            layer.index,
            ((f"{layer.name}_scratch", -1, layer.scratch_bytes, layer.index, layer.index),),
        )
        for layer in layers
        if layer.scratch_bytes
    )
    if any(tensors[root].dtype.bytes > ALIGN for root in life):  # then every block keeps the next one at 8 bytes
        blocks = [replace(block, bytes=(block.bytes + 7) // 8 * 8) for block in blocks]
    return blocks


def _names(graph: Graph, layers: Sequence[Layer]) -> dict[int, str]:
    names: dict[int, str] = {}
    for layer in layers:
        for position, index in enumerate(layer.outputs):
            tail = "out" if len(layer.outputs) == 1 else f"out{position}"
            names.setdefault(graph.root(index), f"{layer.name}_{tail}")
    return names


def _plan(blocks: list[Block], calls: int) -> MemoryPlan:
    in_use = _bytes_in_use(blocks, calls)
    bound = max(in_use, default=0)
    peak = in_use.index(bound) if in_use else 0
    orders: tuple[Callable[[Block], tuple[int, ...]], ...] = (
        lambda block: (-block.bytes, block.first),
        lambda block: (-(block.last - block.first), -block.bytes, block.first),
        lambda block: (block.first, -block.bytes),
        lambda block: (-block.last, -block.bytes),
        lambda block: (-block.bytes * (block.last - block.first + 1), block.first),
    )
    best_offsets: list[int] = []
    best = -1
    for order in orders if len(blocks) <= _MOST_ORDERED else orders[:1]:
        offsets, size = _first_fit(blocks, sorted(range(len(blocks)), key=lambda number: order(blocks[number])))
        if best < 0 or size < best:
            best, best_offsets = size, offsets
        if best == bound:
            break
    if best > bound:
        found = _search(blocks, best, bound)
        if found is not None:
            best_offsets, best = found
    slots = [
        Slot(name, tensor, best_offsets[number], size, first, last)
        for number, block in enumerate(blocks)
        for name, tensor, size, first, last in block.members
    ]
    slots.sort(key=lambda slot: (slot.offset, slot.first, slot.name))
    return MemoryPlan(tuple(slots), max(best, 0), bound, peak)


def _bytes_in_use(blocks: list[Block], calls: int) -> list[int]:
    """Sum of the bytes that each call needs."""
    change = [0] * (calls + 1)
    for block in blocks:
        change[block.first] += block.bytes
        change[block.last + 1] -= block.bytes
    return list(itertools.accumulate(change[:calls]))


def _first_fit(blocks: list[Block], order: list[int]) -> tuple[list[int], int]:
    """Place blocks in an order, each at the lowest offset at which it fits among those before; offsets and size."""
    offsets = [-1] * len(blocks)
    placed: list[tuple[int, int, int, int]] = []  # offset, end, first, last; by offset
    for number in order:
        block = blocks[number]
        at = 0
        for start, end, first, last in placed:
            if first <= block.last and block.first <= last:
                if at + block.bytes <= start:
                    break
                if end > at:  # noqa: PLR1730  # four times as fast as max()
                    at = end
        offsets[number] = at
        bisect.insort(placed, (at, at + block.bytes, block.first, block.last))
    return offsets, max((offsets[number] + blocks[number].bytes for number in order), default=0)


def _search(blocks: list[Block], limit: int, bound: int) -> tuple[list[int], int] | None:
    """Depth-first over orders of first fit, cut at the best size so far; a fixed number of steps, so deterministic."""
    if len(blocks) > _MOST_SEARCHED:
        return None
    best: tuple[list[int], int] | None = None
    placed: list[tuple[int, int, int, int, int]] = []  # offset, end, first, last, block; by offset
    steps = 0

    def visit(left: list[int]) -> None:
        nonlocal best, limit, steps
        if not left:
            offsets = [-1] * len(blocks)
            for at, _, _, _, number in placed:
                offsets[number] = at
            limit = max(end for _, end, _, _, _ in placed)
            best = (offsets, limit)
            return
        tried: set[tuple[int, int, int, int]] = set()
        for number in left:
            if steps >= _MOST_STEPS or limit == bound:
                return
            steps += 1
            block = blocks[number]
            at = 0
            for start, end, first, last, _ in placed:
                if first <= block.last and block.first <= last:
                    if at + block.bytes <= start:
                        break
                    if end > at:  # noqa: PLR1730  # four times as fast as max()
                        at = end
            key = (block.bytes, block.first, block.last, at)
            if at + block.bytes >= limit or key in tried:
                continue
            tried.add(key)
            entry = (at, at + block.bytes, block.first, block.last, number)
            bisect.insort(placed, entry)
            visit([other for other in left if other != number])
            placed.remove(entry)

    visit(sorted(range(len(blocks)), key=lambda number: -blocks[number].bytes))
    return best
