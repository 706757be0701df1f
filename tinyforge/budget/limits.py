"""What a model takes and how good it is, against what it may take and must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tinyforge.core.errors import CheckFailed
from tinyforge.core.types import Footprint, SizeBudget

SHARE = "share"


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """One limit.

    Attributes:
        name: as in :class:`SizeBudget`.
        unit: ``B``, ``instructions``, ``us``; ``share`` for what must be at least the limit.
        limit: at most so much, of a share at least so much; None when there is no limit.
        value: what it is; None when it was not measured.
        ok: the limit is kept. A limit whose value was not measured is not kept.
        headroom: how far the value is on the good side of the limit, negative when broken; None when either is missing.
        said: more about the value, for instance an interval; may be empty.
    """

    name: str
    unit: str
    limit: float | None
    value: float | None
    ok: bool
    headroom: float | None
    said: str = ""

    def number(self, value: float) -> str:
        """A value of this line as text: shares in per cent, counts whole."""
        return f"{100 * value:.2f} %" if self.unit == SHARE else f"{value:.0f} {self.unit}"

    def __str__(self) -> str:
        if self.value is None:
            limit = "" if self.limit is None else f", limit {self.number(self.limit)}"
            return f"{self.name}: not measured{limit}"
        said = f" {self.said}" if self.said else ""
        if self.limit is None or self.headroom is None:
            return f"{self.name}: {self.number(self.value)}{said}, no limit"
        if self.unit == SHARE:
            verdict = "kept" if self.ok else f"{-100 * self.headroom:.2f} points too few"
            return f"{self.name}: {self.number(self.value)}{said}, at least {self.number(self.limit)}, {verdict}"
        left = f"{self.headroom:.0f} left" if self.ok else f"{-self.headroom:.0f} too many"
        return f"{self.name}: {self.value:.0f} of {self.number(self.limit)}, {left}"


@dataclass(frozen=True, slots=True)
class Quality:
    """What is measured of a model beside its size; None where it was not.

    Attributes:
        latency_us: estimated time of one inference at the board's clock.
        accuracy: share of the test windows that are answered right.
        accuracy_low, accuracy_high: its 95 % interval.
        agreement: share of the test windows that the float network and the int8 one answer alike.
        exact: share of the inferences whose every output bit on the board equals the reference's.
    """

    latency_us: float | None = None
    accuracy: float | None = None
    accuracy_low: float | None = None
    accuracy_high: float | None = None
    agreement: float | None = None
    exact: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """All limits of a budget.

    Attributes:
        lines: in the order of :class:`SizeBudget`; sizes and instructions without a limit are in, and ok.
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


def check(
    footprint: Footprint, instructions: int | None, budget: SizeBudget, quality: Quality | None = None
) -> Verdict:
    """Hold a linked image, its cost and its answers against a budget; a value equal to its limit is met.

    Args:
        footprint: of the linked image; ``stack_bytes`` 0 means that it was not measured.
        instructions: of one inference; None when they were not counted.
        budget: the limits.
        quality: how long it takes and how right it is; None when it was not measured.
    """
    measured = quality or Quality()
    most: Mapping[str, tuple[str, float | None]] = {
        "flash_bytes": ("B", footprint.flash_bytes),
        "ram_bytes": ("B", footprint.ram_bytes),
        "stack_bytes": ("B", footprint.stack_bytes or None),
        "instructions": ("instructions", instructions),
        "latency_us": ("us", measured.latency_us),
    }
    least: Mapping[str, tuple[float | None, str]] = {
        "accuracy": (measured.accuracy, _interval(measured)),
        "agreement": (measured.agreement, ""),
        "exact": (measured.exact, ""),
    }
    lines = [_line(name, unit, getattr(budget, name), value) for name, (unit, value) in most.items()]
    for name, (value, said) in least.items():
        lines.append(_line(name, SHARE, getattr(budget, name), value, said))
    wanted = {"flash_bytes", "ram_bytes", "stack_bytes", "instructions"}
    return Verdict(tuple(line for line in lines if line.name in wanted or (line.limit, line.value) != (None, None)))


def _line(name: str, unit: str, limit: float | None, value: float | None, said: str = "") -> BudgetLine:
    headroom = None
    if limit is not None and value is not None:
        headroom = value - limit if unit == SHARE else limit - value
    ok = limit is None or (headroom is not None and headroom >= 0)
    return BudgetLine(name, unit, limit, value, ok, headroom, said)


def _interval(measured: Quality) -> str:
    if measured.accuracy_low is None or measured.accuracy_high is None:
        return ""
    return f"[{100 * measured.accuracy_low:.2f}, {100 * measured.accuracy_high:.2f}]"
