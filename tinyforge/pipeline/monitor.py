"""``tinyforge monitor``: what a board answers to windows of its own sensor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tinyforge.core.errors import UsageError
from tinyforge.core.project import Project
from tinyforge.pipeline import devices

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """One prediction of the board.

    Attributes:
        sequence: counts them from 0; a jump is a prediction that was lost on the way.
        time_s: of the window's last sample, by the board's clock, since the first answer.
        answer: the class after smoothing and threshold; ``unknown`` where none is sure enough.
        best: the class with the highest score.
        score: of that class, raw int8.
        latency_us: from the raw window to the scores.
    """

    sequence: int
    time_s: float
    answer: str
    best: str
    score: int
    latency_us: int


def watch(
    project: Project, *, board_id: str = "", port: str = "", model: str = "", motion: str = "", count: int = 0
) -> Iterator[Answer]:
    """Start LIVE on a board and give its answers as they come; LIVE is ended when the caller stops asking.

    Args:
        project: whose board it is.
        board_id, port: identifier and serial port; empty for the project's and the one that is found.
        model: for the virtual board: whose image it holds; empty for the project's first model.
        motion: for the virtual board: what moves its IMU.
        count: so many answers; 0 for as many as are asked for.

    Raises:
        ConfigError: no such model.
        DeviceError: no board, no model on it, or it goes away.
        UsageError: the virtual board has no firmware yet, or a motion for a real board.
    """
    board = devices.board_of(project, board_id)
    spec = project.model(model) if model else project.models[0]
    image = devices.virtual_flash(project, spec.name)
    with devices.linked(board, port or project.port, image=image, motion=motion) as link:
        labels = link.labels()
        if not labels:
            raise UsageError(port or board.name, "holds no model with labels", f"`tinyforge flash --model {spec.name}`")
        link.start_live()
        first_us: int | None = None
        try:
            for number, one in enumerate(link.predictions(), start=1):
                first_us = one.time_us if first_us is None else first_us
                yield Answer(
                    one.sequence,
                    ((one.time_us - first_us) & 0xFFFFFFFF) / 1e6,
                    UNKNOWN if one.answer is None else labels[one.answer],
                    labels[one.inference.label],
                    int(one.inference.scores[one.inference.label]),
                    one.inference.duration_us,
                )
                if number == count:
                    return
        finally:
            link.stop_stream()
