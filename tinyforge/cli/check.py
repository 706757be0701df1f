"""``tinyforge check``: budgets in CI."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tinyforge.cli.options import Debug, Json, Quiet

if TYPE_CHECKING:
    from tinyforge.budget import BudgetLine, Checked

_MOST_NAMED = 6


def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Folders of models; default: models/.", metavar="[FOLDER]...")
    ] = None,
    board: Annotated[str, typer.Option("--board", help="Only this board's limits; default: all.")] = "",
    baseline: Annotated[
        str,
        typer.Option(
            "--baseline", help="Compare with a git revision, `release` (newest tag), a folder or a figures.json."
        ),
    ] = "",
    growth: Annotated[
        float | None,
        typer.Option(
            "--max-growth", min=0.0, help="Fail where something is worse than the baseline by more per cent than this."
        ),
    ] = None,
    update: Annotated[bool, typer.Option("--update", help="Write figures.json anew.")] = False,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", help="Write this file: a comment for a pull request.")
    ] = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="Write this file: JUnit XML.")] = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Hold committed models against their budgets, and say what grew. Exit code 1 when a limit is broken.

    Example: tinyforge check models --baseline origin/main --markdown comment.md
    """
    from tinyforge.cli import render
    from tinyforge.pipeline import checks

    if growth is not None and not baseline:
        from tinyforge.core.errors import UsageError

        raise UsageError("--max-growth", "there is nothing to compare with", "add --baseline, for instance origin/main")
    watcher = render.Watcher(quiet=quiet or json)
    with watcher.live():
        checked, against = checks.check(
            paths or [Path("models")],
            board_id=board,
            baseline=baseline,
            growth=None if growth is None else growth / 100,
            update=update,
            tell=lambda name: watcher.note(f"  measuring {name}"),
        )
    checks.write_reports(checked, against, markdown=markdown, junit=junit)
    document = checks.as_json(checked, against)
    if json:
        render.say_json(document)
    else:
        _show(checked, against)
    if not document["ok"]:
        raise typer.Exit(1)


def _show(checked: Sequence[Checked], against: str) -> None:
    from tinyforge.cli import render

    columns = ("model", "board", "what", "value", "limit", "")
    rows: list[tuple[str, ...]] = []
    for one in checked:
        for line in one.verdict.lines:
            if line.limit is None:
                continue
            value = "not measured" if line.value is None else f"{_number(line, line.value)} {line.said}".rstrip()
            mark = "kept" if line.ok else "BROKEN"
            rows.append((one.name, one.board, line.name, value, _number(line, line.limit), mark))
    render.table("budgets", columns, rows, numeric=("value", "limit"))
    if against:
        render.say(f"against {against}:")
        for one in checked:
            _show_growth(one)
    for one in checked:
        for fault in one.faults:
            render.say(f"{one.name} on {one.board}: {fault}", "red")
    broken = sum(not one.ok for one in checked)
    render.say(f"{len(checked)} checked, {broken} broken" if broken else f"{len(checked)} checked, all kept")


def _number(line: BudgetLine, value: float) -> str:
    """A value as a cell: what is counted says its name already."""
    return line.number(value).removesuffix(f" {line.name}")


def _show_growth(one: Checked) -> None:
    from tinyforge.cli import render

    where = f"  {one.name} on {one.board}:"
    if one.growth is None:
        render.say(f"{where} not in the baseline")
        return
    for note in one.growth.notes:
        render.say(f"{where} {note}", "yellow")
    if one.growth.same:
        render.say(f"{where} nothing changed")
        return
    groups: tuple[tuple[str, Sequence[Any]], ...] = (
        ("", one.growth.totals),
        ("symbol ", one.growth.symbols),
        ("layer ", one.growth.layers),
    )
    for what, changes in groups:
        for change in changes[:_MOST_NAMED]:
            render.say(f"{where} {what}{change}")
        if len(changes) > _MOST_NAMED:
            render.say(f"{where} {what.strip()}s: {len(changes) - _MOST_NAMED} more")
