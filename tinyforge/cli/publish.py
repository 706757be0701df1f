"""``tinyforge publish``: a finished model's folder for a repository."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.options import HERE, Debug, Json, ProjectDir, Quiet, RunName


def publish(
    model: Annotated[str, typer.Argument(help="Name of a [[model]] of the project.")],
    to: Annotated[Path, typer.Option("--to", help="The model's folder, for instance models/police_cnn.")],
    windows: Annotated[int, typer.Option("--windows", min=1, help="At most so many test windows.")] = 200,
    room: Annotated[
        float, typer.Option("--room", min=0.0, max=100.0, help="Per cent that a new budget lies above the measured.")
    ] = 5.0,
    project: ProjectDir = HERE,
    run: RunName = "",
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write a model's folder: the int8 model, its recipe, test windows, figures, budget and card.

    Example: tinyforge publish cnn --to models/wave_cnn
    """
    from tinyforge.cli import render
    from tinyforge.pipeline import projects
    from tinyforge.pipeline import publish as publishing
    from tinyforge.pipeline.road import Road

    watcher = render.Watcher(quiet=quiet or json)
    with watcher.live():
        road = Road(projects.load(project), watcher, run_name=run)
        spec = road.project.model(model)
        with road.locked():
            folder = publishing.publish(road, spec, to, windows=windows, room=room / 100)
    files = sorted(file.name for file in folder.iterdir() if file.is_file())
    if json:
        render.say_json({"folder": str(folder), "files": files})
        return
    render.say(f"{folder}: {', '.join(files)}")
    render.say(f"next: `tinyforge check {shlex.quote(str(folder))}`")
