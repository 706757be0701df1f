"""One take of fixed length. Lost samples are counted and written down, never filled in."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from tinyforge.capture.source import Source
from tinyforge.capture.spool import About, Spool
from tinyforge.capture.take import Take
from tinyforge.core.errors import DataError, DeviceError
from tinyforge.core.types import Recording
from tinyforge.link import SampleBlock

Progress = Callable[[int, int], None]


class RecordingCut(DeviceError):
    """The device went away in the middle of a take.

    Attributes:
        partial: what had arrived, or None when nothing had.
        spool: the file that holds it, closed; None when there is none.
    """

    def __init__(
        self,
        place: str,
        fact: str,
        way_out: str = "",
        partial: Recording | None = None,
        spool: Spool | None = None,
    ) -> None:
        super().__init__(place, fact, way_out)
        self.partial = partial
        self.spool = spool


def record(
    link: Source,
    *,
    samples: int,
    label: str = "",
    subject: str = "",
    session: str = "",
    rate_hz: float | None = None,
    at_least: int = 1,
    on_progress: Progress | None = None,
    on_block: Callable[[Take, SampleBlock], None] | None = None,
    ranges: Sequence[float] = (),
    host_clock: bool = True,
    note: str = "",
    placement: str = "",
    spool_folder: Path | None = None,
    keep: Callable[[Recording], object] | None = None,
    measured_hz: float = 0.0,
) -> Recording:
    """Record one take.

    Args:
        link: an open device; it must not be streaming.
        samples: how many samples the recording has; lost ones do not count.
        label, subject, session, note, placement: what the recording says of itself.
        rate_hz: samples a second; None for the device's own choice.
        at_least: samples the recording must have to be of use, for instance the length of a window.
        on_progress: called with (samples so far, ``samples``) as they arrive.
        on_block: called with each block as it arrives.
        ranges: for each channel the largest magnitude the sensor can say, 0 where unknown.
        host_clock: the device's time passes as the host's does.
        spool_folder: folder of the dataset: what arrived survives a kill there; None for memory alone.
        keep: called with the recording before what is in the folder is dropped.
        measured_hz: rate of a device that does not say one, as measured before.

    Returns:
        The recording; ``dropped`` counts the samples lost before its end, and ``facts.gaps`` says where.

    Raises:
        DataError: ``samples`` is below ``at_least``.
        DeviceError: the sensor does not have this rate, or the device does not answer.
        RecordingCut: the device fell silent, went away or restarted before the last sample.
        UsageError: the disk is full.
    """
    if samples < max(at_least, 1):
        raise DataError(
            "recording", f"{samples} samples are too few", f"record at least {max(at_least, 1)}: a longer --duration"
        )
    said_hz = link.start_stream(rate_hz)
    about = dataclasses.replace(
        about_of(
            link,
            label=label,
            subject=subject,
            session=session,
            rate_hz=said_hz or measured_hz,
            note=note,
            placement=placement,
        ),
        samples=samples,
        ranges=tuple(ranges),
        host_clock=host_clock,
    )
    take = Take(about, Spool(spool_folder, about) if spool_folder is not None else None)
    damaged = link.counters.bad_frames
    try:
        for block in link.samples():
            take.add(block)
            if on_block is not None:
                on_block(take, block)
            if on_progress is not None:
                on_progress(take.count, samples)
            if take.is_full:
                break
    except DeviceError as error:
        _quiet(link)
        fact = f"{error.fact}, after {take.count} of {samples} samples"
        partial = take.recording(damaged=link.counters.bad_frames - damaged, cut=error.fact) if take.count else None
        _leave(take)
        raise RecordingCut(error.place, fact, error.way_out, partial, take.spool) from error
    except BaseException:  # Ctrl-C, or the caller's on_progress: leave the device quiet, then let it pass
        _quiet(link)
        _leave(take)
        raise
    _quiet(link)  # every sample is here; that the device went away its next use will tell
    try:
        recording = take.recording(damaged=link.counters.bad_frames - damaged)
        if keep is not None:
            keep(recording)
    except BaseException:
        _leave(take)
        raise
    if take.spool is not None:
        take.spool.drop()
    return recording


def about_of(
    link: Source, *, label: str, subject: str, session: str, rate_hz: float, note: str = "", placement: str = ""
) -> About:
    """What is known of a take of this device before it begins."""
    return About(
        label=label,
        subject=subject,
        session=session,
        board=link.board,
        firmware=link.firmware,
        channels=link.channels,
        rate_hz=rate_hz,
        device_clock=link.device_clock,
        counted=link.counted,
        note=note,
        placement=placement,
    )


def _quiet(link: Source) -> None:
    with contextlib.suppress(DeviceError):
        link.stop_stream()


def _leave(take: Take) -> None:
    if take.spool is not None:
        take.spool.leave()
