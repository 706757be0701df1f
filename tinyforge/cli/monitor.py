"""``tinyforge monitor``."""

from __future__ import annotations

import json as jsonlib
from typing import Annotated

import typer

from tinyforge.cli.options import HERE, BoardName, Debug, Json, Port, ProjectDir


def monitor(
    board: BoardName = "",
    port: Port = "",
    model: Annotated[str, typer.Option("--model", help="Virtual board: whose image; default: the first.")] = "",
    motion: Annotated[str, typer.Option("--motion", help="What moves the virtual board's IMU (a motion spec).")] = "",
    count: Annotated[int, typer.Option("--count", min=0, help="So many answers; 0: until Ctrl-C.")] = 0,
    project: ProjectDir = HERE,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Show what a board answers to its own windows; with --json a line of JSON each.

    Example: tinyforge monitor --board virtual --motion police:label=stop,subject=3 --count 20
    """
    import dataclasses

    from tinyforge.cli import render
    from tinyforge.pipeline import monitor as monitoring
    from tinyforge.pipeline import projects

    loaded = projects.load(project)
    for one in monitoring.watch(loaded, board_id=board, port=port, model=model, motion=motion, count=count):
        if json:
            print(jsonlib.dumps(dataclasses.asdict(one)), flush=True)
        else:
            best = "" if one.best == one.answer else f" (highest score: {one.best})"
            render.say(f"{one.time_s:9.2f} s  {one.answer}{best}  {one.latency_us / 1000:.2f} ms")
