"""Every command that a message or a page tells the user to run exists, with the options it names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer
from shell_examples import ROOT, pages

from tinyforge.cli.app import app

_SAID = re.compile(r"[`$] ?tinyforge ((?:[a-z][a-z-]*(?: |(?=[`\n])|$))*)([^`\n]*)")
SOURCES = sorted([*pages(), *(ROOT / "tinyforge").rglob("*.py"), *(ROOT / "tinyforge").rglob("*.toml")])


def known() -> dict[tuple[str, ...], set[str]]:
    """Options of every command."""
    found: dict[tuple[str, ...], set[str]] = {}

    def walk(command: Any, path: tuple[str, ...]) -> None:
        inner = getattr(command, "commands", None)
        found[path] = {name for p in command.params for name in (*p.opts, *p.secondary_opts)} | {"--help", "-h"}
        for name in inner or {}:
            walk(inner[name], (*path, name))

    walk(typer.main.get_command(app), ())
    return found


COMMANDS = known()


def wrong(text: str) -> list[str]:
    """What is said of commands that do not exist."""
    faults = []
    for words, rest in _SAID.findall(text):
        path: tuple[str, ...] = ()
        for word in words.split():
            if (*path, word) not in COMMANDS:
                break
            path = (*path, word)
        if words and not path:
            faults.append(f"tinyforge {words}".strip())
            continue
        command = rest.split("|")[0].split(";")[0].split("&&")[0].split("#")[0]
        faults += [
            f"tinyforge {' '.join(path)} {option}"
            for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", command)
            if option not in COMMANDS[path] and option not in COMMANDS[()]
        ]
    return faults


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(Path(path).relative_to(ROOT)))
def test_commands_that_are_named_exist(source):
    assert wrong(source.read_text(encoding="utf-8")) == []


def test_a_command_that_does_not_exist_is_found():
    assert wrong("`tinyforge fly --high` and `tinyforge train --fast`") == ["tinyforge fly", "tinyforge train --fast"]
