"""The recipes in ``models/``: each is a project, says what it is for, and asks for motions that exist."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinyforge.cli import main
from tinyforge.core.errors import UsageError
from tinyforge.pipeline import projects
from tinyforge.virtual.motion import motion_labels

MODELS = Path(__file__).resolve().parents[2] / "models"
RECIPES = sorted(path.parent for path in MODELS.glob("*/model.toml"))


def test_there_are_three_sets_with_three_networks_each():
    names = {folder.name for folder in RECIPES}
    sets = ("activities", "gestures", "police")
    assert {f"{one}_{network}" for one in sets for network in ("cnn1d", "dense", "lstm")} <= names


@pytest.mark.parametrize("folder", RECIPES, ids=lambda folder: folder.name)
def test_a_recipe_is_a_project(folder, tmp_path):
    made = projects.init(tmp_path / "again", str(folder))
    project = projects.load(made.parent)
    assert [spec.name for spec in project.models] == [folder.name]
    assert project.card.intended_use
    assert project.card.limits
    assert project.capture is not None
    assert set(project.capture.labels) <= set(motion_labels(project.capture.motion))


def test_a_folder_without_a_recipe_is_no_template(tmp_path):
    with pytest.raises(UsageError) as caught:
        projects.init(tmp_path / "again", str(tmp_path))
    assert caught.value.fact == f'"{tmp_path}": unknown template, and no folder with a model.toml'
    with pytest.raises(SystemExit) as ended:
        main(["init", str(tmp_path / "x"), "--template", "polic"])
    assert ended.value.code == 2
