"""The host's side of the link: requests with time-outs and retries, streams that know what they lost."""

from __future__ import annotations

import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self, TypeVar

import numpy as np

from tinyforge.core.errors import DataError, DeviceError
from tinyforge.core.types import Channel, Float32Array, Int8Array
from tinyforge.link import messages
from tinyforge.link.frames import Frame, FrameDecoder, encode_frame
from tinyforge.link.messages import (
    MESSAGES,
    PROTOCOL_VERSION,
    RESET_TEXT,
    STATUS_TEXT,
    Hello,
    HelloRequest,
    Infer,
    Label,
    LabelRequest,
    LiveStarted,
    LiveWindow,
    Samples,
    StartLive,
    StartStream,
    Stats,
    StatsRequest,
    Status,
    Stop,
    Stopped,
    StreamStarted,
    UpdateBegin,
    UpdateCommit,
    UpdatePart,
    UpdateQuery,
    UpdateState,
    WindowPart,
)
from tinyforge.link.ports import DEFAULT_BAUD, Port, SerialLike, as_port, open_port
from tinyforge.link.wire import Message, WireError

DEFAULT_TIMEOUT_S = 2.0
INFER_TIMEOUT_S = 10.0
UPDATE_TIMEOUT_S = 20.0  # a page's erasure, or the check of a signature, a quarter of it for each attempt
_UNKNOWN = 0xFFFF  # in PREDICTION
_ATTEMPTS = 4
_MOST_LATE_FRAMES = (
    2000  # taken after a deadline: what was under way; a device that never stops talking is not heard out
)
_MOST_ODD_BLOCKS = 3  # blocks in a row that contradict what came before: the device counts anew
_MOST_REPEATS = 64  # blocks in a row that were there already: no line repeats so much
_KEPT_BLOCKS = 1 << 16  # whose counter, clock and content are remembered, to know a repeated one
_CLOCK_TOLERANCE_S = 0.25  # a device that reads its sensor's queue now and then stamps what it reads then
_RUN_TYPES = frozenset((Samples.TYPE, LiveWindow.TYPE, messages.Prediction.TYPE))
_WAY_OUT = {
    Status.UNKNOWN_MESSAGE: "the firmware is older than this tinyforge: run `tinyforge build` and `tinyforge flash`",
    Status.NO_MODEL: "run `tinyforge build` and `tinyforge flash` to put one on the board",
    Status.NO_SENSOR: "choose a rate the board has: `tinyforge boards` lists them",
    Status.NO_UPDATE: "build the firmware with a key: docs/updates.md says how",
    Status.UPDATE_REFUSED: "the board keeps the model it has",
    Status.FLASH_FAILED: "the board keeps the model it has; try again",
    Status.NO_CHANNEL: "send windows from the host, or train on the channels the board has",
}

Reply = TypeVar("Reply", bound=Message)


class LinkRefused(DeviceError):
    """The device answered a request with ERROR.

    Attributes:
        status: a `Status`; a number this version does not know is kept as it is.
    """

    def __init__(self, place: str, fact: str, way_out: str = "", status: int = 0) -> None:
        super().__init__(place, fact, way_out)
        self.status = status


@dataclass(frozen=True, slots=True)
class LinkCounters:
    """What the host saw since the link was opened.

    Attributes:
        bytes: received.
        good_frames: frames that passed their check.
        bad_frames: frames dropped: damaged, cut short, CRC wrong, or longer than a frame can be.
        malformed: frames that passed their check but are no message, or one with impossible content.
        stale: messages of an earlier request or run.
        lost_samples: samples the device took that never came.
        repeated_samples: samples that came again or too late, and were dropped.
        odd_blocks: SAMPLES whose counter contradicts their clock or what came before, and were dropped.
        retries: requests sent again.
        resets: times the device said it had started.
    """

    bytes: int = 0
    good_frames: int = 0
    bad_frames: int = 0
    malformed: int = 0
    stale: int = 0
    lost_samples: int = 0
    repeated_samples: int = 0
    odd_blocks: int = 0
    retries: int = 0
    resets: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class SampleBlock:
    """Consecutive samples.

    Attributes:
        first_index: number of the first one since the stream started, lost ones counted.
        time_us: device clock when the first one was taken; does not wrap. The first block's is that of the device.
        arrived_s: host clock (of the link) when the frame had come.
        values: float32 [sample, channel], in the units of HELLO.
        lost_before: samples lost between the block before and this one.
    """

    first_index: int
    time_us: int
    values: Float32Array
    lost_before: int
    arrived_s: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Inference:
    """What the model on the board says of one window.

    Attributes:
        scores: int8 [label], the quantized outputs.
        label: index of the highest score, the lowest index of equal ones.
        cycles: CPU cycles of the network.
        preprocess_cycles: CPU cycles from the raw window to the quantized input.
        duration_us: both together, by the device's clock.
        input_crc: CRC-32 of the quantized input; `zlib.crc32` of the host's int8 input must equal it.
    """

    scores: Int8Array
    label: int
    cycles: int
    preprocess_cycles: int
    duration_us: int
    input_crc: int


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What the model on the board says of a window of its own.

    Attributes:
        sequence: counts predictions from 0; a gap is a prediction that was lost on the way.
        first_index: number of the window's first sample since LIVE started, lost ones counted.
        time_us: device clock when the window's last sample was taken; wraps every 2^32 us.
        answer: the class after smoothing and threshold; None for unknown.
        inference: the result.
        window: float32 [time, channel] the result was made from, or None when it was not asked for or lost a piece.
    """

    sequence: int
    first_index: int
    time_us: int
    answer: int | None
    inference: Inference
    window: Float32Array | None


class Link:
    """A device that speaks the protocol of ``protocol.toml``. Not for several threads.

    Attributes:
        place: what the user called the port.
        timeout_s: how long a request may take.
        device_clock, counted: samples carry the device's clock and its count.
        takes_rate: the device can be asked for a rate.

    Args:
        port: where the bytes go: a `Port`, or an open port of pyserial.
        timeout_s: how long a request may take, retries included.
        clock: seconds that pass, as `time.monotonic`.
    """

    device_clock = True
    counted = True
    takes_rate = True

    def __init__(
        self,
        port: Port | SerialLike,
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._port = as_port(port)
        self.place = self._port.name
        self.timeout_s = timeout_s
        self._decoder = FrameDecoder()
        self._pending: deque[Frame] = deque()
        self._queue: deque[Message] = deque()  # of the run
        self._counters = LinkCounters()
        self._device: Hello | None = None
        self._tag = 0
        self._run_tag = 0  # 0: no run
        self._sequence = 0
        self._late = 0  # frames taken after their deadline
        self._reset_run(0.0)

    def _reset_run(self, rate_hz: float) -> None:
        self._run_rate_hz = rate_hz
        self._queue.clear()
        self._restarted: Hello | None = None
        self._next_index = 0  # of the sample that comes next
        self._taken = 0  # samples the device took, once the run is over
        self._clock_us = 0
        self._last_first = 0  # sample that the last block began with
        self._clock_lives = False  # it has gone on
        self._odd = 0  # blocks in a row
        self._repeats = 0  # blocks in a row
        self._seen: dict[int, tuple[int, int]] = {}  # clock and CRC of the block that began with this sample

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop a running stream as far as the device still listens, and give the port back."""
        try:
            if self._run_tag:
                self._port.write(encode_frame(Stop.TYPE, self._new_tag(), Stop().encode()))
        except DeviceError:
            pass  # it is gone: nothing runs there any more
        finally:
            self._run_tag = 0
            self._port.close()

    # ---- what is known ----

    @property
    def counters(self) -> LinkCounters:
        """A snapshot."""
        seen = self._decoder.counters
        return replace(self._counters, bytes=seen.bytes, good_frames=seen.good, bad_frames=seen.bad + seen.oversized)

    @property
    def device(self) -> Hello:
        """What the device said of itself; asks it when it has not been asked yet."""
        return self._device if self._device is not None else self.hello()

    @property
    def board(self) -> str:
        """What the device calls its board."""
        return self.device.board

    @property
    def firmware(self) -> str:
        """Version and digest of the device's firmware."""
        device = self.device
        return f"{device.firmware_version} {device.firmware_digest[:12]}".strip()

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Columns of the samples."""
        device = self.device
        return tuple(Channel(n, u) for n, u in zip(device.channel_names, device.channel_units, strict=True))

    # ---- requests ----

    def hello(self) -> Hello:
        """Ask the device who it is.

        Raises:
            DeviceError: it does not answer, speaks another version, or describes itself impossibly.
        """
        self._port.write(b"\0")  # ends whatever half frame another program left in the device's buffer
        try:
            hello = self._request(HelloRequest(PROTOCOL_VERSION), Hello)
        except _Silence:
            raise self._no_hello() from None
        if len(hello.channel_names) != len(hello.channel_units):
            raise DeviceError(
                self.place,
                f"the device names {len(hello.channel_names)} channels and {len(hello.channel_units)} units",
                "its firmware is wrong: flash it again",
            )
        names = hello.channel_names
        wrong = [name for name in names if names.count(name) > 1 or not name or set(name) & set(",[]#")]
        if wrong:
            raise self._impossible(f"a channel named {wrong[0]!r} among {', '.join(names)}")
        self._device = hello
        return hello

    def _no_hello(self) -> DeviceError:
        seen = self._decoder.counters
        if seen.good == 0 and seen.bytes > 0:
            fact = f"{seen.bytes} bytes came, but no tinyforge frame"
            return DeviceError(self.place, fact, "is it another sketch or baud rate? flash ours: `tinyforge flash`")
        return DeviceError(
            self.place,
            f"no answer to HELLO in {self.timeout_s:g} s",
            "is tinyforge firmware on the board? flash it: `tinyforge flash`",
        )

    def labels(self) -> tuple[str, ...]:
        """Names of the model's outputs; empty without a model.

        Raises:
            DeviceError: no answer.
        """
        return tuple(self._ask(LabelRequest(index), Label).text for index in range(self.device.label_count))

    def stats(self) -> Stats:
        """Counters and high-water marks of the device.

        Raises:
            DeviceError: no answer.
        """
        return self._ask(StatsRequest(), Stats)

    def infer(self, window: Float32Array, *, timeout_s: float = INFER_TIMEOUT_S) -> Inference:
        """Run the model on the board on one window.

        Args:
            window: float32 [time, channel] in physical units, as long and wide as the model takes.
            timeout_s: how long it may take, retries included.

        Raises:
            DataError: the window has another shape or a value that is not finite.
            DeviceError: no model on the board, no answer, or an impossible one.
        """
        device = self.device
        if not device.model_name:
            raise DeviceError(self.place, "the firmware carries no model", _WAY_OUT[Status.NO_MODEL])
        wanted = (device.window_length, len(device.window_channels))
        if window.shape != wanted:
            raise DataError("window", f"shape {window.shape} is not {wanted}", f"{device.model_name} takes this one")
        values = np.ascontiguousarray(window, dtype="<f4").ravel()
        if not np.isfinite(values).all():
            raise DataError("window", "a value is not finite", "repair the recording it is from")
        self._sequence = sequence = (self._sequence + 1) & 0xFFFFFFFF
        parts = tuple(
            WindowPart(sequence, at, values[at : at + WindowPart.MAX_VALUES])
            for at in range(0, len(values), WindowPart.MAX_VALUES)
        )
        reply = self._ask(Infer(sequence), messages.Inference, before=parts, timeout_s=timeout_s)
        if reply.sequence != sequence:
            raise self._impossible(f"window {reply.sequence} answered instead of {sequence}")
        return self._inference(reply)

    def _inference(self, reply: messages.Inference | messages.Prediction) -> Inference:
        if not 0 <= reply.label < len(reply.scores):
            raise self._impossible(f"label {reply.label} of {len(reply.scores)} scores")
        return Inference(
            scores=reply.scores.copy(),
            label=reply.label,
            cycles=reply.invoke_cycles,
            preprocess_cycles=reply.preprocess_cycles,
            duration_us=reply.duration_us,
            input_crc=reply.input_crc,
        )

    # ---- model updates ----

    def update_state(self) -> UpdateState:
        """Where a new model would go, and which is in use.

        Raises:
            DeviceError: no answer.
        """
        return self._ask(UpdateQuery(), UpdateState)

    def update(self, image: bytes, on_progress: Callable[[int, int], None] | None = None) -> UpdateState:
        """Send an image and have it taken into use. Until the board has accepted it, its old model stays.

        Args:
            image: of ``tinyforge.firmware.update``.
            on_progress: called as ``on_progress(sent, all)`` after each piece.

        Raises:
            DeviceError: the board refuses it and says why, or does not answer.
        """
        self._ask(UpdateBegin(len(image)), UpdateState, timeout_s=UPDATE_TIMEOUT_S)
        sent = 0
        while sent < len(image):
            piece = image[sent : sent + UpdatePart.MAX_DATA]
            state = self._ask(UpdatePart(sent, np.frombuffer(piece, np.uint8)), UpdateState, timeout_s=UPDATE_TIMEOUT_S)
            if state.received != sent + len(piece):
                raise self._impossible(f"{state.received} bytes received of {sent + len(piece)} sent")
            sent += len(piece)
            if on_progress is not None:
                on_progress(sent, len(image))
        state = self._ask(UpdateCommit(), UpdateState, timeout_s=UPDATE_TIMEOUT_S)
        self.hello()  # it has another model now
        return state

    # ---- STREAM ----

    def start_stream(self, rate_hz: float | None = None) -> float:
        """Start the sensor; its samples come from `samples`.

        Args:
            rate_hz: samples a second; None for the model's rate, or without a model the sensor's usual one.

        Returns:
            The rate it runs at.

        Raises:
            DeviceError: no answer, or the sensor does not have this rate.
        """
        self.hello()
        self._run_tag = 0
        started = self._ask(StartStream(0 if rate_hz is None else round(rate_hz * 1000)), StreamStarted)
        return self._begin_run(started.rate_mhz)

    def _begin_run(self, rate_mhz: int) -> float:
        if rate_mhz == 0:
            raise self._impossible("a rate of 0 Hz")
        self._run_tag = self._tag
        self._reset_run(rate_mhz / 1000)
        return self._run_rate_hz

    def samples(self, *, timeout_s: float | None = None) -> Iterator[SampleBlock]:
        """Blocks of samples as they come, until `stop_stream` was called and the last one was taken.

        Args:
            timeout_s: longest silence; None for the link's, and at least ten samples' time.

        Raises:
            DeviceError: silence, the device went away, or it restarted.
        """
        deadline = self._clock() + self._limit_s(timeout_s)
        while True:
            message = self._next_of_run(timeout_s)
            if message is None:
                self._count_tail()
                return
            block = self._block(message) if isinstance(message, Samples) else None
            if block is not None:
                yield block
                deadline = self._clock() + self._limit_s(timeout_s)
            elif self._clock() > deadline:
                raise DeviceError(
                    self.place,
                    f"for {self._limit_s(timeout_s):g} s only samples came that cannot be",
                    "its firmware contradicts its HELLO: flash it again",
                )

    def _block(self, message: Samples) -> SampleBlock | None:
        """The samples of a message, unless they came before or cannot be.

        Raises:
            DeviceError: the device counts anew.
        """
        columns = len(self.device.channel_names)
        if message.channels != columns or len(message.values) % columns or not len(message.values):
            self._count(malformed=1)
            return None
        values = message.values.reshape(-1, columns)
        if not np.isfinite(values).all():
            self._count(malformed=1)
            return None
        content = zlib.crc32(values.tobytes())
        ahead = (message.first_index - self._next_index) & 0xFFFFFFFF
        step_us = (message.time_us - self._clock_us + (1 << 31) & 0xFFFFFFFF) - (1 << 31)  # the clock wraps
        if ahead >= 1 << 31:
            if self._came_before(message, content):
                self._count(repeated_samples=len(values))
                self._repeats += 1
                if self._repeats >= _MOST_REPEATS:
                    raise self._counts_anew(message.first_index)
            else:
                self._is_odd(message.first_index)
            return None
        first = self._next_index + ahead
        if self._contradicts_clock(first, step_us):
            self._is_odd(message.first_index)
            return None
        self._next_index = first + len(values)
        self._clock_us = self._clock_us + step_us if self._seen else message.time_us
        self._last_first = first
        self._clock_lives = self._clock_lives or (bool(self._seen) and step_us != 0)
        self._odd = self._repeats = 0
        self._seen[message.first_index] = (message.time_us, content)
        if len(self._seen) > _KEPT_BLOCKS:
            del self._seen[next(iter(self._seen))]
        if ahead:
            self._count(lost_samples=ahead)
        return SampleBlock(first, self._clock_us, values.copy(), ahead, self._clock())

    def _contradicts_clock(self, first: int, step_us: int) -> bool:
        """Whether the device's clock went on by another time than its counter, by more than jitter and a poor rate."""
        if not self._seen or (step_us == 0 and not self._clock_lives):
            return False  # the first block, or a device without a clock
        counted_s = (first - self._last_first) / self._run_rate_hz
        return abs(1e-6 * step_us - counted_s) > _CLOCK_TOLERANCE_S + 0.25 * counted_s

    def _came_before(self, message: Samples, content: int) -> bool:
        """Whether these samples were there already, or are late ones that were counted as lost."""
        if message.first_index in self._seen:
            return self._seen[message.first_index] == (message.time_us, content)
        behind_s = ((self._next_index - message.first_index) & 0xFFFFFFFF) / self._run_rate_hz
        ago_s = 1e-6 * ((self._clock_us - message.time_us) & 0xFFFFFFFF)
        return bool(self._seen) and abs(ago_s - behind_s) < _CLOCK_TOLERANCE_S + 0.25 * behind_s

    def _is_odd(self, index: int) -> None:
        self._count(odd_blocks=1)
        self._odd += 1
        if self._odd >= _MOST_ODD_BLOCKS:
            raise self._counts_anew(index)

    def _counts_anew(self, index: int) -> DeviceError:
        return DeviceError(
            self.place,
            f"the board restarted: counter and clock do not go on ({index} came where {self._next_index & 0xFFFFFFFF} "
            "belongs)",
            "start again; check its supply and cable",
        )

    def _count_tail(self) -> None:
        """Samples that were lost after the last one that came."""
        tail = (self._taken - self._next_index) & 0xFFFFFFFF
        if 0 < tail < 1 << 31:
            self._count(lost_samples=tail)
            self._next_index += tail

    def stop_stream(self) -> Stopped:
        """End STREAM or LIVE; what is still queued can be taken from `samples` or `predictions`.

        Returns:
            The device's counters of the run.

        Raises:
            DeviceError: no answer.
        """
        stopped = self._ask(Stop(), Stopped)
        self._run_tag = 0
        self._taken = stopped.taken
        return stopped

    # ---- LIVE ----

    def start_live(self, *, hop: int = 0, send_windows: bool = False) -> LiveStarted:
        """Let the board infer windows of its own sensor; results come from `predictions`.

        Args:
            hop: samples from window to window; 0 for the model's own.
            send_windows: get the raw window of each prediction, too.

        Raises:
            DeviceError: no model, no sensor at the model's rate, or no answer.
        """
        self.hello()
        self._run_tag = 0
        started = self._ask(StartLive(hop, int(send_windows)), LiveStarted)
        self._begin_run(started.rate_mhz)
        return started

    def predictions(self, *, timeout_s: float | None = None) -> Iterator[Prediction]:
        """Predictions as they come, until `stop_stream` was called and the last one was taken.

        Raises:
            DeviceError: silence, the device went away, or it restarted.
        """
        device = self.device
        shape = (device.window_length, len(device.window_channels))
        pieces: list[LiveWindow] = []
        while True:
            message = self._next_of_run(timeout_s)
            if message is None:
                return
            if isinstance(message, LiveWindow):
                if pieces and message.sequence != pieces[0].sequence:
                    pieces = []
                pieces.append(message)
            elif isinstance(message, messages.Prediction):
                window = _join(pieces, message.sequence, shape)
                pieces = []
                inference = self._inference(message)
                answer = None if message.answer == _UNKNOWN else message.answer
                yield Prediction(message.sequence, message.first_index, message.time_us, answer, inference, window)

    # ---- below the messages ----

    def _count(self, **more: int) -> None:
        now = self._counters
        self._counters = replace(now, **{name: getattr(now, name) + value for name, value in more.items()})

    def _impossible(self, fact: str) -> DeviceError:
        return DeviceError(self.place, f"the device says something impossible: {fact}", "flash its firmware again")

    def _new_tag(self) -> int:
        """1..255; 0 is what a device sends unasked."""
        self._tag = self._tag % 255 + 1
        return self._tag

    def _ask(
        self, message: Message, reply: type[Reply], *, before: tuple[Message, ...] = (), timeout_s: float | None = None
    ) -> Reply:
        """`_request`, with silence as an error for the user."""
        try:
            return self._request(message, reply, before=before, timeout_s=timeout_s)
        except _Silence as silence:
            raise DeviceError(
                self.place,
                f"no answer to {message.NAME} in {silence.waited_s:g} s",
                "press the board's reset button; if it stays silent, flash it again: `tinyforge flash`",
            ) from None

    def _request(
        self, message: Message, reply: type[Reply], *, before: tuple[Message, ...] = (), timeout_s: float | None = None
    ) -> Reply:
        """Send a request until it is answered; every request may be repeated without harm."""
        total_s = self.timeout_s if timeout_s is None else timeout_s
        for attempt in range(_ATTEMPTS):
            tag = self._new_tag()
            if attempt:
                self._count(retries=1)
            self._port.write(b"".join(encode_frame(m.TYPE, tag, m.encode()) for m in (*before, message)))
            deadline = self._clock() + total_s / _ATTEMPTS
            while (frame := self._next_frame(deadline)) is not None:
                answer = self._route(frame, tag)
                if isinstance(answer, messages.Error):
                    if answer.status == Status.INCOMPLETE_WINDOW and attempt < _ATTEMPTS - 1:
                        break  # a piece was damaged on the way: all of them again
                    raise self._refused(message, answer)
                if isinstance(answer, reply):
                    return answer
                if answer is not None:
                    self._count(stale=1)
        raise _Silence(total_s)

    def _refused(self, message: Message, error: messages.Error) -> LinkRefused:
        why = STATUS_TEXT.get(error.status, f"status {error.status}")
        if error.text:
            why = f"{why} ({error.text})"
        known = error.status in STATUS_TEXT
        way_out = _WAY_OUT.get(Status(error.status), "") if known else ""
        return LinkRefused(self.place, f"{message.NAME} was refused: {why}", way_out, error.status)

    def _next_frame(self, deadline: float) -> Frame | None:
        """The next good frame, or None when ``deadline`` (of the link's clock) passed."""
        self._late = self._late + 1 if self._clock() > deadline else 0
        if self._late > _MOST_LATE_FRAMES:
            self._late = 0
            return None
        while not self._pending:
            left_s = deadline - self._clock()
            data = self._port.read_some(max(left_s, 0.0))
            self._pending.extend(self._decoder.feed(data))
            if left_s <= 0 and not self._pending:
                return None
        return self._pending.popleft()

    def _route(self, frame: Frame, tag: int) -> Message | None:
        """The message when it answers the request with ``tag``; samples and predictions go to their queue."""
        kind = MESSAGES.get(frame.type)
        if frame.type == Hello.TYPE and frame.body and frame.body[0] != PROTOCOL_VERSION:
            raise DeviceError(
                self.place,
                f"its firmware speaks version {frame.body[0]} of the link, this tinyforge version {PROTOCOL_VERSION}",
                "run `tinyforge build` and `tinyforge flash`",
            )
        if kind is None or frame.type < 0x80:
            self._count(malformed=1)
            return None
        try:
            message = kind.decode(frame.body)
        except WireError:
            self._count(malformed=1)
            return None
        if isinstance(message, Hello) and frame.tag == 0:
            if self._device is not None:
                self._count(resets=1)
                self._restarted = message
            return None
        if frame.type in _RUN_TYPES:
            if self._run_tag and frame.tag == self._run_tag:
                self._queue.append(message)
            else:
                self._count(stale=1)
            return None
        if frame.tag != tag:
            self._count(stale=1)
            return None
        return message

    def _next_of_run(self, timeout_s: float | None) -> Message | None:
        """The next message of the run; None when it has ended and the queue is empty."""
        limit_s = self._limit_s(timeout_s)
        deadline = self._clock() + limit_s
        damaged = self._damaged
        while not self._queue:
            if self._restarted is not None:
                why = RESET_TEXT.get(self._restarted.reset, f"reason {self._restarted.reset}")
                raise DeviceError(self.place, f"the board restarted: {why}", "start again; check its supply and cable")
            if not self._run_tag:
                return None
            frame = self._next_frame(deadline)
            if frame is None:
                raise self._fell_silent(limit_s, self._damaged - damaged)
            stray = self._route(frame, 0)
            if stray is not None:
                self._count(stale=1)
        return self._queue.popleft()

    def _limit_s(self, timeout_s: float | None) -> float:
        if timeout_s is not None:
            return timeout_s
        return max(self.timeout_s, 10 / self._run_rate_hz) if self._run_rate_hz else self.timeout_s

    @property
    def _damaged(self) -> int:
        return self._decoder.counters.bad + self._decoder.counters.oversized

    def _fell_silent(self, limit_s: float, damaged: int) -> DeviceError:
        if damaged:
            frames = "1 damaged frame" if damaged == 1 else f"{damaged} damaged frames"
            fact = f"nothing whole came for {limit_s:g} s, but {frames}"
            return DeviceError(self.place, fact, "check cable and baud rate; something disturbs the line")
        return DeviceError(
            self.place, f"nothing came for {limit_s:g} s", "is the board still plugged in? press its reset button"
        )


class _Silence(Exception):  # never leaves this module
    def __init__(self, waited_s: float) -> None:
        super().__init__(waited_s)
        self.waited_s = waited_s


def _join(pieces: list[LiveWindow], sequence: int, shape: tuple[int, int]) -> Float32Array | None:
    """The window of consecutive pieces; None when one is missing."""
    at = 0
    for piece in pieces:
        if piece.sequence != sequence or piece.offset != at:
            return None
        at += len(piece.values)
    if not pieces or at != shape[0] * shape[1]:
        return None
    return np.concatenate([piece.values for piece in pieces]).reshape(shape)


def open_link(port: str, timeout_s: float = DEFAULT_TIMEOUT_S, *, baud: int = DEFAULT_BAUD) -> Link:
    """Open a port and ask the device who it is.

    Args:
        port: device path, ``socket://HOST:PORT``, or another URL of pyserial; ``virtual://`` once
            `tinyforge.virtual` has been imported.
        timeout_s: how long a request may take, retries included.
        baud: bits a second of a real UART; USB ignores it.

    Raises:
        DeviceError: the port does not open, or nothing or something else answers there.
    """
    link = Link(open_port(port, baud), timeout_s=timeout_s)
    try:
        link.hello()
    except BaseException:
        link.close()
        raise
    return link
