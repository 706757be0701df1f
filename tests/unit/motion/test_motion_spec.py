"""Motion specs: what they accept, and what they say to what they do not."""

import dataclasses

import numpy as np
import pytest

from tinyforge.core.errors import DataError, UsageError
from tinyforge.core.recording_csv import write_recording
from tinyforge.core.types import IMU_CHANNELS, Channel, Recording
from tinyforge.virtual.motion import open_motion, police_spec, read_motion


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("", "has no kind; a motion is police:label="),
        ("polise:label=stop", "unknown kind 'polise'; did you mean \"police\"?"),
        ("police:", "has no label; known: accelerate, rest, slow_down, stop"),
        ("police:label=slowdown", "unknown label 'slowdown'; did you mean \"slow_down\"?"),
        ("police:label=stop,subjct=3", "unknown key 'subjct'; did you mean \"subject\"?"),
        ("police:label=stop,subject=-1", "subject is '-1'; it must be a whole number from 0"),
        ("police:label=stop,subject=4294967296", "it must be a whole number from 0 to 4294967295"),
        ("police:label=stop,take", "take has no value; write take=..."),
        ("police:label=stop,take=1,take=2", "take is given twice"),
        ("police:label=stop,rate=fast", "rate is 'fast'; it must be a number"),
        ("police:label=stop,rate=nan", "rate is nan; it must be between 1 and 10000"),
        ("police:label=stop,rate=0.5", "rate is 0.5; it must be between 1 and 10000"),
        ("police:label=stop,noise=-1", "noise is -1; it must be between 0 and 1000"),
        ("police:label=stop,hand=lefty", "unknown hand 'lefty'; did you mean \"left\"?"),
        ("file:", "names no file"),
    ],
)
def test_wrong_specs(spec, message):
    with pytest.raises(UsageError) as caught:
        open_motion(spec)
    assert str(caught.value).startswith(f"motion {spec!r}: ")
    assert message in str(caught.value)


def test_the_spec_reads_back():
    spec = police_spec("stop", 7, take=3, seed=5, rate_hz=119.5)
    assert spec == "police:label=stop,subject=7,take=3,seed=5,rate=119.5"
    assert open_motion(spec).rate_hz == 119.5
    assert police_spec("rest", 0) == "police:label=rest,subject=0,take=0,seed=1"


def recording(**changes):
    samples = np.arange(60, dtype=np.float32).reshape(10, 6)
    said = {"samples": samples, "channels": IMU_CHANNELS, "rate_hz": 119.0} | changes
    return Recording(**said)


def test_playback_repeats_the_recording(tmp_path):
    path = tmp_path / "take, one=1:.csv"
    write_recording(path, recording())
    motion = open_motion(f"file:{path}")
    assert motion.rate_hz == 119.0
    assert motion.sample(0) == (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)
    assert np.array_equal(read_motion(motion, 8, 4), recording().samples[[8, 9, 0, 1]])


def test_playback_converts_units_and_finds_its_channels(tmp_path):
    channels = (
        Channel("temperature", "C"),
        *(Channel(c.name, {"g": "m/s^2", "dps": "rad/s"}[c.unit]) for c in reversed(IMU_CHANNELS)),
    )
    samples = np.float32([[20, *[np.pi] * 3, *[9.80665] * 3]])
    write_recording(tmp_path / "r.csv", recording(samples=samples, channels=channels))
    assert open_motion(f"file:{tmp_path}/r.csv").sample(0) == pytest.approx((1, 1, 1, 180, 180, 180), rel=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": np.zeros((0, 6), np.float32)}, "the recording has no samples"),
        ({"samples": np.zeros((9, 3), np.float32), "channels": IMU_CHANNELS[:3]}, "there is no channel gx to play"),
        (
            {"channels": (*IMU_CHANNELS[:5], dataclasses.replace(IMU_CHANNELS[5], unit="g"))},
            "channel gz has the unit 'g'; it must be one of: dps, rad/s",
        ),
    ],
)
def test_what_cannot_be_played(tmp_path, changes, message):
    write_recording(tmp_path / "r.csv", recording(**changes))
    with pytest.raises(DataError) as caught:
        open_motion(f"file:{tmp_path}/r.csv")
    assert message in str(caught.value)


def test_a_file_that_is_no_recording(tmp_path):
    (tmp_path / "x.csv").write_text("1,2,3\n")
    with pytest.raises(DataError, match="is not a tinyforge recording"):
        open_motion(f"file:{tmp_path}/x.csv")
