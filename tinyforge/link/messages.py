"""The messages of the link. Generated from protocol.toml by ``python -m tinyforge.link.generate``; do not edit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from tinyforge.link.wire import Message, Reader, Writer

PROTOCOL_VERSION = 1
MAX_FRAME_BYTES = 512
MAX_BODY_BYTES = 506


class Status(IntEnum):
    """What an ERROR says."""

    UNKNOWN_MESSAGE = 1
    BAD_LENGTH = 2
    BAD_VALUE = 3
    NO_MODEL = 4
    NO_SENSOR = 5
    INCOMPLETE_WINDOW = 6
    NO_CHANNEL = 7
    BUSY = 8
    NO_UPDATE = 9
    UPDATE_REFUSED = 10
    FLASH_FAILED = 11


STATUS_TEXT: dict[int, str] = {
    1: "the firmware does not know this message",
    2: "the message is shorter or longer than its fields",
    3: "a field is outside its range",
    4: "the firmware carries no model",
    5: "the sensor is missing or does not run at this rate",
    6: "a part of the window is missing",
    7: "the board's sensor lacks a channel the model needs",
    8: "not possible in this mode; send STOP first",
    9: "the firmware was built without a key for model updates",
    10: "the model update is not accepted",
    11: "the flash could not be written",
}


class Mode(IntEnum):
    """What a device is doing."""

    IDLE = 0
    STREAM = 1
    LIVE = 2
    ALONE = 3


MODE_TEXT: dict[int, str] = {
    0: "waits for a request",
    1: "sends SAMPLES",
    2: "infers its own windows and sends PREDICTION",
    3: "infers its own windows and shows the answer; any request ends it",
}


class Reset(IntEnum):
    """Why a device started."""

    UNKNOWN = 0
    POWER_ON = 1
    PIN = 2
    SOFTWARE = 3
    WATCHDOG = 4
    BROWN_OUT = 5
    FAULT = 6


RESET_TEXT: dict[int, str] = {
    0: "the board cannot tell",
    1: "power came on",
    2: "the reset button or pin",
    3: "the firmware or a debugger asked for it",
    4: "the watchdog: the firmware hung",
    5: "the supply voltage fell",
    6: "a fault of the processor",
}


@dataclass(frozen=True, slots=True, eq=False)
class HelloRequest(Message):
    """Host to device: Who are you? Answered in every mode, and changes none.

    Attributes:
        protocol: version of the host.
    """

    TYPE: ClassVar[int] = 0x01
    NAME: ClassVar[str] = "HELLO_REQUEST"

    protocol: int

    def encode(self) -> bytes:  # noqa: D102
        writer = Writer(self.NAME)
        writer.u8("protocol", self.protocol)
        return writer.end()

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls(
            protocol=reader.u8(),
        )
        reader.end()
        return message


@dataclass(frozen=True, slots=True, eq=False)
class LabelRequest(Message):
    """Host to device: The name of one output of the model.

    Attributes:
        index: 0 .. label_count - 1.
    """

    TYPE: ClassVar[int] = 0x02
    NAME: ClassVar[str] = "LABEL_REQUEST"

    index: int

    def encode(self) -> bytes:  # noqa: D102
        writer = Writer(self.NAME)
        writer.u16("index", self.index)
        return writer.end()

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls(
            index=reader.u16(),
        )
        reader.end()
        return message


@dataclass(frozen=True, slots=True, eq=False)
class StartStream(Message):
    """Host to device: Start the sensor and send every sample. A device that streams already starts anew, with sample 0.

    Attributes:
        rate_mhz: milli-hertz; 0: the model's rate, without a model the sensor's usual one.
    """

    TYPE: ClassVar[int] = 0x03
    NAME: ClassVar[str] = "START_STREAM"

    rate_mhz: int

    def encode(self) -> bytes:  # noqa: D102
        writer = Writer(self.NAME)
        writer.u32("rate_mhz", self.rate_mhz)
        return writer.end()

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls(
            rate_mhz=reader.u32(),
        )
        reader.end()
        return message


@dataclass(frozen=True, slots=True, eq=False)
class Stop(Message):
    """Host to device: End STREAM or LIVE. In idle mode it repeats the counters of the last run."""

    TYPE: ClassVar[int] = 0x04
    NAME: ClassVar[str] = "STOP"

    def encode(self) -> bytes:  # noqa: D102
        return b""

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls()
        reader.end()
        return message


@dataclass(frozen=True, slots=True, eq=False)
class WindowPart(Message):
    """Host to device: A piece of a window for INFER, not answered. Pieces come in order, the first with offset 0.

    Attributes:
        sequence: of the window, chosen by the host.
        offset: values before this piece.
        values: row-major [time][channel], physical units, finite.
    """

    TYPE: ClassVar[int] = 0x05
    NAME: ClassVar[str] = "WINDOW_PART"
    MAX_VALUES: ClassVar[int] = 120

    sequence: int
    offset: int
    values: npt.NDArray[np.float32]

    def encode(self) -> bytes:  # noqa: D102
        writer = Writer(self.NAME)
        writer.u32("sequence", self.sequence)
        writer.u32("offset", self.offset)
        writer.f32s("values", self.values, 120)
        return writer.end()

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls(
            sequence=reader.u32(),
            offset=reader.u32(),
            values=reader.f32s(120),
        )
        reader.end()
        return message


@dataclass(frozen=True, slots=True, eq=False)
class Infer(Message):
    """Host to device: Run the model on the window whose pieces were sent. The model's state is reset before.

    Attributes:
        sequence: that of the pieces.
    """

    TYPE: ClassVar[int] = 0x06
    NAME: ClassVar[str] = "INFER"

    sequence: int

    def encode(self) -> bytes:  # noqa: D102
        writer = Writer(self.NAME)
        writer.u32("sequence", self.sequence)
        return writer.end()

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls(
            sequence=reader.u32(),
        )
        reader.end()
        return message


@dataclass(frozen=True, slots=True, eq=False)
class StartLive(Message):
    """Host to device: Start the sensor at the model's rate and infer every `hop` samples. A device in LIVE starts anew.

    Attributes:
        hop: samples from window to window; 0: the model's own hop.
        send_windows: 1: send each raw window as LIVE_WINDOW pieces before its PREDICTION; 0: do not.
    """

    TYPE: ClassVar[int] = 0x07
    NAME: ClassVar[str] = "START_LIVE"

    hop: int
    send_windows: int

    def encode(self) -> bytes:  # noqa: D102
        writer = Writer(self.NAME)
        writer.u16("hop", self.hop)
        writer.u8("send_windows", self.send_windows)
        return writer.end()

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls(
            hop=reader.u16(),
            send_windows=reader.u8(),
        )
        reader.end()
        return message


@dataclass(frozen=True, slots=True, eq=False)
class StatsRequest(Message):
    """Host to device: Counters and high-water marks. Answered in every mode, and changes none."""

    TYPE: ClassVar[int] = 0x08
    NAME: ClassVar[str] = "STATS_REQUEST"

    def encode(self) -> bytes:  # noqa: D102
        return b""

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls()
        reader.end()
        return message


@dataclass(frozen=True, slots=True, eq=False)
class UpdateQuery(Message):
    """Host to device: Where a new model would go, and what is there. Answered in every mode, and changes none."""

    TYPE: ClassVar[int] = 0x09
    NAME: ClassVar[str] = "UPDATE_QUERY"

    def encode(self) -> bytes:  # noqa: D102
        return b""

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls()
        reader.end()
        return message


@dataclass(frozen=True, slots=True, eq=False)
class UpdateBegin(Message):
    """Host to device: A new model will follow from its first byte on; what was received is dropped. Idle mode only.

    Attributes:
        image_bytes: of the whole image; a multiple of 8.
    """

    TYPE: ClassVar[int] = 0x0A
    NAME: ClassVar[str] = "UPDATE_BEGIN"

    image_bytes: int

    def encode(self) -> bytes:  # noqa: D102
        writer = Writer(self.NAME)
        writer.u32("image_bytes", self.image_bytes)
        return writer.end()

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls(
            image_bytes=reader.u32(),
        )
        reader.end()
        return message


@dataclass(frozen=True, slots=True, eq=False)
class UpdatePart(Message):
    """Host to device: The next bytes of the image. A repeated one is not written again; a gap is refused.

    Attributes:
        offset: bytes before this piece; a multiple of 8.
        data: a multiple of 8 bytes.
    """

    TYPE: ClassVar[int] = 0x0B
    NAME: ClassVar[str] = "UPDATE_PART"
    MAX_DATA: ClassVar[int] = 480

    offset: int
    data: npt.NDArray[np.uint8]

    def encode(self) -> bytes:  # noqa: D102
        writer = Writer(self.NAME)
        writer.u32("offset", self.offset)
        writer.u8s("data", self.data, 480)
        return writer.end()

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls(
            offset=reader.u32(),
            data=reader.u8s(480),
        )
        reader.end()
        return message


@dataclass(frozen=True, slots=True, eq=False)
class UpdateCommit(Message):
    """Host to device: Check the image's signature, ABI and version, let it prove itself, and use it from now on."""

    TYPE: ClassVar[int] = 0x0C
    NAME: ClassVar[str] = "UPDATE_COMMIT"

    def encode(self) -> bytes:  # noqa: D102
        return b""

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls()
        reader.end()
        return message


@dataclass(frozen=True, slots=True, eq=False)
class Hello(Message):
    """Device to host: Who I am. Also sent unasked with tag 0 when the device starts, so that a host sees a reset.

    Attributes:
        protocol: version of the device; the first byte of HELLO in every version.
        reset: why the device started.
        mode: what it is doing.
        board: identifier of the board, as in its TOML.
        firmware_version: version of tinyforge the firmware was built by.
        firmware_digest: hex digits over the sources of the firmware; empty when the build gave none.
        channel_names: columns of SAMPLES.
        channel_units: their units.
        rate_mhz: rate of the sensor in milli-hertz; 0 without a sensor.
        model_name: empty without a model, and the fields below 0 or empty.
        model_sha256: SHA-256 of the .tflite the model was made from.
        model_rate_mhz: rate of the model's windows in milli-hertz.
        window_length: samples in a window.
        window_hop: samples from window to window in LIVE.
        window_channels: for each column of a window its column in SAMPLES; 255: none, and no LIVE.
        label_count: outputs of the model.
    """

    TYPE: ClassVar[int] = 0x81
    NAME: ClassVar[str] = "HELLO"
    MAX_WINDOW_CHANNELS: ClassVar[int] = 12

    protocol: int
    reset: int
    mode: int
    board: str
    firmware_version: str
    firmware_digest: str
    channel_names: tuple[str, ...]
    channel_units: tuple[str, ...]
    rate_mhz: int
    model_name: str
    model_sha256: bytes
    model_rate_mhz: int
    window_length: int
    window_hop: int
    window_channels: npt.NDArray[np.uint8]
    label_count: int

    def encode(self) -> bytes:  # noqa: D102
        writer = Writer(self.NAME)
        writer.u8("protocol", self.protocol)
        writer.u8("reset", self.reset)
        writer.u8("mode", self.mode)
        writer.text("board", self.board, 24)
        writer.text("firmware_version", self.firmware_version, 24)
        writer.text("firmware_digest", self.firmware_digest, 64)
        writer.texts("channel_names", self.channel_names, 8, 12)
        writer.texts("channel_units", self.channel_units, 8, 12)
        writer.u32("rate_mhz", self.rate_mhz)
        writer.text("model_name", self.model_name, 32)
        writer.fixed("model_sha256", self.model_sha256, 32)
        writer.u32("model_rate_mhz", self.model_rate_mhz)
        writer.u16("window_length", self.window_length)
        writer.u16("window_hop", self.window_hop)
        writer.u8s("window_channels", self.window_channels, 12)
        writer.u16("label_count", self.label_count)
        return writer.end()

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls(
            protocol=reader.u8(),
            reset=reader.u8(),
            mode=reader.u8(),
            board=reader.text(24),
            firmware_version=reader.text(24),
            firmware_digest=reader.text(64),
            channel_names=reader.texts(8, 12),
            channel_units=reader.texts(8, 12),
            rate_mhz=reader.u32(),
            model_name=reader.text(32),
            model_sha256=reader.fixed(32),
            model_rate_mhz=reader.u32(),
            window_length=reader.u16(),
            window_hop=reader.u16(),
            window_channels=reader.u8s(12),
            label_count=reader.u16(),
        )
        reader.end()
        return message


@dataclass(frozen=True, slots=True, eq=False)
class Label(Message):
    """Device to host: The name of one output of the model.

    Attributes:
        index: as asked.
        text: the label; a longer one is cut.
    """

    TYPE: ClassVar[int] = 0x82
    NAME: ClassVar[str] = "LABEL"

    index: int
    text: str

    def encode(self) -> bytes:  # noqa: D102
        writer = Writer(self.NAME)
        writer.u16("index", self.index)
        writer.text("text", self.text, 48)
        return writer.end()

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls(
            index=reader.u16(),
            text=reader.text(48),
        )
        reader.end()
        return message


@dataclass(frozen=True, slots=True, eq=False)
class StreamStarted(Message):
    """Device to host: SAMPLES with the tag of the request follow.

    Attributes:
        rate_mhz: the rate it is, in milli-hertz.
    """

    TYPE: ClassVar[int] = 0x83
    NAME: ClassVar[str] = "STREAM_STARTED"

    rate_mhz: int

    def encode(self) -> bytes:  # noqa: D102
        writer = Writer(self.NAME)
        writer.u32("rate_mhz", self.rate_mhz)
        return writer.end()

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls(
            rate_mhz=reader.u32(),
        )
        reader.end()
        return message


@dataclass(frozen=True, slots=True, eq=False)
class Stopped(Message):
    """Device to host: Nothing more follows. The counters are those of the run that ended.

    Attributes:
        mode: the mode that ended; idle when none was running.
        taken: samples the sensor took, up to the last one read.
        lost: of these, lost on the device because its queue was full.
        sent: samples sent in SAMPLES, or predictions sent.
    """

    TYPE: ClassVar[int] = 0x84
    NAME: ClassVar[str] = "STOPPED"

    mode: int
    taken: int
    lost: int
    sent: int

    def encode(self) -> bytes:  # noqa: D102
        writer = Writer(self.NAME)
        writer.u8("mode", self.mode)
        writer.u32("taken", self.taken)
        writer.u32("lost", self.lost)
        writer.u32("sent", self.sent)
        return writer.end()

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls(
            mode=reader.u8(),
            taken=reader.u32(),
            lost=reader.u32(),
            sent=reader.u32(),
        )
        reader.end()
        return message


@dataclass(frozen=True, slots=True, eq=False)
class Inference(Message):
    """Device to host: What the model says of the host's window.

    Attributes:
        sequence: of the window.
        label: index of the highest score, the lowest index of equal ones.
        preprocess_cycles: CPU cycles from raw window to quantized input.
        invoke_cycles: CPU cycles of the network.
        duration_us: both together, in microseconds.
        input_crc: CRC-32 of the quantized input, to check the preprocessing bit for bit.
        scores: quantized outputs.
    """

    TYPE: ClassVar[int] = 0x86
    NAME: ClassVar[str] = "INFERENCE"
    MAX_SCORES: ClassVar[int] = 255

    sequence: int
    label: int
    preprocess_cycles: int
    invoke_cycles: int
    duration_us: int
    input_crc: int
    scores: npt.NDArray[np.int8]

    def encode(self) -> bytes:  # noqa: D102
        writer = Writer(self.NAME)
        writer.u32("sequence", self.sequence)
        writer.u16("label", self.label)
        writer.u32("preprocess_cycles", self.preprocess_cycles)
        writer.u32("invoke_cycles", self.invoke_cycles)
        writer.u32("duration_us", self.duration_us)
        writer.u32("input_crc", self.input_crc)
        writer.i8s("scores", self.scores, 255)
        return writer.end()

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls(
            sequence=reader.u32(),
            label=reader.u16(),
            preprocess_cycles=reader.u32(),
            invoke_cycles=reader.u32(),
            duration_us=reader.u32(),
            input_crc=reader.u32(),
            scores=reader.i8s(255),
        )
        reader.end()
        return message


@dataclass(frozen=True, slots=True, eq=False)
class LiveStarted(Message):
    """Device to host: PREDICTION with the tag of the request follow.

    Attributes:
        rate_mhz: the rate it is, in milli-hertz.
        hop: samples from window to window.
    """

    TYPE: ClassVar[int] = 0x87
    NAME: ClassVar[str] = "LIVE_STARTED"

    rate_mhz: int
    hop: int

    def encode(self) -> bytes:  # noqa: D102
        writer = Writer(self.NAME)
        writer.u32("rate_mhz", self.rate_mhz)
        writer.u16("hop", self.hop)
        return writer.end()

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls(
            rate_mhz=reader.u32(),
            hop=reader.u16(),
        )
        reader.end()
        return message


@dataclass(frozen=True, slots=True, eq=False)
class Stats(Message):
    """Device to host: Counters since the device started, and high-water marks.

    Attributes:
        uptime_ms: milliseconds since the start; wraps.
        arena_bytes: RAM of the model's activations.
        stack_bytes: deepest use of the stack; 0 when it is not known.
        samples_lost: samples lost because the sensor's queue was full.
        frames_received: frames that passed their check.
        frames_bad: frames dropped: damaged, cut short, or CRC wrong.
        frames_oversized: frames dropped: longer than a frame can be.
        requests_refused: requests answered with ERROR.
        frames_sent: frames sent.
        inferences: times the model ran.
    """

    TYPE: ClassVar[int] = 0x88
    NAME: ClassVar[str] = "STATS"

    uptime_ms: int
    arena_bytes: int
    stack_bytes: int
    samples_lost: int
    frames_received: int
    frames_bad: int
    frames_oversized: int
    requests_refused: int
    frames_sent: int
    inferences: int

    def encode(self) -> bytes:  # noqa: D102
        writer = Writer(self.NAME)
        writer.u32("uptime_ms", self.uptime_ms)
        writer.u32("arena_bytes", self.arena_bytes)
        writer.u32("stack_bytes", self.stack_bytes)
        writer.u32("samples_lost", self.samples_lost)
        writer.u32("frames_received", self.frames_received)
        writer.u32("frames_bad", self.frames_bad)
        writer.u32("frames_oversized", self.frames_oversized)
        writer.u32("requests_refused", self.requests_refused)
        writer.u32("frames_sent", self.frames_sent)
        writer.u32("inferences", self.inferences)
        return writer.end()

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls(
            uptime_ms=reader.u32(),
            arena_bytes=reader.u32(),
            stack_bytes=reader.u32(),
            samples_lost=reader.u32(),
            frames_received=reader.u32(),
            frames_bad=reader.u32(),
            frames_oversized=reader.u32(),
            requests_refused=reader.u32(),
            frames_sent=reader.u32(),
            inferences=reader.u32(),
        )
        reader.end()
        return message


@dataclass(frozen=True, slots=True, eq=False)
class UpdateState(Message):
    """Device to host: What the device says of model updates.

    Attributes:
        abi: of models it takes.
        version: of the model in use; 0: the one the firmware was built with.
        slot_address: where the next image will lie: it must be linked for this place.
        slot_bytes: room for it.
        ram_address: RAM a model may use.
        ram_bytes: how much.
        received: bytes of the image that have come.
        key: first bytes of the public key images must be signed for.
    """

    TYPE: ClassVar[int] = 0x89
    NAME: ClassVar[str] = "UPDATE_STATE"

    abi: int
    version: int
    slot_address: int
    slot_bytes: int
    ram_address: int
    ram_bytes: int
    received: int
    key: bytes

    def encode(self) -> bytes:  # noqa: D102
        writer = Writer(self.NAME)
        writer.u32("abi", self.abi)
        writer.u32("version", self.version)
        writer.u32("slot_address", self.slot_address)
        writer.u32("slot_bytes", self.slot_bytes)
        writer.u32("ram_address", self.ram_address)
        writer.u32("ram_bytes", self.ram_bytes)
        writer.u32("received", self.received)
        writer.fixed("key", self.key, 8)
        return writer.end()

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls(
            abi=reader.u32(),
            version=reader.u32(),
            slot_address=reader.u32(),
            slot_bytes=reader.u32(),
            ram_address=reader.u32(),
            ram_bytes=reader.u32(),
            received=reader.u32(),
            key=reader.fixed(8),
        )
        reader.end()
        return message


@dataclass(frozen=True, slots=True, eq=False)
class Samples(Message):
    """Device to host: Consecutive samples: a frame never spans a gap.

    Attributes:
        first_index: number of the first sample since START_STREAM, lost ones counted; wraps.
        time_us: device clock when the first sample was taken; wraps.
        channels: columns, >= 1.
        values: row-major [time][channel], physical units.
    """

    TYPE: ClassVar[int] = 0x90
    NAME: ClassVar[str] = "SAMPLES"
    MAX_VALUES: ClassVar[int] = 120

    first_index: int
    time_us: int
    channels: int
    values: npt.NDArray[np.float32]

    def encode(self) -> bytes:  # noqa: D102
        writer = Writer(self.NAME)
        writer.u32("first_index", self.first_index)
        writer.u32("time_us", self.time_us)
        writer.u8("channels", self.channels)
        writer.f32s("values", self.values, 120)
        return writer.end()

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls(
            first_index=reader.u32(),
            time_us=reader.u32(),
            channels=reader.u8(),
            values=reader.f32s(120),
        )
        reader.end()
        return message


@dataclass(frozen=True, slots=True, eq=False)
class LiveWindow(Message):
    """Device to host: A piece of the raw window of the PREDICTION with the same sequence, which follows the last piece.

    Attributes:
        sequence: of the prediction.
        offset: values before this piece.
        values: row-major [time][channel], physical units.
    """

    TYPE: ClassVar[int] = 0x91
    NAME: ClassVar[str] = "LIVE_WINDOW"
    MAX_VALUES: ClassVar[int] = 120

    sequence: int
    offset: int
    values: npt.NDArray[np.float32]

    def encode(self) -> bytes:  # noqa: D102
        writer = Writer(self.NAME)
        writer.u32("sequence", self.sequence)
        writer.u32("offset", self.offset)
        writer.f32s("values", self.values, 120)
        return writer.end()

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls(
            sequence=reader.u32(),
            offset=reader.u32(),
            values=reader.f32s(120),
        )
        reader.end()
        return message


@dataclass(frozen=True, slots=True, eq=False)
class Prediction(Message):
    """Device to host: What the model says of the device's own window. A window with a gap is never used.

    Attributes:
        sequence: counts predictions since START_LIVE from 0.
        first_index: number of the window's first sample since START_LIVE, lost ones counted.
        time_us: device clock when the window's last sample was taken; wraps.
        label: index of the highest score, the lowest index of equal ones.
        answer: index after smoothing and threshold (the model's decision); 65535: unknown.
        preprocess_cycles: CPU cycles from raw window to quantized input.
        invoke_cycles: CPU cycles of the network.
        duration_us: both together, in microseconds.
        input_crc: CRC-32 of the quantized input.
        scores: quantized outputs.
    """

    TYPE: ClassVar[int] = 0x92
    NAME: ClassVar[str] = "PREDICTION"
    MAX_SCORES: ClassVar[int] = 255

    sequence: int
    first_index: int
    time_us: int
    label: int
    answer: int
    preprocess_cycles: int
    invoke_cycles: int
    duration_us: int
    input_crc: int
    scores: npt.NDArray[np.int8]

    def encode(self) -> bytes:  # noqa: D102
        writer = Writer(self.NAME)
        writer.u32("sequence", self.sequence)
        writer.u32("first_index", self.first_index)
        writer.u32("time_us", self.time_us)
        writer.u16("label", self.label)
        writer.u16("answer", self.answer)
        writer.u32("preprocess_cycles", self.preprocess_cycles)
        writer.u32("invoke_cycles", self.invoke_cycles)
        writer.u32("duration_us", self.duration_us)
        writer.u32("input_crc", self.input_crc)
        writer.i8s("scores", self.scores, 255)
        return writer.end()

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls(
            sequence=reader.u32(),
            first_index=reader.u32(),
            time_us=reader.u32(),
            label=reader.u16(),
            answer=reader.u16(),
            preprocess_cycles=reader.u32(),
            invoke_cycles=reader.u32(),
            duration_us=reader.u32(),
            input_crc=reader.u32(),
            scores=reader.i8s(255),
        )
        reader.end()
        return message


@dataclass(frozen=True, slots=True, eq=False)
class Error(Message):
    """Device to host: The request with this tag was refused. A refused start leaves the device idle.

    Attributes:
        status: why.
        request: type of the refused message.
        text: which field or value, for a person; may be empty.
    """

    TYPE: ClassVar[int] = 0xFF
    NAME: ClassVar[str] = "ERROR"

    status: int
    request: int
    text: str

    def encode(self) -> bytes:  # noqa: D102
        writer = Writer(self.NAME)
        writer.u8("status", self.status)
        writer.u8("request", self.request)
        writer.text("text", self.text, 48)
        return writer.end()

    @classmethod
    def decode(cls, body: bytes) -> Self:  # noqa: D102
        reader = Reader(cls.NAME, body)
        message = cls(
            status=reader.u8(),
            request=reader.u8(),
            text=reader.text(48),
        )
        reader.end()
        return message


MESSAGES: dict[int, type[Message]] = {
    HelloRequest.TYPE: HelloRequest,
    LabelRequest.TYPE: LabelRequest,
    StartStream.TYPE: StartStream,
    Stop.TYPE: Stop,
    WindowPart.TYPE: WindowPart,
    Infer.TYPE: Infer,
    StartLive.TYPE: StartLive,
    StatsRequest.TYPE: StatsRequest,
    UpdateQuery.TYPE: UpdateQuery,
    UpdateBegin.TYPE: UpdateBegin,
    UpdatePart.TYPE: UpdatePart,
    UpdateCommit.TYPE: UpdateCommit,
    Hello.TYPE: Hello,
    Label.TYPE: Label,
    StreamStarted.TYPE: StreamStarted,
    Stopped.TYPE: Stopped,
    Inference.TYPE: Inference,
    LiveStarted.TYPE: LiveStarted,
    Stats.TYPE: Stats,
    UpdateState.TYPE: UpdateState,
    Samples.TYPE: Samples,
    LiveWindow.TYPE: LiveWindow,
    Prediction.TYPE: Prediction,
    Error.TYPE: Error,
}
