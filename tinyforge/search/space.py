"""What a trial is drawn from: architecture and its parameters, window, compression."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tinyforge.architectures import get_architecture
from tinyforge.architectures.parameters import PRESET
from tinyforge.core.project import Project
from tinyforge.core.types import CompressionPlan, ModelSpec, WindowSpec


class Draws(Protocol):
    """What is needed of an Optuna trial."""

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """One of the choices."""
        ...


@dataclass(frozen=True, slots=True)
class Drawn:
    """A candidate before anything was done with it.

    Attributes:
        spec: what is trained.
        window: how windows are cut.
        plan: how it is compressed.
    """

    spec: ModelSpec
    window: WindowSpec
    plan: CompressionPlan

    def as_json(self) -> dict[str, Any]:
        """As plain data: what ``tinyforge.toml`` would say."""
        return {
            "architecture": self.spec.architecture,
            "parameters": dict(self.spec.parameters),
            "epochs": self.spec.epochs,
            "window": {"length": self.window.length, "hop": self.window.hop},
            "compress": {"sparsity": self.plan.sparsity, "clusters": self.plan.clusters},
        }


def draw(trial: Draws, project: Project) -> Drawn:
    """Draw a candidate.

    Training is that of the project's first model: its learning rate, schedule, augmentation and seed. The hop stays, in
    seconds, what the project says, so that candidates are measured on comparable windows.

    Raises:
        ConfigError: ``[search]`` names an architecture that does not exist.
    """
    config = project.search
    name = _one(trial, "architecture", config.architectures)
    architecture = get_architecture(name, "search.architectures")
    parameters: dict[str, Any]
    if architecture.choices:
        parameters = {key: _one(trial, f"{name}.{key}", values) for key, values in architecture.choices.items()}
    else:
        parameters = {PRESET: _one(trial, f"{name}.{PRESET}", tuple(architecture.presets))}
    length = _one(trial, "window.length", config.lengths or (project.window.length,))
    sparsity = _one(trial, "compress.sparsity", config.sparsities)
    clusters = _one(trial, "compress.clusters", config.clusters)
    spec = dataclasses.replace(
        project.models[0], name="candidate", architecture=name, parameters=parameters, epochs=config.epochs
    )
    window = dataclasses.replace(project.window, length=length)
    shortly = min(project.plan.prune_epochs, project.search.epochs)  # a candidate is not pruned longer than trained
    plan = dataclasses.replace(project.plan, sparsity=sparsity, clusters=clusters, prune_epochs=shortly)
    return Drawn(spec, window, plan)


def _one(trial: Draws, name: str, choices: tuple[Any, ...]) -> Any:
    """One of the choices; lists go through the storage as JSON, which keeps only numbers, texts and booleans."""
    if len(choices) == 1:
        return choices[0]
    if not any(isinstance(choice, tuple) for choice in choices):
        return trial.suggest_categorical(name, list(choices))
    by_text = {json.dumps(list(choice)): choice for choice in choices}
    return by_text[trial.suggest_categorical(name, list(by_text))]


def to_toml(drawn: Mapping[str, Any], name: str) -> str:
    """What to put into ``tinyforge.toml`` for a candidate of :meth:`Drawn.as_json`."""
    lines = ["[window]", *_lines(drawn["window"]), "", "[[model]]", f'name = "{name}"']
    lines += [f'architecture = "{drawn["architecture"]}"', f"epochs = {drawn['epochs']}"]
    lines += ["[model.parameters]", *_lines(drawn["parameters"]), "", "[compress]", *_lines(drawn["compress"])]
    return "\n".join(lines) + "\n"


def _lines(values: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {json.dumps(value)}" for key, value in values.items()]
