"""int8 .tflite -> C."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyforge.core.errors import ConfigError, UsageError
from tinyforge.core.files import sha256_file, sha256_json
from tinyforge.core.project import PROJECT_FILE
from tinyforge.core.resources import code_digest
from tinyforge.core.types import ModelSpec
from tinyforge.pipeline.runs import Run, Step
from tinyforge.pipeline.stages import compress as compress_stage

if TYPE_CHECKING:
    from tinyforge.pipeline.road import Road

NEEDS: tuple[str, ...] = ("compress",)


def name(spec: ModelSpec) -> str:
    """The step's name."""
    return f"export/{spec.name}"


def folder(road: Road, spec: ModelSpec) -> Path:
    """Where the C is."""
    return road.run.path(name(spec))


def step(road: Road, spec: ModelSpec) -> Step:
    """Compile one model.

    Raises:
        ConfigError: when made: ``export.stream`` for a network that cannot.
    """
    tflite = compress_stage.tflite(road, spec)

    def make(out: Path) -> Mapping[str, Any]:
        from tinyforge.pipeline import models

        try:
            return models.export(tflite, out, name=spec.name, stream=wanted, whole=wanted)
        except UsageError as error:  # what the command calls --stream or --hop stands in the project here
            if not wanted:
                raise
            raise ConfigError(f"{PROJECT_FILE}: export.stream", error.fact, "leave it out") from error

    wanted = road.project.export.stream
    inputs: dict[str, Any] = {"tflite": sha256_file(tflite), "code": code_digest("compiler", "runtimes", "csrc")}
    if wanted:
        inputs["stream"] = True
    return Step(name(spec), 2, inputs, make)


def manifest(road: Road, spec: ModelSpec) -> dict[str, Any]:
    """What the C's ``manifest.json`` says."""
    said: dict[str, Any] = json.loads((folder(road, spec) / "manifest.json").read_text(encoding="utf-8"))
    return said


def facts(road: Road, spec: ModelSpec) -> dict[str, Any]:
    """What :func:`tinyforge.pipeline.models.export` said."""
    return dict((road.run.done(name(spec)) or {})["facts"])


def digest(run: Run, spec: ModelSpec) -> str:
    """SHA-256 over all files of the export."""
    return sha256_json([[str(a.path), a.sha256] for a in run.artifacts(name(spec))])


def result(road: Road, spec: ModelSpec) -> dict[str, Any]:
    """Costs that the compiler knows, and where the C is; what :func:`streams` says besides."""
    said = facts(road, spec)
    found = {key: said[key] for key in ("name", "macs", "weight_bytes", "arena_bytes", "explain")}
    return found | streams(road, spec) | {"folder": str(folder(road, spec))}


def streams(road: Road, spec: ModelSpec) -> dict[str, Any]:
    """With ``[export] stream``: ``stream`` (empty where it does not pay), ``stream_says`` (what it saves, why not)."""
    if not road.project.export.stream:
        return {}
    said = facts(road, spec)
    return {"stream": said["stream"], "stream_says": said["stream_says"]}
