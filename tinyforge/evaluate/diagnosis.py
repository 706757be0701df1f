"""What the ladder shows, named: each check looks for one cause of a network that is worse on the board.

A check is a function from :class:`Evidence` to findings, listed in :data:`CHECKS`; a new one (wrong units, swapped
axes, another rate) is added there and nowhere else.

Codes of findings:
    non_finite         a float rung gives NaN or infinity
    one_class          a rung answers one class whatever happens, where the rung above does not
    inputs_differ      the quantized inputs are not the reference's: preprocessing
    outputs_differ     the inputs are the reference's, the outputs are not: kernels or compiler
    label_disagrees    the answer is not the class with the largest score: decoding
    accuracy_lost      a rung is right less often than the one above, beyond chance
    no_better_than_guessing   the first rung knows no more than the commonest class
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tinyforge.core.types import IntArray
from tinyforge.evaluate.intervals import binomial_tail
from tinyforge.evaluate.ladder import EvaluationReport, Finding, Rung
from tinyforge.tasks import gesture

# one_class: the commonest answer has this share, at least so much more than expected, and that is no chance
DOMINANT_SHARE = 0.8
DOMINANT_EXCESS = 0.2
DOMINANT_P = 1e-3
# accuracy_lost: McNemar's test
LOST_P = 0.01


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a check may look at.

    Attributes:
        rungs: as they were given.
        targets: int64 [n]: the right classes.
        report: what was measured, still without findings.
    """

    rungs: Sequence[Rung]
    targets: IntArray
    report: EvaluationReport


Check = Callable[[Evidence], Iterator[Finding]]


def _windows(count: int) -> str:
    return f"{count} window" if count == 1 else f"{count} windows"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def non_finite(evidence: Evidence) -> Iterator[Finding]:
    """NaN or infinity among float scores."""
    for rung in evidence.rungs:
        if rung.kind == "float" and rung.scores is not None:
            broken = ~np.isfinite(rung.scores).all(axis=1)
            if broken.any():
                count, first = int(np.count_nonzero(broken)), int(np.argmax(broken))
                yield Finding(
                    "non_finite",
                    rung.name,
                    "error",
                    f"scores of {_windows(count)} are NaN or infinite, first in window {first}",
                    "look for NaN in the recordings and for a learning rate that is too high",
                    {"windows": count, "first_window": first},
                )


def _dominant(answers: IntArray, classes: int) -> tuple[int, float]:
    counts = np.bincount(answers, minlength=classes)
    return int(np.argmax(counts)), float(counts.max() / len(answers))


def _one_class_cause(evidence: Evidence, position: int) -> str:
    rung, result = evidence.rungs[position], evidence.report.rungs[position]
    if position == 0:
        return "the network itself does it: look at the balance of the classes, the labels and the learning curve"
    above = evidence.rungs[position - 1].name
    if result.mismatched_inputs:
        return "its quantized inputs are not the reference's: look at units, channel order, mean and standard deviation"
    if result.exact is False and result.mismatched_inputs == 0:
        return "its inputs are the reference's, so a kernel or the compiler is at fault: run `tinyforge verify`"
    if rung.kind == "int8" and evidence.rungs[position - 1].kind == "float":
        return f"{above} does not: the ranges of quantization do not fit; calibrate with windows like the ones tested"
    return f"{above} does not: compare what both are given as input"


def one_class(evidence: Evidence) -> Iterator[Finding]:
    """One answer whatever happens, on the rung where it begins.

    The share of the commonest answer is tested against the share that class has in the answers of the rung above
    (in the truth, for the first rung): one-sided exact binomial test.
    """
    labels, targets = evidence.report.labels, evidence.targets
    before: int | None = None
    expected_answers = targets
    for position, rung in enumerate(evidence.rungs):
        answers = rung.answers()
        label, share = _dominant(answers, len(labels))
        expected = float(np.mean(expected_answers == label))
        truth = float(np.mean(targets == label))
        p_value = binomial_tail(int(np.count_nonzero(answers == label)), len(answers), expected)
        stuck = share >= DOMINANT_SHARE and share - truth >= DOMINANT_EXCESS
        if stuck and before != label and share - expected >= DOMINANT_EXCESS and p_value < DOMINANT_P:
            yield Finding(
                "one_class",
                rung.name,
                "error",
                f'answers "{labels[label]}" for {_percent(share)} of the windows, where {_percent(truth)} are '
                f"(expected {_percent(expected)}, p {'< 1e-12' if p_value < 1e-12 else f'= {p_value:.1g}'})",
                _one_class_cause(evidence, position),
                {"label": labels[label], "share": share, "truth": truth, "expected": expected, "p_value": p_value},
            )
        before = label if stuck else None
        expected_answers = answers


def inputs_differ(evidence: Evidence) -> Iterator[Finding]:
    """Quantized inputs that are not the reference's."""
    for rung in evidence.rungs:
        if rung.mismatched_inputs is not None and len(rung.mismatched_inputs):
            count, first = len(rung.mismatched_inputs), int(np.min(rung.mismatched_inputs))
            yield Finding(
                "inputs_differ",
                rung.name,
                "error",
                f"quantized inputs of {_windows(count)} of {len(evidence.targets)} are not the reference's, first in "
                f"window {first}",
                "the preprocessing differs: check units, channel order, mean and standard deviation, and that the "
                "firmware carries this model",
                {"windows": count, "first_window": first},
            )


def outputs_differ(evidence: Evidence) -> Iterator[Finding]:
    """Int8 outputs that are not the reference's although the inputs are, or may be."""
    reference = next((rung for rung in evidence.rungs if rung.kind == "int8"), None)
    if reference is None or reference.scores is None:
        return
    for rung, result in zip(evidence.rungs, evidence.report.rungs, strict=True):
        if result.exact is not False or rung.scores is None:
            continue
        apart = np.abs(rung.scores.astype(np.int64) - reference.scores.astype(np.int64))
        wrong = (apart != 0).any(axis=1)
        known = rung.mismatched_inputs is not None
        if rung.mismatched_inputs is not None:
            wrong[rung.mismatched_inputs] = False
        if not wrong.any():
            continue  # every difference has a wrong input before it: inputs_differ says so
        count, first = int(np.count_nonzero(wrong)), int(np.argmax(wrong))
        largest = int(apart[wrong].max())
        yield Finding(
            "outputs_differ",
            rung.name,
            "error",
            f"outputs of {_windows(count)} of {len(wrong)} are not those of {reference.name}"
            + (", with equal inputs" if known else "")
            + f"; largest difference {largest}, first in window {first}",
            ("a kernel or the compiler is at fault" if known else "a kernel, the compiler or the preprocessing differs")
            + ": run `tinyforge verify` on the model to find the layer",
            {"windows": count, "first_window": first, "max_abs_diff": largest},
        )


def label_disagrees(evidence: Evidence) -> Iterator[Finding]:
    """An answer that is not the class with the largest score."""
    for rung in evidence.rungs:
        if rung.scores is None or rung.labels is None:
            continue
        wrong = gesture.decode(rung.scores) != rung.labels
        if wrong.any():
            count, first = int(np.count_nonzero(wrong)), int(np.argmax(wrong))
            yield Finding(
                "label_disagrees",
                rung.name,
                "error",
                f"the answer is not the class with the largest score in {_windows(count)}, first in window {first}",
                "the decoding differs: check the order of the labels and how ties are broken (the first wins)",
                {"windows": count, "first_window": first},
            )


def accuracy_lost(evidence: Evidence) -> Iterator[Finding]:
    """A rung that is right less often than the one above, by McNemar's exact test."""
    for above, here in zip(evidence.report.rungs, evidence.report.rungs[1:], strict=False):
        if here.step is None or (above.kind, here.kind) == ("int8", "int8"):
            continue  # between int8 rungs the bits must be equal, and outputs_differ says what is wrong
        lost = above.accuracy.value - here.accuracy.value
        if lost > 0 and here.step.p_value < LOST_P:
            advice = {
                ("float", "float"): "compress less, or fine-tune longer",
                ("float", "int8"): "calibrate with more windows or train quantization-aware; for recurrent networks "
                "look at the range of the cell state",
            }.get((above.kind, here.kind), f"compare what {above.name} and {here.name} are given as input")
            yield Finding(
                "accuracy_lost",
                here.name,
                "warning",
                f"is right in {_percent(here.accuracy.value)} of the windows where {above.name} is in "
                f"{_percent(above.accuracy.value)} (McNemar p = {here.step.p_value:.1g})",
                advice,
                {"points": 100 * lost, "p_value": here.step.p_value},
            )


def no_better_than_guessing(evidence: Evidence) -> Iterator[Finding]:
    """A first rung whose accuracy is not above the share of the commonest class."""
    classes = len(evidence.report.labels)
    first = evidence.report.rungs[0]
    label, share = _dominant(evidence.targets, classes)
    if classes > 1 and share < 1 and first.accuracy.low <= share:
        yield Finding(
            "no_better_than_guessing",
            first.name,
            "warning",
            f"is right in {_percent(first.accuracy.value)} of the windows (at least {_percent(first.accuracy.low)}); "
            f'always answering "{evidence.report.labels[label]}" is right in {_percent(share)}',
            "a network that does well on its own split and badly here has seen the test people or windows in training; "
            "check the split, then the labels",
            {"accuracy": first.accuracy.value, "low": first.accuracy.low, "commonest": share},
        )


CHECKS: tuple[Check, ...] = (
    non_finite,
    inputs_differ,
    outputs_differ,
    label_disagrees,
    one_class,
    accuracy_lost,
    no_better_than_guessing,
)


def diagnose(rungs: Sequence[Rung], targets: IntArray, report: EvaluationReport) -> tuple[Finding, ...]:
    """All findings of all checks: errors first, then in the order of the ladder; ``targets`` [n] of the windows."""
    evidence = Evidence(rungs, targets, report)
    order = {rung.name: position for position, rung in enumerate(rungs)}
    found = [finding for check in CHECKS for finding in check(evidence)]
    return tuple(sorted(found, key=lambda finding: (finding.severity != "error", order[finding.rung])))
