"""How a network's scores become an answer: chosen on the validation windows, as ``[decision]`` wishes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tinyforge.core.types import TEST, VALIDATION, Decision, ModelSpec
from tinyforge.pipeline.stages import dataset as dataset_stage
from tinyforge.pipeline.stages import train as train_stage

if TYPE_CHECKING:
    from tinyforge.pipeline.road import Road
    from tinyforge.tasks.gesture import Chosen


def chosen(road: Road, spec: ModelSpec) -> Chosen | None:
    """The decision for a trained network and what it does on its validation windows; None where none is wished.

    Raises:
        DataError: ``[decision]`` names a rest that is no label.
    """
    from tinyforge.tasks import gesture

    wish = road.project.decision
    if wish.false_alarms is None:
        return None
    dataset = dataset_stage.load(road)
    with np.load(train_stage.predictions(road, spec), allow_pickle=False) as archive:
        probabilities, targets = archive["validation_probabilities"], archive["validation_targets"]
    return gesture.choose(
        gesture.to_scores(probabilities),
        targets,
        dataset.recordings[dataset.split == VALIDATION],
        dataset.labels,
        false_alarms=wish.false_alarms,
        smoothing=wish.smoothing,
        rest=wish.rest,
    )


def tested(road: Road, spec: ModelSpec, found: Chosen) -> Chosen | None:
    """What the decision does on the test windows, which did not choose it; None where there are none."""
    from tinyforge.tasks import gesture

    dataset = dataset_stage.load(road)
    with np.load(train_stage.predictions(road, spec), allow_pickle=False) as archive:
        scores, targets = gesture.to_scores(archive["test_probabilities"]), archive["test_targets"]
    streams = dataset.recordings[dataset.split == TEST]
    return gesture.judge(scores, targets, streams, dataset.labels, found.decision)


def decision(road: Road, spec: ModelSpec) -> Decision:
    """The decision that travels with the model."""
    found = chosen(road, spec)
    return found.decision if found else Decision(0, road.project.decision.smoothing, road.project.decision.rest)
