"""The nouns of the ladder: rungs, what was measured of them, and the report as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tinyforge.core.errors import DataError
from tinyforge.core.types import IntArray
from tinyforge.evaluate.intervals import Proportion
from tinyforge.tasks import gesture

REPORT_VERSION = 1

Kind = Literal["float", "int8", "labels"]


@dataclass(frozen=True, eq=False, slots=True)
class Rung:
    """What one form of the network says of every window.

    Attributes:
        name: identifier, for instance ``float``, ``compressed``, ``int8``, ``host_c``, ``board``.
        kind: ``float`` (scores in real units), ``int8`` (raw quantized scores) or ``labels`` (answers only).
        scores: float [n, classes], int8 [n, classes], or None for ``labels``.
        labels: int64 [n]: the answers; where None the largest score decides, the first of equal ones.
        scale, zero_point: of int8 scores: ``real = (q - zero_point) * scale``.
        mismatched_inputs: int64 [k]: windows whose quantized input was not the reference's; None when not known.
    """

    name: str
    kind: Kind
    scores: npt.NDArray[Any] | None = None
    labels: IntArray | None = None
    scale: float = 1.0
    zero_point: int = 0
    mismatched_inputs: IntArray | None = None

    def answers(self) -> IntArray:
        """The class of each window, int64 [n].

        Raises:
            DataError: neither labels nor scores are there.
        """
        if self.labels is not None:
            return np.asarray(self.labels, np.int64)
        if self.scores is None:
            raise DataError(f"rung {self.name}", "has neither scores nor labels", "give one of them")
        return gesture.decode(self.scores)

    def real_scores(self) -> npt.NDArray[np.float64] | None:
        """Scores in real units, float64 [n, classes]; None for ``labels``."""
        if self.scores is None:
            return None
        values = np.asarray(self.scores, np.float64)
        return (values - self.zero_point) * self.scale if self.kind == "int8" else values


@dataclass(frozen=True, slots=True)
class FirstDifference:
    """Where two rungs part for the first time.

    Attributes:
        window: index of the window.
        element: index of the class; None when only the answers can be compared.
        above, here: the two values: scores (raw for two int8 rungs, else real), or class indices.
    """

    window: int
    element: int | None
    above: float
    here: float


@dataclass(frozen=True, slots=True)
class Step:
    """A rung against the one above it.

    Attributes:
        above: name of that rung.
        agreement: share of windows with the same answer.
        differing_windows: windows with any score that differs when both are int8, else with another answer.
        differing_elements: scores that differ when both are int8, else None.
        largest_difference: of one score, in real units; None when one of them has no scores.
        largest_difference_lsb: the same in steps of the int8 when both are int8, else None.
        first: where they part for the first time; None when they do not.
        p_value: McNemar's exact test that both are equally often right; 1 when they are right on the same windows.
    """

    above: str
    agreement: Proportion
    differing_windows: int
    differing_elements: int | None
    largest_difference: float | None
    largest_difference_lsb: int | None
    first: FirstDifference | None
    p_value: float


@dataclass(frozen=True, slots=True)
class RungResult:
    """What was measured of one rung.

    Attributes:
        name, kind: of the rung.
        accuracy: share of windows that are right, Wilson's interval.
        accuracy_by_group: the same share with the interval over groups; None when no groups were given.
        metrics: of the task, by name.
        confusion: windows [truth][answer].
        step: against the rung above; None for the first.
        exact: every score equals the first int8 rung's; None for that rung itself and where nothing must be equal.
        reference: name of the first int8 rung, or empty.
        mismatched_inputs: windows whose quantized input was not the reference's; None when not known.
    """

    name: str
    kind: Kind
    accuracy: Proportion
    accuracy_by_group: Proportion | None
    metrics: Mapping[str, float]
    confusion: tuple[tuple[int, ...], ...]
    step: Step | None
    exact: bool | None
    reference: str
    mismatched_inputs: int | None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the comparison shows, with its cause as far as it can be told.

    Attributes:
        code: stable name, see :mod:`tinyforge.evaluate.diagnosis`.
        rung: where.
        severity: ``error`` (a promise is broken) or ``warning``.
        fact: what was seen, with figures.
        way_out: what to look at.
        evidence: the figures behind it.
    """

    code: str
    rung: str
    severity: Literal["error", "warning"]
    fact: str
    way_out: str
    evidence: Mapping[str, float | int | str]


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """The ladder of one network on one board.

    Attributes:
        labels: class names.
        windows: how many were evaluated.
        groups: how many groups they come from; 0 when not known.
        rungs: from the float network down.
        findings: the gravest first.
    """

    labels: tuple[str, ...]
    windows: int
    groups: int
    rungs: tuple[RungResult, ...]
    findings: tuple[Finding, ...]

    def rung(self, name: str) -> RungResult:
        """The rung of that name.

        Raises:
            KeyError: there is none.
        """
        for rung in self.rungs:
            if rung.name == name:
                return rung
        raise KeyError(name)

    @property
    def exact(self) -> bool | None:
        """All rungs that must give the reference's bits do; None when there is none that must."""
        judged = [rung.exact for rung in self.rungs if rung.exact is not None]
        return all(judged) if judged else None


def _proportion_json(share: Proportion) -> dict[str, Any]:
    return {
        "value": share.value,
        "hits": share.hits,
        "total": share.total,
        "low": share.low,
        "high": share.high,
        "confidence": share.confidence,
        "method": share.method,
    }


def report_to_json(report: EvaluationReport) -> dict[str, Any]:
    """The report as JSON-able values: numbers, texts, lists and objects with the attributes' names.

    ``version`` counts incompatible changes of the form.
    """
    rungs = []
    for rung in report.rungs:
        step: dict[str, Any] | None = None
        if rung.step is not None:
            first = rung.step.first
            step = {
                "above": rung.step.above,
                "agreement": _proportion_json(rung.step.agreement),
                "differing_windows": rung.step.differing_windows,
                "differing_elements": rung.step.differing_elements,
                "largest_difference": rung.step.largest_difference,
                "largest_difference_lsb": rung.step.largest_difference_lsb,
                "first": None
                if first is None
                else {"window": first.window, "element": first.element, "above": first.above, "here": first.here},
                "p_value": rung.step.p_value,
            }
        by_group = rung.accuracy_by_group
        rungs.append(
            {
                "name": rung.name,
                "kind": rung.kind,
                "accuracy": _proportion_json(rung.accuracy),
                "accuracy_by_group": None if by_group is None else _proportion_json(by_group),
                "metrics": dict(rung.metrics),
                "confusion": [list(row) for row in rung.confusion],
                "step": step,
                "exact": rung.exact,
                "reference": rung.reference,
                "mismatched_inputs": rung.mismatched_inputs,
            }
        )
    return {
        "version": REPORT_VERSION,
        "labels": list(report.labels),
        "windows": report.windows,
        "groups": report.groups,
        "exact": report.exact,
        "rungs": rungs,
        "findings": [
            {
                "code": finding.code,
                "rung": finding.rung,
                "severity": finding.severity,
                "fact": finding.fact,
                "way_out": finding.way_out,
                "evidence": dict(finding.evidence),
            }
            for finding in report.findings
        ],
    }
