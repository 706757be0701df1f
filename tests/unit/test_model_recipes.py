"""The recipes in ``models/``: each is a project, says what it is for, and asks for motions that exist."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tinyforge.boards import list_boards
from tinyforge.cli import main
from tinyforge.core.errors import UsageError
from tinyforge.pipeline import cards, projects
from tinyforge.pipeline.model_folders import CARD, FIGURES
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


@pytest.mark.parametrize("folder", RECIPES, ids=lambda folder: folder.name)
def test_a_card_says_what_was_measured_last(folder):
    """`tinyforge check models --update` writes both."""
    (figures,) = json.loads((folder / FIGURES).read_text(encoding="utf-8")).values()
    card = (folder / CARD).read_text(encoding="utf-8")
    footprint = figures["footprint"]
    for what, value in (
        ("flash (weights, parameters, code)", f"{footprint['flash_bytes']} B"),
        ("RAM (arena, state, stack)", f"{footprint['ram_bytes']} B"),
        ("of that stack", f"{footprint['stack_bytes']} B"),
        ("instructions, counted", figures["instructions"]),
        ("cycles, estimated, memory without wait states", figures["cycles"]),
        ("SHA-256 of the int8 model", f"`{figures['model_sha256']}`"),
    ):
        assert f"| {what} | {value} |" in card
    for board in list_boards():
        assert f"| {board.name} | {board.clock_hz / 1e6:g} MHz | {board.flash_wait_cycles} |" in card
    assert card.count("\n## Energy\n") == 1


def test_costs_of_a_card_are_written_anew_and_nothing_else(tmp_path):
    model = tmp_path / "police_dense"
    shutil.copytree(MODELS / "police_dense", model)
    card = (model / CARD).read_text(encoding="utf-8")
    (model / CARD).write_text(card.replace("30979", "1").replace("| 64 MHz |", "| 63 MHz |"), encoding="utf-8")
    cards.renew(model)
    assert (model / CARD).read_text(encoding="utf-8") == card
    (model / CARD).write_text("# Mine\n", encoding="utf-8")
    cards.renew(model)
    assert (model / CARD).read_text(encoding="utf-8") == "# Mine\n"
    (model / CARD).unlink()
    cards.renew(model)
    assert not (model / CARD).exists()


def test_a_folder_without_a_recipe_is_no_template(tmp_path):
    with pytest.raises(UsageError) as caught:
        projects.init(tmp_path / "again", str(tmp_path))
    assert caught.value.fact == f'"{tmp_path}": unknown template, and no folder with a model.toml'
    with pytest.raises(SystemExit) as ended:
        main(["init", str(tmp_path / "x"), "--template", "polic"])
    assert ended.value.code == 2
