"""``tinyforge firmware``: the firmware's sources."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.options import Debug, Json, Optimize

firmware_app = typer.Typer(help="The firmware's sources: eject.", no_args_is_help=True, rich_markup_mode=None)


@firmware_app.callback()
def _group() -> None:
    """The firmware's sources."""


@firmware_app.command()
def eject(
    out: Annotated[Path, typer.Argument(help="A new folder.")],
    board: Annotated[str, typer.Option("--board", help="Board identifier.")] = "virtual",
    model: Annotated[Path | None, typer.Option("--model", help="A .tflite that goes in as C; default: none.")] = None,
    link: Annotated[
        str,
        typer.Option(
            "--link", help="eembc, eembc-energy: for MLPerf Tiny's runner; layers: for profile --port; default: ours."
        ),
    ] = "",
    stream: Annotated[
        bool, typer.Option("--stream", help="LIVE computes only what new samples change, where it pays.")
    ] = False,
    optimize: Optimize = "balanced",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a board's whole PlatformIO project, to edit; tinyforge does not touch it again.

    Example: tinyforge firmware eject my_firmware --board nano33 --model model.tflite
    """
    from tinyforge.cli import render
    from tinyforge.pipeline import eject as ejecting

    made = ejecting.eject(out, board_id=board, model=model, link=link, stream=stream, optimize=optimize)
    if json:
        render.say_json(made)
    else:
        if "stream_says" in made:
            render.say(f"stream: {made['stream_says']}")
        render.say(f"{made['files']} files in {made['folder']}; build them there: `pio run -e {made['environment']}`")
