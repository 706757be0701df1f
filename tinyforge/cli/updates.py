"""``tinyforge update``: a new model over the link."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.options import HERE, BoardName, Debug, Json, ModelName, Port, ProjectDir, Quiet, RunName

update_app = typer.Typer(
    help="A new model over the link, without flashing: keygen, send, show.", no_args_is_help=True, rich_markup_mode=None
)

KeyFile = Annotated[Path, typer.Option("--key", help="File of the secret key.")]


@update_app.command()
def keygen(
    file: Annotated[Path, typer.Argument(help="File for the secret key; only its owner may read it.")] = Path(
        "update.key"
    ),
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Make a key that signs updates; the firmware is built with its public half.

    Example: tinyforge update keygen update.key
    """
    from tinyforge.cli import render
    from tinyforge.pipeline import updates

    made = updates.keygen(file)
    if json:
        render.say_json(made)
        return
    render.say(f"made {made['key']}: keep it, and keep it secret; boards built for it take no other")
    render.say(f'in tinyforge.toml:\n\n[board]\nupdate_key = "{made["public"]}"\n\nthen: `tinyforge flash`')


@update_app.command()
def send(
    key: KeyFile = Path("update.key"),
    version: Annotated[
        int, typer.Option("--version", min=0, help="Of the update; default: one above what the board has.")
    ] = 0,
    model: ModelName = "",
    board: BoardName = "",
    port: Port = "",
    project: ProjectDir = HERE,
    run: RunName = "",
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Compile a model for the board's free slot, sign and send it; the board proves it and uses it at once.

    Example: tinyforge update send --model cnn --key update.key
    """
    from tinyforge.cli import render
    from tinyforge.cli.stages import road_of
    from tinyforge.pipeline import updates

    watcher = render.Watcher(quiet=quiet or json)
    with watcher.live():
        road = road_of(project, run, watcher, board, port)
        with road.locked():
            sent = updates.send(road, key, model=model, version=version or None)
    if json:
        render.say_json(sent)
        return
    render.say(
        f"{sent['board']} runs {sent['model']} {sent['model_sha256'][:12]}, version {sent['version']}: "
        f"{render.thousands(sent['bytes'])} B of flash, {render.thousands(sent['ram_bytes'])} B of RAM"
    )


@update_app.command()
def show(
    model: ModelName = "",
    board: BoardName = "",
    port: Port = "",
    project: ProjectDir = HERE,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Show which model a board runs, and what room it has for the next.

    Example: tinyforge update show
    """
    from tinyforge.cli import render
    from tinyforge.pipeline import projects, updates

    said = updates.show(projects.load(project), model=model, board_id=board, port=port)
    if json:
        render.say_json(said)
        return
    which = f"version {said['version']}, by update" if said["version"] else "the firmware's own"
    render.say(f"{said['board']} runs {said['model'] or 'no model'} {said['model_sha256'][:12]}, {which}")
    if said["takes_updates"]:
        render.say(
            f"room for the next: {render.thousands(said['slot_bytes'])} B of flash, "
            f"{render.thousands(said['ram_bytes'])} B of RAM; key {said['key']}..."
        )
    else:
        render.say("it takes no updates: `tinyforge update keygen` makes a key")
