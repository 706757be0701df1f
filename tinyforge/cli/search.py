"""``tinyforge search``: which networks fit, and which of them nobody beats."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from tinyforge.cli import render
from tinyforge.core.errors import UsageError


def search(trials: int, study: str, storage: str, heartbeat_s: int, project: Path, *, json: bool, quiet: bool) -> None:
    """Work on a study, then show its front."""
    from tinyforge.pipeline import projects
    from tinyforge.search import search as run

    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", study):
        raise UsageError("--study", f'"{study}" is no name', "use letters, digits, - and _; 64 at most")
    watcher = render.Watcher(quiet=quiet or json)
    with watcher.live():
        found = run(
            projects.load(project), watcher, trials=trials, name=study, storage=storage, heartbeat_s=heartbeat_s
        )
    if json:
        counts = {key: getattr(found, key) for key in ("measured", "refused", "retried")}
        front = [dataclasses.asdict(one) for one in found.front]
        render.say_json({"folder": str(found.folder), **counts, "front": front})
        return
    columns = ("trial", "macro-F1", "flash", "RAM", "instructions", "window", "network")
    rows = [
        (
            str(one.number),
            f"{one.macro_f1:.3f}",
            render.thousands(one.flash_bytes),
            render.thousands(one.ram_bytes),
            render.thousands(one.instructions),
            str(one.drawn["window"]["length"]),
            one.drawn["architecture"]
            + " "
            + ", ".join(f"{key} {value}" for key, value in one.drawn["parameters"].items()),
        )
        for one in found.front
    ]
    render.table(
        f"beaten by none of {found.measured} measured candidates ({found.refused} do not fit)",
        columns,
        rows,
        numeric=columns[:6],
    )
    render.say(f"picture: {found.folder / 'front.png'}")
    render.say(f"for tinyforge.toml, the best one: {found.folder / 'best.toml'}")
