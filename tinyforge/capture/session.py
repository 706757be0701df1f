"""A recording session: takes one after another, until all are there, whatever happens to the board meanwhile."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tinyforge.capture.desk import Desk, State
from tinyforge.capture.onset import Onset
from tinyforge.capture.record import RecordingCut, about_of, record
from tinyforge.capture.source import Source
from tinyforge.capture.spool import About, Spool
from tinyforge.capture.take import Take, part_of, rounded
from tinyforge.core.errors import DataError, DeviceError
from tinyforge.core.types import Recording
from tinyforge.link import SampleBlock

MODES = ("fixed", "continuous", "triggered")
_RETRY_S = 0.5
_MOST_CUTS = 5  # takes in a row that a board may spoil before it is given up
_MEASURE_S = 2.0
_SAID_EVERY_S = 0.3
_LIVE_BLOCKS = 2000  # of a long take: the rate that is shown while it grows

KEY_UNDO, KEY_REDO, KEY_NOTE, KEY_QUIT, KEY_PAUSE = "u", "r", "n", "q", " "


class Keeper(Protocol):
    """Where recordings are kept: `RecordingStore`."""

    folder: Path

    def add(self, recording: Recording) -> str:
        """Keep one; its id."""

    def remove(self, recording_id: str) -> object:
        """Take one out."""

    def restore(self, recording_id: str) -> object:
        """Bring one back that was taken out."""

    def annotate(self, recording_id: str, note: str) -> object:
        """Replace its note."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a session is to record.

    Attributes:
        labels: classes; the fixed and the triggered mode record the first, the continuous mode the one whose number is
            pressed.
        subject, session: who moves; when and where.
        mode: one of `MODES`.
        count: takes; 0 for as many as come until the user ends (continuous and triggered).
        duration_s: length of a take; in the continuous mode of the whole session, 0 for until the user ends it.
        rate_hz: samples a second, as the user says; 0 when nothing was said.
        usual_hz: asked of a device that can be asked, when nothing was said; 0 for its own.
        window_s: least length of a take that is of use.
        countdown_s: before each take of the fixed mode.
        pre_roll_s: what is kept from before a movement in the triggered mode.
        factor: how sure a movement must be (`Onset`).
        note, placement: kept with each take.
        reconnect_s: how long a board that went away is waited for; 0 ends the session.
    """

    labels: tuple[str, ...]
    subject: str
    session: str = ""
    mode: str = "fixed"
    count: int = 1
    duration_s: float = 4.0
    rate_hz: float = 0.0
    usual_hz: float = 0.0
    window_s: float = 0.0
    countdown_s: float = 0.0
    pre_roll_s: float = 0.5
    factor: float = 4.0
    note: str = ""
    placement: str = ""
    reconnect_s: float = 30.0


class Session:
    """Records what a plan says.

    Args:
        connect: opens the device; called again when it went away.
        plan: what to record.
        keeper: where recordings go.
        desk: the user.
        ranges_of: largest magnitude of each channel of a device, 0 where unknown.
        host_clock: the device's time passes as the host's does.
        opened_for_each_take: the device is opened anew for each take of the fixed mode.
        clock, sleep: seconds that pass.

    Attributes:
        kept: ids of what was recorded, in order, without what was undone.
    """

    def __init__(
        self,
        connect: Callable[[], Source],
        plan: Plan,
        keeper: Keeper,
        desk: Desk,
        *,
        ranges_of: Callable[[Source], tuple[float, ...]] = lambda _: (),
        host_clock: bool = True,
        opened_for_each_take: bool = False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.plan = plan
        self.kept: list[str] = []
        self._connect = connect
        self._keeper = keeper
        self._desk = desk
        self._ranges_of = ranges_of
        self._host_clock = host_clock
        self._reopen = opened_for_each_take
        self._clock = clock
        self._sleep = sleep
        self._source: Source | None = None
        self._channels: object = None
        self._undone: list[str] = []
        self._cuts = 0
        self._measured_hz = 0.0
        self._quit = False
        self._label = ""
        self._last_rate = (0.0, 0.0)

    def run(self) -> list[str]:
        """Record.

        Returns:
            `kept`.

        Raises:
            DeviceError: the board, when it does not come back.
            DataError: a recording cannot be kept.
            UsageError: the disk.
        """
        step = {"fixed": self._fixed, "continuous": self._continuous, "triggered": self._triggered}[self.plan.mode]
        try:
            while not self._quit and not self._is_done:
                try:
                    source = self._source = self._source or self._open()
                    step(source)
                except DeviceError as error:
                    self._recover(error)
        finally:
            self._close()
        return self.kept

    @property
    def _is_done(self) -> bool:
        return 0 < self.plan.count <= len(self.kept)

    # ---- the device ----

    def _open(self) -> Source:
        self._desk.show(State("connecting"))
        source = self._connect()
        if self._channels is not None and source.channels != self._channels:
            names = ", ".join(channel.name for channel in source.channels)
            source.close()
            raise DataError(
                source.place, f"has other channels than before: {names}", "end the session and begin another"
            )
        self._channels = source.channels
        return source

    def _close(self) -> None:
        if self._source is not None:
            with contextlib.suppress(DeviceError):
                self._source.close()
            self._source = None

    def _recover(self, error: DeviceError) -> None:
        """Wait for a board that went away, or give up.

        Raises:
            DeviceError: it did not come back.
        """
        self._close()
        self._cuts += 1
        if self._channels is None or not self.plan.reconnect_s or self._cuts >= _MOST_CUTS:
            raise error
        spool = error.spool if isinstance(error, RecordingCut) else None
        kept = f"{len(self.kept)} recordings are kept" if len(self.kept) != 1 else "1 recording is kept"
        self._desk.say(f"{error.place}: {error.fact}; {kept}; waiting for the board to come back")
        deadline = self._clock() + self.plan.reconnect_s
        while True:
            try:
                self._source = self._open()
            except DeviceError as again:
                if self._clock() >= deadline:
                    fact = f"{error.fact}; it did not come back in {self.plan.reconnect_s:g} s ({again.fact})"
                    raise DeviceError(error.place, fact, again.way_out or error.way_out) from again
                if KEY_QUIT in self._desk.pressed():
                    raise error from again
                self._sleep(_RETRY_S)
            else:
                break
        if spool is not None:
            spool.drop()  # the take is recorded again
        self._desk.say(f"{self._source.place}: the board is back; going on with recording {len(self.kept) + 1}")

    # ---- fixed ----

    def _fixed(self, source: Source) -> None:
        measured_hz = self._rate_of(source)
        label = self.plan.labels[0]
        if self._countdown(label):
            return
        asked_hz = self._asked_hz(source)
        samples = max(1, round(self.plan.duration_s * (measured_hz or asked_hz or self._rate_before(source))))
        record(
            source,
            samples=samples,
            label=label,
            subject=self.plan.subject,
            session=self.plan.session,
            rate_hz=asked_hz or None,
            at_least=max(1, math.ceil(self.plan.window_s * samples / self.plan.duration_s - 1e-9)),
            on_block=self._watch(source),
            ranges=self._ranges_of(source),
            host_clock=self._host_clock,
            note=self.plan.note,
            placement=self.plan.placement,
            spool_folder=self._keeper.folder,
            keep=self._keep,
            measured_hz=measured_hz,
        )
        if self._reopen:
            self._close()
        self._handle_keys()
        if self._is_done and self._desk.is_live:
            self._last_word()

    def _asked_hz(self, source: Source) -> float:
        return self.plan.rate_hz or (self.plan.usual_hz if source.takes_rate else 0.0)

    def _rate_before(self, source: Source) -> float:
        """The rate a device of ours will have, asked before the take's length is known."""
        rate_hz = source.start_stream(None)
        with contextlib.suppress(DeviceError):
            source.stop_stream()
        return rate_hz

    def _rate_of(self, source: Source) -> float:
        """The measured rate of a device that announces none, 0 where it is known without measuring."""
        if source.takes_rate:
            return 0.0
        if self._measured_hz:
            return self._measured_hz
        said_hz = source.start_stream(self._asked_hz(source) or None)
        self._desk.show(State("measuring", total=1))
        about = about_of(source, label="", subject="", session="", rate_hz=said_hz)
        take = Take(dataclasses.replace(about, host_clock=self._host_clock))
        deadline = self._clock() + _MEASURE_S
        for block in source.samples():
            take.add(block)
            self._desk.block(source, block)
            if self._clock() >= deadline and take.measured()[0] is not None:
                break
        source.stop_stream()
        fit, clock = take.measured()
        if fit is None:
            raise DataError(source.place, "its rate cannot be measured", "give --rate")
        self._measured_hz = rounded(fit.rate_hz, fit.error_hz)
        whose = "its clock" if clock == "device" else "this computer's clock"
        self._desk.say(f"{source.place}: {fit.rate_hz:.4g} +- {fit.error_hz:.2g} Hz by {whose}")
        return self._measured_hz

    def _countdown(self, label: str) -> bool:
        """Count down; True when a key changed what is to be done."""
        end = self._clock() + self.plan.countdown_s
        if not self.plan.countdown_s:
            self._handle_keys()
            return self._quit
        while (left_s := end - self._clock()) > 0:
            self._desk.show(State("countdown", label, len(self.kept) + 1, self.plan.count, left_s=left_s))
            if self._handle_keys():
                return True
            self._sleep(min(0.1, left_s))
        return False

    def _watch(self, source: Source) -> Callable[[Take, SampleBlock], None]:
        damaged = source.counters.bad_frames
        due = [0.0]

        def seen(take: Take, block: SampleBlock) -> None:
            self._desk.block(source, block)
            self._show_take("recording", take, source.counters.bad_frames - damaged, due)

        return seen

    def _show_take(self, phase: str, take: Take, damaged: int, due: list[float]) -> None:
        now = self._clock()
        if now >= due[0]:
            fit, _ = take.measured(_LIVE_BLOCKS)
            self._last_rate = (fit.rate_hz, fit.error_hz) if fit else (0.0, 0.0)
            due[0] = now + _SAID_EVERY_S
        self._desk.show(
            State(
                phase,
                take.about.label,
                len(self.kept) + 1,
                self.plan.count,
                take.count,
                take.about.samples,
                0.0,
                take.lost,
                take.clipped,
                damaged,
                *self._last_rate,
            )
        )

    # ---- triggered and continuous: one stream, takes cut out of it ----

    def _about(self, source: Source, label: str, said_hz: float, measured_hz: float, samples: int) -> About:
        about = about_of(
            source,
            label=label,
            subject=self.plan.subject,
            session=self.plan.session,
            rate_hz=said_hz or measured_hz,
            note=self.plan.note,
            placement=self.plan.placement,
        )
        return dataclasses.replace(about, samples=samples, ranges=self._ranges_of(source), host_clock=self._host_clock)

    def _triggered(self, source: Source) -> None:
        plan = self.plan
        measured_hz = self._rate_of(source)
        said_hz = source.start_stream(self._asked_hz(source) or None)
        rate_hz = said_hz or measured_hz
        samples = max(1, round(plan.duration_s * rate_hz))
        pre = min(round(plan.pre_roll_s * rate_hz), samples - 1)
        onset = Onset(source.channels, rate_hz, plan.factor)
        roll: deque[SampleBlock] = deque()
        rolled = 0
        take: Take | None = None
        damaged = source.counters.bad_frames
        due = [0.0]
        self._desk.say("hold still for half a second, then move; each movement is one recording")
        try:
            for came in source.samples():
                self._desk.block(source, came)
                block: SampleBlock | None = came
                while block is not None:
                    if take is None:
                        if block.lost_before and not onset.is_ready:
                            onset.relearn()
                        at = next((k for k, row in enumerate(block.values) if onset.push(row)), -1)
                        roll.append(block)
                        rolled += len(block.values)
                        if at >= 0:
                            take = self._begin(self._about(source, plan.labels[0], said_hz, measured_hz, samples))
                            skip = max(rolled - len(block.values) + at - pre, 0)
                            block = _pour(take, roll, skip, rate_hz)
                            roll.clear()
                            rolled = 0
                        else:
                            while rolled - len(roll[0].values) > pre:
                                rolled -= len(roll.popleft().values)
                            block = None
                        self._desk.show(State("waiting", plan.labels[0], len(self.kept) + 1, plan.count))
                    else:
                        for row in block.values:
                            onset.push(row)
                        block = take.add(block)
                    if take is not None and take.is_full:
                        self._finish(take, source.counters.bad_frames - damaged)
                        take = None
                        damaged = source.counters.bad_frames
                        if self._is_done:
                            block = None
                if take is not None:
                    self._show_take("recording", take, source.counters.bad_frames - damaged, due)
                self._handle_keys()
                if self._quit or self._is_done:
                    break
            _stop(source)
        except DeviceError as error:
            raise self._cut(error, take) from error
        except BaseException:
            _stop(source)
            if take is not None and take.spool is not None:
                take.spool.leave()
            raise
        if take is not None and take.spool is not None:
            take.spool.drop()  # the user ended the session in the middle of a movement
        if self._is_done and self._desk.is_live:
            self._last_word()

    def _continuous(self, source: Source) -> None:
        plan = self.plan
        measured_hz = self._rate_of(source)
        said_hz = source.start_stream(self._asked_hz(source) or None)
        rate_hz = said_hz or measured_hz
        left = round(plan.duration_s * rate_hz) if plan.duration_s else 0
        take: Take | None = None
        damaged = source.counters.bad_frames
        due = [0.0]
        seen = 0
        if not self._desk.is_live:
            self._label = plan.labels[0]
        try:
            for came in source.samples():
                block = came
                self._desk.block(source, block)
                seen += len(block.values)
                self._handle_keys()
                if take is not None and (take.about.label != self._label or self._quit):
                    self._finish_stretch(take, source.counters.bad_frames - damaged)
                    take = None
                    damaged = source.counters.bad_frames
                if self._quit:
                    break
                if take is None and self._label:
                    take = self._begin(self._about(source, self._label, said_hz, measured_hz, 0))
                    block = dataclasses.replace(block, lost_before=0)  # what was lost before is not its own
                if take is not None:
                    take.add(block)
                    self._show_take("recording", take, source.counters.bad_frames - damaged, due)
                else:
                    self._desk.show(State("paused", "", len(self.kept) + 1, plan.count))
                if left and seen >= left:
                    self._quit = True
                    if take is not None:
                        self._finish_stretch(take, source.counters.bad_frames - damaged)
                        take = None
                    break
            _stop(source)
        except DeviceError as error:
            if take is not None and take.count >= plan.window_s * rate_hz:
                self._finish(take, source.counters.bad_frames - damaged, cut=error.fact)  # whole as far as it goes
                take = None
            raise self._cut(error, take) from error
        except BaseException:
            _stop(source)
            if take is not None and take.spool is not None:
                take.spool.leave()
            raise

    def _begin(self, about: About) -> Take:
        return Take(about, Spool(self._keeper.folder, about))

    def _finish(self, take: Take, damaged: int, cut: str = "") -> None:
        try:
            self._keep(take.recording(damaged=damaged, cut=cut))
        except BaseException:
            if take.spool is not None:
                take.spool.leave()
            raise
        if take.spool is not None:
            take.spool.drop()

    def _finish_stretch(self, take: Take, damaged: int) -> None:
        rate_hz = take.about.rate_hz
        if take.count < max(self.plan.window_s * rate_hz, 1):
            self._desk.say(
                f"{take.about.label}: {take.count / rate_hz:.2f} s are shorter than a window "
                f"({self.plan.window_s:g} s), not kept"
            )
            if take.spool is not None:
                take.spool.drop()
            return
        self._finish(take, damaged)

    def _cut(self, error: DeviceError, take: Take | None) -> DeviceError:
        if take is None:
            return error
        if take.spool is not None:
            take.spool.leave()
        return RecordingCut(
            error.place, f"{error.fact}, after {take.count} samples of a take", error.way_out, None, take.spool
        )

    # ---- the user ----

    def _keep(self, recording: Recording) -> str:
        recording_id = self._keeper.add(recording)
        if recording_id in self.kept:
            self._desk.say(f"warning: {recording_id} has the samples of a take before; it is there once")
        self.kept.append(recording_id)
        self._undone.clear()
        self._cuts = 0
        facts = recording.facts
        said = f"{recording_id}: {len(recording.samples)} samples, {recording.duration_s:.2f} s"
        if recording.dropped:
            said += f", {recording.dropped} LOST"
        if facts is not None and facts.clipped:
            said += f", {facts.clipped} clipped"
        self._desk.say(said)
        return recording_id

    def _handle_keys(self) -> bool:
        """Do what was pressed; whether anything was."""
        acted = False
        for key in self._desk.pressed():
            if key in (KEY_QUIT, "\x03"):
                self._quit = True
            elif key == KEY_UNDO:
                self._undo()
            elif key == KEY_REDO:
                self._redo()
            elif key == KEY_NOTE:
                self._note()
            elif self.plan.mode == "continuous" and key in (KEY_PAUSE, "0"):
                self._label = ""
            elif self.plan.mode == "continuous" and key.isdigit() and 0 < int(key) <= len(self.plan.labels):
                self._label = self.plan.labels[int(key) - 1]
            else:
                continue
            acted = True
        return acted

    def _undo(self) -> None:
        if not self.kept:
            self._desk.say("nothing to undo in this session")
            return
        recording_id = self.kept.pop()
        if recording_id not in self.kept:
            self._keeper.remove(recording_id)
        self._undone.append(recording_id)
        self._desk.say(f"{recording_id}: taken out; r brings it back")

    def _redo(self) -> None:
        if not self._undone:
            self._desk.say("nothing to bring back")
            return
        recording_id = self._undone.pop()
        if recording_id not in self.kept:
            self._keeper.restore(recording_id)
        self.kept.append(recording_id)
        self._desk.say(f"{recording_id}: back again")

    def _note(self) -> None:
        if not self.kept:
            self._desk.say("there is no recording in this session to note something on")
            return
        note = self._desk.ask(f"note on {self.kept[-1]}: ")
        if note:
            self._keeper.annotate(self.kept[-1], note)
            self._desk.say(f"{self.kept[-1]}: noted")

    def _last_word(self) -> None:
        """The last take can be undone, too."""
        self._desk.say("all recorded: u takes the last one out, n notes something on it, any other key ends")
        while True:
            keys = self._desk.pressed()
            if not keys:
                self._sleep(0.05)
                continue
            for key in keys:
                if key == KEY_UNDO:
                    self._undo()
                    return
                if key != KEY_NOTE:
                    self._quit = True
                    return
                self._note()


def _pour(take: Take, roll: deque[SampleBlock], skip: int, rate_hz: float) -> SampleBlock | None:
    """Blocks into a take, the first ``skip`` samples left out; what is left over."""
    rest: SampleBlock | None = None
    for block in roll:
        kept = part_of(block, skip, rate_hz) if skip < len(block.values) else None
        skip = max(skip - len(block.values), 0)
        if kept is not None:
            if take.count == 0:
                kept = dataclasses.replace(kept, lost_before=0)  # lost before the take began
            rest = take.add(kept)
    return rest


def _stop(source: Source) -> None:
    with contextlib.suppress(DeviceError):
        source.stop_stream()
