"""Recording: from a board over the link into the project's dataset."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyforge.core.errors import UsageError, did_you_mean
from tinyforge.core.project import CaptureConfig, Project
from tinyforge.pipeline import devices
from tinyforge.pipeline.datasets import entry_json, store_of
from tinyforge.pipeline.observer import Observer

if TYPE_CHECKING:
    from tinyforge.boards import Board

MOTIONS = ("police",)


def capture(
    project: Project,
    *,
    label: str,
    subject: str,
    session: str = "",
    count: int = 1,
    duration_s: float = 4.0,
    rate_hz: float = 0.0,
    motion: str = "",
    board_id: str = "",
    port: str = "",
    observer: Observer,
) -> list[dict[str, Any]]:
    """Record takes of one gesture of one person.

    Args:
        project: gets the recordings.
        label: class.
        subject: who moves.
        session: when and where.
        count: takes.
        duration_s: of each, in seconds of the board's clock.
        rate_hz: samples a second; 0 for the project's.
        motion: what moves the virtual board's IMU; empty for the arm of `virtual.motion` where the label is one of its
            signals.
        board_id, port: instead of the project's.
        observer: is told.

    Returns:
        What the store says of each recording.

    Raises:
        DeviceError: the board.
        DataError: the recording.
    """
    board = devices.board_of(project, board_id)
    port = port or project.port
    image: Path | None = None
    if devices.is_virtual(board) and not port:
        image = devices.recording_firmware(project, board, observer)
    made = []
    for take in range(count):
        spec = motion
        if image is not None and not motion:
            rate = rate_hz or project.window.rate_hz
            spec = _police_motion(label, subject, _next_take(project, label, subject), rate)
        observer.progress("capture", take, count, f"{label} by {subject}: take {take + 1} of {count}")
        recording_id = _one(project, board, port, image, spec, label, subject, session, duration_s, rate_hz)
        made.append(recording_id)
    entries = {entry.id: entry for entry in store_of(project).entries()}
    return [entry_json(entries[recording_id]) for recording_id in made]


def fill(project: Project, config: CaptureConfig, observer: Observer) -> int:
    """Record what ``[capture]`` asks for and the dataset lacks; how many recordings were made.

    A recording is told by label, subject and session (``take 1``, ``take 2``, ...), so an interrupted recording goes on
    where it stopped.
    """
    if config.motion not in MOTIONS:
        raise UsageError("capture.motion", f'"{config.motion}": unknown motion', did_you_mean(config.motion, MOTIONS))
    have = {(entry.label, entry.subject, entry.session) for entry in store_of(project).entries()}
    wanted = [
        (label, number, take)
        for number in range(1, config.subjects + 1)
        for label in config.labels
        for take in range(1, config.takes + 1)
        if (label, _person(number), f"take {take}") not in have
    ]
    if not wanted:
        return 0
    from tinyforge.boards import load_board

    board = load_board("virtual")
    observer.started("capture")
    begin = time.monotonic()
    image = devices.recording_firmware(project, board, observer)
    for done, (label, number, take) in enumerate(wanted):
        observer.progress("capture", done, len(wanted), f"{label} by {_person(number)}")
        spec = _police_motion(label, _person(number), take, project.window.rate_hz)
        _one(project, board, "", image, spec, label, _person(number), f"take {take}", config.duration_s, 0.0)
    observer.finished("capture", time.monotonic() - begin, cached=False)
    return len(wanted)


def _one(
    project: Project,
    board: Board,
    port: str,
    image: Path | None,
    motion: str,
    label: str,
    subject: str,
    session: str,
    duration_s: float,
    rate_hz: float,
) -> str:
    from tinyforge.capture import record

    rate = rate_hz or project.window.rate_hz
    window = project.window
    samples = max(1, round(duration_s * rate))
    needed = math.ceil(window.length * rate / window.rate_hz)
    if samples < needed:
        raise UsageError(
            "--duration",
            f"{duration_s:g} s at {rate:g} Hz are {samples} samples, a window needs {needed}",
            f"record at least {needed / rate:.2f} s, or make window.length smaller",
        )
    with devices.linked(board, port, image=image, motion=motion) as link:
        recording = record(
            link,
            label=label,
            subject=subject,
            session=session,
            samples=samples,
            rate_hz=rate,
            at_least=needed,
        )
    return store_of(project).add(recording)


def _person(number: int) -> str:
    return f"p{number:02d}"


def _next_take(project: Project, label: str, subject: str) -> int:
    return 1 + sum(entry.label == label and entry.subject == subject for entry in store_of(project).entries())


def _police_motion(label: str, subject: str, take: int, rate_hz: float) -> str:
    """The arm's motion for a label that it knows; nothing (a board that lies still) for others."""
    import zlib

    from tinyforge.virtual.motion import LABELS, police_spec

    if label not in LABELS:
        raise UsageError(
            "--label",
            f'the virtual board\'s arm does not know "{label}"',
            f"{did_you_mean(label, LABELS)} -- or say what moves the board: --motion file:recording.csv",
        )
    digits = subject.removeprefix("p")
    number = int(digits) if digits.isdigit() else zlib.crc32(subject.encode())
    return police_spec(label, number, take, rate_hz=rate_hz)
