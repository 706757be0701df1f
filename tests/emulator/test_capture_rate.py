"""Six axes at a kilohertz: the virtual board's queue, UART and the host keep up, and nothing is lost."""

import numpy as np
import pytest

from tinyforge.capture import record
from tinyforge.link import open_link
from tinyforge.virtual import virtual_url

pytestmark = pytest.mark.emulator


def take(image, seconds):
    url = virtual_url(image, motion="police:label=stop,subject=3,take=1,rate=1000")
    with open_link(url) as link:
        recording = record(link, samples=1000 * seconds, rate_hz=1000.0, label="stop", host_clock=False)
        stats, seen = link.stats(), link.counters
    assert recording.samples.shape == (1000 * seconds, 6)
    assert recording.dropped == 0
    assert recording.facts.gaps == ()
    assert (stats.samples_lost, stats.frames_bad, stats.requests_refused) == (0, 0, 0)
    assert (seen.lost_samples, seen.repeated_samples, seen.odd_blocks, seen.bad_frames, seen.malformed) == (0,) * 5
    assert abs(recording.facts.rate_measured_hz - 1000.0) < 0.5
    assert len(np.unique(recording.samples[:, 0])) > 100  # it moves
    said = f"{len(recording.samples)} samples, 0 lost; {seen.bytes} bytes in {seen.good_frames} frames"
    print(f"\n{said}; {recording.facts}")  # noqa: T201  for docs/benchmarks.md


def test_a_kilohertz_for_four_seconds_of_device_time(virtual_firmware):
    take(virtual_firmware, 4)


@pytest.mark.heavy
def test_a_kilohertz_for_a_minute_of_device_time(virtual_firmware):
    take(virtual_firmware, 60)
