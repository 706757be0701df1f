"""One candidate: first what it costs, measured on the untrained network; then, if it fits, how good it is."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tinyforge.architectures.session import ENVIRONMENT, require_tensorflow
from tinyforge.core.files import sha256_json, write_json
from tinyforge.core.project import Project
from tinyforge.core.types import TEST, Dataset, ModelInfo, SizeBudget
from tinyforge.core.worker import Progress, run_worker
from tinyforge.search.space import Drawn

COSTS = ("flash_bytes", "ram_bytes", "instructions")
AUGMENTATION = "tinyforge.dataset.augment:augment"

Told = Callable[[str], None]


class OverBudget(Exception):
    """The candidate does not fit; its text says where.

    Attributes:
        times: what it takes most beyond its limit, divided by that limit; > 1.
    """

    def __init__(self, text: str, times: float) -> None:
        super().__init__(text)
        self.times = times


def evaluate(drawn: Drawn, project: Project, folder: Path, told: Told) -> dict[str, Any]:
    """Measure a candidate; what was interrupted in ``folder`` goes on there.

    The test side of the project's split is not touched: candidates are compared on validation windows.

    Args:
        drawn: what.
        project: recordings and budget.
        folder: of this trial.
        told: called with what it does, in a few words.

    Returns:
        ``macro_f1``, ``accuracy`` (int8, validation windows), ``parameters``, and the costs of the compressed network.

    Raises:
        OverBudget: it costs more than ``[search]`` allows.
        ConfigError, DataError: it cannot be.
        ToolError: no compiler, no Unicorn, or a worker died.
    """
    from tinyforge.compress import compress
    from tinyforge.pipeline.datasets import channels_of
    from tinyforge.train import fit

    dataset = without_test(_windows(project, drawn))
    folder.mkdir(parents=True, exist_ok=True)
    check(_cost(drawn, dataset, folder, told), project.search.budget)

    def on_progress(progress: Progress) -> None:
        told(f"{progress.step}: {progress.text}")

    trained = fit(dataset, drawn.spec, folder / "train", on_progress, augmentation=AUGMENTATION)
    info = ModelInfo(drawn.spec.name, trained.labels, drawn.window, channels_of(project), trained.preprocessing)
    made = compress(
        trained.folder, dataset, drawn.plan, info, folder / "compress", on_progress, augmentation=AUGMENTATION
    )
    told("measuring the compressed network")
    cost = _profile(made.tflite)
    check(cost, project.search.budget)
    measured = made.steps[-1].test
    return {
        "macro_f1": measured["macro_f1"],
        "accuracy": measured["accuracy"],
        "parameters": trained.parameters,
        **cost,
    }


def check(cost: Mapping[str, int], budget: SizeBudget) -> None:
    """Compare costs with limits.

    Raises:
        OverBudget: naming each that is over.
    """
    limits = {key: limit for key in COSTS if (limit := getattr(budget, key)) is not None}
    over = {key: limit for key, limit in limits.items() if cost[key] > limit}
    if over:
        text = "; ".join(f"{cost[key]} {key.replace('_', ' ')}, more than {limit}" for key, limit in over.items())
        raise OverBudget(text, max(cost[key] / max(limit, 1) for key, limit in over.items()))


def without_test(dataset: Dataset) -> Dataset:
    """The dataset less the test side of its split."""
    kept = dataset.split != TEST
    return dataclasses.replace(
        dataset,
        windows=dataset.windows.take(kept),
        targets=dataset.targets[kept],
        groups=dataset.groups[kept],
        recordings=dataset.recordings[kept],
        split=dataset.split[kept],
    )


def _windows(project: Project, drawn: Drawn) -> Dataset:
    from tinyforge.pipeline.datasets import windows_of

    return windows_of(dataclasses.replace(project, window=drawn.window))


def _cost(drawn: Drawn, dataset: Dataset, folder: Path, told: Told) -> dict[str, int]:
    """Costs of the untrained network; kept in ``folder``."""
    file = folder / "cost.json"
    key = sha256_json(drawn.as_json() | {"classes": len(dataset.labels)})
    if file.is_file():
        said: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if said["key"] == key:
            return {name: int(said[name]) for name in COSTS}
    require_tensorflow("searching")
    told("measuring the untrained network")
    run_worker(
        "tinyforge.search.untrained",
        {
            "spec": dataclasses.asdict(drawn.spec) | {"parameters": dict(drawn.spec.parameters)},
            "plan": dataclasses.asdict(drawn.plan),
            "shape": list(dataset.windows.shape[1:]),
            "classes": len(dataset.labels),
            "file": str((folder / "untrained.tflite").resolve()),
        },
        job_file=folder / "untrained.json",
        log_file=folder / "untrained.log",
        environment=ENVIRONMENT,
    )
    cost = _profile(folder / "untrained.tflite")
    write_json(file, {"key": key, **cost})
    return cost


def _profile(model: Path) -> dict[str, int]:
    from tinyforge.pipeline.models import profile

    measured = profile(model)
    return {key: int(measured[key]) for key in COSTS}
