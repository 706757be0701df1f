"""The best form of each operator's weights, of what each costs in each form: the search of ``forms.py``.

What kernels an operator needs is what ties operators together: their code is paid once. Of some set of kernels each
operator takes the form that is best for it alone, so sets of kernels are tried, not combinations of forms.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations

import numpy as np

from tinyforge.compiler.code_bytes import code_bytes
from tinyforge.compiler.goal import BALANCED_BYTES_PER_1000, Goal
from tinyforge.compiler.packing import PLAIN, SLOWEST_BALANCED
from tinyforge.core.graph import Array

_MOST_SETS = 8  # kernels that may be there or not, of which all sets are tried
_NEVER = 1 << 62
_SHARES = tuple(64 * 2.0**power for power in range(-7, 8))  # of a thousand instructions: where 64 breaks a limit
Choice = tuple[int, ...]
Cost = tuple[float, ...]


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


def choose(parts: Parts, goal: Goal) -> dict[int, str]:
    """The form of each operator.

    Of some set of kernels each operator takes the form that is best for it; which sets are tried is bounded, so time
    grows with the number of operators. What the best set gives is improved one operator at a time.

    Args:
        parts: what they cost.
        goal: which costs count, and how.
    """
    space = _Space(parts, goal)
    names = sorted({form for forms in parts.values() for form in forms})
    alike = (tuple(own.index(name) if name in own else len(own) - 1 for own in space.forms) for name in names)
    starts = [space.polished(start) for start in (space.plain, *alike)]
    found = min((*starts, *space.by_kernels(starts)), key=space.cost)
    best = min((*starts, space.polished(found)), key=space.cost)
    return dict(zip(parts, (space.forms[op][form] for op, form in enumerate(best)), strict=True))


class _Space:
    """All forms of all operators of a network, and what they cost together.

    Args:
        parts: of each operator.
        goal: what counts.
    """

    def __init__(self, parts: Parts, goal: Goal) -> None:
        self.goal = goal
        self.forms = [list(forms) for forms in parts.values()]
        self._parts = [list(forms.values()) for forms in parts.values()]
        self.plain: Choice = tuple(forms.index(PLAIN) for forms in self.forms)
        self._kernels = sorted({kernel for own in self._parts for part in own for kernel in part.kernels})
        bits = {kernel: 1 << number for number, kernel in enumerate(self._kernels)}
        self._masks = [[sum(bits[kernel] for kernel in part.kernels) for part in own] for own in self._parts]
        self._code: dict[int, int] = {}
        self._totals = self._totals_of(self.plain)
        self._most_bytes = self._totals[0] + self._code_of(self._totals[3])
        width = max(map(len, self._parts), default=0)
        shape = (len(self._parts), width)
        self._bytes, self._instructions, self._needs = (np.full(shape, _NEVER, np.int64) for _ in range(3))
        for op, own in enumerate(self._parts):
            self._bytes[op, : len(own)] = [part.bytes for part in own]
            self._instructions[op, : len(own)] = [part.instructions for part in own]
            self._needs[op, : len(own)] = self._masks[op]

    def _code_of(self, mask: int) -> int:
        if mask not in self._code:
            self._code[mask] = code_bytes({name for number, name in enumerate(self._kernels) if mask >> number & 1})
        return self._code[mask]

    def _totals_of(self, choice: Choice) -> tuple[int, int, int, int]:
        """Bytes without code, instructions, those of packed operators beyond what they may take, kernels."""
        size = instructions = beyond = mask = 0
        for op, form in enumerate(choice):
            part = self._parts[op][form]
            size, instructions, mask = size + part.bytes, instructions + part.instructions, mask | self._masks[op][form]
            beyond += self._beyond(op, form)
        return size, instructions, beyond, mask

    def _beyond(self, op: int, form: int) -> int:
        if form == self.plain[op]:
            return 0
        plain = self._parts[op][self.plain[op]].instructions
        return int(self._parts[op][form].instructions - SLOWEST_BALANCED * plain)

    def _judged(self, size: int, instructions: int, beyond: int, mask: int) -> Cost:
        flash = size + self._code_of(mask)
        if self.goal is Goal.SIZE:
            return flash, instructions
        if self.goal is Goal.SPEED:
            return instructions, flash
        breaks = beyond > 0 or flash > self._most_bytes
        return breaks, 1000 * flash + BALANCED_BYTES_PER_1000 * instructions, flash

    def cost(self, choice: Choice) -> Cost:
        """What the goal wants least of."""
        return self._judged(*self._totals_of(choice))

    def by_kernels(self, starts: Sequence[Choice]) -> Iterator[Choice]:
        """For sets of kernels, the best form of each operator that needs no other.

        Args:
            starts: whose kernels are the sets from which it goes on, where there are too many to try all.
        """
        fixed = 0
        for own in self._masks:
            fixed |= reduce(operator.and_, own)
        free = [1 << number for number in range(len(self._kernels)) if not fixed >> number & 1]
        if len(free) <= _MOST_SETS:
            for count in range(len(free) + 1):
                for some in combinations(free, count):
                    yield from self._best_with(fixed | sum(some))
            return
        for mask in {fixed | sum(free), *(self._totals_of(start)[3] for start in starts)}:
            yield from self._climb(mask, free)

    def _climb(self, mask: int, free: Sequence[int]) -> Iterator[Choice]:
        """One kernel or two more or less, as long as that is better."""
        moves = [0, *free, *(one | other for one, other in combinations(free, 2))]
        cost: Cost | None = None
        while True:
            nearby = [(mask ^ move, choice) for move in moves for choice in self._best_with(mask ^ move)]
            found, choice = min(nearby, key=lambda near: self.cost(near[1]))
            if cost is not None and self.cost(choice) >= cost:
                return
            yield choice
            mask, cost = found, self.cost(choice)

    def _best_with(self, mask: int) -> Iterator[Choice]:
        """Of these kernels, where they are enough: for `balanced` at several prices, as one may break a limit."""
        barred = (self._needs & ~mask) != 0
        if barred.all(axis=1).any():
            return
        size, instructions = self._bytes.astype(float), self._instructions.astype(float)
        if self.goal is Goal.BALANCED:
            prices = [1000 * size + BALANCED_BYTES_PER_1000 * instructions]
            found = self._least(prices[0], barred)
            yield found
            if not self.cost(found)[0]:
                return
            prices = [1000 * size + share * instructions for share in _SHARES]
        else:
            prices = [size + instructions * 2.0**-32 if self.goal is Goal.SIZE else instructions + size * 2.0**-32]
        for price in prices:
            yield self._least(price, barred)

    @staticmethod
    def _least(price: Array, barred: Array) -> Choice:
        return tuple(np.where(barred, np.inf, price).argmin(axis=1).tolist())

    def polished(self, choice: Choice) -> Choice:
        """Forms of which none is better alone in another one."""
        best = list(choice)
        size, instructions, beyond, _ = self._totals_of(choice)
        used = [0] * len(self._kernels)
        for op, form in enumerate(best):
            for number in self._numbers(op, form):
                used[number] += 1
        cost, changed = self.cost(choice), True
        while changed:
            changed = False
            for op, own in enumerate(self._parts):
                for number in self._numbers(op, best[op]):
                    used[number] -= 1
                others = sum(1 << number for number, count in enumerate(used) if count)
                for form, part in enumerate(own):
                    now = own[best[op]]
                    totals = (
                        size + part.bytes - now.bytes,
                        instructions + part.instructions - now.instructions,
                        beyond + self._beyond(op, form) - self._beyond(op, best[op]),
                    )
                    judged = self._judged(*totals, others | self._masks[op][form])
                    if judged < cost:
                        cost, changed, best[op] = judged, True, form
                        size, instructions, beyond = totals
                for number in self._numbers(op, best[op]):
                    used[number] += 1
        return tuple(best)

    def _numbers(self, op: int, form: int) -> list[int]:
        mask = self._masks[op][form]
        return [number for number in range(len(self._kernels)) if mask >> number & 1]
