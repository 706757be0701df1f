"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ProjectDir = Annotated[Path, typer.Option("--project", help="Folder of tinyforge.toml (or one below it).")]
RunName = Annotated[str, typer.Option("--run", help="Work in this run's folder; default: the one that continues.")]
ModelName = Annotated[str, typer.Option("--model", help="Only this model of the project; default: all.")]
BoardName = Annotated[str, typer.Option("--board", help="Board identifier or a board's .toml; default: the project's.")]
Port = Annotated[
    str, typer.Option("--port", help="Serial port, USB ids (2341:805a) or URL; default: found by the board's USB ids.")
]
Optimize = Annotated[
    str, typer.Option("--optimize", help="speed, size, or balanced: which form of a kernel, by its measured cost.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]

HERE = Path()
