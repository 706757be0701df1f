"""A device that says anything: the host returns, or tells the user; it never crashes, hangs or believes."""

import contextlib
import time

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tinyforge.capture import record
from tinyforge.core.errors import TinyforgeError
from tinyforge.link import Link
from tinyforge.link.frames import FrameDecoder, encode_frame
from tinyforge.link.messages import MESSAGES, Hello, Inference, LiveStarted, Samples, StreamStarted

HELLO = Hello(
    1, 1, 0, "fuzz", "", "", ("ax", "ay"), ("g", "g"), 100_000, "m", bytes(32), 100_000, 4, 4, np.uint8([0, 1]), 2
)
RIGHT = [
    HELLO,
    StreamStarted(100_000),
    LiveStarted(100_000, 4),
    Samples(0, 0, 2, np.float32([1, 2, 3, 4])),
    Samples(2, 20_000, 2, np.float32([5, 6])),
    Inference(1, 1, 10, 20, 30, 40, np.int8([1, 2])),
]
TYPES = st.one_of(st.sampled_from(sorted(MESSAGES)), st.integers(0, 255))


def mutated(body):
    return st.one_of(
        st.just(body),
        st.builds(
            lambda at, value: body[:at] + bytes((value,)) + body[at + 1 :],
            st.integers(0, len(body)),
            st.integers(0, 255),
        ),
        st.builds(lambda end: body[:end], st.integers(0, len(body))),
    )


FRAMES = st.one_of(
    st.builds(encode_frame, TYPES, st.integers(0, 6), st.binary(max_size=60)),
    st.sampled_from(RIGHT).flatmap(
        lambda message: st.builds(encode_frame, st.just(message.TYPE), st.integers(0, 6), mutated(message.encode()))
    ),
    st.binary(max_size=40),
)


class Device:
    """Answers each write with some frames, the right ones among them; then is silent."""

    name = "fuzz"

    def __init__(self, frames):
        self.frames = list(frames)
        self.sent = b""
        self.reads = 0

    def write(self, data):
        for frame in FrameDecoder().feed(data):
            right = {0x01: RIGHT[0], 0x03: RIGHT[1], 0x06: RIGHT[5], 0x07: RIGHT[2]}.get(frame.type)
            if right is not None:
                self.sent += encode_frame(right.TYPE, frame.tag, right.encode())

    def read_some(self, timeout_s):
        self.reads += 1
        assert self.reads < 100_000, "the host asks for ever"
        out, self.sent = self.sent, b""
        out += self.frames.pop(0) if self.frames else b""
        if not out:
            time.sleep(
                min(timeout_s, 0.0005)
            )  # as a port does: a quick machine would ask 100 000 times within a timeout
        return out

    def close(self):
        pass


@given(st.lists(FRAMES, max_size=30), st.sampled_from(["stream", "live", "infer", "stats", "labels", "record"]))
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_a_device_says_the_host_returns_or_tells(frames, doing):
    link = Link(Device(frames), timeout_s=0.004)
    with contextlib.suppress(TinyforgeError):
        link.hello()
        if doing == "infer":
            answer = link.infer(np.zeros((4, 2), np.float32), timeout_s=0.004)
            assert 0 <= answer.label < len(answer.scores)
        elif doing == "stats":
            link.stats()
        elif doing == "labels":
            assert len(link.labels()) == link.device.label_count
        elif doing == "record":
            take = record(link, samples=3)
            assert take.samples.shape == (3, 2)
            assert np.isfinite(take.samples).all()
        elif doing == "stream":
            link.start_stream()
            expected = 0
            for block in link.samples(timeout_s=0.004):
                assert block.first_index == expected + block.lost_before
                assert np.isfinite(block.values).all()
                expected = block.first_index + len(block.values)
        else:
            link.start_live(send_windows=True)
            for prediction in link.predictions(timeout_s=0.004):
                assert prediction.window is None or prediction.window.shape == (4, 2)
    link.close()
