"""A device that answers each request as a test says, on a clock that only moves while the host waits."""

from __future__ import annotations

from collections import deque

import numpy as np

from tinyforge.link import Link
from tinyforge.link.frames import FrameDecoder, encode_frame
from tinyforge.link.messages import (
    MESSAGES,
    Error,
    Hello,
    HelloRequest,
    Samples,
    StartLive,
    StartStream,
    Stop,
    Stopped,
    StreamStarted,
    UpdateState,
)

START_S = 100.0
WINDOW = (4, 2)  # samples, channels of the model


def hello(**changes):
    """What a board with two channels and a model of three labels says."""
    said = {
        "protocol": 1,
        "reset": 1,
        "mode": 0,
        "board": "script",
        "firmware_version": "1.2.3",
        "firmware_digest": "0123456789abcdef",
        "channel_names": ("ax", "ay"),
        "channel_units": ("g", "dps"),
        "rate_mhz": 100_000,
        "model_name": "m",
        "model_sha256": bytes(32),
        "model_rate_mhz": 100_000,
        "window_length": WINDOW[0],
        "window_hop": 2,
        "window_channels": np.uint8([0, 1]),
        "label_count": 3,
    }
    return Hello(**said | changes)


def update_state(received=0, version=1):
    return UpdateState(1, version, 0x8000, 4096, 0x20000000, 1024, received, bytes(8))


class ScriptedDevice:
    """A `Port`.

    Attributes:
        answers: for each kind of message a function of the message, which gives a message, several, bytes, or None.
        asked: (seconds since the beginning, tag, message) of every request.
        waiting: bytes that `read_some` gives, one piece at a time.
        written, closed: what came, delimiters included; whether the port was given back.
    """

    name = "script"

    def __init__(self, **said):
        self.now_s = START_S
        self.asked = []
        self.waiting = deque()
        self.written = b""
        self.closed = False
        self.tag = 0  # of the run
        self.decoder = FrameDecoder()
        self.answers = {
            HelloRequest: lambda message: hello(**said),
            StartStream: lambda message: StreamStarted(message.rate_mhz or 100_000),
            Stop: lambda message: Stopped(1, 0, 0, 0),
        }

    def clock(self):
        return self.now_s

    def link(self, **options):
        """A link to it on its clock."""
        return Link(self, clock=self.clock, **options)

    def write(self, data):
        self.written += data
        for frame in self.decoder.feed(data):
            message = MESSAGES[frame.type].decode(frame.body)
            self.asked.append((round(self.now_s - START_S, 6), frame.tag, message))
            if isinstance(message, StartStream | StartLive):
                self.tag = frame.tag
            answer = self.answers.get(type(message), lambda message: None)(message)
            for one in answer if isinstance(answer, list) else [answer]:
                if one is not None:
                    self.say(one, frame.tag)

    def say(self, message, tag=None):
        """Send a message, by default as part of the run; or bytes as they are."""
        tag = self.tag if tag is None else tag
        self.waiting.append(
            message if isinstance(message, bytes) else encode_frame(message.TYPE, tag, message.encode())
        )

    def samples(self, first, values=None, time_us=None, count=1):
        """Send a block of samples: by default ``count`` rows of two, at 100 Hz by its clock."""
        values = np.full((count, 2), first, np.float32) if values is None else np.float32(values)
        time_us = first * 10_000 if time_us is None else time_us
        self.say(Samples(first & 0xFFFFFFFF, time_us & 0xFFFFFFFF, 2, values.ravel()))

    def read_some(self, timeout_s):
        assert timeout_s >= 0
        if self.waiting:
            return self.waiting.popleft()
        self.now_s += timeout_s
        return b""

    def close(self):
        self.closed = True

    def kinds(self):
        """Names of what was asked, in order."""
        return [message.NAME for _, _, message in self.asked]


def refuse(status, text=""):
    """An answer for `ScriptedDevice.answers`."""
    return lambda message: Error(status, message.TYPE, text)
