"""A check as Markdown for a pull request's comment, and as JUnit's XML for a CI server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from tinyforge.budget.growth import Change, Growth
from tinyforge.budget.limits import SHARE, BudgetLine, Verdict

_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class Checked:
    """One model on one board, checked.

    Attributes:
        name: of the model.
        board: whose limits these are.
        verdict: every limit.
        growth: against the baseline; None where there is none.
        too_much: what is worse than the baseline by more than was allowed.
    """

    name: str
    board: str
    verdict: Verdict
    growth: Growth | None = None
    too_much: tuple[Change, ...] = ()

    @property
    def ok(self) -> bool:
        """Every limit is kept, and nothing grew by more than was allowed."""
        return self.verdict.ok and not self.too_much

    @property
    def faults(self) -> tuple[str, ...]:
        """What is not kept, as texts."""
        grown = tuple(f"grew by more than is allowed: {change}" for change in self.too_much)
        return (*(str(line) for line in self.verdict.broken), *grown)


def markdown(checked: Sequence[Checked], baseline: str = "") -> str:
    """A table of every limit, and below it what grew and through what.

    Args:
        checked: in the order in which they are shown.
        baseline: what the growth is against, as a text; empty for none.

    Returns:
        GitHub-flavoured Markdown, with a newline at its end.
    """
    broken = [one.name for one in checked if not one.ok]
    head = f"**Budgets: {len(broken)} of {len(checked)} broken** ({', '.join(broken)})" if broken else ""
    lines = [head or f"**Budgets: all {len(checked)} kept**", ""]
    lines += ["| model | board | what | value | limit | left | |", "|---|---|---|---:|---:|---:|---|"]
    for one in checked:
        lines += [_row(one, line) for line in one.verdict.lines if line.limit is not None]
    if baseline:
        lines += ["", f"Against `{baseline}`:", ""]
        lines += [text for one in checked for text in _growth(one)]
    return "\n".join(lines) + "\n"


def _row(one: Checked, line: BudgetLine) -> str:
    value = "not measured" if line.value is None else line.number(line.value)
    limit = "" if line.limit is None else line.number(line.limit)
    left = ""
    if line.headroom is not None:
        left = f"{100 * line.headroom:+.2f} points" if line.unit == SHARE else f"{line.headroom:.0f}"
    mark = "kept" if line.ok else "**broken**"
    said = f" {line.said}" if line.said else ""
    return f"| {_cell(one.name)} | {_cell(one.board)} | {line.name} | {value}{said} | {limit} | {left} | {mark} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _growth(one: Checked) -> list[str]:
    if one.growth is None:
        return [f"- `{one.name}`: not in the baseline"]
    if one.growth.same:
        return [f"- `{one.name}`: nothing changed", *(f"  - note: {note}" for note in one.growth.notes)]
    said = [f"- `{one.name}`"]
    said += [f"  - note: {note}" for note in one.growth.notes]
    said += [f"  - {change}" for change in one.growth.totals]
    for title, changes in (("symbols", one.growth.symbols), ("layers", one.growth.layers)):
        said += [f"  - {title}: {change}" for change in changes[:_MOST_NAMED]]
        if len(changes) > _MOST_NAMED:
            said.append(f"  - {title}: {len(changes) - _MOST_NAMED} more")
    return said


def junit(checked: Sequence[Checked]) -> str:
    """A test suite with a case for each limit, as JUnit's XML."""
    suite = ET.Element("testsuite", name="tinyforge check")
    cases = failures = 0
    for one in checked:
        place = f"{one.name}.{one.board}"
        for line in one.verdict.lines:
            if line.limit is None:
                continue
            cases += 1
            case = ET.SubElement(suite, "testcase", classname=place, name=line.name)
            if not line.ok:
                failures += 1
                ET.SubElement(case, "failure", message=str(line))
        for change in one.too_much:
            cases += 1
            failures += 1
            case = ET.SubElement(suite, "testcase", classname=place, name=f"growth of {change.name}")
            ET.SubElement(case, "failure", message=str(change))
    suite.set("tests", str(cases))
    suite.set("failures", str(failures))
    ET.indent(suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suite, encoding="unicode") + "\n"
