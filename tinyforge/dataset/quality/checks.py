"""The whole examination of a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tinyforge.core.types import Recording
from tinyforge.dataset.quality.finding import ERROR, Finding, finding
from tinyforge.dataset.quality.sets import judge_set
from tinyforge.dataset.quality.signals import judge_signals
from tinyforge.dataset.quality.takes import SHORTEST, Take, takes_of

_ORDER = ("error", "warning", "note")


@dataclass(frozen=True, eq=False)
class Report:
    """What was found.

    Attributes:
        findings: the gravest first.
        takes: what was looked at.
        table: seconds by class and subject.
    """

    findings: tuple[Finding, ...]
    takes: tuple[Take, ...]
    table: dict[str, dict[str, float]]

    @property
    def ok(self) -> bool:
        """Nothing that spoils a training."""
        return all(finding.severity != ERROR for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Plain data: ``ok``, ``takes`` (how many), ``seconds`` (by class and subject), ``findings``."""
        return {
            "ok": self.ok,
            "takes": len(self.takes),
            "seconds": {label: {who: round(s, 3) for who, s in row.items()} for label, row in self.table.items()},
            "findings": [
                {
                    "code": one.code,
                    "severity": one.severity,
                    "where": list(one.where),
                    "count": one.count,
                    "fact": one.fact,
                    "way_out": one.way_out,
                }
                for one in self.findings
            ],
        }


def check(recordings: Iterable[tuple[str, Recording]], sides: Mapping[str, int] | None = None) -> Report:
    """Examine recordings.

    Args:
        recordings: id and recording of each.
        sides: side of the split of each recording's id; None where there is no split.
    """
    takes = tuple(take for name, recording in recordings for take in takes_of(name, recording))
    table: dict[str, dict[str, float]] = {}
    for take in takes:
        row = table.setdefault(take.label, {})
        row[take.subject] = row.get(take.subject, 0.0) + len(take.samples) / take.rate_hz
    fact = f"no stretch of one label has {SHORTEST} samples"
    found = [finding("too-short", ERROR, [], fact, "record longer takes, and delete these")]
    if takes:
        found = [*judge_signals(takes), *judge_set(takes, sides)]
    found.sort(key=lambda one: (_ORDER.index(one.severity), one.code))
    return Report(tuple(found), takes, dict(sorted(table.items())))
