"""``tinyforge report --compare``: two runs of one project, or of two."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyforge.core.errors import DataError, UsageError
from tinyforge.core.project import Project
from tinyforge.pipeline.runs import Run, all_runs, load_run, named_run

if TYPE_CHECKING:
    from tinyforge.report import ReportData


_REPORT = "report.json"


def compare(project: Project, one: str, two: str, out: Path | None = None) -> dict[str, Any]:
    """Write a page that shows two runs side by side.

    Args:
        project: where the runs are looked for.
        one, two: a run's folder name, ``latest``, ``previous`` (the newest before that which has a report), or the path
            of a run's folder (of any project).
        out: the file; None for ``comparison_<one>_<two>.html`` in the project's ``runs/``.

    Returns:
        ``html``, ``one`` and ``two`` (their folders), ``settings`` (key and both values of what was set otherwise).

    Raises:
        UsageError: no such run.
        DataError: a run has no report yet.
    """
    from tinyforge.report import Comparison, differing_settings, render_comparison

    runs = [_run(project, name) for name in (one, two)]
    left, right = (_report(run) for run in runs)
    settings = differing_settings(runs[0].manifest["project"], runs[1].manifest["project"])
    target = out or project.runs_dir / f"comparison_{runs[0].folder.name}_{runs[1].folder.name}.html"
    page = render_comparison(Comparison(left, right, settings), target)
    return {
        "html": str(page),
        "one": str(runs[0].folder),
        "two": str(runs[1].folder),
        "settings": [list(row) for row in settings],
    }


def _run(project: Project, name: str) -> Run:
    path = Path(name)
    if path.is_dir():
        try:
            return load_run(path)
        except FileNotFoundError:
            raise UsageError(name, "is no run's folder: it has no manifest.json", "name a folder below runs/") from None
    if name == "previous":
        older = [run for run in all_runs(project)[1:] if run.path("report", _REPORT).is_file()]
        if not older:
            raise UsageError(name, "no run before the latest has a report", "`tinyforge report --run NAME` writes one")
        return older[0]
    return named_run(project, name)


def _report(run: Run) -> ReportData:
    from tinyforge.report.document import from_json

    path = run.path("report", _REPORT)
    try:
        return from_json(json.loads(path.read_text(encoding="utf-8")), str(path))
    except FileNotFoundError:
        way_out = f"`tinyforge report --run {run.folder.name}` writes it"
        raise DataError(str(run.folder), "has no report yet", way_out) from None
    except ValueError as error:
        raise DataError(str(path), f"is not valid JSON: {error}", "write the report again") from error
