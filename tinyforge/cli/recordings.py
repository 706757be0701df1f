"""Commands that change recordings, each one step that ``dataset undo`` takes back, and the one that writes them out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tinyforge.cli.options import HERE, Debug, Json, ProjectDir

Ids = Annotated[
    list[str], typer.Argument(help="Ids, their beginnings, or patterns such as 'stop-*'.", metavar="RECORDING...")
]


def _say(made: dict[str, Any], *, json: bool) -> None:
    from tinyforge.cli import render

    if json:
        render.say_json(made)
        return
    render.say(f"{made['what']}; `tinyforge dataset undo` takes it back")
    for name in made["made"]:
        render.say(f"  {name}")


def delete(
    recordings: Annotated[
        list[str] | None,
        typer.Argument(help="Ids, their beginnings, or patterns such as 'stop-*'.", metavar="[RECORDING...]"),
    ] = None,
    still: Annotated[
        bool, typer.Option("--still", help="Those that `dataset check` says hardly move (no-movement).")
    ] = False,
    project: ProjectDir = HERE,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Take recordings out of the dataset; their files stay.

    Example: tinyforge dataset delete 'stop-anna-*'
    """
    from tinyforge.core.errors import UsageError
    from tinyforge.pipeline import edits, examination, projects

    opened = projects.load(project)
    named = list(recordings or [])
    if not named and not still:
        raise UsageError("dataset delete", "names no recording", "give ids or patterns, or --still")
    if still:
        named += examination.still(opened)
    _say(edits.delete(opened, named), json=json)


def relabel(
    recordings: Ids,
    label: Annotated[str | None, typer.Option("--label", help="The class.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="Who moved.")] = None,
    session: Annotated[str | None, typer.Option("--session", help="When and where.")] = None,
    placement: Annotated[str | None, typer.Option("--placement", help="Where the sensor was worn.")] = None,
    note: Annotated[str | None, typer.Option("--note", help="Free text.")] = None,
    project: ProjectDir = HERE,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Say something else about recordings.

    Example: tinyforge dataset relabel stop-anna-6d0c --label go
    """
    from tinyforge.pipeline import edits, projects

    given = {"label": label, "subject": subject, "session": session, "placement": placement, "note": note}
    changes = {key: value for key, value in given.items() if value is not None}
    _say(edits.relabel(projects.load(project), recordings, changes), json=json)


def trim(
    recordings: Ids,
    start: Annotated[float, typer.Option("--start", min=0.0, help="Seconds from the beginning.")] = 0.0,
    end: Annotated[float | None, typer.Option("--end", help="Seconds; below 0 from the end.")] = None,
    project: ProjectDir = HERE,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Keep a part of each recording.

    Example: tinyforge dataset trim stop-anna-6d0c --start 0.5 --end -0.5
    """
    from tinyforge.pipeline import edits, projects

    _say(edits.trim(projects.load(project), recordings, start, end), json=json)


def split(recordings: Ids, project: ProjectDir = HERE, json: Json = False, debug: Debug = False) -> None:
    """Cut long recordings into the movements in them.

    Example: tinyforge dataset split wave-anna-6d0c
    """
    from tinyforge.pipeline import edits, projects

    _say(edits.split(projects.load(project), recordings), json=json)


def freeze(project: ProjectDir = HERE, json: Json = False, debug: Debug = False) -> None:
    """Keep today's split: what is recorded from now on is trained on, and tests stay comparable.

    Example: tinyforge dataset freeze
    """
    from tinyforge.cli import render
    from tinyforge.pipeline import frozen, projects

    made = frozen.freeze(projects.load(project))
    if json:
        render.say_json(made)
        return
    for side, groups in made["groups"].items():
        render.say(f"{side}: {', '.join(groups) if len(groups) <= 12 else f'{len(groups)} groups'}")
    render.say(f"kept in {made['file']}; delete it to have the split follow the recordings again")


def undo(project: ProjectDir = HERE, json: Json = False, debug: Debug = False) -> None:
    """Take back the last change of recordings, or the last import.

    Example: tinyforge dataset undo
    """
    from tinyforge.cli import render
    from tinyforge.pipeline import edits, projects

    what = edits.undo(projects.load(project))
    if json:
        render.say_json({"undone": what})
    else:
        render.say(f"undone: {what}")


def export(
    out: Annotated[Path, typer.Argument(help="Folder or file to write.")],
    format_name: Annotated[str, typer.Option("--format", help="csv, parquet, edge-impulse or npz.")] = "csv",
    project: ProjectDir = HERE,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Write all recordings for another program; `dataset import` reads the same recordings back.

    Example: tinyforge dataset export recordings.parquet --format parquet
    """
    from tinyforge.cli import render
    from tinyforge.pipeline import edits, projects

    made = edits.export(projects.load(project), out, format_name)
    if json:
        render.say_json(made)
    else:
        render.say(f"{made['recordings']} recordings in {out}, {len(made['files'])} files")
