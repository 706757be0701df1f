"""Recordings -> windows, split so that no group stands on two sides."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyforge.core.dataset_file import read_dataset, write_dataset
from tinyforge.core.files import sha256_file, write_json
from tinyforge.core.types import SPLIT_NAMES, Dataset
from tinyforge.pipeline import datasets, frozen
from tinyforge.pipeline.runs import Step

if TYPE_CHECKING:
    from tinyforge.pipeline.road import Road

NAME = "dataset"
DATASET_FILE = datasets.DATASET_FILE


def step(road: Road) -> Step:
    """Cut and split the project's recordings."""
    project = road.project

    def make(folder: Path) -> Mapping[str, Any]:
        dataset = datasets.windows_of(project)
        write_dataset(dataset, folder / DATASET_FILE)
        said = facts(dataset) | {"channels": [[c.name, c.unit] for c in datasets.channels_of(project)]}
        write_json(folder / "dataset.json", said | {"recordings": datasets.summary(project)})
        return said

    inputs = {
        "recordings": datasets.store_of(project).digest(),
        "dataset": dataclasses.asdict(project.dataset) | {"folder": ""},
        "window": dataclasses.asdict(project.window),
    }
    if frozen.file_of(project).is_file():
        inputs["split"] = sha256_file(frozen.file_of(project))
    return Step(NAME, 2, inputs, make)


def facts(dataset: Dataset) -> dict[str, Any]:
    """Windows and groups on each side."""
    from tinyforge.dataset import describe_split

    return {
        "digest": dataset.digest,
        "labels": list(dataset.labels),
        "windows": {name: int((dataset.split == side).sum()) for side, name in enumerate(SPLIT_NAMES)},
        "by_class": describe_split(dataset),
        "groups": {
            name: sorted(set(map(str, dataset.groups[dataset.split == side]))) for side, name in enumerate(SPLIT_NAMES)
        },
    }


def load(road: Road) -> Dataset:
    """The windows of the run."""
    return read_dataset(road.run.path(NAME, DATASET_FILE))


def sha256(road: Road) -> str:
    """Digest of the windows' file, for the inputs of later steps."""
    return str((road.run.done(NAME) or {})["facts"]["digest"])
