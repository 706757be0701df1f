"""The take in progress, on disk as it comes: what a kill or a power cut leaves can be had back.

::

    {"tinyforge-take": 1, "label": "stop", "channels": [["ax", "g"], ...], ...}     one line of JSON
    SAMPLES SAMPLES SAMPLES ...                                                     frames as on the wire

Each frame has its own check, so that half a frame at the end, or a damaged block in the middle, costs itself alone and
shows as a gap. Whoever records holds a lock on the file: one that is not locked was left behind.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from tinyforge.core.errors import DataError
from tinyforge.core.files import os_error
from tinyforge.core.locks import try_lock
from tinyforge.core.types import Channel, Float32Array
from tinyforge.link import SampleBlock
from tinyforge.link.frames import FrameDecoder, encode_frame
from tinyforge.link.messages import Samples
from tinyforge.link.wire import WireError

FOLDER = ".recording"
_VERSION = 1
_ENDING = ".take"


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a take before its first sample.

    Attributes:
        label, subject, session, placement: as in `Recording`.
        board, firmware: as the device says.
        channels: columns.
        rate_hz: as announced, or as the user says, or as measured before; 0 when unknown.
        ranges: for each channel the largest magnitude, 0 where unknown; may be empty.
        device_clock: blocks carry the device's clock.
        counted: the device counts its samples, so that what is lost is known exactly.
        host_clock: arrivals mean something: the device's time passes as the host's does.
        samples: how many it is to have; 0 for as many as come.
        note: what the user wants to be kept with it.
    """

    label: str
    subject: str
    session: str
    board: str
    firmware: str
    channels: tuple[Channel, ...]
    rate_hz: float
    ranges: tuple[float, ...] = ()
    device_clock: bool = True
    counted: bool = True
    host_clock: bool = True
    samples: int = 0
    note: str = ""
    placement: str = ""


class Spool:
    """A file that a take is written to while it comes.

    Args:
        folder: of the dataset.
        about: the take.

    Raises:
        UsageError: the file cannot be written.
    """

    def __init__(self, folder: Path, about: About) -> None:
        stamp = dt.datetime.now(dt.UTC)
        self.path = folder / FOLDER / f"{stamp:%Y%m%dT%H%M%S.%f}-{os.getpid()}{_ENDING}"
        plain = {name: getattr(about, name) for name in About.__slots__}
        plain["channels"] = [[c.name, c.unit] for c in about.channels]
        head = {"tinyforge-take": _VERSION, "started": utc_text(stamp)} | plain
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = self.path.open("xb", buffering=0)
            try_lock(self._file)  # the file is new: nobody else has it
            self._file.write(json.dumps(head, ensure_ascii=False).encode() + b"\n")
        except OSError as error:
            raise os_error(self.path, error, "write") from error

    def write(self, number: int, block: SampleBlock) -> None:
        """Keep a block whose first sample has this number in the take, lost ones counted.

        Raises:
            UsageError: the disk is full.
        """
        width = block.values.shape[1]
        rows = Samples.MAX_VALUES // width
        frames = b"".join(
            encode_frame(
                Samples.TYPE,
                1,
                Samples(
                    (number + at) & 0xFFFFFFFF,
                    block.time_us & 0xFFFFFFFF,
                    width,
                    np.ascontiguousarray(block.values[at : at + rows], "<f4").ravel(),
                ).encode(),
            )
            for at in range(0, len(block.values), rows)
        )
        try:
            written = self._file.write(frames)
            while written < len(frames):  # the disk filled up in the middle: the next byte says so
                written += self._file.write(frames[written:])
        except OSError as error:
            raise os_error(self.path, error, "write") from error

    def leave(self) -> None:
        """Close the file and let it stay, to be recovered."""
        self._file.close()

    def drop(self) -> None:
        """The take is kept elsewhere, or not wanted."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        self._file.close()


@dataclass(frozen=True, slots=True)
class LeftOver:
    """A take whose recorder was killed.

    Attributes:
        path: its file.
        about: as it was begun.
        started: when, UTC.
        blocks: what had arrived.
        gaps: samples lost before each block.
    """

    path: Path
    about: About
    started: str
    blocks: tuple[SampleBlock, ...]

    @property
    def samples(self) -> int:
        """How many arrived."""
        return sum(len(block.values) for block in self.blocks)


def left_over(folder: Path) -> list[LeftOver]:
    """Takes in a dataset's folder whose recorder lives no more, by time.

    Files that hold nothing are taken away.

    Raises:
        DataError: a file cannot be read.
    """
    found = []
    for path in sorted((folder / FOLDER).glob(f"*{_ENDING}")):
        try:
            with path.open("rb") as stream:
                if not try_lock(stream):
                    continue  # somebody records
                take = parse(stream.read(), path)
        except FileNotFoundError:
            continue  # its recorder was quicker
        except OSError as error:
            raise DataError(str(path), f"cannot be read: {error.strerror}", "check its permissions") from error
        if take is None or not take.blocks:
            with contextlib.suppress(OSError):
                path.unlink()
        else:
            found.append(take)
    return found


def parse(data: bytes, path: Path) -> LeftOver | None:
    """The take in a file; None when not even its head is whole. Never raises."""
    head, newline, rest = data.partition(b"\n")
    if not newline:
        return None
    try:
        said: Any = json.loads(head)
        if said.pop("tinyforge-take") != _VERSION:
            return None
        started = str(said.pop("started"))
        said["channels"] = tuple(Channel(str(name), str(unit)) for name, unit in said["channels"])
        said["ranges"] = tuple(map(float, said["ranges"]))
        about = About(**said)
        if not about.channels or not 0 <= about.rate_hz < float("inf"):
            return None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return LeftOver(path, about, started, tuple(_blocks(rest, len(about.channels))))


def _blocks(data: bytes, width: int) -> list[SampleBlock]:
    blocks: list[SampleBlock] = []
    expected = 0
    clock_us = 0
    for frame in FrameDecoder().feed(data):
        try:
            message = Samples.decode(frame.body) if frame.type == Samples.TYPE else None
        except WireError:
            continue
        if message is None or message.channels != width or not len(message.values) or len(message.values) % width:
            continue
        ahead = (message.first_index - expected) & 0xFFFFFFFF
        if ahead >= 1 << 31:
            continue
        values: Float32Array = message.values.reshape(-1, width).copy()
        if not np.isfinite(values).all():
            continue
        clock_us = (clock_us + ((message.time_us - clock_us) & 0xFFFFFFFF)) if blocks else message.time_us
        blocks.append(SampleBlock(expected + ahead, clock_us, values, ahead))
        expected += ahead + len(values)
    return blocks


def utc_text(when: dt.datetime) -> str:
    """``2026-11-25T16:20:00.250Z``."""
    return when.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
