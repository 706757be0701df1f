"""Projects: made from a template, read with everything in them checked."""

from __future__ import annotations

import dataclasses
import re
from importlib import resources
from pathlib import Path

from tinyforge.core.errors import UsageError, did_you_mean
from tinyforge.core.files import os_error, write_text
from tinyforge.core.project import PROJECT_FILE, Project, find_project, load_project

TEMPLATES = ("empty", "police")


def load(folder: Path) -> Project:
    """The project at or above ``folder``.

    Raises:
        ConfigError: there is none, or its file is wrong; the message names file and key.
    """
    from tinyforge.architectures import list_architectures
    from tinyforge.boards import board_ids
    from tinyforge.dataset.augment import AugmentSpec

    return load_project(
        find_project(folder),
        boards=tuple(board_ids()),
        architectures=tuple(architecture.name for architecture in list_architectures()),
        variations=tuple(field.name for field in dataclasses.fields(AugmentSpec)),
    )


def init(folder: Path, template: str = "empty", *, force: bool = False) -> Path:
    """Write ``tinyforge.toml`` and the dataset's folder.

    Args:
        folder: made when it is missing.
        template: one of TEMPLATES.
        force: overwrite a file that is there.

    Returns:
        Path of the file.

    Raises:
        UsageError: unknown template, or a project is there already.
    """
    if template not in TEMPLATES:
        raise UsageError("--template", f'"{template}": unknown template', did_you_mean(template, TEMPLATES))
    path = folder / PROJECT_FILE
    if path.exists() and not force:
        raise UsageError(str(path), "exists already", "--force overwrites it")
    text = resources.files("tinyforge.pipeline").joinpath("templates", f"{template}.toml").read_text(encoding="utf-8")
    name = re.sub(r"[^a-z0-9_]+", "_", folder.resolve().name.lower()).strip("_")[:32]
    if not re.match(r"[a-z]", name):
        name = "gestures"
    write_text(path, text.replace("@NAME@", name))
    try:
        (folder / "dataset").mkdir(exist_ok=True)
    except OSError as error:
        raise os_error(folder / "dataset", error, "make") from error
    return path
