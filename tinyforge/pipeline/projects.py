"""Projects: made from a template, read with everything in them checked."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from importlib import resources
from pathlib import Path

from tinyforge.core.errors import ConfigError, DataError, UsageError, did_you_mean
from tinyforge.core.files import os_error, write_text
from tinyforge.core.project import PROJECT_FILE, Project, find_project, load_project
from tinyforge.pipeline.model_folders import RECIPE

TEMPLATES = ("empty", "gestures", "police", "activities")
FEWEST_SUBJECTS = 3


def load(folder: Path) -> Project:
    """The project at or above ``folder``.

    Raises:
        ConfigError: there is none, or its file is wrong; the message names file and key.
    """
    from tinyforge.architectures import list_architectures
    from tinyforge.boards import board_ids
    from tinyforge.dataset.augment import AugmentSpec

    project = load_project(
        find_project(folder),
        boards=tuple(board_ids()),
        architectures=tuple(architecture.name for architecture in list_architectures()),
        variations=tuple(field.name for field in dataclasses.fields(AugmentSpec)),
    )
    for spec in project.models:
        try:
            AugmentSpec(**spec.augmentation)
        except ConfigError as error:
            raise ConfigError(f"{PROJECT_FILE}: {error.place}", error.fact, error.way_out) from error
    return _split(project) if project.dataset.split_by == "auto" else project


def _split(project: Project) -> Project:
    """``split_by = "auto"``, settled: as the frozen split; else by subject where that many are to tell apart.

    Each of training, watching and testing needs a subject of its own; a recording of nobody named belongs to none.
    Recordings of labels or placements that the project leaves out do not count.
    """
    from tinyforge.pipeline import frozen
    from tinyforge.pipeline.datasets import store_of

    by = frozen.kept_by(project)
    if not by:
        names: set[str] = set()
        with contextlib.suppress(DataError):  # said by who reads the recordings
            config = project.dataset
            names = {
                entry.subject
                for entry in store_of(project).entries()
                if (not config.labels or set(config.labels).intersection(entry.labels))
                and config.placement in {"", entry.placement}
            }
        count = len(names) if all(names) else 0
        if project.capture is not None:  # what `tinyforge run` will record
            count = max(count, project.capture.subjects)
        by = "subject" if count >= FEWEST_SUBJECTS else "recording"
    return dataclasses.replace(project, dataset=dataclasses.replace(project.dataset, split_by=by))


def check_models(project: Project) -> None:
    """Refuse, before anything is trained, models that cannot be built and pruning that cannot be done.

    Recording and looking at takes, and a search, need none of it.

    Raises:
        ConfigError: the message names file and key.
    """
    from tinyforge.architectures import resolve
    from tinyforge.compress.patterns import parse_pattern

    window = project.window.length, len(project.window.channels)
    for spec in project.models:
        resolve(spec, window, f'{PROJECT_FILE}: model "{spec.name}"')
    if project.plan.sparsity:
        parse_pattern(project.plan.pattern, project.plan.sparsity, f"{PROJECT_FILE}: compress")


def _recipe(template: str) -> str:
    """The text of a template, or of a model's recipe."""
    if template in TEMPLATES:
        return (
            resources.files("tinyforge.pipeline").joinpath("templates", f"{template}.toml").read_text(encoding="utf-8")
        )
    path = Path(template) / RECIPE if Path(template).is_dir() else Path(template)
    if path.name != RECIPE or not path.is_file():
        fact = f'"{template}": unknown template, and no folder with a {RECIPE}'
        raise UsageError("--template", fact, did_you_mean(template, TEMPLATES))
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(str(path), f"cannot be read: {error}", "check the file") from error


def init(folder: Path, template: str = "empty", *, force: bool = False) -> Path:
    """Write ``tinyforge.toml`` and the dataset's folder.

    Args:
        folder: made when it is missing.
        template: one of TEMPLATES, or the path of a model's folder (or of its ``model.toml``), whose recipe is taken.
        force: overwrite a file that is there.

    Returns:
        Path of the file.

    Raises:
        UsageError: unknown template, or a project is there already.
    """
    recipe = _recipe(template)
    path = folder / PROJECT_FILE
    if path.exists() and not force:
        raise UsageError(str(path), "exists already", "--force overwrites it")
    name = re.sub(r"[^a-z0-9_]+", "_", folder.resolve().name.lower()).strip("_")[:32]
    if not re.match(r"[a-z]", name):
        name = "gestures"
    write_text(path, recipe.replace("@NAME@", name))
    try:
        (folder / "dataset").mkdir(exist_ok=True)
    except OSError as error:
        raise os_error(folder / "dataset", error, "make") from error
    return path
