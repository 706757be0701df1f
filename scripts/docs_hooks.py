"""MkDocs calls this: the page of the commands is written from the commands themselves, whenever the docs are built."""

from __future__ import annotations

from typing import Any

import typer
from mkdocs.structure.files import File

from tinyforge.cli.app import app

PAGE = "reference/cli.md"
HIDDEN = {"--help", "--install-completion", "--show-completion"}
HEAD = """# Commands

Written from the commands themselves: `tinyforge COMMAND --help` says the same. Exit codes: [errors](../errors.md).
Every command takes `--debug` (a traceback for errors); those that report take `--json`.
"""


def on_files(files: Any, config: Any) -> Any:
    """Add the page to those that are built."""
    files.append(File.generated(config, PAGE, content=reference()))
    return files


def reference() -> str:
    """The page, Markdown."""
    commands = _commands(typer.main.get_command(app), ())
    return HEAD + "".join(_command(command, path) for path, command in commands)


def _commands(command: Any, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        return [(path, command)]
    return [pair for name in sorted(inner) for pair in _commands(inner[name], (*path, name))]


def _command(command: Any, path: tuple[str, ...]) -> str:
    name = " ".join(("tinyforge", *path))
    text, _, example = (command.help or "").partition("Example:")
    lines = ["", f"## {name}", "", " ".join(text.split()), ""]
    if example.strip():
        lines += ["```text", example.strip(), "```", ""]
    rows = [_row(parameter) for parameter in command.params if not HIDDEN & set(parameter.opts)]
    shown = [row for row in rows if row[0] != "`--debug`"]
    if shown:
        lines += ["| option | default | meaning |", "|---|---|---|"]
        lines += [f"| {option} | {default} | {meaning} |" for option, default, meaning in shown]
        lines += [""]
    return "\n".join(lines)


def _row(parameter: Any) -> tuple[str, str, str]:
    if parameter.param_type_name == "argument":
        option = f"`{parameter.metavar or parameter.name.upper()}`"
    else:
        option = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    default = parameter.default
    if default is None or default in ("", (), False) or callable(default) or "UNSET" in repr(default):
        said = "required" if parameter.required else ""
    else:
        said = f"`{default}`"
    meaning = " ".join((getattr(parameter, "help", "") or "").split())
    return option, said, meaning.replace("|", "\\|")
