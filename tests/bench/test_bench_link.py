"""How fast the host decodes what a device sends."""

import time

import numpy as np
import pytest

from tinyforge.link.frames import FrameDecoder, encode_frame
from tinyforge.link.messages import Samples

FRAMES = 20_000
GENERATOR = np.random.default_rng(1)
CONTENTS = {
    "IMU, int16 times 2^-13": (GENERATOR.integers(-32768, 32767, 120) / 8192).astype(np.float32),
    "any float32": GENERATOR.normal(size=120).astype(np.float32),
    "all zeros, the worst for COBS": np.zeros(120, np.float32),
}


@pytest.mark.bench
@pytest.mark.parametrize("name", CONTENTS)
def test_decoding_samples(name):
    message = Samples(0, 0, 6, CONTENTS[name])
    wire = encode_frame(Samples.TYPE, 1, message.encode()) * FRAMES
    decoder = FrameDecoder()
    values = 0
    start = time.process_time()
    for at in range(0, len(wire), 4096):
        for frame in decoder.feed(wire[at : at + 4096]):
            values += len(Samples.decode(frame.body).values)
    seconds = time.process_time() - start
    assert values == 120 * FRAMES
    print(f"\n{name}: {len(wire) / seconds / 1e6:.1f} MB/s, {values / 6 / seconds:,.0f} samples/s")
