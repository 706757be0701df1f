"""Reads the shell examples of the documentation, so that a test can run what a reader would type.

An example is a fenced block of language ``console``; its commands are the lines that begin with ``$ ``, and a line that
ends with a backslash goes on. All examples of a page run one after the other in one folder, as a reader would work.
A comment before a block says what the block cannot say itself:

    <!-- not run: needs a board -->      is not run; the reason is needed
    <!-- with: model.tflite -->          these files are put into the folder before
    <!-- exits: 1 -->                    the last command ends with this exit code
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_DIRECTIVE = re.compile(r"<!-- (not run|with|exits): (.*?) -->")
_FENCE = re.compile(r"^(\s*)```(\w*)\s*$")


@dataclass(frozen=True, slots=True)
class Example:
    """One block.

    Attributes:
        line: of the page, where its fence is.
        commands: in order.
        reason: why it is not run; empty when it is.
        files: names of the files it needs.
        exit_code: of its last command.
    """

    line: int
    commands: tuple[str, ...]
    reason: str = ""
    files: tuple[str, ...] = ()
    exit_code: int = 0


def pages() -> list[Path]:
    """The README and every page of the documentation."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def examples(page: Path) -> list[Example]:
    """The shell examples of a page, in order."""
    found = []
    said: dict[str, str] = {}
    lines = iter(enumerate(page.read_text(encoding="utf-8").splitlines(), start=1))
    for number, line in lines:
        directive = _DIRECTIVE.search(line)
        if directive:
            said[directive[1]] = directive[2]
            continue
        fence = _FENCE.match(line)
        if not fence:
            if line.strip():
                said = {}
            continue
        block = []
        for _, inner in lines:
            if inner.strip() == "```":
                break
            block.append(inner[len(fence[1]) :])
        if fence[2] == "console":
            files = tuple(said.get("with", "").split())
            found.append(Example(number, _commands(block), said.get("not run", ""), files, int(said.get("exits", "0"))))
        said = {}
    return found


def _commands(block: list[str]) -> tuple[str, ...]:
    commands: list[str] = []
    going_on = False
    for line in block:
        if going_on:
            commands[-1] += "\n" + line
        elif line.startswith("$ "):
            commands.append(line[2:])
        going_on = (going_on or line.startswith("$ ")) and line.rstrip().endswith("\\")
    return tuple(commands)
