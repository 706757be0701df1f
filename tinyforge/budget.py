"""What a linked image takes against what it may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tinyforge.core.errors import CheckFailed
from tinyforge.core.types import Footprint, SizeBudget


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """One limit.

    Attributes:
        name: as in :class:`SizeBudget`: ``flash_bytes``, ``ram_bytes``, ``stack_bytes``, ``instructions``.
        unit: ``B`` or ``instructions``.
        limit: at most so much; None when there is no limit.
        value: what it is; None when it was not measured.
        ok: within the limit. A limit whose value was not measured is not met.
        headroom: limit - value, negative when broken; None when either is missing.
    """

    name: str
    unit: str
    limit: int | None
    value: int | None
    ok: bool
    headroom: int | None

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.name}: not measured" + ("" if self.limit is None else f", limit {self.limit} {self.unit}")
        if self.limit is None or self.headroom is None:
            return f"{self.name}: {self.value} {self.unit}, no limit"
        left = f"{self.headroom} left" if self.ok else f"{-self.headroom} too many"
        return f"{self.name}: {self.value} of {self.limit} {self.unit}, {left}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """All limits of a budget.

    Attributes:
        lines: in the order of :class:`SizeBudget`; those without a limit are in, and ok.
    """

    lines: tuple[BudgetLine, ...]

    @property
    def ok(self) -> bool:
        """Every limit is met."""
        return all(line.ok for line in self.lines)

    @property
    def broken(self) -> tuple[BudgetLine, ...]:
        """The limits that are not met."""
        return tuple(line for line in self.lines if not line.ok)

    def require(self, place: str) -> None:
        """Do nothing when every limit is met.

        Raises:
            CheckFailed: one is not; names each of them.
        """
        if not self.ok:
            raise CheckFailed(
                place,
                "over budget: " + "; ".join(str(line) for line in self.broken),
                "make the model smaller, or raise the limit on purpose",
            )

    def to_json(self) -> dict[str, Any]:
        """JSON-able values: ``ok`` and ``lines`` with the attributes' names."""
        return {
            "ok": self.ok,
            "lines": [
                {
                    "name": line.name,
                    "unit": line.unit,
                    "limit": line.limit,
                    "value": line.value,
                    "ok": line.ok,
                    "headroom": line.headroom,
                }
                for line in self.lines
            ],
        }


def check(footprint: Footprint, instructions: int | None, budget: SizeBudget) -> Verdict:
    """Hold a linked image and its cost against a budget; a value equal to its limit is met.

    Args:
        footprint: of the linked image; ``stack_bytes`` 0 means that it was not measured.
        instructions: of one inference; None when they were not counted.
        budget: the limits.
    """
    values: Mapping[str, tuple[str, int | None, int | None]] = {
        "flash_bytes": ("B", budget.flash_bytes, footprint.flash_bytes),
        "ram_bytes": ("B", budget.ram_bytes, footprint.ram_bytes),
        "stack_bytes": ("B", budget.stack_bytes, footprint.stack_bytes or None),
        "instructions": ("instructions", budget.instructions, instructions),
    }
    lines = []
    for name, (unit, limit, value) in values.items():
        headroom = None if limit is None or value is None else limit - value
        ok = limit is None or (headroom is not None and headroom >= 0)
        lines.append(BudgetLine(name, unit, limit, value, ok, headroom))
    return Verdict(tuple(lines))
