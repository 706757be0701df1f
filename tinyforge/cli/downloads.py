"""``tinyforge dataset download``: public sets, each file with its digest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.options import Debug, Json, Quiet


def download(
    name: Annotated[str, typer.Argument(help="Of a set, or the path of a dataset.toml; none: list them.")] = "",
    to: Annotated[Path | None, typer.Option("--to", help="Folder for the files; default: downloads/NAME.")] = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Download a public set of recordings: digests checked, goes on where it was interrupted.

    Example: tinyforge dataset download nano33_gestures
    """
    import dataclasses

    from tinyforge.cli import render
    from tinyforge.pipeline import downloads

    if not name:
        cards = downloads.catalogue()
        if json:
            render.say_json([dataclasses.asdict(card) for card in cards])
            return
        columns = ("set", "what", "people", "rate", "licence", "download")
        rows = [
            (
                card.name,
                card.title,
                str(card.people),
                f"{card.rate_hz:g} Hz",
                card.licence,
                f"{card.bytes / 1e6:.1f} MB" if card.files else "generated",
            )
            for card in cards
        ]
        render.table("sets", columns, rows, numeric=("people", "rate", "download"))
        return
    card = downloads.find_card(name)
    folder = to or Path("downloads") / card.name
    step = f"download {card.name}"
    watcher = render.Watcher(quiet=quiet or json)
    with watcher.live():
        watcher.started(step)
        result = downloads.download(card, folder, lambda done, total, text: watcher.progress(step, done, total, text))
    command = downloads.import_command(card, folder)
    if json:
        render.say_json(result | {"import": command, "licence": card.licence, "citation": card.citation})
        return
    sizes = f"{result['bytes'] / 1e6:.1f} MB in {folder} ({result['fetched'] / 1e6:.1f} MB fetched)"
    render.say(f"{len(card.files)} files, {sizes}")
    render.say(f"licence {card.licence}; {card.citation or card.source}")
    for note in card.notes:
        render.say(f"  {note}", "dim")
    render.say(f"next: `{command}`")
