"""How small an arena can be at best: two proofs, the better of which counts.

**What a call needs.** Everything in use at a call lies in the arena then. A call's output and the inputs it may overlap
count as what they cover at the least distance.

**Chains.** In an arena of S bytes, two buffers of one call that are too large to lie apart in it, beside everything
else the call needs, must overlap, and then the input begins at least the least distance behind the output. Each such
step moves the arena's end, and so does a call's scratch before or behind its two buffers: where that adds up to more
than S, there is no plan of S bytes. The greatest such S,
found by bisection, is a bound: for a chain of equal layers it is their size plus all distances.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinyforge.compiler.memory_plan import Problem


def lower_bound(problem: Problem) -> int:
    """No plan can be smaller, in bytes."""
    low = max(bytes_at(problem), default=0)
    high = max(low, sum(block.room for block in problem.blocks))
    if not problem.pairs or low == high:
        return low
    apart = _least_apart(problem)
    if _fits(problem, apart, low):
        return low
    while high - low > problem.align:  # low does not fit, high does
        middle = (low + high) // 2 // problem.align * problem.align
        if _fits(problem, apart, middle):
            high = middle
        else:
            low = middle
    return high


def bytes_at(problem: Problem) -> list[int]:
    """Bytes that each call needs, with its overlaps at their least distances."""
    change = [0] * (problem.calls + 1)
    for block in problem.blocks:
        change[block.first] += block.room
        change[block.last + 1] -= block.room
    needs = list(itertools.accumulate(change[: problem.calls]))
    for call, saved in _saved(problem).items():
        needs[call] -= saved
    return needs


def covered(input_room: int, output_room: int, distance: int) -> int:
    """Bytes that an input and an output cover together at the least."""
    return min(input_room + output_room, max(output_room, input_room, max(distance, 0) + input_room))


def _saved(problem: Problem) -> dict[int, int]:
    """Bytes that overlaps save at most, by call."""
    saved: dict[int, int] = {}
    blocks = problem.blocks
    outputs: dict[int, list[tuple[int, int]]] = {}
    for pair in problem.pairs:
        source, target = blocks[pair.input].room, blocks[pair.output].room
        outputs.setdefault(pair.output, []).append((source, source + target - covered(source, target, pair.distance)))
    for number, found in outputs.items():
        # several inputs lie apart from each other: the output can cover no more than its own bytes of them
        most = min(blocks[number].room, sum(one for _, one in found))
        call = blocks[number].first
        saved[call] = saved.get(call, 0) + most
    return saved


def _least_apart(problem: Problem) -> list[int]:
    """For each pair, an arena below which its two blocks cannot lie apart."""
    needs = bytes_at(problem)
    blocks = problem.blocks
    limits = []
    for pair in problem.pairs:
        source, target = blocks[pair.input].room, blocks[pair.output].room
        lone = len([other for other in problem.pairs if other.output == pair.output]) == 1
        rest = 0
        if lone:  # what the call needs beside the two
            rest = needs[blocks[pair.output].first] - covered(source, target, pair.distance)
        limits.append(source + target + rest)
    return limits


def _fits(problem: Problem, apart: list[int], size: int) -> bool:
    """Whether the distances of all pairs that must overlap in an arena of so many bytes leave room in it."""
    blocks = problem.blocks
    # pairs by the call of their output, latest first: an output's own offset is final when its input is moved
    order = sorted(range(len(problem.pairs)), key=lambda number: -blocks[problem.pairs[number].output].first)
    least = [0] * len(blocks)
    alone: dict[int, int] = {}
    for block_number, block in enumerate(blocks):
        if block.first == block.last and block_number not in problem.partners:
            alone[block.first] = max(alone.get(block.first, 0), block.room)
    for number in order:
        pair = problem.pairs[number]
        if apart[number] > size:
            least[pair.input] = max(least[pair.input], least[pair.output] + pair.distance)
            # what the call alone needs lies behind the two, which hang together, or before them
            beside = alone.get(blocks[pair.output].first, 0)
            if least[pair.input] + blocks[pair.input].room + beside > size:
                least[pair.output] = max(least[pair.output], beside)
                least[pair.input] = max(least[pair.input], least[pair.output] + pair.distance)
    return all(start + block.room <= size for start, block in zip(least, blocks, strict=True))
