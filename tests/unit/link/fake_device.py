"""Devices made of Python: one that speaks the protocol, ones that print lines; on a clock of their own or a real one.

Every value says which sample and which channel it is, so whoever stored one can be held to it.
"""

from __future__ import annotations

import contextlib
import os
import pty
import selectors
import socket
import threading
import time
import tty

import numpy as np

from tinyforge.link.frames import FrameDecoder, encode_frame
from tinyforge.link.messages import (
    Error,
    Hello,
    HelloRequest,
    Samples,
    StartStream,
    Stats,
    StatsRequest,
    Status,
    Stop,
    Stopped,
    StreamStarted,
)

NAMES, UNITS = ("ax", "ay", "az", "gx", "gy", "gz"), ("g", "g", "g", "dps", "dps", "dps")


def value(index, channel, run=0):
    """What sample ``index`` of start ``run`` of the device is; exact in float32 up to 2^18 samples and 8 channels."""
    return (index * 8 + channel) / 8.0 + run / 64.0


def rows(first, count, channels=6, run=0):
    return np.array([[value(k, c, run) for c in range(channels)] for k in range(first, first + count)], np.float32)


class FakeBoard:
    """Speaks the protocol; time is given from outside.

    Attributes:
        taken: samples taken since the last start.
        runs: starts so far.
    """

    def __init__(
        self, *, rate_hz=100.0, rows_a_frame=5, first_time_us=1_000_000, names=NAMES, units=UNITS, board="fake"
    ):
        self.rate_hz = rate_hz
        self.rows_a_frame = rows_a_frame
        self.names, self.units = names, units
        self.board = board
        self.first_time_us = first_time_us
        self.decoder = FrameDecoder()
        self.out = b""
        self.tag = 0
        self.taken = 0
        self.sent = 0
        self.runs = 0
        self.started_s = 0.0
        self.now_s = 0.0
        self.on_frame = lambda frame, first, count: [frame]  # what becomes of a frame of samples

    def hello(self, tag, reset=1):
        mode = 1 if self.tag else 0
        message = Hello(
            1, reset, mode, self.board, "1.2.3", "ab12cd34", self.names, self.units, round(self.rate_hz * 1000), "",
            bytes(32), 0, 0, 0, np.zeros(0, np.uint8), 0,
        )  # fmt: skip
        return encode_frame(Hello.TYPE, tag, message.encode())

    def restart(self, reset=4):
        """The board resets: in the middle of whatever it was sending."""
        self.tag = 0
        self.taken = self.sent = 0
        self.decoder = FrameDecoder()
        self.out += b"\0" + self.hello(0, reset)

    def receive(self, data):
        for frame in self.decoder.feed(data):
            answer = self.answer(frame)
            self.out += encode_frame(answer.TYPE, frame.tag, answer.encode()) if answer else self.hello(frame.tag)

    def answer(self, frame):
        if frame.type == HelloRequest.TYPE:
            return None
        if frame.type == StartStream.TYPE:
            asked = StartStream.decode(frame.body).rate_mhz
            self.rate_hz = asked / 1000 if asked else self.rate_hz
            self.tag, self.taken, self.sent = frame.tag, 0, 0
            self.runs += 1
            self.started_s = self.now_s
            return StreamStarted(round(self.rate_hz * 1000))
        if frame.type == Stop.TYPE:
            self.send_waiting(everything=True)
            mode = 1 if self.tag else 0
            self.tag = 0
            return Stopped(mode, self.taken, 0, self.sent)
        if frame.type == StatsRequest.TYPE:
            return Stats(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        return Error(Status.UNKNOWN_MESSAGE, frame.type, "")

    def time_us(self, index):
        return (self.first_time_us + round(index * 1e6 / self.rate_hz)) & 0xFFFFFFFF

    def advance(self, now_s):
        """Time goes on; what the board says is in ``out``."""
        self.now_s = now_s
        if self.tag:
            self.taken = int((now_s - self.started_s) * self.rate_hz)
            self.send_waiting()

    def send_waiting(self, *, everything=False):
        width = len(self.names)
        while self.taken - self.sent >= (1 if everything else self.rows_a_frame):
            count = min(self.rows_a_frame, self.taken - self.sent)
            values = self.values(self.sent, count)
            message = Samples(self.sent & 0xFFFFFFFF, self.time_us(self.sent), width, values.ravel())
            frame = encode_frame(Samples.TYPE, self.tag, message.encode())
            for one in self.on_frame(frame, self.sent, count):
                self.out += one
            self.sent += count

    def values(self, first, count):
        return rows(first, count, len(self.names), self.runs)


class ClockedPort:
    """A `Port` to a device that takes no real time: reading lets the device's time pass.

    Args:
        device: has ``receive``, ``advance`` and ``out``.
        cable: what becomes of bytes from the device; may return None to say that the device is gone.
    """

    def __init__(self, device, cable=lambda data: data, name="fake port", step_s=0.01):
        self.name = name
        self.device = device
        self.cable = cable
        self.step_s = step_s
        self.time_s = 0.0
        self.reads = 0

    def clock(self):
        return self.time_s

    def sleep(self, seconds):
        self.time_s += seconds

    def read_some(self, timeout_s):
        self.reads += 1
        assert self.reads < 2_000_000, "the host asks for ever"
        deadline = self.time_s + timeout_s
        while True:
            self.device.advance(self.time_s)
            out, self.device.out = self.device.out, b""
            data = self.cable(out)
            if data or self.time_s >= deadline:
                self.time_s += 1e-5 + len(data) / 1e6  # reading takes time, too
                return data
            self.time_s = min(self.time_s + self.step_s, max(deadline, self.time_s))

    def write(self, data):
        self.device.advance(self.time_s)
        self.device.receive(data)

    def close(self):
        pass


class TextSketch:
    """Prints a line a sample; time is given from outside.

    Args:
        line: text of a sample, with its end.
        greeting: what it prints when it starts.
    """

    def __init__(self, line=None, *, rate_hz=100.0, greeting="", waits_for=b""):
        self.line = line or (lambda k: ",".join(f"{value(k, c):.3f}" for c in range(6)) + "\r\n")
        self.rate_hz = rate_hz
        self.out = greeting.encode()
        self.taken = 0
        self.heard = b""
        self.waits_for = waits_for
        self.greeting = greeting
        self.next_greeting_s = 1.0
        self.start_s = None

    def receive(self, data):
        self.heard += data

    def advance(self, now_s):
        if self.waits_for and self.waits_for not in self.heard:
            if now_s >= self.next_greeting_s:
                self.out += self.greeting.encode()
                self.next_greeting_s = now_s + 1.0
            return
        if self.start_s is None:
            self.start_s = now_s
        while self.taken < int((now_s - self.start_s) * self.rate_hz):
            text = self.line(self.taken)
            self.out += text if isinstance(text, bytes) else text.encode()
            self.taken += 1


class Served:
    """A device in real time on a pseudo-terminal or a TCP port, in a thread; each connection gets a new one.

    Args:
        make: makes the device.
        kind: ``pty`` or ``socket``.
        speed: device seconds a second.
    """

    def __init__(self, make, kind="socket", speed=1.0):
        self._make = make
        self._speed = speed
        self._end = threading.Event()
        self.device = None
        self._master = self._server = None
        if kind == "pty":
            self._master, slave = pty.openpty()
            tty.setraw(slave)
            self._slave = slave
            self.port = os.ttyname(slave)
        else:
            self._server = socket.create_server(("127.0.0.1", 0))
            self._server.settimeout(0.1)
            self.port = f"socket://127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()
        if self._server is not None:
            self._server.close()
        else:
            os.close(self._master)
            os.close(self._slave)

    def _serve(self):
        if self._master is not None:
            self._talk(self._master, lambda data: os.write(self._master, data), lambda: os.read(self._master, 4096))
            return
        while not self._end.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = self._server.accept()
                with connection, contextlib.suppress(OSError):
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._talk(connection, connection.sendall, lambda c=connection: c.recv(4096))

    def _talk(self, file, send, receive):
        self.device = self._make()
        start = time.monotonic()
        with selectors.DefaultSelector() as waiting:
            waiting.register(file, selectors.EVENT_READ)
            while not self._end.is_set():
                if waiting.select(0.002):
                    data = receive()
                    if not data:
                        return
                    self.device.receive(data)
                self.device.advance((time.monotonic() - start) * self._speed)
                out, self.device.out = self.device.out, b""
                if out:
                    send(out)
                if getattr(self.device, "gone", False):
                    return
