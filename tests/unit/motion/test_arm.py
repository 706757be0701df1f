"""The arm obeys mechanics: what the sensor feels integrates back to how it moved."""

import dataclasses

import numpy as np
import pytest

from tinyforge.virtual.motion import (
    GRAVITY_M_S2,
    LABELS,
    MOVEMENTS,
    ArmMotion,
    MotionSource,
    open_motion,
    police_spec,
    police_subject,
    read_motion,
)

STILL = dataclasses.replace(police_subject(3), tremor_deg=0.0)


def ideal(label, rate_hz=1000.0, subject=7):
    return open_motion(f"police:label={label},subject={subject},rate={rate_hz:g},noise=0")


def turned(rotation, rate_rad_s, step_s):
    """The rotation after a step at a constant body rate (exponential map)."""
    angle = np.linalg.norm(rate_rad_s) * step_s
    x, y, z = rate_rad_s * step_s
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    if angle < 1e-12:
        return rotation @ (np.eye(3) + skew)
    return rotation @ (np.eye(3) + np.sin(angle) / angle * skew + (1 - np.cos(angle)) / angle**2 * skew @ skew)


@pytest.mark.parametrize("label", LABELS)
def test_the_gyroscope_integrates_to_the_orientation(label):
    motion = ideal(label)
    rates = np.radians(motion.ideal(0, 3001)[:, 3:])
    rotations, _ = motion.pose(np.arange(3001) / 1000.0)
    rotation = rotations[0]
    for k in range(3000):
        rotation = turned(rotation, 0.5 * (rates[k] + rates[k + 1]), 1e-3)
    error = np.degrees(np.arccos(np.clip((np.trace(rotation.T @ rotations[-1]) - 1) / 2, -1, 1)))
    moved = np.degrees(np.abs(rates).sum() / 1000)
    assert error < 0.02, f"{error} degrees off after {moved:.0f}"


@pytest.mark.parametrize("label", LABELS)
def test_the_accelerometer_integrates_to_the_path(label):
    motion = ideal(label)
    count = 3001
    rotations, places = motion.pose(np.arange(count) / 1000.0)
    force = motion.ideal(0, count)[:, :3] * GRAVITY_M_S2
    accel = np.einsum("nij,nj->ni", rotations, force) - [0, 0, GRAVITY_M_S2]
    start = (-25 * places[0] + 48 * places[1] - 36 * places[2] + 16 * places[3] - 3 * places[4]) / 12e-3
    speed = start + np.vstack([np.zeros(3), np.cumsum(0.5 * (accel[1:] + accel[:-1]), axis=0)]) * 1e-3
    path = places[0] + np.vstack([np.zeros(3), np.cumsum(0.5 * (speed[1:] + speed[:-1]), axis=0)]) * 1e-3
    extent = np.ptp(places, axis=0).max()
    assert np.abs(path - places).max() < 1e-3
    assert extent > (0.1 if label != "rest" else 0.005)


@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 119.0, 1000.0, 4000.0])
def test_every_rate_samples_the_same_movement(rate_hz):
    reference = ideal("accelerate", 400.0)
    motion = ideal("accelerate", rate_hz)
    index = np.arange(0, int(rate_hz * 2))
    coarse = motion.ideal(0, index.size)
    fine = reference.ideal(0, 820)
    for axis in range(6):
        between = np.interp(index / rate_hz, np.arange(820) / 400.0, fine[:, axis])
        assert np.abs(coarse[:, axis] - between).max() < 0.01 * np.ptp(fine[:, axis])


def test_a_still_arm_feels_one_g_and_no_rotation():
    motion = ArmMotion("rest", MOVEMENTS["police"]["rest"], STILL, (1, 2, 3), 100.0, noise=0.0)
    motion._angles = lambda t: {
        k: np.full_like(t, 20.0) for k in ("azimuth", "elevation", "roll", "elbow", "pronation")
    }
    motion._drift = {}
    motion._heading = motion._breath = np.zeros_like
    motion._lean, motion._sway = (np.zeros_like, np.zeros_like), (np.zeros_like,) * 3
    values = motion.ideal(0, 300)
    assert np.allclose(np.linalg.norm(values[:, :3], axis=1), 1.0, atol=1e-9)
    assert np.allclose(values[:, 3:], 0.0, atol=1e-6)


def test_at_rest_gravity_is_one_g_within_the_noise():
    motion = open_motion("police:label=rest,subject=5")
    values = read_motion(motion, 0, 3000)
    length = np.linalg.norm(values[:, :3], axis=1)
    quiet = np.abs(values[:, 3:]).max(axis=1) < 8.0
    assert quiet.mean() > 0.1
    who = motion.who
    assert abs(np.median(length[quiet]) - 1) < np.linalg.norm(who.accel_bias_g) + 0.01
    assert np.quantile(np.abs(length[quiet] - 1), 0.95) < 0.05  # fidgets set in, the person sways


def test_rest_is_not_trivially_still():
    moving = [
        np.linalg.norm(read_motion(open_motion(f"police:label=rest,subject={s}"), 0, 1000)[:, 3:], axis=1).max()
        for s in range(8)
    ]
    assert np.median(moving) > 60.0


def test_a_hand_that_hangs_points_the_sensor_x_axis_down():
    motion = ArmMotion(
        "rest",
        MOVEMENTS["police"]["rest"],
        dataclasses.replace(STILL, mount_deg=(0, 0, 0)),
        (1, 0, 0),
        100.0,
        noise=0.0,
    )
    base = {"azimuth": 0.0, "elevation": -90.0, "roll": 0.0, "elbow": 0.0, "pronation": 0.0}
    motion._angles = lambda t: {k: np.full_like(t, v) for k, v in base.items()}
    motion._drift = {}
    mean = motion.ideal(0, 400)[:, :3].mean(axis=0)
    assert mean[0] == pytest.approx(-1.0, abs=0.01)


def test_noise_and_bias_are_what_the_person_says():
    who = police_subject(11)
    noisy, clean = open_motion("police:label=rest,subject=11"), open_motion("police:label=rest,subject=11,noise=0")
    error = read_motion(noisy, 0, 8192).astype(float) - read_motion(clean, 0, 8192)
    assert np.allclose(error.mean(axis=0), [*who.accel_bias_g, *who.gyro_bias_dps], atol=0.01)
    assert np.allclose(error[:, :3].std(axis=0), who.accel_noise_g, rtol=0.05)
    assert np.allclose(error[:, 3:].std(axis=0), who.gyro_noise_dps, rtol=0.05)


def test_samples_are_the_same_in_any_order_and_every_time():
    first = open_motion("police:label=stop,subject=7,take=3,seed=1")
    again = open_motion("police:label=stop,subject=7,take=3,seed=1")
    assert isinstance(first, MotionSource)
    wanted = [5000, 3, 1024, 1023, 99_999, 0, 3]
    assert [first.sample(i) for i in wanted] == [again.sample(i) for i in reversed(wanted)][::-1]
    for k in range(40):  # push the first block out of the cache
        first.sample(k * 1024)
    assert first.sample(3) == again.sample(3)
    assert len(first.sample(3)) == 6


@pytest.mark.parametrize("change", ["take=4", "seed=2", "subject=8", "label=accelerate", "hand=left"])
def test_another_spec_is_another_movement(change):
    key, _, value = change.partition("=")
    spec = {"label": "stop", "subject": "7", "take": "3", "seed": "1"}
    base = open_motion("police:" + ",".join(f"{k}={v}" for k, v in spec.items()))
    other = open_motion("police:" + ",".join(f"{k}={v}" for k, v in (spec | {key: value}).items()))
    assert np.abs(read_motion(base, 0, 200) - read_motion(other, 0, 200)).max() > 0.1


def test_people_differ_and_stay_themselves():
    assert police_subject(4) == police_subject(4)
    people = [police_subject(n) for n in range(200)]
    for name, low, high in [("upper_arm_m", 0.27, 0.34), ("tempo", 0.82, 1.2), ("amplitude", 0.8, 1.25)]:
        values = np.array([getattr(who, name) for who in people])
        assert values.min() >= low
        assert values.max() <= high
        assert np.ptp(values) > 0.9 * (high - low)


def test_a_left_arm_is_the_mirror_image():
    who = dataclasses.replace(police_subject(2), mount_deg=(0.0, 0.0, 0.0))
    time_s = np.linspace(0, 2, 50)
    arms = []
    for left in (False, True):
        arm = ArmMotion(
            "stop", MOVEMENTS["police"]["stop"], dataclasses.replace(who, left_handed=left), (1, 2, 3), noise=0.0
        )
        arm._heading, arm._lean, arm._sway = np.zeros_like, (np.zeros_like, np.zeros_like), (np.zeros_like,) * 3
        arms.append(arm.pose(time_s)[1])
    assert np.allclose(arms[0] * [1, -1, 1], arms[1])


@pytest.mark.parametrize("label", ["accelerate", "slow_down", "stop"])
def test_a_signal_is_repeated_and_shows_in_half_a_second(label):
    for subject in range(6):
        values = read_motion(open_motion(f"police:label={label},subject={subject}"), 0, 1200)
        swing = np.linalg.norm(values[:, 3:], axis=1)
        for start in range(0, 1150, 50):
            assert swing[start : start + 50].max() > 25.0


def test_no_single_feature_tells_the_labels_apart():
    """Nearest-mean on one feature at a time: whoever could read the label off |a| or |w| would learn no movement."""
    features, labels = [], []
    for k, label in enumerate(LABELS):
        for subject in range(10):
            values = read_motion(open_motion(police_spec(label, subject)), 0, 500).reshape(10, 50, 6)
            accel, rate = np.linalg.norm(values[..., :3], axis=2), np.linalg.norm(values[..., 3:], axis=2)
            columns = [accel.mean(1), accel.std(1), rate.mean(1), rate.std(1), rate.max(1), *values.mean(1).T]
            features.append(np.stack(columns, axis=1))
            labels += [k] * 10
    table, truth = np.concatenate(features), np.array(labels)
    for column in table.T:
        cells = np.digitize(column, np.quantile(column, np.linspace(0, 1, 17)[1:-1]))
        counts = np.zeros((16, 4), int)
        np.add.at(counts, (cells, truth), 1)
        assert counts.max(axis=1).sum() / truth.size < 0.85


def test_unseen_people_can_be_understood():
    """Nearest neighbours on mean and spread of each axis: ten people teach what twenty others do, but not perfectly."""

    def described(subjects):
        parts, truth = [], []
        for k, label in enumerate(LABELS):
            for subject in subjects:
                values = read_motion(open_motion(police_spec(label, subject)), 0, 500).reshape(10, 50, 6)
                parts.append(np.concatenate([values.mean(axis=1), values.std(axis=1)], axis=1))
                truth += [k] * 10
        return np.concatenate(parts), np.array(truth)

    (known, labels), (new, truth) = described(range(10)), described(range(100, 120))
    scale = known.std(axis=0)
    distance = (((new[:, None] - known[None]) / scale) ** 2).sum(axis=2)
    nearest = labels[np.argsort(distance, axis=1)[:, :9]]
    votes = np.stack([(nearest == k).sum(axis=1) for k in range(4)], axis=1)
    assert 0.88 < (votes.argmax(axis=1) == truth).mean() < 0.995
