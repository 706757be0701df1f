"""Trains the reference models in ``models/`` again from their recipes and writes everything that is kept of them.

Some minutes each. A ``budget.toml`` that is there is kept: limits change on purpose, by hand.

    .venv/bin/python scripts/build_models.py [NAME ...]
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from tinyforge.pipeline import projects
from tinyforge.pipeline.model_folders import RECIPE
from tinyforge.pipeline.observer import Silent
from tinyforge.pipeline.publish import publish
from tinyforge.pipeline.road import Road

MODELS = Path(__file__).resolve().parents[1] / "models"


def main() -> None:
    """Build the named models, or all."""
    wanted = sys.argv[1:] or sorted(recipe.parent.name for recipe in MODELS.glob(f"*/{RECIPE}"))
    with tempfile.TemporaryDirectory(prefix="tinyforge_models_") as work:
        for name in wanted:
            # models of one set share a project, and so its recordings
            project = Path(work) / name.rpartition("_")[0]
            projects.init(project, str(MODELS / name), force=True)
            road = Road(projects.load(project), Silent())
            spec = road.project.models[0]
            with tempfile.TemporaryDirectory() as staged:
                made = publish(road, spec, _staged(Path(staged) / name, MODELS / name))
                for file in made.iterdir():
                    shutil.copyfile(file, MODELS / name / file.name)
            print(f"{name}: done")


def _staged(folder: Path, kept: Path) -> Path:
    """An empty folder with the budget that is kept."""
    folder.mkdir()
    if (kept / "budget.toml").is_file():
        shutil.copyfile(kept / "budget.toml", folder / "budget.toml")
    return folder


if __name__ == "__main__":
    main()
