"""What grew, by how much, and through what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tinyforge.budget.figures import Figures
from tinyforge.budget.limits import SHARE


@dataclass(frozen=True, slots=True)
class Change:
    """One number before and now.

    Attributes:
        name: of the figure, the symbol or the layer.
        before, now: None where it was not there.
        unit: ``B``, ``instructions``, ``us`` or ``share``.
    """

    name: str
    before: float | None
    now: float | None
    unit: str

    @property
    def difference(self) -> float:
        """``now - before``; what is not there counts as 0."""
        return (self.now or 0) - (self.before or 0)

    @property
    def worse(self) -> bool:
        """It costs more, or it is right less often."""
        return self.difference < 0 if self.unit == SHARE else self.difference > 0

    @property
    def ratio(self) -> float | None:
        """``difference / before``; None where nothing was there before."""
        return self.difference / self.before if self.before else None

    def __str__(self) -> str:
        if self.unit == SHARE:
            return f"{self.name}: {100 * self.difference:+.2f} points"
        text = f"{self.name}: {self.difference:+.0f} {self.unit}"
        if self.before is None:
            return f"{text}, new"
        if self.now is None:
            return f"{text}, gone"
        return text if self.ratio is None else f"{text} ({100 * self.ratio:+.1f} %)"


@dataclass(frozen=True, slots=True)
class Growth:
    """A model now against the same model before.

    Attributes:
        name: of the model.
        totals: figures that differ.
        symbols: functions and tables of the linked image whose size differs, the largest difference first.
        layers: layers whose instructions differ, the largest difference first.
        notes: what makes the comparison doubtful, for instance another compiler.
    """

    name: str
    totals: tuple[Change, ...]
    symbols: tuple[Change, ...]
    layers: tuple[Change, ...]
    notes: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Nothing differs."""
        return not (self.totals or self.symbols or self.layers)

    @property
    def grew(self) -> tuple[Change, ...]:
        """Figures that are worse than before."""
        return tuple(change for change in self.totals if change.worse)

    def grown_by(self, share: float) -> tuple[Change, ...]:
        """Figures, symbols and layers that are worse by more than this share of what they were.

        Args:
            share: for instance 0.05; of what is a share itself (accuracy), the points it fell.
        """
        everything = (*self.totals, *self.symbols, *self.layers)
        return tuple(change for change in everything if change.worse and _extent(change) > share)


def _extent(change: Change) -> float:
    if change.unit == SHARE:
        return -change.difference
    return float("inf") if change.ratio is None else change.ratio


def compare(now: Figures, before: Figures) -> Growth:
    """What differs between two measurements of one model."""
    totals = [
        ("flash_bytes", before.footprint.flash_bytes, now.footprint.flash_bytes, "B"),
        ("ram_bytes", before.footprint.ram_bytes, now.footprint.ram_bytes, "B"),
        ("stack_bytes", before.footprint.stack_bytes, now.footprint.stack_bytes, "B"),
        ("instructions", before.instructions, now.instructions, "instructions"),
        ("latency_us", before.quality.latency_us, now.quality.latency_us, "us"),
        ("accuracy", before.quality.accuracy, now.quality.accuracy, SHARE),
        ("agreement", before.quality.agreement, now.quality.agreement, SHARE),
        ("exact", before.quality.exact, now.quality.exact, SHARE),
    ]
    notes = []
    if now.compiler != before.compiler:
        notes.append(f"another compiler: {before.compiler} before, {now.compiler} now; sizes are not comparable")
    if now.board != before.board:
        notes.append(f"another board: {before.board} before, {now.board} now")
    if now.model_sha256 != before.model_sha256:
        notes.append("another network: the .tflite changed")
    layers = {f"{i} {layer.name} ({layer.kernel})": layer.instructions for i, layer in enumerate(now.layers)}
    old_layers = {f"{i} {layer.name} ({layer.kernel})": layer.instructions for i, layer in enumerate(before.layers)}
    return Growth(
        now.name,
        tuple(_differing(Change(name, old, new, unit) for name, old, new, unit in totals)),
        _changes(before.footprint.by_symbol, now.footprint.by_symbol, "B"),
        _changes(old_layers, layers, "instructions"),
        tuple(notes),
    )


def _differing(changes: Iterable[Change]) -> list[Change]:
    return [change for change in changes if change.before != change.now]


def _changes(before: Mapping[str, int], now: Mapping[str, int], unit: str) -> tuple[Change, ...]:
    names = sorted({*before, *now})
    changes = _differing(Change(name, before.get(name), now.get(name), unit) for name in names)
    return tuple(sorted(changes, key=lambda change: (-abs(change.difference), change.name)))
