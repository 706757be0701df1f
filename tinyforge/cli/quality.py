"""``tinyforge dataset check`` and ``tinyforge dataset inspect``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.options import HERE, Debug, Json, ProjectDir

_MOST_NAMED = 5
_COLOURS = {"error": "red", "warning": "yellow", "note": ""}


def check(
    html: Annotated[Path | None, typer.Option("--html", help="Also write this page, with signals and spectra.")] = None,
    project: ProjectDir = HERE,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Look for what spoils a training: units, rates, axes, dead channels, clipping, duplicates, leaks, labels.

    Exit code 1 when something is wrong enough.

    Example: tinyforge dataset check --html dataset.html
    """
    from tinyforge.cli import render
    from tinyforge.pipeline import examination, projects

    result = examination.check(projects.load(project), page=html)
    if json:
        render.say_json(result)
    else:
        for one in result["findings"]:
            where = ", ".join(one["where"][:_MOST_NAMED])
            if one["count"] > _MOST_NAMED:
                where += f" and {one['count'] - _MOST_NAMED} more: --json names all"
            render.say(f"{one['severity']}: {one['fact']} [{one['code']}]", _COLOURS[one["severity"]])
            if where:
                render.say(f"  in {where}")
            render.say(f"  -> {one['way_out']}")
        render.say(
            f"{result['takes']} takes: "
            + ("nothing that spoils a training" if result["ok"] else "NOT fit for a training")
        )
        if result["page"]:
            render.say(f"page: {result['page']}")
    if not result["ok"]:
        raise typer.Exit(1)


def inspect(
    html: Annotated[Path, typer.Option("--html", help="The page to write.")] = Path("dataset.html"),
    project: ProjectDir = HERE,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Draw the dataset: takes of each class laid over each other, their means and spectra.

    Example: tinyforge dataset inspect --html dataset.html
    """
    from tinyforge.cli import render
    from tinyforge.pipeline import examination, projects

    result = examination.check(projects.load(project), page=html)
    if json:
        render.say_json(result)
        return
    rows = [
        (
            label or "-",
            str(len(row)),
            f"{sum(row.values()):.1f}",
            f"{min(row.values()):.1f}",
            f"{max(row.values()):.1f}",
        )
        for label, row in result["seconds"].items()
    ]
    columns = ("class", "people", "seconds", "least of one", "most of one")
    render.table("dataset", columns, rows, numeric=columns[1:])
    render.say(f"page: {result['page']}")
