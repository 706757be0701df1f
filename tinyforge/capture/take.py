"""A take as it grows: samples, gaps, clocks, clipping; in the end a `Recording`."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Sequence

import numpy as np

from tinyforge.capture.rate import RateFit, fit_clock, fit_rate, longest_stretch, stall_gaps
from tinyforge.capture.spool import About, LeftOver, Spool, utc_text
from tinyforge.core.errors import DataError
from tinyforge.core.facts import CaptureFacts, Gap
from tinyforge.core.types import Float32Array, Recording
from tinyforge.link import SampleBlock

_GAPS_TOLD = 5  # more than so many are summed up in the note
_RATE_TOLERANCE = 0.02  # of the announced rate: sensors' oscillators are off by a percent
_FULL_SCALE = 1.0 - 1.5 / 32768  # of an int16 sensor's range


class Take:
    """One recording in the making.

    Args:
        about: what it is.
        spool: gets every block as it comes; None keeps it in memory alone.

    Attributes:
        about: what it is.
        count: samples that came.
        lost: samples known to be lost, so far.
        clipped: samples with a channel at the end of its range, so far.
    """

    def __init__(self, about: About, spool: Spool | None = None) -> None:
        self.about = about
        self.spool = spool
        self.count = 0
        self.lost = 0
        self.clipped = 0
        self._started = ""
        self._blocks: list[Float32Array] = []
        self._gaps: list[Gap] = []
        self._numbers: list[int] = []  # of each block's first sample, lost ones counted
        self._firsts: list[int] = []  # index of each block's first sample
        self._clock_us: list[int] = []
        self._arrived_s: list[float] = []
        self._limits = np.array([one * _FULL_SCALE if one > 0 else math.inf for one in about.ranges], np.float32)

    @property
    def is_full(self) -> bool:
        """All samples that were asked for are there."""
        return 0 < self.about.samples <= self.count

    def add(self, block: SampleBlock) -> SampleBlock | None:
        """Take what belongs to this take.

        Returns:
            What is left of the block when the take is full.

        Raises:
            UsageError: the disk is full.
        """
        rest = None
        if self.about.samples:
            room = self.about.samples - self.count
            if room < len(block.values):
                rest = part_of(block, room, self.about.rate_hz)
                block = dataclasses.replace(block, values=block.values[:room])
        if not len(block.values):
            return rest
        if not self._started:
            self._started = utc_text(dt.datetime.now(dt.UTC))
        if block.lost_before:
            self._gaps.append(Gap(self.count, block.lost_before))
            self.lost += block.lost_before
        number = self.count + self.lost
        self._firsts.append(self.count)
        self._numbers.append(number)
        self._clock_us.append(block.time_us)
        self._arrived_s.append(block.arrived_s)
        self._blocks.append(block.values)
        self.count += len(block.values)
        if len(self._limits):
            self.clipped += int((np.abs(block.values) >= self._limits).any(axis=1).sum())
        if self.spool is not None:
            self.spool.write(number, block)
        return rest

    def measured(self, latest: int = 0) -> tuple[RateFit | None, str]:
        """The rate, of all blocks or of so many of the latest, and whose clock it was measured by."""
        if not self._blocks:
            return None, ""
        numbers = np.array(self._numbers[-latest:], np.float64)
        if self.about.device_clock:
            clock_s = np.array(self._clock_us[-latest:], np.float64) * 1e-6
            return fit_clock(numbers, clock_s, counted=self.about.counted)[0], "device"
        if not self.about.host_clock:
            return None, ""
        ends = numbers + [len(block) for block in self._blocks[-latest:]]
        arrived_s = np.array(self._arrived_s[-latest:])
        part = longest_stretch(arrived_s)
        return fit_rate(ends[part], arrived_s[part], late_only=True), "host"

    def recording(self, *, damaged: int = 0, cut: str = "") -> Recording:
        """What came, as a recording.

        Args:
            damaged: frames or lines that came damaged meanwhile.
            cut: why it is shorter than it was to be.

        Raises:
            DataError: nothing came, or the rate is not known and cannot be measured.
        """
        about = self.about
        if not self._blocks:
            raise DataError("recording", "no sample came", "is the sensor running?")
        fit, clock = self.measured()
        rate_hz, notes = self._rate(fit, clock)
        gaps = self._all_gaps(fit)
        if gaps:
            notes.insert(0, tell(gaps))
        if cut:
            notes.append(f"cut short: {cut}")
        if about.note:
            notes.append(about.note)
        return Recording(
            samples=np.concatenate(self._blocks),
            channels=about.channels,
            rate_hz=rate_hz,
            label=about.label,
            subject=about.subject,
            session=about.session,
            board=about.board,
            placement=about.placement,
            dropped=sum(gap.samples for gap in gaps),
            note="; ".join(notes),
            facts=CaptureFacts(
                started=self._started,
                firmware=about.firmware,
                ranges=about.ranges,
                clipped=self.clipped,
                gaps=tuple(gaps),
                damaged=damaged,
                rate_measured_hz=rounded(fit.rate_hz, fit.error_hz) if fit else 0.0,
                rate_error_hz=rounded(fit.error_hz, fit.error_hz) if fit else 0.0,
                rate_clock=clock if fit else "",
                cut=cut,
            ),
        )

    def _rate(self, fit: RateFit | None, clock: str) -> tuple[float, list[str]]:
        """The rate of the recording, and what is to be said about it."""
        said = self.about.rate_hz
        if fit is None:
            if said:
                return said, []
            raise DataError(
                "recording", f"{self.count} samples are too few to measure a rate", "record longer, or give --rate"
            )
        measured = rounded(fit.rate_hz, fit.error_hz)
        if not said:
            return measured, []
        if abs(fit.rate_hz - said) <= max(_RATE_TOLERANCE * said, fit.error_hz):
            return said, []
        by = "its own clock" if clock == "device" else "this computer's clock"
        return measured, [f"was to have {said:g} Hz, by {by} it has {measured:g} +- {fit.error_hz:.2g} Hz"]

    def _all_gaps(self, fit: RateFit | None) -> list[Gap]:
        """Those that the device counted or that were damaged, and those that only a clock shows."""
        if fit is None:
            return list(self._gaps)
        numbers = np.array(self._numbers, np.float64)
        if self.about.device_clock:
            clock_s = np.array(self._clock_us, np.float64) * 1e-6
            _, shown = fit_clock(numbers, clock_s, counted=self.about.counted)
        elif not self.about.counted:
            ends = numbers + [len(block) for block in self._blocks]
            shown = stall_gaps(ends, np.array(self._arrived_s), fit.rate_hz)
        else:
            shown = []
        missing: dict[int, int] = {gap.before: gap.samples for gap in self._gaps}
        for gap in shown:
            before = self._firsts[gap.before]
            missing[before] = missing.get(before, 0) + gap.samples
        return [Gap(before, missing[before]) for before in sorted(missing)]


def part_of(block: SampleBlock, skip: int, rate_hz: float) -> SampleBlock | None:
    """The block without its first ``skip`` samples; None when nothing is left."""
    if skip >= len(block.values):
        return None
    if skip == 0:
        return block
    later_us = round(1e6 * skip / rate_hz) if rate_hz and block.time_us else 0
    return dataclasses.replace(
        block,
        first_index=block.first_index + skip,
        time_us=block.time_us + later_us,
        values=block.values[skip:],
        lost_before=0,
    )


def recovered(take: LeftOver) -> Recording:
    """What had arrived of a take whose recorder was killed."""
    again = Take(dataclasses.replace(take.about, samples=0, host_clock=False))
    for block in take.blocks:
        again.add(block)
    recording = again.recording(cut="its recorder was killed")
    assert recording.facts is not None  # noqa: S101  Take gives them
    return dataclasses.replace(recording, facts=dataclasses.replace(recording.facts, started=take.started))


def tell(gaps: Sequence[Gap]) -> str:
    """The gaps as a note: where each is and how long."""
    told = [f"{gap.samples} lost before sample {gap.before}" for gap in gaps[:_GAPS_TOLD]]
    if len(gaps) > _GAPS_TOLD:
        told.append(f"{sum(gap.samples for gap in gaps[_GAPS_TOLD:])} lost in {len(gaps) - _GAPS_TOLD} further places")
    return "; ".join(told)


def rounded(value: float, error: float) -> float:
    """``value`` with as many digits as its error leaves meaning: two of the error's."""
    if not 0 < error < math.inf or value == 0:
        return float(f"{value:.9g}")
    return round(value, 1 - math.floor(math.log10(error)))
