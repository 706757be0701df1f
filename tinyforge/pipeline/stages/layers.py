"""Are the layers of ``[compress.layers]`` there? Known before anything is trained, from networks that nobody trains."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyforge.core.errors import ConfigError, did_you_mean
from tinyforge.core.files import write_json
from tinyforge.core.project import PROJECT_FILE
from tinyforge.core.resources import code_digest
from tinyforge.pipeline.runs import Step

if TYPE_CHECKING:
    from tinyforge.pipeline.road import Road

NAME = "layers"


def step(road: Road) -> Step | None:
    """Build every model once and look its layers up; None where no layer is named.

    Raises:
        ConfigError: when made: a name that no model has.
    """
    project = road.project
    if not project.plan.layers:
        return None
    job = {
        "specs": [
            {"name": spec.name, "architecture": spec.architecture, "parameters": dict(spec.parameters)}
            for spec in project.models
        ],
        "shape": [project.window.length, len(project.window.channels)],
    }

    def make(folder: Path) -> Mapping[str, Any]:
        from tinyforge.architectures.session import ENVIRONMENT, require_tensorflow
        from tinyforge.core.worker import run_worker

        require_tensorflow("looking layers up")
        road.observer.progress(NAME, 0, 1, "how the layers are called")
        told = run_worker(
            "tinyforge.architectures.layer_names",
            job,
            job_file=folder / "job.json",
            log_file=folder / "layers.log",
            environment=ENVIRONMENT,
        )
        names: dict[str, list[str]] = told["names"]
        known = dict.fromkeys(name for model in names.values() for name in model)
        for wanted in project.plan.layers:
            if wanted not in known:
                raise ConfigError(
                    f"{PROJECT_FILE}: compress.layers.{wanted}",
                    "no model has a layer with weights of that name",
                    did_you_mean(wanted, known),
                )
        write_json(folder / "layers.json", names)
        return {"layers": {model: len(found) for model, found in names.items()}}

    inputs = job | {"wanted": sorted(project.plan.layers), "code": code_digest("architectures")}
    return Step(NAME, 1, inputs, make)
