"""One take of fixed length over the link. Lost samples are counted and written down, never filled in."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tinyforge.core.errors import DataError, DeviceError
from tinyforge.core.types import Float32Array, Recording
from tinyforge.link import Link

Progress = Callable[[int, int], None]
_GAPS_TOLD = 5  # more than so many are summed up in the note


@dataclass(frozen=True, slots=True)
class Gap:
    """Samples that were lost in one place.

    Attributes:
        before: index in the recording of the sample that follows the gap.
        samples: how many were lost.
    """

    before: int
    samples: int


class RecordingCut(DeviceError):
    """The device went away in the middle of a take.

    Attributes:
        partial: what had arrived, or None when nothing had.
    """

    def __init__(self, place: str, fact: str, way_out: str = "", partial: Recording | None = None) -> None:
        super().__init__(place, fact, way_out)
        self.partial = partial


def _tell(gaps: Sequence[Gap]) -> str:
    """The gaps as a note: where each is and how long."""
    told = [f"{gap.samples} lost before sample {gap.before}" for gap in gaps[:_GAPS_TOLD]]
    if len(gaps) > _GAPS_TOLD:
        told.append(f"{sum(gap.samples for gap in gaps[_GAPS_TOLD:])} lost in {len(gaps) - _GAPS_TOLD} further places")
    return "; ".join(told)


def record(
    link: Link,
    *,
    samples: int,
    label: str = "",
    subject: str = "",
    session: str = "",
    rate_hz: float | None = None,
    at_least: int = 1,
    on_progress: Progress | None = None,
) -> Recording:
    """Record one take.

    Args:
        link: an open link; it must not be streaming.
        samples: how many samples the recording has; lost ones do not count.
        label, subject, session: what the recording says of itself.
        rate_hz: samples a second; None for the device's own choice.
        at_least: samples the recording must have to be of use, for instance the length of a window.
        on_progress: called with (samples so far, ``samples``) as they arrive.

    Returns:
        The recording; ``dropped`` counts the samples lost before its end, and ``note`` says where they are missing.

    Raises:
        DataError: ``samples`` is below ``at_least``.
        DeviceError: the sensor does not have this rate, or the device does not answer.
        RecordingCut: the device fell silent, went away or restarted before the last sample.
    """
    if samples < max(at_least, 1):
        raise DataError(
            "recording", f"{samples} samples are too few", f"record at least {max(at_least, 1)}: a longer --duration"
        )
    channels = link.channels
    board = link.device.board
    rate_hz = link.start_stream(rate_hz)
    blocks: list[Float32Array] = []
    gaps: list[Gap] = []
    count = 0

    def finished() -> Recording:
        return Recording(
            samples=np.concatenate(blocks)[:samples],
            channels=channels,
            rate_hz=rate_hz,
            label=label,
            subject=subject,
            session=session,
            board=board,
            dropped=sum(gap.samples for gap in gaps),
            note=_tell(gaps),
        )

    try:
        for block in link.samples():
            if block.lost_before:
                gaps.append(Gap(count, block.lost_before))
            blocks.append(block.values)
            count += len(block.values)
            if on_progress is not None:
                on_progress(min(count, samples), samples)
            if count >= samples:
                break
    except DeviceError as error:
        with contextlib.suppress(DeviceError):
            link.stop_stream()
        fact = f"{error.fact}, after {count} of {samples} samples"
        raise RecordingCut(error.place, fact, error.way_out, finished() if blocks else None) from error
    except BaseException:  # Ctrl-C, or the caller's on_progress: leave the device quiet, then let it pass
        with contextlib.suppress(DeviceError):
            link.stop_stream()
        raise
    with contextlib.suppress(DeviceError):  # every sample is here; that the device went away its next use will tell
        link.stop_stream()
    return finished()
