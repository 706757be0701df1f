"""The other movements obey the same mechanics, differ from each other, and from one person to the next."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from tinyforge.core.errors import UsageError
from tinyforge.virtual.motion import motion_kinds, motion_labels, motion_spec, open_motion, read_motion

EVERY = [(kind, label) for kind in motion_kinds() for label in motion_labels(kind)]


def test_the_police_signals_are_the_samples_they_always_were():
    """Datasets and models are made from them: a change here changes all of them."""
    samples = np.concatenate(
        [read_motion(open_motion(motion_spec("police", label, 3, 1)), 0, 400) for label in motion_labels("police")]
    )
    rounded = np.round(samples.astype(np.float64), 3) + 0.0
    assert hashlib.sha256(rounded.tobytes()).hexdigest() == POLICE


POLICE = "a3116e55cd68082b184ae07e7bda76f99df56d1d4272f5c53963d9916f270a5f"


@pytest.mark.parametrize(("kind", "label"), EVERY)
def test_a_movement_is_what_a_wrist_can_do(kind, label):
    samples = read_motion(open_motion(motion_spec(kind, label, 2)), 0, 1500)
    assert np.isfinite(samples).all()
    assert 0.7 < np.median(np.linalg.norm(samples[:, :3], axis=1)) < 2.0  # gravity is always felt
    assert np.abs(samples[:, :3]).max() < 12.0
    assert np.abs(samples[:, 3:]).max() < 1500.0


@pytest.mark.parametrize("kind", ["wand", "activities"])
def test_movements_of_a_kind_differ_more_than_takes_of_one(kind):
    def moments(label, take):
        """Means, and covariances of the channels with each other now and a quarter of a second later."""
        samples = read_motion(open_motion(motion_spec(kind, label, 1, take)), 0, 2000) / [1, 1, 1, 100, 100, 100]
        mean = samples.mean(axis=0)
        parts = [samples[: 2000 - lag].T @ samples[lag:] / 2000 - np.outer(mean, mean) for lag in (0, 25)]
        return np.concatenate([mean, *(np.sign(p) * np.sqrt(np.abs(p)) for p in parts)], axis=None)

    labels = motion_labels(kind)
    one, two = ({label: moments(label, take) for label in labels} for take in (0, 1))
    right = sum(min(labels, key=lambda other: np.linalg.norm(two[label] - one[other])) == label for label in labels)
    assert right >= len(labels) - 1  # rest has five postures: two takes of it may have little in common


def test_walking_bounces_twice_as_often_as_the_arm_swings():
    samples = read_motion(open_motion("activities:label=walking,subject=4,noise=0"), 0, 2000)
    force = np.linalg.norm(samples[:, :3], axis=1)
    frequencies = np.fft.rfftfreq(2000, 0.01)
    bounce = frequencies[1:][np.abs(np.fft.rfft(force - force.mean()))[1:].argmax()]
    swing = frequencies[1:][np.abs(np.fft.rfft(samples[:, 4] - samples[:, 4].mean()))[1:].argmax()]
    assert 1.4 < bounce < 2.4
    assert bounce == pytest.approx(2 * swing, rel=0.15)


def test_turning_turns():
    """Half a turn to one side and back: the angle, integrated from the gyroscope about the vertical, goes far."""
    motion = open_motion("activities:label=turning,subject=4,noise=0")
    rotations, _ = motion.pose(np.arange(0, 12, 0.02))
    heading = np.unwrap(np.arctan2(rotations[:, 1, 2], rotations[:, 0, 2]))
    assert np.ptp(heading) > np.radians(110)


def test_unknown_names():
    with pytest.raises(UsageError) as caught:
        motion_labels("wands")
    assert str(caught.value) == "motion: unknown kind 'wands'; did you mean \"wand\"?"
    with pytest.raises(UsageError) as caught:
        open_motion("wand:label=stop")
    assert caught.value.fact == "unknown label 'stop'"
