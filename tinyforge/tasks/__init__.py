"""What a network is for: its targets, its metric, and how its outputs become an answer.

``gesture`` is built in. Others come from packages that declare an entry point in the group ``tinyforge.tasks``
whose object is a :class:`Task`; one that fails to load is listed with its reason and hurts nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy.typing as npt

from tinyforge.core.errors import ConfigError, did_you_mean
from tinyforge.core.plugins import offers
from tinyforge.core.types import IntArray
from tinyforge.tasks import gesture

ENTRY_POINTS = "tinyforge.tasks"


@runtime_checkable
class Task(Protocol):
    """The three questions a task answers. A module or an object with these names is a task."""

    def targets(self, names: Sequence[str], labels: Sequence[str]) -> IntArray:
        """Index into ``labels`` of each name, int64 [n]."""
        ...

    def metric(self, targets: IntArray, predicted: IntArray, classes: int) -> Mapping[str, float]:
        """Named figures of merit of answers [n] against targets [n]; higher is better."""
        ...

    def decode(self, scores: npt.NDArray[Any]) -> IntArray:
        """Answer of each row of scores [n, classes], int64 [n]."""
        ...


@dataclass(frozen=True, slots=True)
class LoadedTask:
    """A task that was found.

    Attributes:
        name: as a configuration names it.
        task: the task, or None when it failed to load.
        reason: why it failed; empty when it did not.
    """

    name: str
    task: Task | None
    reason: str = ""


def list_tasks() -> tuple[LoadedTask, ...]:
    """The built-in tasks, then those of other packages, by name."""
    found = {"gesture": LoadedTask("gesture", gesture)}
    for offer in offers(ENTRY_POINTS, without=found):
        if isinstance(offer.loaded, Task):
            found[offer.name] = LoadedTask(offer.name, offer.loaded)
        else:
            reason = offer.reason or f"{offer.value} lacks targets, metric or decode"
            found[offer.name] = LoadedTask(offer.name, None, reason)
    return tuple(found.values())


def get_task(name: str) -> Task:
    """The task of that name.

    Raises:
        ConfigError: no such task, or it failed to load.
    """
    known = {loaded.name: loaded for loaded in list_tasks()}
    if name not in known:
        raise ConfigError("task", f'"{name}": unknown task', did_you_mean(name, known))
    loaded = known[name]
    if loaded.task is None:
        raise ConfigError("task", f'"{name}" cannot be loaded: {loaded.reason}', "repair or remove its package")
    return loaded.task
