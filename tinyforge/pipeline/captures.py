"""Recording: from a board over the link into the project's dataset."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyforge.core.errors import DataError, UsageError, did_you_mean
from tinyforge.core.project import CaptureConfig, Project
from tinyforge.pipeline import devices
from tinyforge.pipeline.datasets import entry_json, store_of
from tinyforge.pipeline.observer import Observer

if TYPE_CHECKING:
    from tinyforge.boards import Board
    from tinyforge.capture.desk import Desk
    from tinyforge.capture.session import Plan
    from tinyforge.capture.source import Source
    from tinyforge.core.types import Channel
    from tinyforge.dataset import Entry, RecordingStore
    from tinyforge.link import Link, TextLink

_IMU_NAMES = ("ax", "ay", "az", "gx", "gy", "gz")


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asks to be recorded.

    Attributes:
        plan: labels, subject, mode, times.
        board_id, port: instead of the project's.
        baud: of a real UART.
        motion: what moves the virtual board's IMU; empty for the arm of `virtual.motion` where the label is one of its
            signals.
        channels, units: what the columns of a device are that does not say it.
        ranges: largest magnitude by unit, where the device's board is not known.
    """

    plan: Plan
    board_id: str = ""
    port: str = ""
    baud: int = 115200
    motion: str = ""
    channels: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    ranges: Mapping[str, float] = field(default_factory=dict)


def capture(project: Project, request: Request, desk: Desk, observer: Observer) -> list[dict[str, Any]]:
    """Record.

    Args:
        project: gets the recordings.
        request: what.
        desk: where the user sits.
        observer: is told of what takes long before the recording begins.

    Returns:
        What the store says of each recording.

    Raises:
        DeviceError: the board.
        DataError: the recording.
        UsageError: a take would be shorter than a window; the disk.
    """
    from tinyforge.capture.session import Session

    plan = _completed(project, request.plan)
    board = devices.board_of(project, request.board_id)
    port = request.port or project.port
    store = store_of(project)
    _tell_left_over(project, desk)
    if devices.is_virtual(board) and not port:
        made = _on_virtual_board(project, board, plan, request.motion, store, desk, observer)
    else:
        if request.motion:
            raise UsageError(
                "--motion", f"moves the virtual board's IMU, not that of {port or board.name}", "leave it out"
            )
        connect = _Connector(project, board, port, request, desk)
        virtual = port.startswith("virtual://")
        session = Session(
            connect,
            plan,
            store,
            desk,
            ranges_of=lambda source: _ranges(source, request.ranges),
            host_clock=not virtual,
        )
        made = session.run()
    entries = {entry.id: entry for entry in store.entries()}
    return [entry_json(entries[recording_id]) for recording_id in made]


def _completed(project: Project, plan: Plan) -> Plan:
    """The plan with what the project knows.

    Raises:
        UsageError: a take would be shorter than a window.
    """
    window_s = project.window.length / project.window.rate_hz
    if plan.duration_s < window_s - 1e-9 and (plan.mode != "continuous" or plan.duration_s):
        raise UsageError(
            "--duration",
            f"{plan.duration_s:g} s are shorter than a window, which has {project.window.length} samples at "
            f"{project.window.rate_hz:g} Hz",
            f"record at least {math.ceil(100 * window_s) / 100:g} s, or make window.length smaller",
        )
    return dataclasses.replace(plan, window_s=window_s, usual_hz=project.window.rate_hz)


def with_countdown(
    project: Project, plan: Plan, board_id: str, port: str, countdown_s: float | None, *, live: bool
) -> Plan:
    """The plan with a countdown: as said, else 3 s where a person is to move a board."""
    if countdown_s is None:
        virtual = devices.is_virtual(devices.board_of(project, board_id)) and not (port or project.port)
        countdown_s = 3.0 if live and not virtual else 0.0
    return dataclasses.replace(plan, countdown_s=countdown_s)


def _on_virtual_board(
    project: Project, board: Board, plan: Plan, motion: str, store: RecordingStore, desk: Desk, observer: Observer
) -> list[str]:
    """The virtual board starts anew for each take, because its arm moves differently in each."""
    from tinyforge.capture.session import Session

    image = devices.recording_firmware(project, board, observer)
    label = plan.labels[0]
    rate_hz = plan.rate_hz or plan.usual_hz

    def connect() -> Source:
        take = _next_take(project, label, plan.subject)
        return devices.open_virtual(board, image, motion or _imitated(label, plan.subject, take, rate_hz))

    session = Session(
        connect,
        plan,
        store,
        desk,
        ranges_of=lambda source: _ranges(source, {}),
        host_clock=False,
        opened_for_each_take=True,
    )
    return session.run()


class _Connector:
    """Opens the device; after it went away, wherever it is now."""

    def __init__(self, project: Project, board: Board, port: str, request: Request, desk: Desk) -> None:
        self._project = project
        self._board = board
        self._port = port
        self._request = request
        self._desk = desk
        self._identity: tuple[tuple[int, int] | None, str] | None = None
        self._told = False

    def __call__(self) -> Source:
        from tinyforge.link import TextLink, open_device, open_link

        port = self._where()
        if port.startswith("virtual://"):  # ours for sure, and listening first would let its arm move
            source: Link | TextLink = open_link(port)
        else:
            source = open_device(port, baud=self._request.baud)
        try:
            notes = self._name(source) if isinstance(source, TextLink) else self._need_no_names(port)
            if not self._told:
                self._tell(source, notes)
        except BaseException:
            source.close()
            raise
        return source

    def _name(self, source: TextLink) -> list[str]:
        return name_text_channels(source, self._project, self._request.channels, self._request.units)

    def _need_no_names(self, port: str) -> list[str]:
        if self._request.channels or self._request.units:
            raise UsageError("--channels", f"{port} says itself what it sends", "leave --channels and --units out")
        return []

    def _where(self) -> str:
        from tinyforge.link.ports import find_usb, is_usb_id

        port = self._port
        if not port:
            port = devices.find_port(self._board)
        elif is_usb_id(port):
            port = find_usb(port, devices.ports())
        here = {info.path: info for info in devices.ports()}
        if port in here:
            self._identity = (here[port].usb_id, here[port].serial_number)
        elif self._identity is not None and self._identity[0] is not None:
            again = [info.path for info in here.values() if (info.usb_id, info.serial_number) == self._identity]
            port = again[0] if again else port
        return port

    def _tell(self, source: Source, notes: list[str]) -> None:
        self._told = True
        names = ", ".join(f"{channel.name} [{channel.unit or '?'}]" for channel in source.channels)
        board = f"{source.board}, " if source.board else ""
        self._desk.say(f"{source.place}: {board}{source.firmware}: {names}")
        for note in notes:
            self._desk.say(note)
        wanted = self._request.board_id
        if wanted and source.board and source.board != self._board.hello_name:
            self._desk.say(f"warning: it says it is {source.board}, not {self._board.hello_name}")
        lacking = set(self._project.window.channels) - {channel.name for channel in source.channels}
        if lacking:
            self._desk.say(f"warning: the project's windows need {', '.join(sorted(lacking))}, which it does not send")


def name_text_channels(
    source: TextLink, project: Project, channels: tuple[str, ...], units: tuple[str, ...]
) -> list[str]:
    """Give the columns of a device that sends text names and units; what was assumed.

    Names come from the user, the device, or the project where the number fits; units from the user, the device, or from
    gravity, which is in every median of the acceleration.

    Raises:
        UsageError: the user names more or fewer than there are.
    """
    from tinyforge.dataset.units import normal_unit
    from tinyforge.link.text_link import named

    nameless = [channel.name for channel in source.channels] == [f"c{k + 1}" for k in range(len(source.channels))]
    notes = []
    if not channels and nameless and len(project.window.channels) == len(source.channels):
        channels = project.window.channels
        notes.append(f"columns without names are taken for {', '.join(channels)}; --channels says otherwise")
    named(source, channels, tuple(normal_unit(unit) for unit in units))
    if not units:
        guessed = _guessed_units(source)
        if guessed:
            named(source, (), [channel.unit or guessed.get(channel.name, "") for channel in source.channels])
            said = ", ".join(f"{name} [{unit}]" for name, unit in guessed.items())
            notes.append(f"units are not said; taken for {said}; --units says otherwise")
        elif any(channel.name in _IMU_NAMES and not channel.unit for channel in source.channels):
            notes.append("warning: units are not said; give --units, for instance --units g,g,g,dps,dps,dps")
    return notes


def _guessed_units(source: TextLink) -> dict[str, str]:
    """Units of the channels ax ... gz that have none: what gravity fits for the acceleration, dps for the gyroscope."""
    import numpy as np

    names = [channel.name for channel in source.channels]
    silent = [channel.name for channel in source.channels if not channel.unit]
    if not {"ax", "ay", "az"} <= set(silent) or not len(source.first_rows):
        return {}
    axes = source.first_rows[:, [names.index(name) for name in ("ax", "ay", "az")]].astype(np.float64)
    median = float(np.median(np.linalg.norm(axes, axis=1)))
    unit = next(
        (unit for unit, one in (("g", 1.0), ("m/s^2", 9.80665), ("mg", 1000.0)) if 0.6 < median / one < 1.7), ""
    )
    if not unit:
        return {}
    return {name: unit if name.startswith("a") else "dps" for name in silent if name in _IMU_NAMES}


def _ranges(source: Source, by_unit: Mapping[str, float]) -> tuple[float, ...]:
    """Largest magnitude of each channel: as the user says, else of the board's sensor, else 0."""
    from tinyforge.boards import list_boards

    known: dict[Channel, float] = {}
    for board in list_boards():
        if source.board and source.board in (board.hello_name, board.id):
            for sensor in board.sensors[:1]:
                known |= dict(zip(sensor.channels, sensor.ranges, strict=True))
            break
    return tuple(by_unit.get(channel.unit, known.get(channel, 0.0)) for channel in source.channels)


# ---- what a crash left, and what the user thinks better of ----


def left_over(project: Project) -> list[dict[str, Any]]:
    """Takes whose recorder was killed, as plain data."""
    from tinyforge.capture import left_over as found_in

    return [
        {
            "file": str(take.path),
            "label": take.about.label,
            "subject": take.about.subject,
            "started": take.started,
            "samples": take.samples,
            "of": take.about.samples,
        }
        for take in found_in(project.dataset_dir)
    ]


def _tell_left_over(project: Project, desk: Desk) -> None:
    for take in left_over(project):
        of = f" of {take['of']}" if take["of"] else ""
        desk.say(
            f"a take of {take['label']} by {take['subject']} ({take['started']}) was cut after {take['samples']}{of} "
            "samples: `tinyforge capture --recover` keeps it, --discard drops it"
        )


def recover(project: Project) -> list[dict[str, Any]]:
    """Keep what had arrived of takes whose recorder was killed.

    Returns:
        What the store says of each.

    Raises:
        DataError: one has too few samples to know its rate.
        UsageError: the folder cannot be written.
    """
    from tinyforge.capture import left_over as found_in
    from tinyforge.capture import recovered

    store = store_of(project)
    made = []
    for take in found_in(project.dataset_dir):
        made.append(store.add(recovered(take)))
        take.path.unlink(missing_ok=True)
    entries = {entry.id: entry for entry in store.entries()}
    return [entry_json(entries[recording_id]) for recording_id in made]


def discard(project: Project) -> int:
    """Drop what had arrived of takes whose recorder was killed; how many there were."""
    from tinyforge.capture import left_over as found_in

    found = found_in(project.dataset_dir)
    for take in found:
        take.path.unlink(missing_ok=True)
    return len(found)


def undo(project: Project) -> dict[str, Any]:
    """Take the latest recording that was captured out of the dataset.

    Raises:
        DataError: there is none.
    """
    return entry_json(store_of(project).remove(_latest(project).id))


def redo(project: Project) -> dict[str, Any]:
    """Bring back the recording that was taken out last.

    Raises:
        DataError: none was.
    """
    store = store_of(project)
    removed = store.removed()
    if not removed:
        raise DataError(str(store.folder), "no recording was taken out", "")
    return entry_json(store.restore(removed[-1]))


def annotate(project: Project, note: str) -> dict[str, Any]:
    """Note something on the latest recording that was captured.

    Raises:
        DataError: there is none.
    """
    return entry_json(store_of(project).annotate(_latest(project).id, note))


def _latest(project: Project) -> Entry:
    store = store_of(project)
    captured = [entry for entry in store.entries() if entry.facts is not None]
    if not captured:
        raise DataError(str(store.folder), "has no captured recording", "`tinyforge capture` makes one")
    return max(captured, key=lambda entry: entry.facts.started if entry.facts is not None else "")


def fill(project: Project, config: CaptureConfig, observer: Observer) -> int:
    """Record what ``[capture]`` asks for and the dataset lacks; how many recordings were made.

    A recording is told by label, subject and session (``take 1``, ``take 2``, ...), so an interrupted recording goes on
    where it stopped.

    Raises:
        UsageError: there is no such motion.
    """
    from tinyforge.virtual.motion import motion_kinds

    kinds = motion_kinds()
    if config.motion not in kinds:
        raise UsageError("capture.motion", f'"{config.motion}": unknown motion', did_you_mean(config.motion, kinds))
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
        spec = _imitated(label, _person(number), take, project.window.rate_hz, config.motion)
        _one(project, board, image, spec, label, _person(number), f"take {take}", config.duration_s)
    observer.finished("capture", time.monotonic() - begin, cached=False)
    return len(wanted)


def _one(
    project: Project,
    board: Board,
    image: Path,
    motion: str,
    label: str,
    subject: str,
    session: str,
    duration_s: float,
) -> None:
    from tinyforge.capture import record

    window = project.window
    samples = max(1, round(duration_s * window.rate_hz))
    if samples < window.length:
        raise UsageError(
            "capture.duration_s",
            f"{duration_s:g} s at {window.rate_hz:g} Hz are {samples} samples, a window needs {window.length}",
            f"record at least {window.length / window.rate_hz:.2f} s, or make window.length smaller",
        )
    with devices.linked(board, "", image=image, motion=motion) as link:
        record(
            link,
            label=label,
            subject=subject,
            session=session,
            samples=samples,
            rate_hz=window.rate_hz,
            at_least=window.length,
            ranges=_ranges(link, {}),
            host_clock=False,
            keep=store_of(project).add,
        )


def _person(number: int) -> str:
    return f"p{number:02d}"


def _next_take(project: Project, label: str, subject: str) -> int:
    return 1 + sum(entry.label == label and entry.subject == subject for entry in store_of(project).entries())


def _imitated(label: str, subject: str, take: int, rate_hz: float, kind: str = "") -> str:
    """The motion of an arm that makes the movement ``label``; of the first generator that knows it where none is named.

    Raises:
        UsageError: none does.
    """
    import zlib

    from tinyforge.virtual.motion import motion_kinds, motion_labels, motion_spec

    kinds = (kind,) if kind else motion_kinds()
    known = {name: each for each in reversed(kinds) for name in motion_labels(each)}
    if label not in known:
        raise UsageError(
            "--label",
            f'the virtual board\'s arm does not know "{label}"',
            f"{did_you_mean(label, known)} -- or say what moves the board: --motion file:recording.csv",
        )
    digits = subject.removeprefix("p")
    number = int(digits) if digits.isdigit() else zlib.crc32(subject.encode())
    return motion_spec(known[label], label, number, take, rate_hz=rate_hz)
