"""Which candidates nobody beats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Candidate:
    """A finished trial.

    Attributes:
        number: of the trial.
        macro_f1: of the int8 network on validation windows, 0..1.
        flash_bytes: what the network adds to a linked image; ``ram_bytes`` likewise.
        instructions: of one inference, measured.
        drawn: see :meth:`tinyforge.search.space.Drawn.as_json`.
    """

    number: int
    macro_f1: float
    flash_bytes: int
    ram_bytes: int
    instructions: int
    drawn: Mapping[str, Any]

    def beats(self, other: Candidate) -> bool:
        """Whether this one is nowhere worse and somewhere better: F1, flash, instructions."""
        mine, theirs = self.figures(), other.figures()
        return mine != theirs and all(a <= b for a, b in zip(mine, theirs, strict=True))

    def figures(self) -> tuple[float, int, int]:
        """What candidates are compared by; less is better."""
        return -self.macro_f1, self.flash_bytes, self.instructions


def front_of(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Those that no other beats, the best first; of equal ones the first."""
    front: list[Candidate] = []
    for one in sorted(candidates, key=lambda candidate: (candidate.figures(), candidate.number)):
        same = any(one.figures() == other.figures() for other in front)
        if not same and not any(other.beats(one) for other in candidates):
            front.append(one)
    return tuple(front)
